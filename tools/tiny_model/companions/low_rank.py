"""Trainable changes of few numbers, W + up down (arXiv:2106.09685, Eq. 3), to the layers of a frozen network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

LAYERS = (nn.Linear, nn.Conv2d)


class LowRank(nn.Module):
    """The change to one weight (out, in, ...): `up` (out, rank) times `down` (rank, in * ...), nothing at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        inner = weight.flatten(1).shape[1]
        self.shape = tuple(weight.shape[1:])
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.down = nn.Parameter(torch.randn(rank, inner) / inner**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (self.up @ self.down).view_as(weight)

    def stored(self) -> tuple[Tensor, Tensor]:
        """(up, down) as files keep them: of convolutions, `down` with their kernel and `up` with one of 1 x 1."""
        kernel = self.shape[1:]
        return self.up.reshape(*self.up.shape, *(1 for _ in kernel)), self.down.reshape(-1, *self.shape)


def add_ranks(network: nn.Module, rank: int, chosen: Callable[[str], bool]) -> dict[str, LowRank]:
    """Give the linear and convolution layers whose names are `chosen` a trainable change: layer name -> change."""
    torch.manual_seed(0)
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, LAYERS) and chosen(name)}
    changes = {name: LowRank(layer.weight, rank) for name, layer in layers.items()}
    for name, layer in layers.items():
        parametrize.register_parametrization(layer, "weight", changes[name])
    return changes
