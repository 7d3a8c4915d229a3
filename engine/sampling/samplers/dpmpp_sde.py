"""DPM-Solver++ in single steps of order 2, stochastic: arXiv:2211.01095, Algorithm 1 with ancestral noise."""

import math

import torch
from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import split_noise, steps_of


def sample_dpmpp_2s_ancestral(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2S) steps down past the next level, and noise back up to it (eta, s_noise: see euler_ancestral)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        down, up = split_noise(sigma, sigma_next, eta)
        if down == 0:
            x = denoised
        else:
            middle = math.sqrt(sigma * down)  # r = 1/2 in lambda
            x_middle = denoised + (middle / sigma) * (x - denoised)  # line 4: exact if the estimate stood still
            at_middle = estimate_at(denoiser, x_middle, middle)
            x = at_middle + (down / sigma) * (x - at_middle)  # line 6
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x


def sample_dpmpp_sde(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Tensor:
    """DPM-Solver++(2S) whose middle point is noised too (two evaluations a step); wants Brownian noise.

    Args:
        eta, s_noise: see euler_ancestral.
        r: where in lambda the middle lies, above 0 .. 1.
    """
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        middle = _between(sigma, sigma_next, r)
        down, up = split_noise(sigma, middle, eta)
        x_middle = denoised + (down / sigma) * (x - denoised)
        if up > 0:
            x_middle = x_middle + noise(sigma, middle) * (s_noise * up)
        at_middle = estimate_at(denoiser, x_middle, middle)
        down, up = split_noise(sigma, sigma_next, eta)
        mean = denoised + (at_middle - denoised) / (2 * r)  # D_i, line 5
        x = mean + (down / sigma) * (x - mean)
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x


def _between(sigma: float, sigma_next: float, share: float) -> float:
    """The level at a share of the step in lambda; in float32, for Brownian noise resolves differences of its size."""
    t, t_next = -torch.tensor([sigma, sigma_next]).log()
    return float((-(t + share * (t_next - t))).exp())
