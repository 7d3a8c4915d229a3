"""Linear multistep (Adams-Bashforth) methods on the probability-flow ODE: arXiv:2202.09778 (PNDM), sec. 3."""

from collections import deque

from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.ode import adams_weights, slope, steps_of

# Adams-Bashforth weights for equal steps, newest slope first (Hairer, Norsett & Wanner I, III.1).
EQUAL_STEP_WEIGHTS = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def sample_lms(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, order: int = 4
) -> Tensor:
    """Steps along the polynomial through the last `order` slopes, integrated exactly over unequal steps."""
    levels = sigmas.tolist()
    slopes: deque[Tensor] = deque(maxlen=order)  # newest first
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        slopes.appendleft(slope(x, denoised, sigma))
        if sigma_next == 0:
            x = denoised  # Euler's step: extrapolated slopes are worst here
            continue
        nodes = levels[i::-1][: len(slopes)]
        for weight, d in zip(adams_weights(nodes, sigma, sigma_next), slopes, strict=True):
            x = x + weight * d
    return x


def sample_ipndm(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, order: int = 4
) -> Tensor:
    """Improved PNDM: steps of rising order with the weights for equal steps, arXiv:2204.13902, Eq. 37 and app. B."""
    slopes: deque[Tensor] = deque(maxlen=min(order, len(EQUAL_STEP_WEIGHTS)))
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        slopes.appendleft(slope(x, denoised, sigma))
        if sigma_next == 0:
            x = denoised
            continue
        for weight, d in zip(EQUAL_STEP_WEIGHTS[len(slopes) - 1], slopes, strict=True):
            x = x + (weight * (sigma_next - sigma)) * d
    return x
