"""DEIS, an exponential integrator with polynomials in time (tAB-DEIS): arXiv:2204.13902, Eq. 14 and 15."""

import math
from collections import deque

import torch
from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import slope, steps_of

# The linear variance-preserving process whose time the polynomials are in, fitted to sigma 0.002 .. 80
# at times 0.001 .. 1 (arXiv:2206.00364, table 1): log(1 + sigma^2) = BETA_D t^2 / 2 + BETA_MIN t.
_LOG_LOW, _LOG_HIGH, _T_LOW = math.log1p(0.002**2), math.log1p(80.0**2), 0.001
BETA_D = 2 * (_LOG_LOW / _T_LOW - _LOG_HIGH) / (_T_LOW - 1)
BETA_MIN = _LOG_HIGH - BETA_D / 2


def _time(sigma: Tensor) -> Tensor:
    return ((BETA_MIN**2 + 2 * BETA_D * (sigma**2).log1p()).sqrt() - BETA_MIN) / BETA_D


def _weights(levels: list[float], sigma_next: float) -> list[float]:
    """C_ij of Eq. 15 for the slopes at `levels` (newest first): Lagrange polynomials in t, integrated over sigma."""
    sigmas = torch.linspace(levels[0], sigma_next, 10_001, dtype=torch.float64)
    t, nodes = _time(sigmas), _time(torch.tensor(levels, dtype=torch.float64))
    weights = []
    for j, node in enumerate(nodes):
        polynomial = torch.ones_like(t)
        for k, other in enumerate(nodes):
            if k != j:
                polynomial = polynomial * (t - other) / (node - other)
        weights.append(float(torch.trapezoid(polynomial, sigmas)))
    return weights


def sample_deis(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, order: int = 3
) -> Tensor:
    """Multistep steps of rising order up to `order`; the step to 0 is of order 1."""
    slopes: deque[Tensor] = deque(maxlen=order)  # newest first
    levels = sigmas.tolist()
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        slopes.appendleft(slope(x, denoised, sigma))
        for weight, d in zip(_weights(levels[i::-1][: len(slopes)], sigma_next), slopes, strict=True):
            x = x + weight * d
    return x
