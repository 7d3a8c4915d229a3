"""Nodes that lay pictures over each other, and join and split colour and transparency."""

from typing import Annotated, NamedTuple

from engine import pixels
from engine.graph import Choice, Range, node
from engine.pixels.methods import COMPOSITIONS
from nodes.sockets import LARGEST_SIDE, Image, Mask

Place = Annotated[int, Range(0, LARGEST_SIDE, step=1)]


class ImageAndMask(NamedTuple):
    image: Image
    mask: Mask


@node("ImageCompositeMasked", category="image")
def paste(
    *,
    destination: Image,
    source: Image,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Image:
    """Lay a picture over another one.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
        resize_source: stretch it over the whole destination.
        mask: where it is white, the source shows; without one, all of it.
    """
    return pixels.paste(destination, source, x, y, mask, resize_source=resize_source)


@node("PorterDuffImageComposite", display_name="Porter-Duff Image Composite", category="mask/compositing")
def compose(
    *,
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    mode: Annotated[str, Choice(COMPOSITIONS)] = "DST",
) -> ImageAndMask:
    """Compose two pictures by their transparencies (Porter and Duff 1984).

    Args:
        source: resized to the destination and cut about its middle if it is of another size.
        source_alpha: white is transparent, as everywhere in masks.
        destination_alpha: white is transparent.
    """
    import torch

    height, width = destination.shape[1:3]
    count = min(len(source), len(source_alpha), len(destination), len(destination_alpha))
    if source.shape[1:3] != (height, width):
        source = pixels.resize_images(source, width, height, "bicubic", "center")
    alphas = [_alpha(mask, width, height)[:count] for mask in (source_alpha, destination_alpha)]
    colour, alpha = pixels.compose(source[:count, ..., :3], alphas[0], destination[:count, ..., :3], alphas[1], mode)
    return ImageAndMask(colour, torch.sub(1.0, alpha.squeeze(-1)))


@node("JoinImageWithAlpha", display_name="Join Image with Alpha", category="mask/compositing")
def join_alpha(*, image: Image, alpha: Mask) -> Image:
    """Make pictures transparent where a mask is white."""
    import torch

    batch, (height, width) = max(len(image), len(alpha)), image.shape[1:3]
    opacity = 1.0 - pixels.resize_masks(alpha, width, height)
    parts = (image[..., :3], opacity.unsqueeze(-1).to(image))
    return torch.cat([pixels.fit_batch(part, batch) for part in parts], dim=-1)


@node("SplitImageWithAlpha", display_name="Split Image with Alpha", category="mask/compositing")
def split_alpha(*, image: Image) -> ImageAndMask:
    """Divide pictures into their colours, and a mask that is white where they are transparent."""
    import torch

    opaque = image.shape[-1] < 4
    mask = torch.zeros(image.shape[:3]) if opaque else 1.0 - image[..., 3]
    return ImageAndMask(image[..., :3], mask)


def _alpha(mask: Mask, width: int, height: int) -> Image:
    """(B, H, W), white is transparent -> (B, height, width, 1), 1 is opaque."""
    if mask.shape[-2:] != (height, width):
        mask = pixels.resize_masks(mask, width, height, "bicubic", "center")
    return (1.0 - mask).unsqueeze(-1)
