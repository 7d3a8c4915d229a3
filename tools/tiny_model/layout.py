"""What lies where in a scene, on a coarse grid, and a head that reads it from an encoded caption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.tiny_model.scenes import BACKGROUNDS, COLOURS, SHAPES, SIZE, Scene, Thing

CELLS = 8  # along a side
HEADS = 4
NOTHING = 0  # the class of cells without an object; shapes and colours count from 1
CLASSES = {"shape": len(SHAPES) + 1, "colour": len(COLOURS) + 1, "background": len(BACKGROUNDS)}


def cell_of(thing: Thing) -> tuple[int, int]:
    """(row, column) of the cell under an object's centre."""
    return int(thing.y * CELLS / SIZE), int(thing.x * CELLS / SIZE)


def _grid(scene: Scene) -> np.ndarray:
    """Classes (3, CELLS, CELLS): shape and colour of the object over each cell's centre, background."""
    centres = (np.arange(CELLS) + 0.5) * (SIZE / CELLS)
    grid = np.zeros((3, CELLS, CELLS), np.uint8)
    grid[2] = BACKGROUNDS.index(scene.background)
    for thing in scene.things:
        far = np.hypot(centres[None, :] - thing.x, centres[:, None] - thing.y)
        covered = far <= thing.diameter / 2
        grid[0][covered] = SHAPES.index(thing.shape) + 1
        grid[1][covered] = list(COLOURS).index(thing.colour) + 1
    return grid


@dataclass(frozen=True)
class Layouts:
    """Classes (N, 3, CELLS, CELLS) of N scenes, in the order of `CLASSES`."""

    classes: Tensor

    @classmethod
    def of(cls, scenes: list[Scene]) -> Layouts:
        return cls(torch.from_numpy(np.stack([_grid(scene) for scene in scenes])))

    def at(self, places: Tensor, device: torch.device) -> Layouts:
        return Layouts(self.classes[places].to(device))


class LayoutHead(nn.Module):
    """One learnt query per cell attends to the encoded caption (B, 77, width); a linear layer names the classes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(CELLS * CELLS, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.classes = nn.Linear(width, sum(CLASSES.values()))

    def scores(self, context: Tensor) -> tuple[Tensor, ...]:
        """For shape, colour and background: (B, cells, classes) before the softmax."""
        queries = self.queries.expand(len(context), -1, -1)
        read, _ = self.attention(queries, context, context, need_weights=False)
        return self.classes(self.norm(read)).float().split(list(CLASSES.values()), dim=-1)

    def classes_at(self, context: Tensor) -> Tensor:
        """The most likely classes, (B, 3, CELLS, CELLS)."""
        return torch.stack([guess.argmax(-1) for guess in self.scores(context)], 1).unflatten(2, (CELLS, CELLS))

    def error(self, context: Tensor, layouts: Layouts) -> Tensor:
        """Cross entropy over all cells; cells with an object count as much as all others together."""
        scores = self.scores(context)
        wanted = layouts.classes.flatten(2).long()
        covered = (wanted[:, 0] != NOTHING).float()
        weights = covered / covered.sum() + (1 - covered) / (1 - covered).sum()
        errors = [
            functional.cross_entropy(guess.mT, wanted[:, kind], reduction="none") for kind, guess in enumerate(scores)
        ]
        return (torch.stack(errors).sum(0) * weights).sum() / 2
