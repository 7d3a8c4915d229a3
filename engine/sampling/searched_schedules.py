"""Which levels lose least on the way? Schedules that are searched on paths that are known: arXiv:2405.11326 (GITS)."""

import torch
from torch import Tensor

from engine.sampling.noise_levels import NoiseLevels

CANDIDATES = 101  # levels to choose from, evenly spaced timesteps
MOST_SEARCHED = 20  # steps; longer schedules are interpolated from this one
WAVES = 45  # a side of the pictures whose paths are followed: the diagonal of 64 x 64 latents


def search_levels(levels: NoiseLevels, steps: int, coeff: float) -> list[float]:
    """The levels of `steps` steps, from a model's highest to its lowest, that lose least: GITS, Algorithm 1.

    A step loses what Euler's method is off by, and the loss of all later steps counts `coeff` times as much (Eq. 15):
    below 1 the steps crowd at high levels, above 1 at low ones. The authors measured losses on paths of Stable
    Diffusion 1.5; here the paths are those of pictures with natural statistics, so the levels come near to theirs
    and are not the same.
    """
    timesteps = torch.linspace(*levels.timestep_range, CANDIDATES)
    candidates = levels.sigma(timesteps).double()
    losses = _losses(candidates)
    last = CANDIDATES - 1
    later = torch.full((CANDIDATES,), torch.inf, dtype=torch.float64)  # least loss from each level to the last
    later[last] = 0.0
    choices: list[Tensor] = []
    for _ in range(steps):
        later, choice = (losses + coeff * later).min(dim=1)
        choices.append(choice)
    places = [0]
    for choice in reversed(choices):
        places.append(int(choice[places[-1]]))
    found: list[float] = candidates[places].tolist()
    return found


def _losses(sigmas: Tensor) -> Tensor:
    """(n, n): how far a single Euler step from each level to each lower one ends from the path; infinite upwards.

    On Gaussian data each wave of variance v keeps its own path, x = sqrt(v + sigma^2) up to a factor. Variances of
    natural pictures fall with the square of the frequency; there are as many waves as fit on its circle.
    """
    frequencies = torch.arange(1, WAVES + 1, dtype=torch.float64)
    share = frequencies / frequencies.sum()
    variances = frequencies**-2
    variances = variances / (variances * share).sum()  # unit variance in all
    x = (variances + sigmas[:, None] ** 2).sqrt()  # (n, WAVES)
    slopes = sigmas[:, None] / x  # dx/dsigma
    ends = x[:, None] + slopes[:, None] * (sigmas[None, :, None] - sigmas[:, None, None])
    losses = ((ends - x[None]).square() * share).sum(dim=2).sqrt()
    upwards = torch.ones_like(losses).tril().bool()
    return losses.masked_fill(upwards, torch.inf)
