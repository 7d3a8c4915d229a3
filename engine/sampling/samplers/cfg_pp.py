"""CFG++: the guided estimate says where to go, the unconditional one what the noise was: arXiv:2406.08070, Algorithm 2.

Each of these is its plain namesake with x_next = D + (sigma_next / sigma) (x - U) in place of D + ... (x - D), for the
guided estimate D and the unconditional U; where both agree, so do the samplers. cfg is used as a strength near 1.
Methods with more than one stage or step differ in which estimate each term takes; it is the ecosystem's choice here.
"""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, guided_estimate_at
from engine.sampling.samplers.exponential import log_snr
from engine.sampling.samplers.ode import slope, split_noise, steps_of
from engine.sampling.samplers.res_multistep import order_2_weights


def sample_euler_ancestral_cfg_pp(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Ancestral Euler steps with CFG++ (eta 0: Euler's; s_noise: scale of the added noise)."""
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        down, up = split_noise(sigma, sigma_next, eta)
        x = guided.denoised + (down / sigma) * (x - guided.unconditional)  # lines 5 and 6
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x


def sample_euler_cfg_pp_alternative(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep
) -> Tensor:
    """Euler steps from x along a slope that takes the guidance D - U off x first."""
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        d = slope(x - guided.denoised + guided.unconditional, guided.denoised, sigma)
        x = x + d * (sigma_next - sigma)
    return x


def sample_dpmpp_2s_ancestral_cfg_pp(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver++(2S), ancestral, with CFG++ in both of its stages."""
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        if sigma_next == 0:
            return guided.denoised
        down, up = split_noise(sigma, sigma_next, eta)
        if down == 0:
            x = guided.denoised
        else:
            middle, decay = math.sqrt(sigma * down), down / sigma
            x_middle = guided.denoised + (middle / sigma) * (x - guided.unconditional)
            at_middle = guided_estimate_at(denoiser, x_middle, middle)
            # The guidance that is added to x is of the start for D and of the middle for U.
            x = decay * (x + guided.denoised - at_middle.unconditional) + (1 - decay) * at_middle.denoised
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
    return x


def sample_dpmpp_2m_cfg_pp(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep
) -> Tensor:
    """DPM-Solver++(2M) with CFG++: the correction leads from the last unconditional estimate."""
    previous: tuple[Tensor, float] | None = None  # unconditional estimate, its lambda
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        if sigma_next == 0:
            return guided.denoised
        t, t_next = log_snr(sigma), log_snr(sigma_next)
        h = t_next - t
        x = guided.denoised + math.exp(-h) * (x - guided.unconditional)
        if previous is not None:
            r = (t - previous[1]) / h
            x = x - math.expm1(-h) / (2 * r) * (guided.denoised - previous[0])
        previous = guided.unconditional, t
    return x


def sample_res_multistep_cfg_pp(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """RES multistep (see res_multistep) with CFG++: its first step is Euler's.

    From then on the guidance D - U is added to x, and the order-2 step follows the unconditional estimates.
    """
    previous: tuple[Tensor, float, float] | None = None
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        if sigma_next == 0:
            return guided.denoised
        down, up = split_noise(sigma, sigma_next, eta)
        t, t_next = log_snr(sigma), log_snr(down)
        h = t_next - t
        if previous is None or down == 0:
            x = guided.denoised + math.exp(-h) * (x - guided.unconditional)
        else:
            b_1, b_2 = order_2_weights(h, *previous[1:])
            x = math.exp(-h) * (x + guided.denoised - guided.unconditional)
            x = x + h * (b_1 * guided.unconditional + b_2 * previous[0])
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
        previous = guided.unconditional, t, t_next
    return x


def sample_gradient_estimation_cfg_pp(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, gamma: float = 2.0
) -> Tensor:
    """Gradient estimation (see gradient_estimation) with CFG++; the slope is the unconditional one."""
    previous: Tensor | None = None
    for i, sigma, sigma_next in steps_of(sigmas):
        guided = guided_estimate_at(denoiser, x, sigma)
        on_step(i, guided.denoised, x)
        if sigma_next == 0:
            return guided.denoised
        d = slope(x, guided.unconditional, sigma)
        x = guided.denoised + d * sigma_next
        if previous is not None:
            x = x + (gamma - 1) * (d - previous) * (sigma_next - sigma)
        previous = d
    return x
