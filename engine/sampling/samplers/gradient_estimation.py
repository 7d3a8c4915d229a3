"""Gradient-estimation sampling: arXiv:2306.04848, Algorithm 2."""

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, steps_of


def sample_gradient_estimation(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, gamma: float = 2.0
) -> Tensor:
    """Euler steps along the slope extrapolated from the last two: eps = gamma * eps_t + (1 - gamma) * eps_{t+1}."""
    previous: Tensor | None = None
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        d = slope(x, denoised, sigma)
        direction = d if previous is None else gamma * d + (1 - gamma) * previous
        x = x + direction * (sigma_next - sigma)
        previous = d
    return x
