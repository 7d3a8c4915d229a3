"""Nodes that bring models into a workflow."""

from functools import partial
from typing import Annotated, NamedTuple

from engine import models
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, node
from nodes import fingerprints
from nodes.sockets import Model, TextEncoder, Vae


class CheckpointParts(NamedTuple):
    model: Model
    clip: TextEncoder
    vae: Vae


@node(
    "CheckpointLoaderSimple",
    display_name="Load Checkpoint",
    category="loaders",
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def load_checkpoint(
    *, ckpt_name: Annotated[str, Choice(ModelFiles("checkpoints"))], context: NodeContext
) -> CheckpointParts:
    """Load a model with its text encoder and its VAE from one file.

    Args:
        ckpt_name: a file in models/checkpoints. What kind of model it holds is read off the file.
    """
    path = context.places.model_path("checkpoints", ckpt_name)
    checkpoint = models.load_checkpoint(path, precision=context.resource(models.Precision))
    return CheckpointParts(checkpoint.model, with_embeddings(checkpoint.text_encoder, context), checkpoint.vae)


def with_embeddings(clip: TextEncoder, context: NodeContext) -> TextEncoder:
    """Tell a text encoder where the embeddings are."""
    return clip.with_embeddings(partial(context.places.model_path, "embeddings"))
