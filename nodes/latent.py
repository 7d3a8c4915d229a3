"""Nodes that make, mask and resize latents."""

from typing import Annotated

from engine import pixels, sampling
from engine.graph import Choice, Range, node
from engine.pixels.methods import LATENT_METHODS
from nodes.sockets import LARGEST_SIDE, BatchSize, Crop, Latent, Mask

CELL = 8  # pixels a side of one latent cell
CHANNELS = 4
SMALLEST_UPSCALE = 64  # pixels

Side = Annotated[int, Range(16, LARGEST_SIDE, step=8)]
NewSide = Annotated[int, Range(0, LARGEST_SIDE, step=8)]
Method = Annotated[str, Choice(LATENT_METHODS)]


@node("EmptyLatentImage", display_name="Empty Latent Image", category="latent")
def make_empty(*, width: Side = 512, height: Side = 512, batch_size: BatchSize = 1) -> Latent:
    """Make a latent of zeros, to start a picture from nothing.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        batch_size: how many pictures to make at once.
    """
    import torch

    return sampling.Latent(torch.zeros(batch_size, CHANNELS, height // CELL, width // CELL))


@node("SetLatentNoiseMask", display_name="Set Latent Noise Mask", category="latent/inpaint")
def set_noise_mask(*, samples: Latent, mask: Mask) -> Latent:
    """Let the sampler change a latent only where a mask is white."""
    return samples.with_(noise_mask=mask.reshape(-1, 1, *mask.shape[-2:]))


@node("LatentUpscale", display_name="Upscale Latent", category="latent")
def upscale(
    *, samples: Latent, upscale_method: Method, width: NewSide = 512, height: NewSide = 512, crop: Crop
) -> Latent:
    """Resize a latent to a width and a height.

    Args:
        width: of the picture, in pixels; 0 keeps the proportions.
        height: of the picture, in pixels; 0 keeps the proportions.
        crop: "center" cuts off what does not fit the new proportions, "disabled" stretches.
    """
    if width == 0 and height == 0:
        return samples
    old_height, old_width = samples.samples.shape[-2:]
    size = pixels.size_keeping_aspect(width, height, old_width, old_height, SMALLEST_UPSCALE)
    cells = (max(SMALLEST_UPSCALE, side) // CELL for side in size)
    return samples.with_(samples=pixels.resize(samples.samples, *cells, upscale_method, crop))


@node("LatentUpscaleBy", display_name="Upscale Latent By", category="latent")
def upscale_by(
    *, samples: Latent, upscale_method: Method, scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.5
) -> Latent:
    """Resize a latent by a factor."""
    height, width = (max(1, round(side * scale_by)) for side in samples.samples.shape[-2:])
    return samples.with_(samples=pixels.resize(samples.samples, width, height, upscale_method))
