"""Nodes that cut, turn and lay latents over each other. Places and sizes are in pixels of the picture."""

from typing import Annotated

from engine import pixels
from engine.graph import Range, node
from nodes.image_transform import Flip, Rotation, quarter_turns
from nodes.latent import CELL
from nodes.sockets import LARGEST_SIDE, Latent, Mask, Offset, Share

SMALLEST_LEFT = 8  # cells; a crop never begins nearer to the end

Side = Annotated[int, Range(64, LARGEST_SIDE, step=8)]


@node("LatentCrop", display_name="Crop Latent", category="latent/transform")
def crop(*, samples: Latent, width: Side = 512, height: Side = 512, x: Offset = 0, y: Offset = 0) -> Latent:
    """Cut a rectangle out of latents.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
    """
    tall, wide = samples.samples.shape[-2:]
    top, left = (max(0, min(at // CELL, length - SMALLEST_LEFT)) for at, length in ((y, tall), (x, wide)))
    part = samples.samples[..., top : top + height // CELL, left : left + width // CELL]
    return samples.with_(samples=part)


@node("LatentFlip", display_name="Flip Latent", category="latent/transform")
def flip(*, samples: Latent, flip_method: Flip) -> Latent:
    """Mirror latents.

    Args:
        flip_method: "vertically" swaps top and bottom, "horizontally" left and right.
    """
    return samples.with_(samples=samples.samples.flip(2 if flip_method.startswith("x") else 3))


@node("LatentRotate", display_name="Rotate Latent", category="latent/transform")
def rotate(*, samples: Latent, rotation: Rotation) -> Latent:
    """Turn latents clockwise."""
    import torch

    return samples.with_(samples=torch.rot90(samples.samples, quarter_turns(rotation), dims=(3, 2)))


@node("LatentComposite", display_name="Latent Composite", category="latent")
def composite(*, samples_to: Latent, samples_from: Latent, x: Offset = 0, y: Offset = 0, feather: Offset = 0) -> Latent:
    """Lay a latent over another one.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
        feather: over how many pixels it fades in.
    """
    cells = (value // CELL for value in (x, y, feather))
    return samples_to.with_(samples=pixels.feathered_paste(samples_to.samples, samples_from.samples, *cells))


@node("LatentCompositeMasked", category="latent")
def composite_masked(
    *,
    destination: Latent,
    source: Latent,
    x: Offset = 0,
    y: Offset = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Latent:
    """Lay a latent over another one where a mask is white.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
        resize_source: stretch it over the whole destination.
        mask: for the source; without one, all of it shows.
    """
    laid = pixels.composite(
        destination.samples, source.samples, x // CELL, y // CELL, mask, resize_source=resize_source
    )
    return destination.with_(samples=laid)


@node("LatentBlend", display_name="Latent Blend", category="_for_testing")
def blend(*, samples1: Latent, samples2: Latent, blend_factor: Share = 0.5) -> Latent:
    """Mix two latents.

    Args:
        samples2: resized to samples1 and cut about its middle if it is of another size.
        blend_factor: how much of samples1 remains.
    """
    first, second = samples1.samples, samples2.samples
    if second.shape != first.shape:
        second = pixels.resize(second, first.shape[-1], first.shape[-2], "bicubic", "center")
    return samples1.with_(samples=first * blend_factor + second * (1 - blend_factor))
