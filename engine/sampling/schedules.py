"""Which noise levels are visited in a run? Nine ways to space them, and which part of them a partial run takes.

A schedule is (steps + 1,) float32 on the CPU, falls strictly and ends at 0.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from engine.sampling import catalog, spacings
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.spacings import ending_at_zero

Schedule = Callable[[NoiseLevels, int], Tensor]


def normal(levels: NoiseLevels, steps: int) -> Tensor:
    """Evenly spaced timesteps, the first and the last included."""
    return ending_at_zero(levels.sigma(torch.linspace(*levels.timestep_range, steps)))


def sgm_uniform(levels: NoiseLevels, steps: int) -> Tensor:
    """Evenly spaced timesteps without the last ("trailing", arXiv:2305.08891 table 2)."""
    return ending_at_zero(levels.sigma(torch.linspace(*levels.timestep_range, steps + 1)[:-1]))


def simple(levels: NoiseLevels, steps: int) -> Tensor:
    """Every (N / steps)-th of the model's own levels, counted from the highest."""
    stride = len(levels) / steps
    return ending_at_zero(torch.stack([levels.sigmas[-(1 + int(i * stride))] for i in range(steps)]))


def ddim_uniform(levels: NoiseLevels, steps: int) -> Tensor:
    """Every (N // steps)-th timestep from 1 (arXiv:2010.02502, app. D.3): may hold a few levels more than `steps`."""
    stride = max(len(levels) // steps, 1)
    return ending_at_zero(levels.sigmas[1::stride].flip(0))


def karras(levels: NoiseLevels, steps: int) -> Tensor:
    """Evenly spaced in sigma^(1/7) over the model's levels: arXiv:2206.00364, Eq. 5."""
    return spacings.space_karras(steps, levels.sigma_max, levels.sigma_min)


def exponential(levels: NoiseLevels, steps: int) -> Tensor:
    """Evenly spaced in log sigma over the model's levels."""
    return spacings.space_exponentially(steps, levels.sigma_max, levels.sigma_min)


def beta(levels: NoiseLevels, steps: int) -> Tensor:
    """Timesteps at quantiles of the Beta distribution (0.6, 0.6): arXiv:2407.12173."""
    return spacings.space_by_beta(levels, steps)


def linear_quadratic(levels: NoiseLevels, steps: int, threshold: float = 0.025) -> Tensor:
    """Noise share 1 - p: p linear to `threshold` over half the steps, then quadratic (arXiv:2410.13720, sec. 3.4.2)."""
    linear = steps // 2
    if linear == 0:
        return torch.tensor([levels.sigma_max, 0.0])
    # The line p = threshold * i / linear goes on, plus the parabola that lifts it to 1 at i = steps.
    lift = 1 - threshold * steps / linear
    progress = [threshold * i / linear + lift * (max(i - linear, 0) / (steps - linear)) ** 2 for i in range(steps)]
    return ending_at_zero(levels.sigma_max * (1 - torch.tensor(progress)))


def kl_optimal(levels: NoiseLevels, steps: int) -> Tensor:
    """Evenly spaced in atan sigma: arXiv:2404.14507, theorem 3.1."""
    angles = torch.linspace(math.atan(levels.sigma_max), math.atan(levels.sigma_min), steps)
    return ending_at_zero(angles.tan())


def make_schedule(name: str, levels: NoiseLevels, steps: int) -> Tensor:
    """The levels of a full run of `steps` (1 or more) steps; levels that would be visited twice are visited once.

    Raises:
        ValueError: there is no schedule of this name, or `steps` is below 1.
    """
    if name not in catalog.SCHEDULE_TABLE:
        raise ValueError(f"There is no schedule {name!r}. There are: {', '.join(catalog.SCHEDULES)}.")
    if steps < 1:
        raise ValueError(f"A schedule needs at least 1 step, not {steps}.")
    schedule: Schedule = globals()[catalog.SCHEDULE_TABLE[name]]
    sigmas = schedule(levels, steps)
    falls = torch.cat([torch.tensor([True]), sigmas[1:] < sigmas[:-1]])
    return sigmas[falls]


def plan_sigmas(
    name: str, levels: NoiseLevels, steps: int, *, denoise: float = 1.0, skips_last_level: bool = False
) -> Tensor:
    """The levels of a run that changes only a share `denoise` (0..1) of the latent: the last of a longer schedule.

    With `skips_last_level` the last level above 0 is left out, and one more is planned so that `steps` remain.
    Empty where `denoise` is 0: nothing is to be done.
    """
    if denoise <= 0.0:
        return torch.empty(0)
    planned = steps if denoise > 0.9999 else int(steps / denoise)
    sigmas = make_schedule(name, levels, planned + 1 if skips_last_level else planned)
    if skips_last_level:
        sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
    return sigmas if planned == steps else sigmas[-(steps + 1) :]


def cut_sigmas(
    sigmas: Tensor, *, start_step: int | None = None, last_step: int | None = None, force_full_denoise: bool = True
) -> Tensor:
    """The levels from step `start_step` to before `last_step`; at most one level if no step is left.

    `force_full_denoise` takes the last of the remaining steps all the way to 0, else its noise is left in.
    """
    if last_step is not None and last_step < len(sigmas) - 1:
        sigmas = sigmas[: last_step + 1].clone()
        if force_full_denoise:
            sigmas[-1:] = 0.0
    return sigmas[start_step or 0 :]
