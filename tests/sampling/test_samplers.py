"""Every sampler on the analytic Gaussian: right order, right distribution, right contract."""

import itertools

import pytest
import torch
from torch import Tensor

from engine.sampling import catalog
from engine.sampling.noise import make_noise_source
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import make_schedule
from tests.sampling.gaussian import LEVELS, Gaussian, ignore_step, no_noise

ORDERS = {  # order of convergence that a method promises
    "euler": 1,
    "euler_cfg_pp": 1,
    "ddim": 1,
    "heunpp2": 1,
    "gradient_estimation": 1,
    "gradient_estimation_cfg_pp": 1,
    "heun": 2,
    "dpm_2": 2,
    "dpmpp_2m": 2,
    "dpmpp_2m_cfg_pp": 2,
    "ipndm": 2,
    "res_multistep": 2,
    "res_multistep_cfg_pp": 2,
    "deis": 3,
    "uni_pc": 3,
    "uni_pc_bh2": 3,
    "lms": 3,
}
OWN_STEPS = {"dpm_fast", "dpm_adaptive"}  # not those of the schedule
CLOSE = {"ipndm_v": 2e-3, "dpm_fast": 2e-3, "dpm_adaptive": 0.2}  # tolerance where errors do not fall evenly
# It mixes the guidance at a step's start and at its middle, which leaves an error at any step size.
OWN_MIX = "dpmpp_2s_ancestral_cfg_pp"
STOCHASTIC = [
    name for name in catalog.SAMPLERS if name not in {*ORDERS, *CLOSE, OWN_MIX, "lcm"} and not name.endswith("_gpu")
]
ETA_0 = {  # stochastic methods with their noise turned off: order
    "euler_ancestral": 1,
    "dpm_2_ancestral": 2,
    "dpmpp_2s_ancestral": 2,
    "dpmpp_sde": 2,
    "dpmpp_2m_sde": 2,
    "dpmpp_2m_sde_heun": 2,
    "dpmpp_3m_sde": 2,
    "res_multistep_ancestral": 2,
    "seeds_2": 2,
    "seeds_3": 3,
    "sa_solver": 3,
    "sa_solver_pece": 3,
}


def error(name: str, steps: int, **options: object) -> float:
    """Largest distance to the exact path where a smooth schedule ends above 0."""
    data, sigmas = Gaussian(), make_schedule("karras", LEVELS, steps)[:-1]
    first, last = float(sigmas[0]), float(sigmas[-1])
    x = data.start(first)
    end = SamplerChoice(name, options).load()(data, x, sigmas, no_noise, ignore_step)
    return float((end - data.exact(x, first, last)).abs().max())


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_deterministic_sampler_converges_at_its_order(name: str, order: int) -> None:
    coarse, fine = error(name, 41), error(name, 81)
    assert coarse / fine > 2 ** (order - 0.35)
    assert fine < {1: 0.1, 2: 5e-3, 3: 1e-3}[order]


@pytest.mark.parametrize(("name", "order"), ETA_0.items())
def test_without_noise_stochastic_sampler_converges_at_its_order(name: str, order: int) -> None:
    coarse, fine = error(name, 41, eta=0.0), error(name, 81, eta=0.0)
    assert coarse / fine > 2 ** (order - 0.35)


@pytest.mark.parametrize(("name", "tolerance"), CLOSE.items())
def test_own_steps_end_near_exact(name: str, tolerance: float) -> None:
    assert error(name, 40) < tolerance


def test_dpm_adaptive_keeps_the_tolerance_it_is_given() -> None:
    assert error("dpm_adaptive", 40, rtol=1e-3, atol=1.5e-4) < 0.05
    assert error("dpm_adaptive", 40, rtol=1e-4, atol=1.5e-5) < 1e-3
    assert error("dpm_adaptive", 40, rtol=1e-4, atol=1.5e-5, order=2) < 5e-3


@pytest.mark.parametrize("name", STOCHASTIC)
def test_stochastic_sampler_matches_mean_and_variance(name: str) -> None:
    data, choice = Gaussian(), SamplerChoice(name)
    sigmas = make_schedule("karras", LEVELS, 61)[:-1]
    x = data.start(float(sigmas[0]), (2, 4, 36, 36)).float()
    noise = make_noise_source(choice.entry.noise, x, 5, sigmas)
    end = choice.load()(data, x, sigmas, noise, ignore_step)
    assert float(end.mean()) == pytest.approx(data.mean, abs=0.03)
    assert float(end.std()) == pytest.approx(data.deviation(float(sigmas[-1])), rel=0.06)
    assert float((end - data.exact(x, float(sigmas[0]), float(sigmas[-1]))).abs().max()) > 1, "noise was added"


def test_lcm_noises_its_own_estimates() -> None:
    data, sigmas = Gaussian(), make_schedule("karras", LEVELS, 6)
    x = data.start(float(sigmas[0]), (4, 4, 64, 64))
    end = SamplerChoice("lcm").load()(data, x, sigmas, make_noise_source("independent", x, 3, sigmas), ignore_step)
    variance = data.deviation(float(sigmas[0])) ** 2
    for sigma, sigma_next in itertools.pairwise(sigmas.tolist()):
        variance = variance * (data.std**2 / (data.std**2 + sigma**2)) ** 2 + sigma_next**2
    assert float(end.mean()) == pytest.approx(data.mean, abs=0.01)
    assert float(end.std()) == pytest.approx(variance**0.5, rel=0.02)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("name", catalog.SAMPLERS)
def test_every_sampler_keeps_the_contract(name: str, steps: int) -> None:
    """Any number of steps down to 0: finite, the input untouched, one report a step, float32 in and out."""
    data, choice = Gaussian(), SamplerChoice(name)
    sigmas = make_schedule("normal", LEVELS, steps)
    x = data.start(float(sigmas[0]), (1, 4, 8, 8)).float()
    before, seen = x.clone(), []

    def on_step(index: int, denoised: Tensor, x: Tensor) -> None:
        assert denoised.shape == x.shape
        seen.append(index)

    noise = make_noise_source(choice.entry.noise, x, 1, sigmas)
    end = choice.load()(data, x, sigmas, noise, on_step)
    assert end.shape == x.shape
    assert end.dtype == torch.float32
    assert bool(end.isfinite().all())
    assert torch.equal(x, before)
    assert seen == list(range(len(seen)))
    if name not in OWN_STEPS:
        assert len(seen) == steps


@pytest.mark.parametrize("name", catalog.SAMPLERS)
def test_a_report_that_raises_stops_the_run(name: str) -> None:
    class Stop(Exception):
        pass

    def stop(index: int, denoised: Tensor, x: Tensor) -> None:
        raise Stop

    data, choice, sigmas = Gaussian(), SamplerChoice(name), make_schedule("normal", LEVELS, 4)
    x = data.start(float(sigmas[0]), (1, 4, 8, 8))
    with pytest.raises(Stop):
        choice.load()(data, x, sigmas, make_noise_source(choice.entry.noise, x, 1, sigmas), stop)


def test_cfg_pp_asks_for_both_estimates() -> None:
    def plain(x: Tensor, sigma: Tensor) -> Tensor:
        return x

    sigmas = make_schedule("normal", LEVELS, 2)
    with pytest.raises(TypeError, match="unconditional"):
        SamplerChoice("euler_cfg_pp").load()(plain, torch.zeros(1, 4, 8, 8), sigmas, no_noise, ignore_step)
