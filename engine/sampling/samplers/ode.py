"""What do the samplers share: the slope of the probability-flow ODE, the split of a noisy step, Adams coefficients.

The ODE is dx/dsigma = (x - D(x, sigma)) / sigma: arXiv:2206.00364, Eq. 3 with s(t) = 1, sigma(t) = t.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

ONLY_DOWN = (
    "Samplers that add noise step down only, but these sigmas rise (flipped?). "
    "Use a sampler that adds none, such as euler, or sigmas that fall."
)


def steps_of(sigmas: Tensor) -> Iterator[tuple[int, float, float]]:
    """(index, level, next level) of every step."""
    for index, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        yield index, sigma, sigma_next


def slope(x: Tensor, denoised: Tensor, sigma: float) -> Tensor:
    """dx/dsigma at x, given the denoised estimate there: the noise direction."""
    return (x - denoised) / sigma


def split_noise(sigma: float, sigma_next: float, eta: float = 1.0) -> tuple[float, float]:
    """(level to step down to, noise to add there) so that both make sigma_next: arXiv:2010.02502, Eq. 16.

    eta 0 adds no noise, eta 1 as much as the reverse diffusion of arXiv:2006.11239. In float32, as everywhere else:
    the first is a difference of nearly equal numbers where a step is long, and pictures depend on its few digits.

    Raises:
        ValueError: the step goes up and eta is not 0.
    """
    if eta == 0.0 or sigma_next == 0.0:
        return sigma_next, 0.0
    if sigma_next > sigma:
        raise ValueError(ONLY_DOWN)
    here, there = torch.tensor(sigma), torch.tensor(sigma_next)
    up = there.minimum(eta * (there**2 * (here**2 - there**2) / here**2).sqrt())
    return float((there**2 - up**2).sqrt()), float(up)


def lagrange_polynomials(nodes: Sequence[float], origin: float) -> list[list[float]]:
    """The polynomials that are 1 at one node and 0 at the others, as coefficients of rising powers of (t - origin)."""
    polynomials = []
    for j, node in enumerate(nodes):
        coefficients = [1.0]
        for k, other in enumerate(nodes):
            if k != j:
                shifted = [0.0, *coefficients]
                scaled = [c * (origin - other) for c in coefficients] + [0.0]
                coefficients = [(a + b) / (node - other) for a, b in zip(shifted, scaled, strict=True)]
        polynomials.append(coefficients)
    return polynomials


def adams_weights(nodes: Sequence[float], start: float, end: float) -> list[float]:
    """Integrals from start to end of the Lagrange polynomials through `nodes`: a variable-step Adams-Bashforth step."""
    length = end - start
    return [
        sum(c * length ** (power + 1) / (power + 1) for power, c in enumerate(coefficients))
        for coefficients in lagrange_polynomials(nodes, start)
    ]
