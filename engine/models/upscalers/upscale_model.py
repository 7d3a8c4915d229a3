"""What does the UPSCALE_MODEL socket carry? A network that makes pictures larger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.models.memory.hosted_module import HostedModule
from engine.pixels.tiling import count_tiles, in_tiles

TILE, OVERLAP = 512, 32  # pixels
SMALLEST_TILE = 128

OnTile = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class UpscaleModel:
    """Makes pictures larger by `scale`. Its weights are brought in when it is used."""

    hosted: HostedModule
    scale: float
    channels: int

    weight_patches = ()

    def upscale(self, images: Tensor, on_tile: OnTile = lambda done, total: None) -> Tensor:
        """Images (B, H, W, 3 or more) in 0..1 -> (B, H * scale, W * scale, 3) in 0..1 on the CPU, alpha left out.

        Large pictures are computed in tiles that fade into each other; smaller ones where the memory does not suffice.

        Args:
            on_tile: told how many tiles are done, of how many; may raise to stop.
        """
        tile = TILE
        while True:
            try:
                return self._upscale(images, tile, on_tile)
            except torch.OutOfMemoryError:
                if tile <= SMALLEST_TILE:
                    raise
                tile //= 2

    def _upscale(self, images: Tensor, tile: int, on_tile: OnTile) -> Tensor:
        planes = images[..., :3].movedim(-1, 1).float()
        total = len(planes) * count_tiles(*planes.shape[-2:], (tile, tile), OVERLAP)
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            on_tile(done, total)

        with torch.no_grad(), self.hosted.holding() as network:
            made = in_tiles(lambda part: self._call(network, part), planes, (tile, tile), OVERLAP, self.scale, count)
        return made.movedim(1, -1).clamp_(0, 1).contiguous()

    def _call(self, network: torch.nn.Module, part: Tensor) -> Tensor:
        """One tile; grey networks get each channel on its own."""
        placement = self.hosted.placement
        layout = torch.channels_last if placement.channels_last else torch.contiguous_format
        x = part.to(placement.device, placement.dtype)
        if self.channels == 1:
            x = x.movedim(1, 0)
        made: Tensor = network(x.to(memory_format=layout))
        if self.channels == 1:
            made = made.movedim(0, 1)
        height, width = (round(side * self.scale) for side in part.shape[-2:])
        return made[..., :height, :width]
