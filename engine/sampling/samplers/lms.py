"""Linear multistep (Adams-Bashforth) methods on the probability-flow ODE: arXiv:2202.09778 (PNDM), sec. 3.

Each takes the step to 0 as Euler's: extrapolated slopes are worst there.
"""

from collections import deque
from collections.abc import Sequence

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
            x = denoised
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


def sample_ipndm_v(
    denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep, *, order: int = 4
) -> Tensor:
    """Improved PNDM with weights for unequal steps, as its authors publish them (see _unequal_step_weights)."""
    slopes: deque[Tensor] = deque(maxlen=min(order, len(EQUAL_STEP_WEIGHTS)))  # newest first
    levels = sigmas.tolist()
    for i, sigma, sigma_next in steps_of(sigmas):
        denoised = estimate_at(denoiser, x, sigma)
        on_step(i, denoised, x)
        slopes.appendleft(slope(x, denoised, sigma))
        if sigma_next == 0:
            x = denoised
            continue
        behind = [levels[k] - levels[k - 1] for k in range(i, i - len(slopes) + 1, -1)]
        weights = _unequal_step_weights(sigma_next - sigma, behind)
        for weight, d in zip(weights, slopes, strict=True):
            x = x + (weight * (sigma_next - sigma)) * d
    return x


def _unequal_step_weights(h: float, behind: Sequence[float]) -> list[float]:
    """Weights of the last len(behind) + 1 slopes for a step of h after steps of `behind`, newest first.

    Those of arXiv:2312.00094's own code (diff-solvers, "iPNDM_v"), on which pictures depend. They are
    Adams-Bashforth's for two slopes, and for three after equal steps; else only close to them.
    """
    weights = [1.0] + [0.0] * len(behind)
    if len(behind) >= 1:
        h_1 = behind[0]
        _add(weights, h / (2 * h_1), [1, -1])
    if len(behind) >= 2:
        h_2 = behind[1]
        ratio = h_1 / h_2
        second = (1 - h / (3 * (h + h_1)) * (h * (h + h_1)) / (h_1 * (h_1 + h_2))) / 2
        _add(weights, second, [1, -1 - ratio, ratio])
    if len(behind) >= 3:
        h_3 = behind[2]
        wide = h_1 * (h_1 + h_2) / (h_2 * (h_2 + h_3))
        third = (1 - h / (3 * (h + h_1))) / 2 + (1 - h / (2 * (h + h_1))) * h / (6 * (h + h_1 + h_2))
        third *= h * (h + h_1) * (h + h_1 + h_2) / (h_1 * (h_1 + h_2) * (h_1 + h_2 + h_3))
        _add(weights, third, [1, -1 - ratio - wide, ratio + wide * (1 + h_2 / h_3), -wide * ratio])
    return weights


def _add(weights: list[float], factor: float, terms: Sequence[float]) -> None:
    for index, term in enumerate(terms):
        weights[index] += factor * term
