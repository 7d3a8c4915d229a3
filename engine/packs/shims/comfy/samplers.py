"""`comfy.samplers`: the names of samplers and schedules, for choices."""

from typing import Any

from engine.packs.absent import complete, refuse
from engine.sampling.catalog import SAMPLERS, SCHEDULES

SAMPLER_NAMES = list(SAMPLERS)
SCHEDULER_NAMES = list(SCHEDULES)


class KSampler:
    """Holds the names where packs look for them."""

    SAMPLERS = SAMPLER_NAMES
    SCHEDULERS = SCHEDULER_NAMES
    DISCARD_PENULTIMATE_SIGMA_SAMPLERS = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse("comfy.samplers.KSampler(...)")


def sampler_object(name: str) -> Any:
    """Give a SAMPLER of this name."""
    from engine.sampling.sampler_choice import SamplerChoice

    return SamplerChoice(name)


complete(__name__)
