"""Nodes that blend, blur and sharpen pictures, paint them with few colours, and find their edges and shapes."""

from typing import Annotated, NamedTuple

from engine import pixels
from engine.graph import Choice, Range, node
from engine.pixels.methods import BLEND_MODES, DITHERS, MORPHOLOGY
from nodes.sockets import Image, Share

Radius = Annotated[int, Range(1, 31, step=1)]
Threshold = Annotated[float, Range(0.01, 0.99, step=0.01)]


class YuvPlanes(NamedTuple):
    Y: Image
    U: Image
    V: Image


@node("ImageBlend", category="image/postprocessing")
def blend(
    *, image1: Image, image2: Image, blend_factor: Share = 0.5, blend_mode: Annotated[str, Choice(BLEND_MODES)]
) -> Image:
    """Mix two pictures.

    Args:
        image2: resized to image1 and cut about its middle if it is of another size.
        blend_factor: how much of the mixture is shown; 0 leaves image1 as it is.
        blend_mode: "difference" keeps what image1 has more than image2.
    """
    height, width, channels = image1.shape[1:]
    if image2.shape[1:3] != (height, width):
        image2 = pixels.resize_images(image2, width, height, "bicubic", "center")
    fewest = min(channels, image2.shape[-1])
    return pixels.blend(image1[..., :fewest], image2[..., :fewest].to(image1), blend_mode, blend_factor)


@node("ImageBlur", category="image/postprocessing")
def blur(*, image: Image, blur_radius: Radius = 1, sigma: Annotated[float, Range(0.1, 10.0, step=0.1)] = 1.0) -> Image:
    """Blur pictures by a Gaussian.

    Args:
        blur_radius: how many pixels around each one count.
        sigma: the Gaussian's width, in blur radii.
    """
    return pixels.blur(image, blur_radius, sigma)


@node("ImageSharpen", category="image/postprocessing")
def sharpen(
    *,
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Range(0.1, 10.0, step=0.01)] = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, step=0.01)] = 1.0,
) -> Image:
    """Sharpen pictures: add what a blur would take away.

    Args:
        sharpen_radius: how many pixels around each one count.
        sigma: the blur's width, in radii.
        alpha: how strongly; 0 changes nothing.
    """
    return pixels.sharpen(image, sharpen_radius, sigma, alpha)


@node("ImageQuantize", category="image/postprocessing")
def quantize(
    *,
    image: Image,
    colors: Annotated[int, Range(1, 256, step=1)] = 256,
    dither: Annotated[str, Choice(DITHERS)],
) -> Image:
    """Paint pictures with few colours, chosen for each.

    Args:
        dither: how tones in between are made of dots; "bayer-N" is a regular pattern of N x N pixels.
    """
    return pixels.quantize(image, colors, dither)


@node("Canny", category="image/preprocessors")
def find_edges(*, image: Image, low_threshold: Threshold = 0.4, high_threshold: Threshold = 0.8) -> Image:
    """Draw the edges of pictures as white lines on black, for a ControlNet (Canny 1986).

    Args:
        low_threshold: a weaker edge is kept if it is above this and touches a strong one.
        high_threshold: an edge above this is strong.
    """
    if low_threshold > high_threshold:
        raise ValueError(
            f"low_threshold is {low_threshold} and high_threshold {high_threshold}: the low one must not be above "
            "the high one. Lower it."
        )
    return pixels.edges(image, low_threshold, high_threshold)


@node("Morphology", display_name="ImageMorphology", category="image/postprocessing")
def morph(
    *,
    image: Image,
    operation: Annotated[str, Choice(MORPHOLOGY)],
    kernel_size: Annotated[int, Range(3, 999, step=1)] = 3,
) -> Image:
    """Grow or shrink what is light in pictures.

    Args:
        operation: erode shrinks, dilate grows, open and close do both in turn, gradient shows outlines, the hats show
            what closing fills and opening removes.
        kernel_size: in pixels.
    """
    return pixels.morph(image, operation, kernel_size)


@node("ImageRGBToYUV", category="image/batch")
def to_yuv(*, image: Image) -> YuvPlanes:
    """Divide pictures into brightness (Y) and two planes of colour (U, V), each a grey picture."""
    return YuvPlanes(*(plane[..., None].expand(-1, -1, -1, 3) for plane in pixels.to_yuv(image).unbind(-1)))


@node("ImageYUVToRGB", category="image/batch")
def from_yuv(*, Y: Image, U: Image, V: Image) -> Image:
    """Join brightness and two planes of colour to a picture."""
    import torch

    return pixels.from_yuv(torch.stack([plane.mean(dim=-1) for plane in (Y, U, V)], dim=-1))
