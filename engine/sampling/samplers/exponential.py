"""What do the exponential integrators share: time as lambda = -log sigma, and the phi functions.

In lambda the ODE is dx/dlambda = D(x) - x (arXiv:2211.01095, Eq. 9, divided by alpha);
its linear part is solved exactly.
"""

import math

from engine.sampling.samplers.ode import ONLY_DOWN


def log_snr(sigma: float) -> float:
    """Half the log signal-to-noise ratio of a level: infinite at 0."""
    return -math.log(sigma) if sigma else math.inf


def phi_1(h: float) -> float:
    """(e^h - 1) / h, 1 at 0: arXiv:2308.02157, Eq. 13."""
    return math.expm1(h) / h if h else 1.0


def phi_2(h: float) -> float:
    """(phi_1(h) - 1) / h, 1/2 at 0; by its series near 0, where the quotient loses its digits."""
    return 0.5 + h / 6 + h**2 / 24 if abs(h) < 1e-4 else (phi_1(h) - 1) / h


def phi_3(h: float) -> float:
    """(phi_2(h) - 1/2) / h, 1/6 at 0."""
    return 1 / 6 + h / 24 + h**2 / 120 if abs(h) < 1e-3 else (phi_2(h) - 0.5) / h


def added_noise(h: float) -> float:
    """sqrt(1 - e^(-2h)): the share of a level's standard deviation that a step of noise time h renews.

    Raises:
        ValueError: h is negative: the step goes up.
    """
    if h < 0:
        raise ValueError(ONLY_DOWN)
    return math.sqrt(-math.expm1(-2 * h))
