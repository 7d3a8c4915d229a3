"""Multistep consistency sampling for latent consistency models: arXiv:2310.04378, Algorithm 3."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.noise import IndependentNoise
from engine.sampling.samplers.ode import steps_of


def sample_lcm(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Take the estimate as the result and noise it again to the next level, with fresh noise each time."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        x = denoised
        if sigma_next > 0:
            x = x + noise(sigma, sigma_next) * sigma_next
    return x


def sample_lcm_upscale(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: IndependentNoise,
    on_step: OnStep,
    *,
    resize: Callable[[Tensor, int, int], Tensor],
    total_upscale: float = 2.0,
    upscale_steps: int | None = None,
) -> Tensor:
    """LCM steps whose estimates grow, in equal shares of the first ones, to `total_upscale` times the size.

    Args:
        resize: (samples, width, height) -> samples of that size in cells.
        upscale_steps: how many of the first steps grow; None: half of all.
    """
    height, width = x.shape[-2:]
    growing = max(len(sigmas) // 2, 1) if upscale_steps is None else min(upscale_steps, len(sigmas))
    factors = torch.linspace(1.0, total_upscale, growing + 1, dtype=torch.float64)[1:].tolist()
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        x = denoised
        if i < len(factors):
            x = resize(x, round(width * factors[i]), round(height * factors[i]))
        if sigma_next > 0:
            x = x + noise.draw(x.shape) * sigma_next
    return x
