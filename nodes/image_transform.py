"""Nodes that cut, turn, fit and join pictures."""

import math
from typing import Annotated, NamedTuple

from engine import pixels
from engine.execution import NodeContext
from engine.graph import Choice, Range, node
from engine.pixels.methods import IMAGE_METHODS
from nodes.sockets import LARGEST_SIDE, Image

MEGAPIXEL = 1024 * 1024

Place = Annotated[int, Range(0, LARGEST_SIDE, step=1)]
Side = Annotated[int, Range(1, LARGEST_SIDE, step=1)]
Flip = Annotated[str, Choice(("x-axis: vertically", "y-axis: horizontally"))]
Rotation = Annotated[str, Choice(("none", "90 degrees", "180 degrees", "270 degrees"))]


class ImageSize(NamedTuple):
    width: int
    height: int
    batch_size: int


@node("ImageCrop", display_name="Image Crop", category="image/transform")
def crop(*, image: Image, width: Side = 512, height: Side = 512, x: Place = 0, y: Place = 0) -> Image:
    """Cut a rectangle out of pictures; what would lie outside them is left out.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
    """
    left, top = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, top : top + height, left : left + width]


@node("ImageFlip", category="image/transform")
def flip(*, image: Image, flip_method: Flip) -> Image:
    """Mirror pictures.

    Args:
        flip_method: "vertically" swaps top and bottom, "horizontally" left and right.
    """
    return image.flip(1 if flip_method.startswith("x") else 2)


@node("ImageRotate", category="image/transform")
def rotate(*, image: Image, rotation: Rotation) -> Image:
    """Turn pictures clockwise."""
    import torch

    return torch.rot90(image, quarter_turns(rotation), dims=(2, 1))


@node("ImageScaleToTotalPixels", category="image/upscaling")
def scale_to_total(
    *,
    image: Image,
    upscale_method: Annotated[str, Choice(IMAGE_METHODS)],
    megapixels: Annotated[float, Range(0.01, 16.0, step=0.01)] = 1.0,
) -> Image:
    """Resize pictures, keeping their proportions, to a number of pixels.

    Args:
        megapixels: in units of 1024 x 1024 pixels.
    """
    height, width = image.shape[1:3]
    scale = math.sqrt(megapixels * MEGAPIXEL / (width * height))
    return pixels.resize_images(image, *(max(1, round(side * scale)) for side in (width, height)), upscale_method)


@node("ImageScaleToMaxDimension", category="image/upscaling")
def scale_to_longer_side(
    *,
    image: Image,
    upscale_method: Annotated[str, Choice(("area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"))],
    largest_size: Annotated[int, Range(0, LARGEST_SIDE, step=1)] = 512,
) -> Image:
    """Resize pictures, keeping their proportions.

    Args:
        largest_size: the longer side, in pixels; 0 leaves them as they are.
    """
    if largest_size == 0:
        return image
    height, width = image.shape[1:3]
    longer = max(height, width)
    size = (max(1, round(side / longer * largest_size)) for side in (width, height))
    return pixels.resize_images(image, *size, upscale_method)


@node("ResizeAndPadImage", category="image/transform")
def resize_and_pad(
    *,
    image: Image,
    target_width: Side = 512,
    target_height: Side = 512,
    padding_color: Annotated[str, Choice(("white", "black"))],
    interpolation: Annotated[str, Choice(("area", "bicubic", "nearest-exact", "bilinear", "lanczos"))],
) -> Image:
    """Resize pictures, keeping their proportions, into the middle of a frame that is filled up with one colour."""
    return pixels.fit_inside(image, target_width, target_height, padding_color, interpolation)


@node("ImageStitch", display_name="Image Stitch", category="image/transform")
def stitch(
    *,
    image1: Image,
    direction: Annotated[str, Choice(("right", "down", "left", "up"))] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Range(0, 1024, step=2)] = 0,
    spacing_color: Annotated[str, Choice(("white", "black", "red", "green", "blue"))] = "white",
    image2: Image | None = None,
) -> Image:
    """Put pictures side by side, or one above the other.

    Args:
        direction: where image2 goes.
        match_image_size: resize image2 to fit image1; otherwise the smaller one is centred on black.
        spacing_width: pixels between the two.
    """
    if image2 is None:
        return image1
    return pixels.stitch(
        image1, image2, direction, match_size=match_image_size, spacing=spacing_width, spacing_colour=spacing_color
    )


@node("GetImageSize", display_name="Get Image Size", category="image", hidden={"unique_id": "UNIQUE_ID"})
def size(*, image: Image, context: NodeContext) -> ImageSize:
    """Tell how wide and high pictures are, and how many there are; shown on the node too."""
    batch, height, width = image.shape[:3]
    context.show_text(f"width: {width}, height: {height}\nbatch size: {batch}")
    return ImageSize(width, height, batch)


def quarter_turns(rotation: str) -> int:
    """Read "90 degrees" as 1."""
    return 0 if rotation == "none" else int(rotation.split()[0]) // 90
