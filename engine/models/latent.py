"""How does a family scale its latents, and how do they look?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from engine.models.preview import PreviewColours


@dataclass(frozen=True, eq=False)
class LatentFormat:
    """Latents of one family. Satisfies sampling.LatentScaling.

    Attributes:
        scale: brings the VAE's latents to about unit variance for the network.
        downscale: pixels per cell, in each direction.
        find_preview_colours: called once, when the first preview is shown.
        mean, std: of each channel of the VAE's latents, taken off before they are scaled; empty: 0 and 1.
    """

    channels: int
    scale: float
    downscale: int
    find_preview_colours: Callable[[], PreviewColours]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def to_network(self, samples: Tensor) -> Tensor:
        """Samples as the VAE gives them (B, C, h, w) -> as the network sees them."""
        if not self.mean:
            return samples * self.scale
        mean, std = self._statistics(samples)
        return (samples - mean) * (self.scale / std)

    def from_network(self, latent: Tensor) -> Tensor:
        """The inverse of `to_network`."""
        if not self.mean:
            return latent / self.scale
        mean, std = self._statistics(latent)
        return latent * (std / self.scale) + mean

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation (1, C, 1, 1) on the device of `like`."""
        shape = (1, -1, *[1] * (like.ndim - 2))
        return like.new_tensor(self.mean).reshape(shape), like.new_tensor(self.std).reshape(shape)

    @cached_property
    def preview_colours(self) -> PreviewColours:
        """Which colour the channels of a cell stand for."""
        return self.find_preview_colours()
