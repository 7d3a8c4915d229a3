"""How strongly is each frame of a film guided? (arXiv:2311.15127, appendix D.3)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.sampling.guidance_patches import GuidanceCall

Shares = Callable[[int], Tensor]  # how many frames -> (n,) in 0..1: of the way from the lowest to the full guidance


def rising(frames: int) -> Tensor:
    """0 for the first frame, 1 for the last."""
    return torch.linspace(0, 1, frames)


def triangle(frames: int) -> Tensor:
    """0 for the first frame and the last, 1 for the one in the middle."""
    return 1 - (2 * torch.linspace(0, 1, frames) - 1).abs()


@dataclass(frozen=True, eq=False)
class GuidanceAlongFilm:
    """Classifier-free guidance (arXiv:2207.12598, Eq. 6) of a strength that changes from frame to frame.

    Attributes:
        lowest: cfg where `shares` gives 0; where it gives 1 it is the run's.
    """

    lowest: float
    shares: Shares

    def __call__(self, call: GuidanceCall) -> Tensor:
        if call.negative is None:
            return call.positive
        shares = self.shares(len(call.positive)).to(call.positive).reshape(-1, 1, 1, 1)
        cfg = self.lowest + (call.cfg - self.lowest) * shares
        return call.negative + (call.positive - call.negative) * cfg
