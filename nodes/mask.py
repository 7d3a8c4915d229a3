"""Nodes that read and change masks."""

from typing import Annotated

from engine.execution import NodeContext
from engine.files.images import read_channel
from engine.files.references import existing, parse_annotated
from engine.graph import Choice, Runs, node
from nodes import fingerprints
from nodes.image import NO_MASK_SIDE, InputImage
from nodes.sockets import Mask


@node(
    "LoadImageMask",
    display_name="Load Image (as Mask)",
    category="mask",
    runs=Runs.FREELY,
    fingerprint=fingerprints.of_input_file("image"),
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
