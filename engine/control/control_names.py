"""What does a file of `diffusers` call the weights of a control network? Torch-free."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.models.layers.diffusers_names import our_unet_names

DIFFUSERS_MARK = "controlnet_cond_embedding.conv_in.weight"
# What networks of several kinds of pictures call them, in the order of their task embeddings.
UNION_KINDS = (
    "openpose", "depth", "hed/pidi/scribble/ted", "canny/lineart/anime_lineart/mlsd", "normal", "segment", "tile",
    "repaint",
)  # fmt: skip
NO_KIND = "auto"
_HINT = re.compile(r"controlnet_cond_embedding\.blocks\.(\d+)\.(weight|bias)$")
_ZERO = re.compile(r"controlnet_down_blocks\.(\d+)\.(weight|bias)$")


def diffusers_control_names(names: Iterable[str]) -> dict[str, str] | None:
    """The network's own names -> the file's; None if it is not of this layout."""
    theirs = list(names)
    if DIFFUSERS_MARK not in theirs:
        return None
    last = 1 + sum(bool(_HINT.match(name)) for name in theirs) // 2
    own = {_own_part(name, last): name for name in theirs if name.startswith("controlnet_")}
    return own | our_unet_names(name for name in theirs if not name.startswith("controlnet_"))


def _own_part(name: str, last: int) -> str:
    """`last`: number of the convolution that ends the reading of the picture."""
    layer, _, kind = name.rpartition(".")
    fixed = {
        "controlnet_cond_embedding.conv_in": "input_hint_block.0",
        "controlnet_cond_embedding.conv_out": f"input_hint_block.{2 * last}",
        "controlnet_mid_block": "middle_block_out.0",
    }
    if layer in fixed:
        return f"{fixed[layer]}.{kind}"
    hint, zero = _HINT.match(name), _ZERO.match(name)
    if hint:
        return f"input_hint_block.{2 * (int(hint[1]) + 1)}.{kind}"
    return f"zero_convs.{zero[1]}.0.{kind}" if zero else name
