"""RES, the refined exponential solver, as a multistep method of order 2: arXiv:2308.02157, sec. 3.2 and app. E."""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import log_snr, phi_1, phi_2
from engine.sampling.samplers.ode import split_noise, steps_of


def sample_res_multistep(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """Exponential Adams-Bashforth steps of order 2 whose weights meet the stiff order conditions (Eq. 11-12).

    eta above 0 steps down past the next level and adds noise back up to it (eta, s_noise: see euler_ancestral).
    """
    previous: tuple[Tensor, float, float] | None = None  # estimate, its lambda, lambda that its step went down to
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        down, up = split_noise(sigma, sigma_next, eta)
        t, t_next = log_snr(sigma), log_snr(down)
        h = t_next - t
        if previous is None or down == 0:
            x = denoised + (down / sigma) * (x - denoised)
        else:
            b_1, b_2 = order_2_weights(h, *previous[1:])
            x = math.exp(-h) * x + h * (b_1 * denoised + b_2 * previous[0])
        if up > 0:
            x = x + noise(sigma, sigma_next) * (s_noise * up)
        previous = denoised, t, t_next
    return x


def order_2_weights(h: float, t_earlier: float, t_down: float) -> tuple[float, float]:
    """Weights of this estimate and of the one at lambda `t_earlier` for a step of h: Eq. 11-12.

    t_down: the lambda that the step before went down to, before noise was added; without noise it is this step's start.
    """
    c_2 = (t_earlier - t_down) / h  # below 0: the second node lies behind
    b_2 = phi_2(-h) / c_2
    return phi_1(-h) - b_2, b_2
