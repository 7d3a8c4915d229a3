"""Nodes that cut, grow, feather and combine masks, make them of colours, and show them."""

import secrets
from typing import Annotated

from engine import pixels
from engine.execution import NodeContext
from engine.graph import Choice, NodeResult, Range, Runs, node
from engine.pixels.methods import MASK_OPERATIONS
from nodes.file_names import SAVES
from nodes.image import FAST_COMPRESSION, save_pictures
from nodes.mask import to_image
from nodes.sockets import LARGEST_SIDE, Image, Mask, Share

Place = Annotated[int, Range(0, LARGEST_SIDE, step=1)]
Side = Annotated[int, Range(1, LARGEST_SIDE, step=1)]


@node("CropMask", category="mask")
def crop(*, mask: Mask, x: Place = 0, y: Place = 0, width: Side = 512, height: Side = 512) -> Mask:
    """Cut a rectangle out of masks; what would lie outside them is left out.

    Args:
        x: of its left side, in pixels.
        y: of its top, in pixels.
    """
    left, top = min(x, mask.shape[-1] - 1), min(y, mask.shape[-2] - 1)
    return _stacked(mask)[:, top : top + height, left : left + width]


@node("FeatherMask", category="mask")
def feather(*, mask: Mask, left: Place = 0, top: Place = 0, right: Place = 0, bottom: Place = 0) -> Mask:
    """Let masks fade in from their sides.

    Args:
        left: over how many pixels.
    """
    return pixels.feather_mask(_stacked(mask), left, top, right, bottom)


@node("GrowMask", category="mask")
def grow(
    *,
    mask: Mask,
    expand: Annotated[int, Range(-LARGEST_SIDE, LARGEST_SIDE, step=1)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Grow what is white in masks, or shrink it.

    Args:
        expand: by how many pixels; negative shrinks.
        tapered_corners: cut the corners.
    """
    return pixels.spread_mask(_stacked(mask), expand, tapered=tapered_corners)


@node("ThresholdMask", category="mask")
def threshold(*, mask: Mask, value: Share = 0.5) -> Mask:
    """Make masks black and white.

    Args:
        value: what is above becomes white.
    """
    return (mask > value).float()


@node("MaskComposite", category="mask")
def combine(
    *,
    destination: Mask,
    source: Mask,
    x: Place = 0,
    y: Place = 0,
    operation: Annotated[str, Choice(MASK_OPERATIONS)],
) -> Mask:
    """Change masks where another one lies over them.

    Args:
        x: of the source's left side, in pixels.
        y: of the source's top, in pixels.
        operation: multiply, add and subtract keep greys; and, or and xor take each pixel as black or white.
    """
    below, above = _stacked(destination), _stacked(source)
    batch = max(len(below), len(above))
    return pixels.combine_masks(pixels.fit_batch(below, batch), pixels.fit_batch(above, batch), x, y, operation)


@node("ImageColorToMask", category="mask")
def of_color(*, image: Image, color: Annotated[int, Range(0, 0xFFFFFF, step=1, shown_as="color")] = 0) -> Mask:
    """Make masks that are white where pictures show exactly one colour.

    Args:
        color: red times 65536, plus green times 256, plus blue.
    """
    return pixels.mask_of_colour(image, color)


@node("MaskPreview", category="mask", is_target=True, runs=Runs.FREELY, hidden=SAVES)
def preview(*, mask: Mask, context: NodeContext) -> NodeResult:
    """Show masks without keeping them: their files are deleted when the server starts again."""
    return save_pictures(to_image(mask=mask), "temp", f"preview_{secrets.token_hex(4)}", context, FAST_COMPRESSION)


def _stacked(mask: Mask) -> Mask:
    """(H, W) or (B, H, W) -> (B, H, W)."""
    return mask.reshape(-1, *mask.shape[-2:])
