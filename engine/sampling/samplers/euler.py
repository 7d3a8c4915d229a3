"""Euler steps, plain and ancestral: arXiv:2206.00364, Algorithm 2 without churn and correction."""

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, split_noise, steps_of


def sample_euler(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Euler's method on the probability-flow ODE (order 1). The same path as DDIM's, arXiv:2010.02502, Eq. 14."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        x = x + slope(x, denoised, sigma) * (sigma_next - sigma)
    return x


def sample_euler_ancestral(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Euler steps down past the next level, and noise back up to it.

    Args:
        eta: share of the noise that is replaced per step, 0 (plain Euler) .. 1.
        s_noise: scale of the added noise.
    """
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        down, up = split_noise(sigma, sigma_next, eta)
        x = x + slope(x, denoised, sigma) * (down - sigma)
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x
