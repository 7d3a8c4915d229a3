"""Nodes that let the look of a picture speak as words of the prompt do."""

from typing import Annotated

from engine import control, models
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, Range, node
from nodes import fingerprints
from nodes.sockets import Conditioning, StyleModel, VisionOutput


@node(
    "StyleModelLoader",
    display_name="Load Style Model",
    category="loaders",
    fingerprint=fingerprints.of_model_file("style_models", "style_model_name"),
)
def load_style_model(
    *, style_model_name: Annotated[str, Choice(ModelFiles("style_models"))], context: NodeContext
) -> StyleModel:
    """Load a style model.

    Args:
        style_model_name: a file in models/style_models, such as T2I-Adapter's style model.
    """
    path = context.places.model_path("style_models", style_model_name)
    return control.load_style_model(path, precision=context.resource(models.Precision))


@node("StyleModelApply", display_name="Apply Style Model", category="conditioning/style_model")
def apply_style_model(
    *,
    conditioning: Conditioning,
    style_model: StyleModel,
    clip_vision_output: VisionOutput,
    strength: Annotated[float, Range(0.0, 10.0, step=0.001)] = 1.0,
    strength_type: Annotated[str, Choice(("multiply", "attn_bias"))],
    context: NodeContext,
) -> Conditioning:
    """Let the style of a picture steer beside the prompt, as further words of it.

    Args:
        clip_vision_output: what the vision encoder that the style model reads sees in the picture.
        strength: 0 changes nothing.
        strength_type: "multiply" makes the words larger, "attn_bias" lets the model look at them more.
    """
    if strength == 0:
        return conditioning
    with context.resource(models.DeviceMemory).hold(style_model):
        tokens = style_model.tokens(clip_vision_output)
    return control.with_style(conditioning, tokens, strength, strength_type)
