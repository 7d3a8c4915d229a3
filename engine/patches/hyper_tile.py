"""HyperTile: self-attention within tiles of the latent instead of all over it, which costs less on large pictures.

By tfernd, https://github.com/tfernd/HyperTile.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall

CELL = 8  # pixels a side of one latent cell
SMALLEST_TILE = 32  # pixels; smaller tiles see too little


@dataclass(eq=False)
class HyperTile:
    """Tiles the tokens of each self-attention down to a depth, and puts them together behind it.

    Attributes:
        tile_cells: least side of a tile, in cells of the latent.
        swap_size: among so many tile sizes each call chooses one, so that seams never stay in one place.
        max_depth: how often the latent may have been halved where tiles are still made.
        scale_depth: whether tiles shrink less than the latent does, in deeper layers.
    """

    tile_cells: int
    swap_size: int
    max_depth: int
    scale_depth: bool
    _choice: random.Random = field(default_factory=lambda: random.Random(0))
    _tiles: tuple[int, int, int, int] | None = None

    def divide(self, x: Tensor, keys: Tensor, values: Tensor, call: LayerCall) -> tuple[Tensor, Tensor, Tensor]:
        """(N, h * w, C) -> (N * tiles, tokens of a tile, C), for all three."""
        self._tiles = self._plan(x.shape[1], call)
        if self._tiles is None:
            return x, keys, values
        return _divided(x, self._tiles), _divided(keys, self._tiles), _divided(values, self._tiles)

    def join(self, out: Tensor, call: LayerCall) -> Tensor:
        """The inverse, on what the attention gave."""
        if self._tiles is None:
            return out
        rows, columns, height, width = self._tiles
        self._tiles = None
        parts = out.reshape(-1, rows, columns, height // rows, width // columns, out.shape[-1])
        return parts.transpose(2, 3).reshape(parts.shape[0], height * width, out.shape[-1])

    def _plan(self, tokens: int, call: LayerCall) -> tuple[int, int, int, int] | None:
        """(rows, columns) of tiles and (height, width) of the layer; None where there is nothing to divide."""
        for depth in range(self.max_depth + 1):
            height, width = (-(-side // 2**depth) for side in call.size)
            if height * width == tokens:
                least = max(1, self.tile_cells * (2**depth if self.scale_depth else 1))
                rows, columns = (self._choose(side, least) for side in (height, width))
                return (rows, columns, height, width) if rows * columns > 1 else None
        return None

    def _choose(self, side: int, least: int) -> int:
        """How many tiles of at least `least` cells, all alike, make up a side: one of the largest counts."""
        sizes = [size for size in range(min(least, side), side + 1) if side % size == 0]
        return self._choice.choice([side // size for size in sizes[: self.swap_size]])


def with_hyper_tile(
    model: DiffusionModel, tile_size: int, swap_size: int, max_depth: int, *, scale_depth: bool
) -> DiffusionModel:
    """The model with tiled self-attention; `tile_size` in pixels."""
    cells = max(SMALLEST_TILE, tile_size) // CELL
    tiles = HyperTile(cells, swap_size, max_depth, scale_depth)
    return model.with_layers(model.layers.with_attention(1, before=tiles.divide, after=tiles.join))


def _divided(tokens: Tensor, tiles: tuple[int, int, int, int]) -> Tensor:
    rows, columns, height, width = tiles
    parts = tokens.reshape(-1, rows, height // rows, columns, width // columns, tokens.shape[-1])
    return parts.transpose(2, 3).reshape(-1, (height // rows) * (width // columns), tokens.shape[-1])
