"""Deep Shrink: the first steps compute smaller in the network's depth, so that large pictures keep one composition.

By kohya-ss, https://gist.github.com/kohya-ss/3f774da220df102548093a7abc8538ed.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall
from engine.pixels.resizing import resize


@dataclass(frozen=True, eq=False)
class DeepShrink:
    """Shrinks what a block of the encoder gives, and grows what the decoder reads to its skips' size again.

    Attributes:
        block: number of the encoder's block.
        factor: by which height and width are divided.
        sigma_start, sigma_end: highest and lowest level at which it is done.
        down, up: the methods of resizing.
    """

    block: int
    factor: float
    sigma_start: float
    sigma_end: float
    down: str
    up: str

    def shrink(self, x: Tensor, call: LayerCall) -> Tensor:
        level = float(call.sigma[0])
        if call.place.block != self.block or not self.sigma_end <= level <= self.sigma_start:
            return x
        height, width = (max(1, round(side / self.factor)) for side in x.shape[-2:])
        return resize(x, width, height, self.down)

    def grow(self, x: Tensor, skip: Tensor, call: LayerCall) -> tuple[Tensor, Tensor]:
        if x.shape[-2:] != skip.shape[-2:]:
            x = resize(x, skip.shape[-1], skip.shape[-2], self.up)
        return x, skip


def with_deep_shrink(
    model: DiffusionModel,
    block: int,
    factor: float,
    *,
    start_percent: float,
    end_percent: float,
    after_skip: bool,
    down: str,
    up: str,
) -> DiffusionModel:
    """The model with Deep Shrink in a share of its run; `after_skip`: the skip of the block itself stays large."""
    levels = model.noise_levels
    patch = DeepShrink(block, factor, levels.at_percent(start_percent), levels.at_percent(end_percent), down, up)
    points = {"after_skip" if after_skip else "after_block": patch.shrink}
    return model.with_layers(model.layers.with_blocks(join=patch.grow, **points))
