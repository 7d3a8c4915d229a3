"""Nodes that make, join and change images."""

from typing import Annotated, NamedTuple

from engine import pixels
from engine.graph import Range, node
from nodes.sockets import LARGEST_SIDE, BatchSize, Image, Mask, Offset

GREY = 0.5

Side = Annotated[int, Range(1, LARGEST_SIDE, step=1)]
Colour = Annotated[int, Range(0, 0xFFFFFF, step=1, shown_as="color")]


class PaddedImageAndMask(NamedTuple):
    image: Image
    mask: Mask


@node("ImageInvert", display_name="Invert Image", category="image")
def invert(*, image: Image) -> Image:
    """Turn light into dark, and each colour into its complement."""
    return 1.0 - image


@node("EmptyImage", category="image")
def make_empty(*, width: Side = 512, height: Side = 512, batch_size: BatchSize = 1, color: Colour = 0) -> Image:
    """Make pictures of one colour.

    Args:
        color: red times 65536, plus green times 256, plus blue.
    """
    import torch

    channels = [(color >> shift & 0xFF) / 255 for shift in (16, 8, 0)]
    return torch.tensor(channels).repeat(batch_size, height, width, 1)


@node("ImageBatch", display_name="Batch Images", category="image")
def batch(*, image1: Image, image2: Image) -> Image:
    """Put pictures into one batch.

    Args:
        image2: resized to image1 and cut about its middle if it is of another size.
    """
    import torch

    height, width = image1.shape[1:3]
    if image2.shape[1:3] != image1.shape[1:3]:
        image2 = pixels.resize_images(image2, width, height, "bilinear", "center")
    channels = max(image1.shape[-1], image2.shape[-1])
    return torch.cat([_with_channels(image, channels) for image in (image1, image2)])


@node("ImagePadForOutpaint", display_name="Pad Image for Outpainting", category="image")
def pad_for_outpainting(
    *,
    image: Image,
    left: Offset = 0,
    top: Offset = 0,
    right: Offset = 0,
    bottom: Offset = 0,
    feathering: Annotated[int, Range(0, LARGEST_SIDE, step=1)] = 40,
) -> PaddedImageAndMask:
    """Put grey round pictures, and mask it, so that a sampler can paint there.

    Args:
        left: pixels to add.
        feathering: pixels of the picture, along the sides that grow, over which the mask fades out. Not done where
            it would meet from both sides.
    """
    import torch
    from torch.nn.functional import pad

    padded = pad(image - GREY, (0, 0, left, right, top, bottom)) + GREY
    height, width = image.shape[1:3]
    mask = torch.ones(1, *padded.shape[1:3])
    inside = torch.zeros(height, width)
    if 0 < 2 * feathering < min(height, width):
        rows, columns = torch.arange(height)[:, None], torch.arange(width)[None, :]
        far = torch.tensor(feathering)
        sides = ((top, rows), (bottom, height - rows), (left, columns), (right, columns.flip(1) + 1))
        distance = torch.full((height, width), feathering)
        for added, along in sides:
            distance = torch.minimum(distance, along if added else far)
        inside = (1.0 - distance / feathering) ** 2
    mask[:, top : top + height, left : left + width] = inside
    return PaddedImageAndMask(padded, mask)


def _with_channels(image: Image, channels: int) -> Image:
    """Add channels of ones, which is what opaque means."""
    from torch.nn.functional import pad

    return pad(image, (0, channels - image.shape[-1]), value=1.0)
