"""Nodes that change a model by a LoRA."""

from typing import Annotated, NamedTuple

from engine import patches
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, Text, node
from nodes import fingerprints
from nodes.sockets import Model, PatchStrength, TextEncoder

LoraName = Annotated[str, Choice(ModelFiles("loras"))]


class ModelAndTextEncoder(NamedTuple):
    model: Model
    clip: TextEncoder


@node(
    "LoraLoader",
    display_name="Load LoRA",
    category="loaders",
    fingerprint=fingerprints.of_model_file("loras", "lora_name"),
)
def load_lora(
    *,
    model: Model,
    clip: TextEncoder,
    lora_name: LoraName,
    strength_model: PatchStrength = 1.0,
    strength_clip: PatchStrength = 1.0,
    context: NodeContext,
) -> ModelAndTextEncoder:
    """Change a model and its text encoder by a LoRA. Several of these nodes in a row add up.

    Args:
        lora_name: a file in models/loras, made for the same kind of model.
        strength_model: how strongly the model changes; 0 leaves it as it is, below 0 is the opposite.
        strength_clip: how strongly the text encoder changes.
    """
    if strength_model == 0 and strength_clip == 0:
        return ModelAndTextEncoder(model, clip)
    lora = patches.load_lora(context.places.model_path("loras", lora_name))
    return ModelAndTextEncoder(*patches.apply_lora(model, clip, lora, strength_model, strength_clip))


@node("LoraLoaderModelOnly", category="loaders", fingerprint=fingerprints.of_model_file("loras", "lora_name"))
def load_lora_model_only(
    *, model: Model, lora_name: LoraName, strength_model: PatchStrength = 1.0, context: NodeContext
) -> Model:
    """Change a model by a LoRA, and leave the text encoder as it is.

    Args:
        lora_name: a file in models/loras, made for the same kind of model.
        strength_model: how strongly the model changes; 0 leaves it as it is, below 0 is the opposite.
    """
    if strength_model == 0:
        return model
    lora = patches.load_lora(context.places.model_path("loras", lora_name))
    changed, _ = patches.apply_lora(model, None, lora, strength_model, 0.0)
    return changed


@node(
    "LoraLoaderBlockWeights",
    display_name="Load LoRA (Block Weights)",
    category="loaders",
    fingerprint=fingerprints.of_model_file("loras", "lora_name"),
)
def load_lora_by_block(
    *,
    model: Model,
    clip: TextEncoder,
    lora_name: LoraName,
    strength_model: PatchStrength = 1.0,
    strength_clip: PatchStrength = 1.0,
    block_weights: Annotated[str, Text(multiline=True)] = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    context: NodeContext,
) -> ModelAndTextEncoder:
    """Change a model by a LoRA, each block of its network by a strength of its own.

    Args:
        lora_name: a file in models/loras, made for the same kind of model.
        strength_model: how strongly the model changes; 0 leaves it as it is, below 0 is the opposite.
        strength_clip: how strongly the text encoder changes.
        block_weights: factors for the strengths: 17 numbers for SD 1.x (BASE, IN01, IN02, IN04, IN05, IN07, IN08, MID,
            OUT03 to OUT11), 12 for SDXL (BASE, IN04, IN05, IN07, IN08, MID, OUT00 to OUT05), 26 or 20 for all blocks,
            or names as "IN04=0.5, MID=1, OUT=0". BASE is the text encoder.
    """
    blocks = patches.read_block_weights(block_weights)
    lora = patches.load_lora(context.places.model_path("loras", lora_name))
    return ModelAndTextEncoder(*patches.apply_lora(model, clip, lora, strength_model, strength_clip, blocks))
