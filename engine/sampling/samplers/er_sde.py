"""ER-SDE-Solver-3 for extended reverse-time SDEs: arXiv:2309.06169, Algorithm 3 (variance-exploding)."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import steps_of

NoiseScale = Callable[[Tensor], Tensor]
POINTS = 200  # of the numerical integrals; pictures depend on it slightly


def noise_scale(sigma: Tensor) -> Tensor:
    """phi(sigma) of "ER-SDE 5", the authors' recommendation: sigma (e^(sigma^0.3) + 10)."""
    return sigma * ((sigma**0.3).exp() + 10)


def power_scale(sigma: Tensor, exponent: float) -> Tensor:
    """phi(sigma) = sigma^exponent: 1 is the ODE, 2 the reverse-time SDE (sec. 3.2)."""
    return sigma**exponent


def sample_er_sde(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    s_noise: float = 1.0,
    max_stage: int = 3,
    solver_type: Literal["ER-SDE", "Reverse-time SDE", "ODE"] = "ER-SDE",
    eta: float = 1.0,
) -> Tensor:
    """Taylor steps in sigma of rising order, with noise between the ODE's (none) and the reverse SDE's.

    Args:
        s_noise: scale of the added noise.
        max_stage: highest order, 1 .. 3.
        solver_type: which noise scale phi; only "Reverse-time SDE" takes `eta`.
        eta: noise strength of the reverse-time SDE, 0 (the ODE) .. 1 and above.
    """
    if solver_type == "ODE" or (solver_type == "Reverse-time SDE" and eta == 0):
        eta, s_noise = 0.0, 0.0
    phi = noise_scale if solver_type == "ER-SDE" else partial(power_scale, exponent=1 + eta)
    estimates: list[tuple[float, Tensor]] = []  # (sigma, D), newest first
    derivative_before: Tensor | None = None
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        ratio, integral, moment = _integrals(phi, sigma, sigma_next)
        scale_next = float(phi(torch.tensor(sigma_next, dtype=torch.float64)))
        x = ratio * x + (1 - ratio) * denoised  # Eq. 16
        change = sigma_next - sigma
        if estimates and max_stage >= 2:
            derivative = (denoised - estimates[0][1]) / (sigma - estimates[0][0])
            x = x + (change + integral * scale_next) * derivative  # Eq. 17
            if derivative_before is not None and max_stage >= 3:
                second = (derivative - derivative_before) / ((sigma - estimates[1][0]) / 2)
                x = x + (change**2 / 2 + moment * scale_next) * second  # Eq. 18
            derivative_before = derivative
        if s_noise > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * math.sqrt(max(sigma_next**2 - (sigma * ratio) ** 2, 0.0)))
        estimates = [(sigma, denoised), *estimates[:1]]
    return x


def _integrals(phi: NoiseScale, sigma: float, sigma_next: float) -> tuple[float, float, float]:
    """phi(next) / phi(sigma), and the integrals over [next, sigma] of 1 / phi and (s - sigma) / phi."""
    ends = phi(torch.tensor([sigma, sigma_next], dtype=torch.float64))
    width = (sigma - sigma_next) / POINTS
    s = sigma_next + width * torch.arange(POINTS, dtype=torch.float64)
    density = 1 / phi(s)
    return float(ends[1] / ends[0]), float(density.sum() * width), float(((s - sigma) * density).sum() * width)
