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
) -> Tensor:
    """Adams-Bashforth steps for the SDE with noise strength tau, each corrected by Adams-Moulton once its end is known.

    Args:
        eta: tau^2, from 0 (the ODE) to 1 (the reverse diffusion) and above.
        sigma_start, sigma_end: tau is 0 outside of these levels.
        s_noise: scale of the added noise.
        predictor_order, corrector_order: estimates that each uses; 0 turns the corrector off.
        use_pece: evaluate once more after each correction (two evaluations a step).
    """
    history: History = []
    x_start, added, strength, sigma_before = x, 0.0 * x, 0.0, 0.0  # of the step that leads here
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        t = log_snr(sigma)
        if history and corrector_order > 0:
            nodes = [(denoised, t), *history[: corrector_order - 1]]
            x = _step(x_start, sigma_before, sigma, strength, nodes) + added  # Eq. 17
            if use_pece:
                denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        if sigma_next == 0:
            return denoised
        history = [(denoised, t), *history][: max(predictor_order, corrector_order - 1)]
        strength = eta if sigma_end <= sigma_next <= sigma_start else 0.0
        x_start, sigma_before, added = x, sigma, 0.0 * x
        if strength > 0 and s_noise > 0:
            scale = sigma_next * added_noise((log_snr(sigma_next) - t) * strength) * s_noise
            added = noise(sigma, sigma_next) * scale
        x = _step(x, sigma, sigma_next, strength, history[:predictor_order]) + added  # Eq. 14
    return x


def _step(x: Tensor, sigma: float, sigma_next: float, tau_squared: float, nodes: History) -> Tensor:
    """The step's mean, for the polynomial in lambda through the estimates at `nodes`."""
    t, h = log_snr(sigma), log_snr(sigma_next) - log_snr(sigma)
    rate = 1 + tau_squared
    moments = _moments(rate, h, len(nodes))
    x = math.exp(-rate * h) * x
    for (estimate, _), coefficients in zip(nodes, lagrange_polynomials([s for _, s in nodes], t), strict=True):
        x = x + sum(c * m for c, m in zip(coefficients, moments, strict=True)) * estimate
    return x


def _moments(rate: float, h: float, count: int) -> list[float]:
    """Integrals over u in 0..h of rate e^(-rate (h - u)) u^k, for k below `count`: by parts, each from the last."""
    moments = [-math.expm1(-rate * h)]
    for k in range(1, count):
        moments.append(h**k - k / rate * moments[-1])
    return moments
