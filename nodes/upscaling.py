"""Nodes that make pictures larger by a network."""

from typing import Annotated

from engine import models
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, node
from nodes import fingerprints
from nodes.sockets import Image, UpscaleModel


@node(
    "UpscaleModelLoader",
    display_name="Load Upscale Model",
    category="loaders",
    fingerprint=fingerprints.of_model_file("upscale_models", "model_name"),
)
def load_upscale_model(
    *, model_name: Annotated[str, Choice(ModelFiles("upscale_models"))], context: NodeContext
) -> UpscaleModel:
    """Load a network that makes pictures larger: ESRGAN and Real-ESRGAN; others by the package spandrel.

    Args:
        model_name: a file in models/upscale_models.
    """
    path = context.places.model_path("upscale_models", model_name)
    return models.load_upscale_model(path, precision=context.resource(models.Precision))


@node("ImageUpscaleWithModel", display_name="Upscale Image (using Model)", category="image/upscaling")
def upscale(*, upscale_model: UpscaleModel, image: Image, context: NodeContext) -> Image:
    """Make pictures larger by a network, tile by tile."""
    with context.resource(models.DeviceMemory).hold(upscale_model):
        return upscale_model.upscale(image, context.progress)
