"""DPM-Solver++(2M) and its stochastic relatives of order 2 and 3: arXiv:2211.01095, Algorithm 2 and app. B."""

import math
from typing import Literal

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import added_noise, log_snr, phi_2, phi_3
from engine.sampling.samplers.ode import steps_of


def sample_dpmpp_2m(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """Exponential multistep steps of order 2 (one evaluation a step); the first and the last are of order 1."""
    previous: tuple[Tensor, float] | None = None  # estimate, its lambda
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        t, t_next = log_snr(sigma), log_snr(sigma_next)
        h = t_next - t
        d = denoised
        if previous is not None:
            r = (t - previous[1]) / h
            d = denoised + (denoised - previous[0]) / (2 * r)  # D_i, Eq. 13
        x = sigma_next / sigma * x - math.expm1(-h) * d  # line 8
        previous = denoised, t
    return x


def sample_dpmpp_2m_sde(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: Literal["midpoint", "heun"] = "midpoint",
) -> Tensor:
    """SDE-DPM-Solver++(2M), app. B Eq. 17-19.

    Args:
        eta: 0 (the ODE) .. 1 (the reverse diffusion SDE).
        s_noise: scale of the added noise.
        solver_type: which order-2 correction.
    """
    previous: tuple[Tensor, float] | None = None
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        t, t_next = log_snr(sigma), log_snr(sigma_next)
        h = t_next - t
        h_eta = h * (1 + eta)
        x = math.exp(-h_eta) * x - math.expm1(-h_eta) * denoised
        if previous is not None:
            difference = (denoised - previous[0]) * (h / (t - previous[1]))
            correction = -math.expm1(-h_eta) / 2 if solver_type == "midpoint" else h_eta * phi_2(-h_eta)
            x = x + correction * difference
        if eta > 0:
            x = x + noise(sigma, sigma_next) * (sigma_next * added_noise(h * eta) * s_noise)
        previous = denoised, t
    return x


def sample_dpmpp_3m_sde(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """SDE-DPM-Solver++(3M): two derivatives of the estimate in lambda, from the last three (eta, s_noise as in 2M)."""
    history: list[tuple[Tensor, float]] = []  # newest first
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        t, t_next = log_snr(sigma), log_snr(sigma_next)
        h = t_next - t
        h_eta = h * (1 + eta)
        x = math.exp(-h_eta) * x - math.expm1(-h_eta) * denoised
        if history:
            (d_1, t_1), r_0 = history[0], (t - history[0][1]) / h
            rate = (denoised - d_1) / r_0  # derivatives in units of h
            if len(history) > 1:
                d_2, t_2 = history[1]
                r_1 = (t_1 - t_2) / h
                curvature = (rate - (d_1 - d_2) / r_1) / (r_0 + r_1)
                rate = rate + curvature * r_0
                # Taylor's coefficient is twice this; kept as in the authors' own solver, on which pictures depend.
                x = x + h_eta * phi_3(-h_eta) * curvature
            x = x + h_eta * phi_2(-h_eta) * rate
        if eta > 0:
            x = x + noise(sigma, sigma_next) * (sigma_next * added_noise(h * eta) * s_noise)
        history = [(denoised, t), *history[:1]]
    return x
