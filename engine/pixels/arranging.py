"""How are pictures put side by side, or into a frame of another shape? Images are (B, H, W, C) in 0..1."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.pixels.resizing import resize_images

WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
COLOURS = {"white": WHITE, "black": BLACK, "red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}


def solid(like: Tensor, height: int, width: int, colour: str) -> Tensor:
    """A batch of one colour, with as many pictures and channels as `like`; alpha, if any, is opaque."""
    rgb = torch.tensor((*COLOURS[colour], 1.0))[: like.shape[-1]].to(like)
    return rgb.expand(len(like), height, width, -1)


def fit_inside(images: Tensor, width: int, height: int, colour: str, method: str) -> Tensor:
    """Resize images, keeping their proportions, to lie in the middle of width x height; the rest is of one colour."""
    old_height, old_width = images.shape[1:3]
    scale = min(width / old_width, height / old_height)
    wide, tall = (max(1, int(side * scale)) for side in (old_width, old_height))
    framed = solid(images, height, width, colour).clone()
    top, left = (height - tall) // 2, (width - wide) // 2
    framed[:, top : top + tall, left : left + wide] = resize_images(images, wide, tall, method)
    return framed


def stitch(
    first: Tensor, second: Tensor, direction: str, *, match_size: bool, spacing: int = 0, spacing_colour: str = "white"
) -> Tensor:
    """Put the second pictures to the "right", "left", "up" or "down" of the first.

    The shorter batch repeats its last picture; missing channels become opaque.

    Args:
        match_size: resize the second so that the touching sides are equally long; else centre the smaller on black.
        spacing: pixels between the two, rounded up to an even number.
    """
    batch, channels = max(len(first), len(second)), max(first.shape[-1], second.shape[-1])
    first, second = (_with_channels(_lengthened(images, batch), channels) for images in (first, second))
    is_row = direction in ("left", "right")
    along, across = (2, 1) if is_row else (1, 2)
    length = first.shape[across]
    if match_size:
        scaled = max(1, int(length * second.shape[along] / second.shape[across]))
        width, height = (scaled, length) if is_row else (length, scaled)
        second = resize_images(second, width, height, "lanczos")
    elif length != second.shape[across]:
        length = max(length, second.shape[across])
        first, second = (_centred(images, across, length) for images in (first, second))
    gap = spacing + spacing % 2
    size = (length, gap) if is_row else (gap, length)
    parts = [first, solid(first, *size, spacing_colour), second] if gap else [first, second]
    return torch.cat(parts if direction in ("right", "down") else parts[::-1], dim=along)


def _lengthened(images: Tensor, batch: int) -> Tensor:
    return torch.cat([images, images[-1:].expand(batch - len(images), -1, -1, -1)])


def _with_channels(images: Tensor, channels: int) -> Tensor:
    return pad(images, (0, channels - images.shape[-1]), value=1.0)


def _centred(images: Tensor, axis: int, length: int) -> Tensor:
    """Pad one axis with black on both sides."""
    missing = length - images.shape[axis]
    before, after = missing // 2, missing - missing // 2
    sides = (0, 0, before, after) if axis == 2 else (0, 0, 0, 0, before, after)
    return pad(images, sides)
