"""SA-Solver, stochastic Adams predictor and corrector (data prediction): arXiv:2309.05019, Algorithm 1."""

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import added_noise, log_snr
from engine.sampling.samplers.ode import lagrange_polynomials, steps_of

History = list[tuple[Tensor, float]]  # (estimate, lambda), newest first


def sample_sa_solver(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    eta: float = 1.0,
    sigma_start: float = math.inf,
    sigma_end: float = 0.0,
    s_noise: float = 1.0,
    predictor_order: int = 3,
    corrector_order: int = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> Tensor:
    """Adams-Bashforth steps for the SDE with noise strength tau, each corrected by Adams-Moulton once its end is known.

    Orders rise from 1, and fall to 1 again towards a last level of 0.

    Args:
        eta: tau, from 0 (the ODE) to 1 (the reverse diffusion) and above.
        sigma_start, sigma_end: tau is 0 outside of these levels.
        s_noise: scale of the added noise.
        predictor_order, corrector_order: estimates that each uses; 0 turns the corrector off.
        use_pece: evaluate once more after each correction (two evaluations a step).
        simple_order_2: steps from two estimates take the simplified weights of app. D.
    """
    history: History = []
    x_start, added, tau, sigma_before = x, 0.0 * x, 0.0, 0.0  # of the step that leads here
    steps, falls_to_0 = len(sigmas) - 1, float(sigmas[-1]) == 0
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        t, left = log_snr(sigma), steps - i if falls_to_0 else steps
        if history and corrector_order > 0 and (use_pece or sigma_next > 0):
            nodes = [(denoised, t), *history][: min(corrector_order, left)]
            x = _step(x_start, sigma_before, sigma, tau, nodes, simple_order_2) + added  # Eq. 17
            if use_pece:
                denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        history = [(denoised, t), *history][: max(predictor_order, corrector_order)]
        tau = eta if sigma_end <= sigma_next <= sigma_start else 0.0
        x_start, sigma_before, added = x, sigma, 0.0 * x
        if tau > 0 and s_noise > 0:
            scale = sigma_next * added_noise((log_snr(sigma_next) - t) * tau**2) * s_noise
            added = noise(sigma, sigma_next) * scale
        nodes = history[: min(predictor_order, left - 1 if falls_to_0 else steps)]
        x = _step(x, sigma, sigma_next, tau, nodes, simple_order_2) + added  # Eq. 14
    return x


def _step(x: Tensor, sigma: float, sigma_next: float, tau: float, nodes: History, simple_order_2: bool) -> Tensor:
    """The step's mean, for the polynomial in lambda through the estimates at `nodes`."""
    t, h = log_snr(sigma), log_snr(sigma_next) - log_snr(sigma)
    rate, lambdas = 1 + tau**2, [s for _, s in nodes]
    if simple_order_2 and len(nodes) == 2:
        weights = _simple_weights(rate, h, lambdas[0] - t, lambdas[1] - t)
    else:
        moments = _moments(rate, h, len(nodes))
        polynomials = lagrange_polynomials(lambdas, t)
        weights = [sum(c * m for c, m in zip(p, moments, strict=True)) for p in polynomials]
    x = math.exp(-rate * h) * x
    for weight, (estimate, _) in zip(weights, nodes, strict=True):
        x = x + weight * estimate
    return x


def _simple_weights(rate: float, h: float, newest: float, older: float) -> list[float]:
    """Of two estimates, at the shares of lambda `newest` and `older` from the step's start: app. D."""
    whole = -math.expm1(-rate * h)
    if newest > 0:  # the corrector: the newest estimate is that of the step's end
        return [0.5 * rate * h, whole - 0.5 * rate * h]
    second = 0.5 * rate * h**2 / older
    return [whole - second, second]


def _moments(rate: float, h: float, count: int) -> list[float]:
    """Integrals over u in 0..h of rate e^(-rate (h - u)) u^k, for k below `count`: by parts, each from the last."""
    moments = [-math.expm1(-rate * h)]
    for k in range(1, count):
        moments.append(h**k - k / rate * moments[-1])
    return moments
