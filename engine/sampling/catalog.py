"""Which samplers and schedules are there, under which names? Torch-free: menus need only the names.

A new sampler is one line in `SAMPLER_TABLE`, a new schedule one in `SCHEDULE_TABLE`; the order is the menus'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class SamplerEntry:
    """Where a sampler is found and what it asks of the run.

    Attributes:
        module: of engine.sampling.samplers; the function in it is `function`.
        options: keyword arguments that make this name of the algorithm.
        noise: what kind of noise its steps take; "brownian" steps see one path of Brownian motion over sigma.
        skips_last_level: it diverges near 0, so one more step is planned and the last level above 0 left out.
        fresh_mask_noise: what an inpainting mask protects is noised with another draw than the run's first.
    """

    module: str
    function: str
    options: Mapping[str, object] = field(default_factory=dict)
    noise: Literal["independent", "brownian"] = "independent"
    skips_last_level: bool = False
    fresh_mask_noise: bool = False


SAMPLER_TABLE: dict[str, SamplerEntry] = {
    "euler": SamplerEntry("euler", "sample_euler"),
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
