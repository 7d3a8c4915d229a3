"""Nodes that turn prompts into conditioning."""

from typing import Annotated

from engine import models
from engine.execution import NodeContext
from engine.graph import Range, Text, node
from nodes import fingerprints
from nodes.sockets import Conditioning, TextEncoder

Prompt = Annotated[str, Text(multiline=True, dynamic_prompts=True)]


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
    with context.resource(models.DeviceMemory).hold(clip):
        return clip.conditioning(text)


@node("CLIPSetLastLayer", display_name="CLIP Set Last Layer", category="conditioning")
def set_last_layer(
    *, clip: TextEncoder, stop_at_clip_layer: Annotated[int, Range(-24, -1, step=1)] = -1
) -> TextEncoder:
    """Take the prompt's meaning from an earlier layer of the text encoder ("clip skip").

    Args:
        stop_at_clip_layer: -1 is the last layer; some models were trained with -2.
    """
    return clip.with_clip_skip(stop_at_clip_layer)
