"""Ancestral sampling of the diffusion chain: arXiv:2006.11239, Algorithm 2."""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, steps_of


def sample_ddpm(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Posterior mean and variance of the chain over the visited levels."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        alpha_bar, alpha_bar_next = 1 / (sigma**2 + 1), 1 / (sigma_next**2 + 1)
        alpha = alpha_bar / alpha_bar_next
        x_t, epsilon = x * math.sqrt(alpha_bar), slope(x, denoised, sigma)
        mean = (x_t - (1 - alpha) / math.sqrt(1 - alpha_bar) * epsilon) / math.sqrt(alpha)  # Eq. 11
        x = mean / math.sqrt(alpha_bar_next)
        if sigma_next > 0:
            variance = (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha)  # Eq. 7
            x = x + noise(sigma, sigma_next) * math.sqrt(variance / alpha_bar_next)
    return x
