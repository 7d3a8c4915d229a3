"""DPM-Solver of order 1 to 3 in single steps, with fixed and with adaptive step size: arXiv:2206.00927.

In lambda = -log sigma, with the noise estimate eps = (x - D) / sigma.
"""

import math
from collections.abc import Callable

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import log_snr
from engine.sampling.samplers.ode import slope, split_noise

Epsilon = Callable[[Tensor, float], Tensor]  # (x, lambda) -> noise estimate


def step_1(epsilon: Tensor, x: Tensor, t: float, t_next: float) -> Tensor:
    """DPM-Solver-1, Eq. 3.7, given the noise estimate at t."""
    return x - math.exp(-t_next) * math.expm1(t_next - t) * epsilon


def step_2(f: Epsilon, epsilon: Tensor, x: Tensor, t: float, t_next: float, r1: float = 0.5) -> tuple[Tensor, Tensor]:
    """DPM-Solver-2, Algorithm 4; returns the noise estimate at its middle point too."""
    h = t_next - t
    s1 = t + r1 * h
    epsilon_1 = f(step_1(epsilon, x, t, s1), s1)
    end = step_1(epsilon, x, t, t_next)
    return end - math.exp(-t_next) / (2 * r1) * math.expm1(h) * (epsilon_1 - epsilon), epsilon_1


def step_3(
    f: Epsilon,
    epsilon: Tensor,
    x: Tensor,
    t: float,
    t_next: float,
    r1: float = 1 / 3,
    r2: float = 2 / 3,
    epsilon_1: Tensor | None = None,
) -> Tensor:
    """DPM-Solver-3, Algorithm 5; `epsilon_1`: the noise estimate at t + r1 * h, where it is known."""
    h = t_next - t
    s1, s2 = t + r1 * h, t + r2 * h
    if epsilon_1 is None:
        epsilon_1 = f(step_1(epsilon, x, t, s1), s1)
    u2 = step_1(epsilon, x, t, s2)
    u2 = u2 - math.exp(-s2) * (r2 / r1) * (math.expm1(r2 * h) / (r2 * h) - 1) * (epsilon_1 - epsilon)
    end = step_1(epsilon, x, t, t_next)
    return end - math.exp(-t_next) / r2 * (math.expm1(h) / h - 1) * (f(u2, s2) - epsilon)


def _ends(sigmas: Tensor) -> tuple[float, float]:
    """First and last level above 0: lambda is infinite at 0, so these solvers stop before it."""
    above = [level for level in sigmas.tolist() if level > 0]
    return above[0], above[-1]


def sample_dpm_fast(denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
    """DPM-Solver-fast (sec. 3.4): equal steps in lambda, of order 3 while the evaluations, one per level, last."""
    sigma_max, sigma_min = _ends(sigmas)
    if sigma_max == sigma_min:
        return x
    evaluations = len(sigmas) - 1
    full, rest = divmod(evaluations, 3)
    orders = [3] * (full - 1) + [2, 1] if rest == 0 else [3] * full + [rest]
    start, end = log_snr(sigma_max), log_snr(sigma_min)

    def f(x: Tensor, t: float) -> Tensor:
        return slope(x, estimate_at(denoiser, x, math.exp(-t)), math.exp(-t))

    for i, order in enumerate(orders):
        t, t_next = (start + (end - start) * k / len(orders) for k in (i, i + 1))
        epsilon = f(x, t)
        on_step(i, x - math.exp(-t) * epsilon, x)
        if order == 3:
            x = step_3(f, epsilon, x, t, t_next)
        elif order == 2:
            x, _ = step_2(f, epsilon, x, t, t_next)
        else:
            x = step_1(epsilon, x, t, t_next)
    return x


class StepSize:
    """A PID controller of the step size (Soderlind 2003, "Digital filters in adaptive time-stepping")."""

    def __init__(
        self, h: float, order: float, pcoeff: float, icoeff: float, dcoeff: float, accept_safety: float
    ) -> None:
        self.h = h
        self._exponents = (
            (pcoeff + icoeff + dcoeff) / order,
            -(pcoeff + 2 * dcoeff) / order,
            dcoeff / order,
        )
        self._accept_safety = accept_safety
        self._inverse_errors: list[float] = []  # newest first: this step's, the last two accepted ones'

    def accepts(self, error: float) -> bool:
        """Judge a step by its error (1: just tolerable), and propose the next `h`."""
        inverse = 1 / (error + 1e-8)
        self._inverse_errors = [inverse, *(self._inverse_errors[1:] or [inverse, inverse])]
        factor = math.prod(e**b for e, b in zip(self._inverse_errors, self._exponents, strict=True))
        factor = 1 + math.atan(factor - 1)  # keeps it in -0.57 .. 2.57 and smooth near 1
        accepted = factor >= self._accept_safety
        if accepted:
            self._inverse_errors = [inverse, inverse, self._inverse_errors[1]]
        self.h *= factor
        return accepted


def sample_dpm_adaptive(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    pcoeff: float = 0.0,
    icoeff: float = 1.0,
    dcoeff: float = 0.0,
    accept_safety: float = 0.81,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Tensor:
    """DPM-Solver-12 or -23 with adaptive steps (app. C): of `sigmas` only the first and last above 0 count.

    Args:
        order: 2 or 3, of the higher of both solutions whose difference is the error.
        rtol, atol: tolerated error, relative and absolute.
        h_init: first step in lambda.
        pcoeff, icoeff, dcoeff, accept_safety: see StepSize.
        eta, s_noise: see euler_ancestral.
    """
    if order not in (2, 3):
        raise ValueError(f"dpm_adaptive has orders 2 and 3, not {order}.")
    sigma_max, sigma_min = _ends(sigmas)
    t, end = log_snr(sigma_max), log_snr(sigma_min)
    size = StepSize(h_init, order if eta == 0 else 1.5, pcoeff, icoeff, dcoeff, accept_safety)
    x_previous, accepted = x, 0

    def f(x: Tensor, t: float) -> Tensor:
        return slope(x, estimate_at(denoiser, x, math.exp(-t)), math.exp(-t))

    while t < end - 1e-5:
        t_next = min(end, t + size.h)
        down, up = split_noise(math.exp(-t), math.exp(-t_next), eta)
        t_down = min(end, log_snr(down)) if eta else t_next
        if eta:
            up = math.sqrt(max(math.exp(-2 * t_next) - math.exp(-2 * t_down), 0.0))
        epsilon = f(x, t)
        if order == 2:
            x_low = step_1(epsilon, x, t, t_down)
            x_high, _ = step_2(f, epsilon, x, t, t_down)
        else:
            x_low, epsilon_1 = step_2(f, epsilon, x, t, t_down, r1=1 / 3)
            x_high = step_3(f, epsilon, x, t, t_down, epsilon_1=epsilon_1)
        tolerance = (rtol * x_low.abs().maximum(x_previous.abs())).clamp(min=atol)
        error = float(((x_low - x_high) / tolerance).square().mean().sqrt())
        if size.accepts(error):
            on_step(accepted, x - math.exp(-t) * epsilon, x)
            x_previous, x = x_low, x_high
            if up > 0:
                x = x + noise(math.exp(-t), math.exp(-t_next)) * (s_noise * up)
            t, accepted = t_next, accepted + 1
    return x
