"""SEEDS, stochastic exponential single-step solvers (data prediction): arXiv:2305.14267, Algorithms 2 and 4."""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import added_noise, log_snr, phi_2
from engine.sampling.samplers.ode import steps_of


def sample_seeds_2(
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
    """Two evaluations a step, the second at the share r of the step in lambda (eta, s_noise: see dpmpp_2m_sde)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        h = log_snr(sigma_next) - log_snr(sigma)
        middle = sigma * math.exp(-r * h)
        path = _NoisePath(noise, [sigma, middle, sigma_next], eta, s_noise)
        x_middle = _decay(x, denoised, r * h, eta) + path.up_to(1)
        at_middle = estimate_at(denoiser, x_middle, middle)
        mean = denoised + (at_middle - denoised) / (2 * r)
        x = _decay(x, mean, h, eta) + path.up_to(2)
    return x


def sample_seeds_3(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r_1: float = 1 / 3,
    r_2: float = 2 / 3,
) -> Tensor:
    """Three evaluations a step, at the shares 0, r_1, r_2 of the step in lambda (eta, s_noise: see dpmpp_2m_sde)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        h = log_snr(sigma_next) - log_snr(sigma)
        h_eta = h * (1 + eta)
        s_1, s_2 = sigma * math.exp(-r_1 * h), sigma * math.exp(-r_2 * h)
        path = _NoisePath(noise, [sigma, s_1, s_2, sigma_next], eta, s_noise)
        x_1 = _decay(x, denoised, r_1 * h, eta) + path.up_to(1)
        d_1 = estimate_at(denoiser, x_1, s_1) - denoised
        x_2 = _decay(x, denoised, r_2 * h, eta) + path.up_to(2)
        x_2 = x_2 + (r_2 / r_1) * (r_2 * h_eta) * phi_2(-r_2 * h_eta) * d_1
        d_2 = estimate_at(denoiser, x_2, s_2) - denoised
        x = _decay(x, denoised, h, eta) + path.up_to(3)
        x = x + h_eta * phi_2(-h_eta) / r_2 * d_2
    return x


def _decay(x: Tensor, target: Tensor, h: float, eta: float) -> Tensor:
    """The linear part of a step of length h in lambda, exactly: x approaches a constant estimate."""
    return target + math.exp(-h * (1 + eta)) * (x - target)


class _NoisePath:
    """The noise that a step has gathered up to each of its levels: one path, so that its stages see the same noise."""

    def __init__(self, noise: NoiseSource, levels: list[float], eta: float, s_noise: float) -> None:
        self._noise, self._levels, self._eta, self._s_noise = noise, levels, eta, s_noise
        self._gathered: Tensor | None = None  # per unit of sigma at the level reached

    def up_to(self, stage: int) -> Tensor | float:
        """Noise at levels[stage], (B, C, h, w), to be asked for in order; 0 if there is none."""
        if self._eta == 0 or self._s_noise == 0:
            return 0.0
        before, here = self._levels[stage - 1], self._levels[stage]
        h = (log_snr(here) - log_snr(before)) * self._eta
        fresh = self._noise(before, here) * added_noise(h)
        self._gathered = fresh if self._gathered is None else self._gathered * math.exp(-h) + fresh
        return self._gathered * (here * self._s_noise)
