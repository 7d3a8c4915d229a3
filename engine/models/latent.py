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
    """

    channels: int
    scale: float
    downscale: int
    find_preview_colours: Callable[[], PreviewColours]

    def to_network(self, samples: Tensor) -> Tensor:
        """Samples as the VAE gives them (B, C, h, w) -> as the network sees them."""
        return samples * self.scale

    def from_network(self, latent: Tensor) -> Tensor:
        """The inverse of `to_network`."""
        return latent / self.scale

    @cached_property
    def preview_colours(self) -> PreviewColours:
        """Which colour the channels of a cell stand for."""
        return self.find_preview_colours()
