"""How is a picture too large for a network computed in tiles, without seams?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles along one side begin; neighbours share `overlap` or more."""
    if length <= tile:
        return [0]
    return list(range(0, length - overlap, tile - overlap))


def count_tiles(height: int, width: int, tile: tuple[int, int], overlap: int) -> int:
    """How many tiles (height, width) make up a picture."""
    return len(tile_starts(height, tile[0], overlap)) * len(tile_starts(width, tile[1], overlap))


def in_tiles(
    function: Callable[[Tensor], Tensor],
    planes: Tensor,
    tile: tuple[int, int],
    overlap: int,
    scale: float,
    on_tile: Callable[[], None] = lambda: None,
    together: int = 1,
) -> Tensor:
    """Compute (B, C, H, W) tile by tile, which fade into each other over their overlap.

    Args:
        function: (n, C, h, w) -> (n, C', h * scale, w * scale), n up to `together`.
        tile: (height, width), each above `overlap`.
        scale: of the result; 0.125 where the function makes one cell of 8 pixels.
        on_tile: called after each tile; may raise to stop.
        together: how many of the B a tile is of: the frames of a film.

    Returns:
        float32 (B, C', H * scale, W * scale) on the CPU.
    """
    return torch.cat([_one(function, part, tile, overlap, scale, on_tile) for part in planes.split(together)])


def _one(
    function: Callable[[Tensor], Tensor],
    planes: Tensor,
    tile: tuple[int, int],
    overlap: int,
    scale: float,
    on_tile: Callable[[], None],
) -> Tensor:
    height, width = planes.shape[-2:]
    size = (round(height * scale), round(width * scale))
    total, weights = torch.zeros(len(planes), 1, *size), torch.zeros(1, 1, *size)
    for top, left in _corners(height, width, tile, overlap):
        part = function(planes[..., top : top + tile[0], left : left + tile[1]]).float().cpu()
        weight = _weight(part.shape[-2], part.shape[-1], round(overlap * scale))
        y, x = round(top * scale), round(left * scale)
        if total.shape[1] != part.shape[1]:
            total = total.expand(-1, part.shape[1], -1, -1).clone()
        place = (..., slice(y, y + part.shape[-2]), slice(x, x + part.shape[-1]))
        total[place] += part * weight
        weights[place] += weight
        on_tile()
    return total / weights


def _corners(height: int, width: int, tile: tuple[int, int], overlap: int) -> Iterator[tuple[int, int]]:
    return itertools.product(tile_starts(height, tile[0], overlap), tile_starts(width, tile[1], overlap))


def _weight(height: int, width: int, fading: int) -> Tensor:
    """(height, width) that rises over `fading` pixels from every side; never 0."""
    down, across = _ramp(height, fading), _ramp(width, fading)
    return down[:, None] * across[None, :]


def _ramp(length: int, fading: int) -> Tensor:
    ramp = torch.ones(length)
    if 0 < fading < length:
        rise = torch.arange(1, fading + 1) / fading
        ramp[:fading] *= rise
        ramp[-fading:] *= rise.flip(0)
    return ramp
