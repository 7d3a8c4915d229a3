"""Nodes that turn prompts into conditioning."""

import logging
from collections.abc import Mapping
from typing import Annotated

from engine import models
from engine.execution import NodeContext
from engine.graph import Range, Text, node
from nodes import fingerprints
from nodes.sockets import LARGEST_SIDE, Conditioning, TextEncoder

Prompt = Annotated[str, Text(multiline=True, dynamic_prompts=True)]
Pixels = Annotated[int, Range(0, LARGEST_SIDE)]

_log = logging.getLogger(__name__)


@node(
    "CLIPTextEncode",
    display_name="CLIP Text Encode (Prompt)",
    category="conditioning",
    fingerprint=fingerprints.of_embeddings,
)
def encode_text(*, text: Prompt, clip: TextEncoder, context: NodeContext) -> Conditioning:
    """Turn a prompt into what steers the sampler.

    Args:
        text: what to show. (word:1.3) counts more, (word:0.7) less; embedding:name uses a file of models/embeddings.
        clip: the text encoder of the checkpoint that samples.
    """
    return encoded(clip, text, context)


@node("CLIPTextEncodeSDXL", category="advanced/conditioning", fingerprint=fingerprints.of_embeddings)
def encode_text_sdxl(
    *,
    clip: TextEncoder,
    width: Pixels = 1024,
    height: Pixels = 1024,
    crop_w: Pixels = 0,
    crop_h: Pixels = 0,
    target_width: Pixels = 1024,
    target_height: Pixels = 1024,
    text_g: Prompt,
    text_l: Prompt,
    context: NodeContext,
) -> Conditioning:
    """Turn a prompt for each of SDXL's two text encoders into what steers the sampler, and say what size to imitate.

    Args:
        clip: the text encoder of the checkpoint that samples.
        width: of the training pictures to imitate, in pixels; small ones were blurred.
        height: of the training pictures to imitate.
        crop_w: how many pixels were cut off at their left; 0 centres what is shown.
        crop_h: how many pixels were cut off at their top.
        target_width: of the picture to make.
        target_height: of the picture to make.
        text_g: for the larger encoder (OpenCLIP bigG).
        text_l: for the smaller encoder (CLIP L).
    """
    sizes = {"width": width, "height": height, "crop_w": crop_w, "crop_h": crop_h}
    sizes |= {"target_width": target_width, "target_height": target_height}
    return encoded(clip, {"clip_g": text_g, "clip_l": text_l}, context, **sizes)


@node("CLIPTextEncodeSDXLRefiner", category="advanced/conditioning", fingerprint=fingerprints.of_embeddings)
def encode_text_sdxl_refiner(
    *,
    ascore: Annotated[float, Range(0.0, 1000.0, step=0.01)] = 6.0,
    width: Pixels = 1024,
    height: Pixels = 1024,
    text: Prompt,
    clip: TextEncoder,
    context: NodeContext,
) -> Conditioning:
    """Turn a prompt for SDXL's refiner into what steers the sampler.

    Args:
        ascore: how beautiful the picture is to be: 6 for what to show, 2.5 for what to avoid.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        clip: the refiner's text encoder.
    """
    return encoded(clip, text, context, aesthetic_score=ascore, width=width, height=height)


def encoded(clip: TextEncoder, prompt: str | Mapping[str, str], context: NodeContext, **extra: float) -> Conditioning:
    """Encode a prompt; what is wrong with its embeddings is shown on the node."""

    def tell(problem: str) -> None:
        _log.warning("%s", problem)
        context.show_text(problem)

    with context.resource(models.DeviceMemory).hold(clip):
        return clip.telling(tell).conditioning(prompt, **extra)


@node("CLIPSetLastLayer", display_name="CLIP Set Last Layer", category="conditioning")
def set_last_layer(
    *, clip: TextEncoder, stop_at_clip_layer: Annotated[int, Range(-24, -1, step=1)] = -1
) -> TextEncoder:
    """Take the prompt's meaning from an earlier layer of the text encoder ("clip skip").

    Args:
        stop_at_clip_layer: -1 is the last layer; some models were trained with -2.
    """
    return clip.with_clip_skip(stop_at_clip_layer)


@node("T5TokenizerOptions", category="_for_testing/conditioning", experimental=True)
def set_t5_lengths(
    *,
    clip: TextEncoder,
    min_padding: Annotated[int, Range(0, 10_000, step=1)] = 0,
    min_length: Annotated[int, Range(0, 10_000, step=1)] = 0,
) -> TextEncoder:
    """Say how many tokens a T5 text encoder is given at least. CLIP has a length of its own: it stays as it is.

    The text encoders that load here are all CLIP's, so that workflows with this node run, and it changes nothing.

    Args:
        min_padding: how many empty tokens follow a prompt at least.
        min_length: how many tokens there are in all at least.
    """
    return clip
