"""DPM-Solver-2, plain and ancestral: arXiv:2206.00927, Algorithm 1 (the midpoint rule in log sigma)."""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, split_noise, steps_of


def sample_dpm_2(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Midpoint steps whose middle is the geometric mean of both levels; the step to 0 is Euler's."""
    return sample_dpm_2_ancestral(denoiser, x, sigmas, noise, on_step, eta=0.0)


def sample_dpm_2_ancestral(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Midpoint steps down past the next level, and noise back up to it (eta, s_noise: see euler_ancestral)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        down, up = split_noise(sigma, sigma_next, eta)
        d = slope(x, denoised, sigma)
        if down > 0:
            middle = math.sqrt(sigma * down)  # s_i = t_lambda((lambda_{i-1} + lambda_i) / 2)
            x_middle = x + d * (middle - sigma)
            d = slope(x_middle, estimate_at(denoiser, x_middle, middle), middle)
        x = x + d * (down - sigma)
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x
