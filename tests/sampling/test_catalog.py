"""Names: in the menus' order, each with its function, without torch."""

import inspect
import subprocess
import sys

import pytest

from engine.sampling import catalog, schedules
from engine.sampling.sampler_choice import SamplerChoice

MENU_TEXT = """euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 dpm_2 dpm_2_ancestral lms dpm_fast
dpm_adaptive dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde
dpmpp_2m_sde_gpu dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu ddpm lcm ipndm ipndm_v deis
res_multistep res_multistep_cfg_pp res_multistep_ancestral res_multistep_ancestral_cfg_pp gradient_estimation
gradient_estimation_cfg_pp er_sde seeds_2 seeds_3 sa_solver sa_solver_pece ddim uni_pc uni_pc_bh2"""
MENU = MENU_TEXT.split()


def test_samplers_stand_in_the_order_of_the_ecosystems_menu() -> None:
    assert [name for name in MENU if name in catalog.SAMPLERS] == list(catalog.SAMPLERS)


@pytest.mark.parametrize("name", catalog.SAMPLERS)
def test_every_name_loads_and_its_options_exist(name: str) -> None:
    sampler = SamplerChoice(name).load()
    known = inspect.signature(sampler).parameters
    assert list(known)[:5] == ["denoiser", "x", "sigmas", "noise", "on_step"]
    assert set(catalog.SAMPLER_TABLE[name].options) <= set(known)


def test_every_schedule_has_its_function() -> None:
    assert all(callable(getattr(schedules, function)) for function in catalog.SCHEDULE_TABLE.values())


def test_unknown_sampler_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'eular'.*euler_ancestral"):
        SamplerChoice("eular").load()


def test_names_come_without_torch() -> None:
    code = "import sys; from engine.sampling import SAMPLERS, SCHEDULES; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
