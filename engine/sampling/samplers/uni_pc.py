"""UniPC, a unified predictor-corrector (multistep, data prediction, order 3): arXiv:2302.04867, Algorithm 5 to 8."""

import math
from typing import Literal

import torch
from torch import Tensor

from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep, estimate_at
from engine.sampling.samplers.exponential import log_snr

LAST_LEVEL = 0.001  # stands in for 0, where lambda is infinite


def sample_uni_pc(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    noise: NoiseSource,
    on_step: OnStep,
    *,
    variant: Literal["bh1", "bh2"] = "bh1",
    order: int = 3,
) -> Tensor:
    """Predict each next level from the last estimates, and correct it once its own estimate is known.

    One evaluation a step: the estimate that corrects is the next step's own. Orders rise from 1 and end at 1.
    variant: the paper's B1(h) = h or B2(h) = e^h - 1.
    """
    levels = [max(level, LAST_LEVEL) for level in sigmas.tolist()]
    steps = len(levels) - 1
    order = min(order, max(steps - 1, 1))
    history: list[tuple[Tensor, float]] = []  # (estimate, lambda), newest first
    x_start = x
    for i in range(steps):
        estimate = estimate_at(denoiser, x, levels[i])
        on_step(i, estimate, x)
        if history:
            step_order = min(order, len(history), steps - i + 1)
            x = _correct(x_start, levels[i - 1], levels[i], history[:step_order], estimate, variant)
        history = [(estimate, log_snr(levels[i])), *history[: order - 1]]
        x_start = x
        step_order = min(order, len(history), steps - i)
        x = _predict(x_start, levels[i], levels[i + 1], history[:step_order], variant)
    return x


def _predict(x: Tensor, sigma: float, sigma_next: float, history: list[tuple[Tensor, float]], variant: str) -> Tensor:
    """UniP of order len(history): Eq. 3 with the data prediction of app. A."""
    h, ratios, differences = _differences(sigma, sigma_next, history)
    matrix, target, b = _system(h, [*ratios, 1.0], variant)
    count = len(differences)
    weights = [0.5] if count == 1 else torch.linalg.solve(matrix[:count, :count], target[:count]).tolist()
    return _first_order(x, sigma, sigma_next, history) - b * _weighted(weights, differences, x)


def _correct(
    x: Tensor, sigma: float, sigma_next: float, history: list[tuple[Tensor, float]], estimate: Tensor, variant: str
) -> Tensor:
    """UniC of order len(history): Eq. 4; `estimate` is the one at the predicted end of the step."""
    h, ratios, differences = _differences(sigma, sigma_next, history)
    matrix, target, b = _system(h, [*ratios, 1.0], variant)
    weights = [0.5] if not ratios else torch.linalg.solve(matrix, target).tolist()
    differences = [*differences, estimate - history[0][0]]
    return _first_order(x, sigma, sigma_next, history) - b * _weighted(weights, differences, x)


def _differences(
    sigma: float, sigma_next: float, history: list[tuple[Tensor, float]]
) -> tuple[float, list[float], list[Tensor]]:
    """(h, r_m, D_m / r_m) of Eq. 2: differences of earlier estimates to the newest, per share of the step."""
    newest, t = history[0]
    h = log_snr(sigma_next) - log_snr(sigma)
    ratios = [(earlier_t - t) / h for _, earlier_t in history[1:]]
    return h, ratios, [(d - newest) / r for (d, _), r in zip(history[1:], ratios, strict=True)]


def _first_order(x: Tensor, sigma: float, sigma_next: float, history: list[tuple[Tensor, float]]) -> Tensor:
    newest = history[0][0]
    return newest + (sigma_next / sigma) * (x - newest)


def _weighted(weights: list[float], differences: list[Tensor], like: Tensor) -> Tensor:
    total = torch.zeros_like(like)
    for weight, difference in zip(weights, differences, strict=True):
        total = total + weight * difference
    return total


def _system(h: float, ratios: list[float], variant: str) -> tuple[Tensor, Tensor, float]:
    """The Vandermonde system R a = phi / B(h) of Eq. 5, in -h as app. A has it for data prediction, and B(h)."""
    b = -h if variant == "bh1" else math.expm1(-h)
    rows, target, factorial = [], [], 1.0
    phi = math.expm1(-h) / -h - 1  # h * phi_2 in the paper's words; then each next one by recursion
    for n in range(1, len(ratios) + 1):
        rows.append([r ** (n - 1) for r in ratios])
        target.append(phi * factorial / b)
        factorial *= n + 1
        phi = phi / -h - 1 / factorial
    return torch.tensor(rows, dtype=torch.float64), torch.tensor(target, dtype=torch.float64), b
