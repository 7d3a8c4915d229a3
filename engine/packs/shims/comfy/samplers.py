"""`comfy.samplers`: the names of samplers and schedules, for choices."""

from engine.sampling.catalog import SAMPLERS, SCHEDULES

SAMPLER_NAMES = list(SAMPLERS)
SCHEDULER_NAMES = list(SCHEDULES)


class KSampler:
    """Holds the names where packs look for them."""

    SAMPLERS = SAMPLER_NAMES
    SCHEDULERS = SCHEDULER_NAMES
