"""How do images become latents, and latents images? The VAE socket."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.pixels.tiling import count_tiles, in_tiles

OnTile = Callable[[int, int], None]

_log = logging.getLogger(__name__)

PIXELS_AT_ONCE = 768 * 768  # batches are cut so that about this many are decoded together


def _ignore(done: int, total: int) -> None:
    """Nobody wants to know."""


class LatentSizes(Protocol):
    """What any autoencoder's config tells."""

    @property
    def latent_channels(self) -> int: ...
    @property
    def downscale(self) -> int:
        """Pixels per cell of the latent, in each direction."""

    @property
    def frames_together(self) -> int:
        """How many latents must be decoded at once, where there are so many: 1, or those of a film."""


@dataclass(frozen=True, eq=False)
class Vae:
    """An autoencoder whose weights are brought in when it is used. Images are float32 (B, H, W, 3) in 0..1.

    Where a narrow type overflows, so that pictures would be black, it computes again in float32, and from then on.
    """

    usual: HostedModule
    config: LatentSizes
    _wide: list[HostedModule] = field(default_factory=list, repr=False)  # one, once the narrow one has overflowed

    weight_patches = ()

    @property
    def hosted(self) -> HostedModule:
        """What computes: the module in its usual type, or in float32."""
        return self._wide[0] if self._wide else self.usual

    @property
    def device(self) -> torch.device:
        return self.hosted.placement.device

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, H, W, 3 or more) -> float32 latents (B, C, H/8, W/8), unscaled, on the CPU.

        Only RGB is read; what exceeds a multiple of 8 is cut off, half of it on each side.

        Raises:
            ValueError: the images are smaller than one cell, or not of this shape.
        """
        pixels = self._cropped(images) * 2.0 - 1.0
        return self._run(lambda vae, part: vae.encode(part).float().cpu(), self._batches(pixels, 1))

    def decode(self, samples: Tensor) -> Tensor:
        """Latents (B, C, h, w), unscaled -> float32 images (B, 8 h, 8 w, 3) in 0..1 on the CPU.

        Raises:
            ValueError: the latents have another number of channels or dimensions.
        """
        parts = self._batches(self._checked(samples), self.config.downscale, self.config.frames_together)
        return _to_images(self._run(lambda vae, part: vae.decode(part).float().cpu(), parts))

    def decode_tiled(self, samples: Tensor, tile: int, overlap: int, on_tile: OnTile = _ignore) -> Tensor:
        """`decode` in tiles of about `tile` x `tile` cells that share `overlap` cells: less memory, nearly the same.

        The mean of three ways to cut (square, wide, tall), so that no seam stays.

        Args:
            on_tile: told how many tiles are done, of how many; may raise to stop.
        """
        samples = self._checked(samples)
        decoded = self._in_tiles(
            lambda vae, part: vae.decode(part),
            samples,
            tile,
            overlap,
            self.config.downscale,
            on_tile,
            self.config.frames_together,
        )
        return _to_images(decoded)

    def encode_tiled(self, images: Tensor, tile: int, overlap: int, on_tile: OnTile = _ignore) -> Tensor:
        """`encode` in tiles of about `tile` x `tile` pixels that share `overlap` pixels; see `decode_tiled`."""
        pixels = self._cropped(images) * 2.0 - 1.0
        cell = self.config.downscale
        sides = (max(cell, side // cell * cell) for side in (tile, overlap))
        return self._in_tiles(lambda vae, part: vae.encode(part), pixels, *sides, 1 / cell, on_tile)

    def _in_tiles(
        self,
        call: Callable[[nn.Module, Tensor], Tensor],
        planes: Tensor,
        tile: int,
        overlap: int,
        scale: float,
        on_tile: OnTile,
        together: int = 1,
    ) -> Tensor:
        shapes = [(tile, tile), (tile // 2, tile * 2), (tile * 2, tile // 2)]
        shapes = [shape for shape in shapes if min(shape) > overlap]
        total = math.ceil(len(planes) / together) * sum(
            count_tiles(*planes.shape[-2:], shape, overlap) for shape in shapes
        )
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            on_tile(done, total)

        def one(part: Tensor) -> Tensor:
            return self._run(lambda vae, placed: call(vae, placed).float().cpu(), (part,))

        with self.hosted.holding():
            ways = [in_tiles(one, planes, shape, overlap, scale, count, together) for shape in shapes]
        return torch.stack(ways).mean(dim=0)

    def _run(self, call: Callable[[nn.Module, Tensor], Tensor], parts: Sequence[Tensor]) -> Tensor:
        """Every part through the module, again in float32 if the results are not numbers."""
        hosted = self.hosted
        with torch.no_grad(), hosted.holding() as vae:
            result = torch.cat([call(vae, _placed(part, hosted.placement)) for part in parts])
        if hosted.placement.dtype == torch.float32 or bool(result.isfinite().all()):
            return result
        _log.warning(
            "The VAE overflowed in %s, which makes black pictures: it computes in float32 from now on. "
            "Start with --fp32-vae or --bf16-vae to do so at once.",
            str(hosted.placement.dtype).removeprefix("torch."),
        )
        self._wide[:] = [hosted.in_type(torch.float32)]
        return self._run(call, parts)

    def _checked(self, samples: Tensor) -> Tensor:
        if samples.ndim != 4 or samples.shape[1] != self.config.latent_channels:
            raise ValueError(
                f"The VAE decodes latents of shape (B, {self.config.latent_channels}, h, w), "
                f"not {tuple(samples.shape)}. Does the latent belong to another kind of model?"
            )
        return samples

    def _cropped(self, images: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, 3, H', W') with both a multiple of the cell."""
        cell = self.config.downscale
        if images.ndim != 4 or images.shape[-1] < 3 or min(images.shape[1:3]) < cell:
            raise ValueError(
                f"The VAE encodes images of shape (B, H, W, 3), each side {cell} or more, not {tuple(images.shape)}."
            )
        height, width = (size // cell * cell for size in images.shape[1:3])
        top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
        return images[:, top : top + height, left : left + width, :3].movedim(-1, 1).float()

    def _batches(self, images: Tensor, pixels_per_cell: int, at_least: int = 1) -> tuple[Tensor, ...]:
        pixels = images.shape[2] * images.shape[3] * pixels_per_cell**2
        return images.split(max(at_least, PIXELS_AT_ONCE // max(pixels, 1)))


def _placed(images: Tensor, placement: Placement) -> Tensor:
    layout = torch.channels_last if placement.channels_last else torch.contiguous_format
    return images.to(placement.device, placement.dtype, memory_format=layout)


def _to_images(decoded: Tensor) -> Tensor:
    """(B, 3, H, W) in -1..1 -> (B, H, W, 3) in 0..1, whatever the network made of it."""
    return decoded.add_(1.0).div_(2.0).clamp_(0.0, 1.0).movedim(1, -1).contiguous()
