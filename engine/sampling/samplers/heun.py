"""Heun's method (order 2): arXiv:2206.00364, Algorithm 1."""

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, steps_of


def sample_heun(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Euler steps corrected by the mean slope of both ends; the step to 0 is Euler's (two evaluations a step)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        d = slope(x, denoised, sigma)  # Eq. 3
        x_euler = x + d * (sigma_next - sigma)
        if sigma_next == 0:
            x = x_euler
        else:
            d_next = slope(x_euler, estimate_at(denoiser, x_euler, sigma_next), sigma_next)
            x = x + (d + d_next) / 2 * (sigma_next - sigma)  # line 8: the trapezoid rule
    return x


def sample_heunpp2(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Heun steps that look up to two levels ahead and weight slopes by level, relative to the first one's.

    The weights sum to 1; low levels, where slopes are least certain, count little. The last two steps look less far.
    """
    levels = sigmas.tolist()
    for i, sigma, sigma_next in steps_of(sigmas):
        ahead = [level for level in levels[i + 1 : i + 3] if level != levels[-1]]
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        slopes, x_ahead = [slope(x, denoised, sigma)], x
        for here, there in zip([sigma, *ahead], ahead, strict=False):
            x_ahead = x_ahead + slopes[-1] * (there - here)
            slopes.append(slope(x_ahead, estimate_at(denoiser, x_ahead, there), there))
        shares = [level / (len(slopes) * levels[0]) for level in ahead]
        mean = slopes[0] * (1 - sum(shares))
        for share, d in zip(shares, slopes[1:], strict=True):
            mean = mean + d * share
        x = x + mean * (sigma_next - sigma)
    return x
