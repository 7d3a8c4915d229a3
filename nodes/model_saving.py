"""Nodes that save models, as they are now, to be loaded again here or in other programs."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from engine import models
from engine.execution import NodeContext
from engine.files.images import png_texts
from engine.files.saving import NumberedFiles
from engine.graph import NodeResult, node
from nodes.file_names import SAVES, prefix_check, prefix_values
from nodes.sockets import Model, TextEncoder, Vae

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
SPECIFICATION = "1.0.0"  # of https://github.com/Stability-AI/ModelSpec

Named = Iterator[tuple[str, "Tensor"]]


@node(
    "CheckpointSave",
    display_name="Save Checkpoint",
    category="advanced/model_merging",
    is_target=True,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save_checkpoint(
    *,
    model: Model,
    clip: TextEncoder,
    vae: Vae,
    filename_prefix: str = "checkpoints/ComfyUI",
    context: NodeContext,
) -> NodeResult:
    """Save a model with its text encoder and VAE as one file in the output folder, with all that changed them.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
    """
    texts = models.text_weights(clip, {use.name: prefix for prefix, use in model.family.texts})
    weights = chain(models.network_weights(model), texts, models.vae_weights(vae))
    metadata = {**told_of(model, filename_prefix), "modelspec.prediction_type": model.prediction.name}
    needed = models.stored_bytes(model, clip, vae)
    return save_weights(weights, needed, filename_prefix, context, metadata)


@node("ModelSave", category="advanced/model_merging", is_target=True, hidden=SAVES, check=prefix_check("output"))
def save_model(*, model: Model, filename_prefix: str = "diffusion_models/ComfyUI", context: NodeContext) -> NodeResult:
    """Save a model without text encoder and VAE in the output folder, with all that changed it.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
    """
    return save_weights(models.network_weights(model), models.stored_bytes(model), filename_prefix, context)


@node("VAESave", category="advanced/model_merging", is_target=True, hidden=SAVES, check=prefix_check("output"))
def save_vae(*, vae: Vae, filename_prefix: str = "vae/ComfyUI_vae", context: NodeContext) -> NodeResult:
    """Save a VAE in the output folder.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
    """
    return save_weights(models.vae_weights(vae, ""), models.stored_bytes(vae), filename_prefix, context)


@node("CLIPSave", category="advanced/model_merging", is_target=True, hidden=SAVES, check=prefix_check("output"))
def save_text_encoder(*, clip: TextEncoder, filename_prefix: str = "clip/ComfyUI", context: NodeContext) -> NodeResult:
    """Save text encoders in the output folder, one file each, with all that changed them.

    Args:
        filename_prefix: folder and beginning of the files' names; %date:yyyy-MM-dd% and others are replaced.
    """
    names = [use.name for use, _ in clip.uses]
    weights = list(models.text_weights(clip, {name: f"{name}." for name in names}))
    for name in names:
        own = ((key.removeprefix(f"{name}."), value) for key, value in weights if key.startswith(f"{name}."))
        save_weights(own, models.stored_bytes(clip), f"{filename_prefix}_{name}", context)
    return NodeResult()


def told_of(model: Model, prefix: str, kind: str = "") -> dict[str, str]:
    """What a file says of itself, if it belongs to models such as this one; `kind`: "/lora", ..."""
    return {
        "modelspec.sai_model_spec": SPECIFICATION,
        "modelspec.implementation": "sgm",
        "modelspec.title": f"{prefix.rpartition('/')[2]} ({model.family.name})",
        "modelspec.architecture": model.family.name.lower().replace(" ", "-") + kind,
    }


def save_weights(
    weights: Named, needed_bytes: int, prefix: str, context: NodeContext, metadata: dict[str, str] | None = None
) -> NodeResult:
    """Save weights by name in the output folder, with the workflow that made them.

    Args:
        prefix: folder and beginning of the file's name, with tokens.
    """
    files = NumberedFiles(context.places, "output", prefix, prefix_values(context, 0, 0))
    told = {"format": "pt", **(metadata or {}), **png_texts(context.prompt, context.extra_pnginfo)}
    files.save_by(lambda path: models.write_weights(path, weights, told), SUFFIX, needed_bytes)
    return NodeResult()
