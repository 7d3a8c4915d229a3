"""Which noise levels does a formula with parameters give? Most of them need two ends and no model.

Each is (steps + 1,) float32 on the CPU, from sigma_max down to sigma_min and then 0, unless it says otherwise.
"""

import math

import torch
from torch import Tensor

from engine.sampling.noise_levels import NoiseLevels


def ending_at_zero(sigmas: Tensor) -> Tensor:
    """(n,) -> (n + 1,) float32: the same levels, then 0."""
    return torch.cat([sigmas.float(), sigmas.new_zeros(1, dtype=torch.float32)])


def space_karras(steps: int, sigma_max: float, sigma_min: float, rho: float = 7.0) -> Tensor:
    """Evenly spaced in sigma^(1/rho): arXiv:2206.00364, Eq. 5."""
    if rho == 0:
        raise ValueError("rho must not be 0: levels are spaced evenly in sigma^(1/rho). The usual value is 7.")
    ramp = torch.linspace(0, 1, steps)
    highest, lowest = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    return ending_at_zero((highest + ramp * (lowest - highest)) ** rho)


def space_exponentially(steps: int, sigma_max: float, sigma_min: float) -> Tensor:
    """Evenly spaced in log sigma."""
    _check_above_0(sigma_max, sigma_min)
    return ending_at_zero(torch.linspace(math.log(sigma_max), math.log(sigma_min), steps).exp())


def space_polyexponentially(steps: int, sigma_max: float, sigma_min: float, rho: float = 1.0) -> Tensor:
    """A polynomial of degree rho in log sigma: 1 is space_exponentially, more goes faster through the high levels."""
    _check_above_0(sigma_max, sigma_min)
    ramp = torch.linspace(1, 0, steps) ** rho
    return ending_at_zero((ramp * (math.log(sigma_max) - math.log(sigma_min)) + math.log(sigma_min)).exp())


def space_by_laplace(steps: int, sigma_max: float, sigma_min: float, mu: float = 0.0, beta: float = 0.5) -> Tensor:
    """Quantiles of a Laplace distribution of -log sigma^2 / 2: arXiv:2407.03297, table 1.

    (steps,): ends at the last quantile, clamped to sigma_min, and not at 0, as the ecosystem has it.
    """
    quantiles = torch.linspace(0, 1, steps)
    depth = (1 - 2 * (0.5 - quantiles).abs() + 1e-5).log()  # 1e-5: both ends lie at infinity
    return (mu - beta * (0.5 - quantiles).sign() * depth).exp().clamp(sigma_min, sigma_max)


def space_by_variance(steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 1e-3) -> Tensor:
    """Evenly spaced times 1 .. eps_s of the continuous VP process: arXiv:2206.00364, table 1, column "VP"."""
    t = torch.linspace(1, eps_s, steps)
    return ending_at_zero(((beta_d * t**2 / 2 + beta_min * t).exp() - 1).sqrt())


def space_by_beta(levels: NoiseLevels, steps: int, alpha: float = 0.6, beta: float = 0.6) -> Tensor:
    """Timesteps at quantiles of a Beta distribution, below 1 and 1 denser at both ends: arXiv:2407.12173.

    Timesteps that would be visited twice in a row are visited once.
    """
    from scipy.stats import beta as distribution  # type: ignore[import-untyped]  # slow to import, used here only

    if alpha <= 0 or beta <= 0:
        raise ValueError(f"alpha and beta of a Beta distribution must be above 0, found {alpha:g} and {beta:g}.")
    shares = distribution.ppf([1 - i / steps for i in range(steps)], alpha, beta)
    timesteps = (torch.from_numpy(shares) * (len(levels) - 1)).round().long()
    return ending_at_zero(levels.sigmas[timesteps.unique_consecutive()])


def log_linear(levels: list[float], count: int) -> list[float]:
    """`count` levels along a row of levels above 0, interpolated in log sigma over its index."""
    logs = [math.log(level) for level in levels]
    found = []
    for k in range(count):
        place = (len(logs) - 1) * (k / max(count - 1, 1))
        below = min(int(place), len(logs) - 2)
        found.append(math.exp(logs[below] + (place - below) * (logs[below + 1] - logs[below])))
    return found


def _check_above_0(sigma_max: float, sigma_min: float) -> None:
    if min(sigma_max, sigma_min) <= 0:
        raise ValueError(
            f"sigma_max and sigma_min must be above 0, found {sigma_max:g} and {sigma_min:g}: levels are spaced in "
            "their logarithm. Stable Diffusion's are 14.6146 and 0.0292."
        )
