"""Which samplers and schedules are there, under which names? Torch-free: menus need only the names.

A new sampler is one line in `SAMPLER_TABLE`, a new schedule one in `SCHEDULE_TABLE`; the order is the menus'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NoiseKind = Literal["independent", "continued", "brownian"]


@dataclass(frozen=True)
class SamplerEntry:
    """Where a sampler is found and what it asks of the run.

    Attributes:
        module: of engine.sampling.samplers; the function in it is `function`.
        options: keyword arguments that make this name of the algorithm.
        level_options: further ones that are noise levels, given as shares 0..1 of the way down the model's own.
        noise: what kind of noise its steps take: "independent" draws from the seed; "continued" ones, which go on
            where the first noise's draw ended; "brownian": increments of one path of Brownian motion over sigma.
        skips_last_level: it diverges near 0, so one more step is planned and the last level above 0 left out.
        fresh_mask_noise: what an inpainting mask protects is noised with another draw than the run's first.
    """

    module: str
    function: str
    options: Mapping[str, object] = field(default_factory=dict)
    level_options: Mapping[str, float] = field(default_factory=dict)
    noise: NoiseKind = "independent"
    skips_last_level: bool = False
    fresh_mask_noise: bool = False


_MIDDLE = {"sigma_start": 0.2, "sigma_end": 0.8}
_DPMPP_SDE = SamplerEntry("dpmpp_sde", "sample_dpmpp_sde", noise="brownian")
_DPMPP_2M_SDE = SamplerEntry("dpmpp_2m", "sample_dpmpp_2m_sde", noise="brownian")
_DPMPP_2M_SDE_HEUN = SamplerEntry("dpmpp_2m", "sample_dpmpp_2m_sde", {"solver_type": "heun"}, noise="brownian")
_DPMPP_3M_SDE = SamplerEntry("dpmpp_2m", "sample_dpmpp_3m_sde", noise="brownian")

SAMPLER_TABLE: dict[str, SamplerEntry] = {
    "euler": SamplerEntry("euler", "sample_euler"),
    "euler_cfg_pp": SamplerEntry("cfg_pp", "sample_euler_ancestral_cfg_pp", {"eta": 0.0}),
    "euler_ancestral": SamplerEntry("euler", "sample_euler_ancestral"),
    "euler_ancestral_cfg_pp": SamplerEntry("cfg_pp", "sample_euler_ancestral_cfg_pp"),
    "heun": SamplerEntry("heun", "sample_heun"),
    "heunpp2": SamplerEntry("heun", "sample_heunpp2"),
    "dpm_2": SamplerEntry("dpm_2", "sample_dpm_2", skips_last_level=True),
    "dpm_2_ancestral": SamplerEntry("dpm_2", "sample_dpm_2_ancestral", skips_last_level=True),
    "lms": SamplerEntry("lms", "sample_lms"),
    "dpm_fast": SamplerEntry("dpm_solver", "sample_dpm_fast"),
    "dpm_adaptive": SamplerEntry("dpm_solver", "sample_dpm_adaptive"),
    "dpmpp_2s_ancestral": SamplerEntry("dpmpp_sde", "sample_dpmpp_2s_ancestral"),
    "dpmpp_2s_ancestral_cfg_pp": SamplerEntry("cfg_pp", "sample_dpmpp_2s_ancestral_cfg_pp"),
    "dpmpp_sde": _DPMPP_SDE,
    "dpmpp_sde_gpu": _DPMPP_SDE,  # where "_gpu" draws noise on the GPU elsewhere, ours is the CPU's everywhere
    "dpmpp_2m": SamplerEntry("dpmpp_2m", "sample_dpmpp_2m"),
    "dpmpp_2m_cfg_pp": SamplerEntry("cfg_pp", "sample_dpmpp_2m_cfg_pp"),
    "dpmpp_2m_sde": _DPMPP_2M_SDE,
    "dpmpp_2m_sde_gpu": _DPMPP_2M_SDE,
    "dpmpp_2m_sde_heun": _DPMPP_2M_SDE_HEUN,
    "dpmpp_2m_sde_heun_gpu": _DPMPP_2M_SDE_HEUN,
    "dpmpp_3m_sde": _DPMPP_3M_SDE,
    "dpmpp_3m_sde_gpu": _DPMPP_3M_SDE,
    "ddpm": SamplerEntry("ddpm", "sample_ddpm"),
    "lcm": SamplerEntry("lcm", "sample_lcm"),
    "ipndm": SamplerEntry("lms", "sample_ipndm"),
    "ipndm_v": SamplerEntry("lms", "sample_ipndm_v"),
    "deis": SamplerEntry("deis", "sample_deis"),
    "res_multistep": SamplerEntry("res_multistep", "sample_res_multistep"),
    "res_multistep_cfg_pp": SamplerEntry("cfg_pp", "sample_res_multistep_cfg_pp"),
    "res_multistep_ancestral": SamplerEntry("res_multistep", "sample_res_multistep", {"eta": 1.0}),
    "res_multistep_ancestral_cfg_pp": SamplerEntry("cfg_pp", "sample_res_multistep_cfg_pp", {"eta": 1.0}),
    "gradient_estimation": SamplerEntry("gradient_estimation", "sample_gradient_estimation"),
    "gradient_estimation_cfg_pp": SamplerEntry("cfg_pp", "sample_gradient_estimation_cfg_pp"),
    "er_sde": SamplerEntry("er_sde", "sample_er_sde"),
    "seeds_2": SamplerEntry("seeds", "sample_seeds_2"),
    "seeds_3": SamplerEntry("seeds", "sample_seeds_3"),
    "sa_solver": SamplerEntry("sa_solver", "sample_sa_solver", level_options=_MIDDLE),
    "sa_solver_pece": SamplerEntry("sa_solver", "sample_sa_solver", {"use_pece": True}, level_options=_MIDDLE),
    "ddim": SamplerEntry("ddim", "sample_ddim", fresh_mask_noise=True),
    "uni_pc": SamplerEntry("uni_pc", "sample_uni_pc", {"variant": "bh1"}, skips_last_level=True),
    "uni_pc_bh2": SamplerEntry("uni_pc", "sample_uni_pc", {"variant": "bh2"}, skips_last_level=True),
}

UNLISTED_SAMPLERS: dict[str, SamplerEntry] = {  # what only nodes of their own offer
    "euler_cfg_pp_alternative": SamplerEntry("cfg_pp", "sample_euler_cfg_pp_alternative"),
    "lcm_upscale": SamplerEntry("lcm", "sample_lcm_upscale", noise="continued"),
}

SCHEDULE_TABLE: dict[str, str] = {  # name -> function in schedules.py
    "simple": "simple",
    "sgm_uniform": "sgm_uniform",
    "karras": "karras",
    "exponential": "exponential",
    "ddim_uniform": "ddim_uniform",
    "beta": "beta",
    "normal": "normal",
    "linear_quadratic": "linear_quadratic",
    "kl_optimal": "kl_optimal",
}

SAMPLERS: tuple[str, ...] = tuple(SAMPLER_TABLE)
SCHEDULES: tuple[str, ...] = tuple(SCHEDULE_TABLE)
