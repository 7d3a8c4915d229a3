"""Nodes that read and change masks."""

from typing import Annotated

from engine import pixels
from engine.execution import NodeContext
from engine.files.images import read_channel
from engine.files.references import existing, parse_annotated
from engine.graph import Choice, Range, Runs, node
from nodes import fingerprints
from nodes.image import NO_MASK_SIDE, InputImage
from nodes.sockets import LARGEST_SIDE, Image, Mask, Share

CHANNELS = ("red", "green", "blue", "alpha")

Side = Annotated[int, Range(1, LARGEST_SIDE, step=1)]


@node(
    "LoadImageMask",
    display_name="Load Image (as Mask)",
    category="mask",
    runs=Runs.FREELY,
    fingerprint=fingerprints.of_chosen_file("image"),
)
def load(
    *, image: InputImage, channel: Annotated[str, Choice(("alpha", "red", "green", "blue"))], context: NodeContext
) -> Mask:
    """Load one channel of a picture as a mask.

    Args:
        image: a file in the input folder.
        channel: "alpha" makes the transparent part white; the others are taken as they are.
    """
    import torch

    plane = read_channel(existing(context.places, parse_annotated(image)), channel)
    if plane is None:
        return torch.zeros(1, NO_MASK_SIDE, NO_MASK_SIDE)
    mask = torch.from_numpy(plane)[None]
    return 1.0 - mask if channel == "alpha" else mask


@node("ImageToMask", display_name="Convert Image to Mask", category="mask")
def from_image(*, image: Image, channel: Annotated[str, Choice(CHANNELS)]) -> Mask:
    """Take one channel of pictures as masks."""
    index = CHANNELS.index(channel)
    if index >= image.shape[-1]:
        raise ValueError(f"The picture has {image.shape[-1]} channels and no {channel} one: choose another channel.")
    return image[..., index]


@node("MaskToImage", display_name="Convert Mask to Image", category="mask")
def to_image(*, mask: Mask) -> Image:
    """Make grey pictures of masks."""
    return mask.reshape(-1, *mask.shape[-2:], 1).expand(-1, -1, -1, 3)


@node("InvertMask", category="mask")
def invert(*, mask: Mask) -> Mask:
    """Change what was kept, and keep what was changed."""
    return 1.0 - mask


@node("SolidMask", category="mask")
def make_solid(*, value: Share = 1.0, width: Side = 512, height: Side = 512) -> Mask:
    """Make a mask that is the same everywhere.

    Args:
        value: 1 is white: change everything.
    """
    return pixels.solid_mask(value, width, height)
