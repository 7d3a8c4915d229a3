"""Nodes that bring models into a workflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

from engine import models
from engine.errors import BadFile, BadReference
from engine.execution import NodeContext
from engine.files.places import Places, walk
from engine.graph import Choice, ModelFiles, node
from nodes import fingerprints
from nodes.sockets import Model, TextEncoder, Vae

Checkpoint = Annotated[str, Choice(ModelFiles("checkpoints"))]
ClipFile = Annotated[str, Choice(ModelFiles("text_encoders"))]
Device = Annotated[str, Choice(("default", "cpu"), more={"advanced": True})]
CLIP_TYPES = (
    "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart", "cosmos", "lumina2", "wan",
    "hidream", "chroma", "ace", "omnigen2", "qwen_image", "hunyuan_image",
)  # fmt: skip
DUAL_CLIP_TYPES = ("sdxl", "sd3", "flux", "hunyuan_video", "hidream", "hunyuan_image")
WEIGHT_TYPES = ("default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2")


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
def load_checkpoint(*, ckpt_name: Checkpoint, context: NodeContext) -> CheckpointParts:
    """Load a model with its text encoder and its VAE from one file.

    Args:
        ckpt_name: a file in models/checkpoints. What kind of model it holds is read off the file.
    """
    path = context.places.model_path("checkpoints", ckpt_name)
    checkpoint = models.load_checkpoint(path, precision=context.resource(models.Precision))
    return CheckpointParts(checkpoint.model, with_embeddings(checkpoint.text_encoder, context), checkpoint.vae)


@dataclass(frozen=True)
class TrainingConfig:
    """What a configuration of the first checkpoints says that their files do not tell."""

    predicts_velocity: bool = False
    clip_skip: int | None = None


# The configurations that came with the first checkpoints; everything else in them is read off the file.
TRAINING_CONFIGS = {
    "anything_v3.yaml": TrainingConfig(clip_skip=-2),
    "v1-inference.yaml": TrainingConfig(),
    "v1-inference_clip_skip_2.yaml": TrainingConfig(clip_skip=-2),
    "v1-inference_clip_skip_2_fp16.yaml": TrainingConfig(clip_skip=-2),
    "v1-inference_fp16.yaml": TrainingConfig(),
    "v1-inpainting-inference.yaml": TrainingConfig(),
    "v2-inference-v.yaml": TrainingConfig(predicts_velocity=True),
    "v2-inference-v_fp32.yaml": TrainingConfig(predicts_velocity=True),
    "v2-inference.yaml": TrainingConfig(),
    "v2-inference_fp32.yaml": TrainingConfig(),
    "v2-inpainting-inference.yaml": TrainingConfig(),
}


@node(
    "CheckpointLoader",
    display_name="Load Checkpoint With Config (DEPRECATED)",
    category="advanced/loaders",
    deprecated=True,
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def load_checkpoint_with_config(
    *, config_name: Annotated[str, Choice(tuple(TRAINING_CONFIGS))], ckpt_name: Checkpoint, context: NodeContext
) -> CheckpointParts:
    """Load a model from one file, and be told what it predicts and which layer of its text encoder it reads.

    Args:
        config_name: the configuration that the model was trained with. Sizes are read off the file in any case.
        ckpt_name: a file in models/checkpoints.
    """
    from engine.sampling.prediction import EPSILON, VELOCITY

    parts, said = load_checkpoint(ckpt_name=ckpt_name, context=context), TRAINING_CONFIGS[config_name]
    prediction = VELOCITY if said.predicts_velocity else EPSILON
    model = parts.model.with_noise_levels(parts.model.noise_levels, prediction)
    clip = parts.clip if said.clip_skip is None else parts.clip.with_clip_skip(said.clip_skip)
    return CheckpointParts(model, clip, parts.vae)


@node(
    "UNETLoader",
    display_name="Load Diffusion Model",
    category="advanced/loaders",
    fingerprint=fingerprints.of_model_file("diffusion_models", "unet_name"),
)
def load_network(
    *,
    unet_name: Annotated[str, Choice(ModelFiles("diffusion_models"))],
    weight_dtype: Annotated[str, Choice(WEIGHT_TYPES)],
    context: NodeContext,
) -> Model:
    """Load a model that comes without text encoder and VAE.

    Args:
        unet_name: a file in models/diffusion_models, in the single-file layout or that of diffusers.
        weight_dtype: how weights are kept in memory; the 8-bit types halve it and cost some quality.
    """
    precision = context.resource(models.Precision)
    if weight_dtype != "default":
        precision = precision.storing_network(weight_dtype.removesuffix("_fast"))
    return models.load_network(context.places.model_path("diffusion_models", unet_name), precision=precision)


@node(
    "CLIPLoader",
    display_name="Load CLIP",
    category="advanced/loaders",
    fingerprint=fingerprints.of_model_file("text_encoders", "clip_name"),
)
def load_text_encoder(
    *,
    clip_name: ClipFile,
    type: Annotated[str, Choice(CLIP_TYPES)],
    device: Device | None = None,
    context: NodeContext,
) -> TextEncoder:
    """Load a text encoder that comes alone.

    Args:
        clip_name: a file in models/text_encoders: CLIP L for Stable Diffusion 1, H for 2, G for SDXL's refiner.
        type: the kind of model that it is for.
        device: where it computes.
    """
    _check_type(type, ("stable_diffusion",))
    return _text_encoder([clip_name], device, context, for_sdxl=False)


@node(
    "DualCLIPLoader",
    category="advanced/loaders",
    fingerprint=fingerprints.of_model_files("text_encoders", "clip_name1", "clip_name2"),
)
def load_two_text_encoders(
    *,
    clip_name1: ClipFile,
    clip_name2: ClipFile,
    type: Annotated[str, Choice(DUAL_CLIP_TYPES)],
    device: Device | None = None,
    context: NodeContext,
) -> TextEncoder:
    """Load the two text encoders of a model that has two.

    Args:
        clip_name1: a file in models/text_encoders: for SDXL, CLIP L or CLIP G.
        clip_name2: the other one; which is which is read off the files.
        type: the kind of model that they are for.
        device: where they compute.
    """
    _check_type(type, ("sdxl",))
    return _text_encoder([clip_name1, clip_name2], device, context, for_sdxl=True)


def _check_type(wanted: str, known: Sequence[str]) -> None:
    if wanted not in known:
        raise BadFile(f"Text encoders of the type {wanted!r} cannot be loaded yet; those of {', '.join(known)} can.")


def _text_encoder(names: Sequence[str], device: str | None, context: NodeContext, *, for_sdxl: bool) -> TextEncoder:
    precision = context.resource(models.Precision)
    if device == "cpu":
        precision = precision.with_text_encoder_on_cpu()
    paths = [context.places.model_path("text_encoders", name) for name in names]
    return with_embeddings(models.load_text_encoder(paths, for_sdxl=for_sdxl, precision=precision), context)


PIXEL_SPACE = "pixel_space"
TINY_VAES = ("taesd", "taesdxl")
OWN_TINY_VAE = "taesd-"  # before the beginning of the names of the models that it was made for


def list_tiny_vaes(places: Places) -> Sequence[str]:
    """The tiny VAEs of which both halves are in models/vae_approx: the known ones, and those of single models."""
    files = [name for name in places.model_names("vae_approx") if name.startswith(OWN_TINY_VAE)]
    own = dict.fromkeys(name.rpartition("_")[0] for name in files)
    return [name for name in (*TINY_VAES, *own) if name and tiny_vae_files(places, name)]


def list_vaes(places: Places) -> Sequence[str]:
    """The files in models/vae, the tiny VAEs, and no VAE at all."""
    return [*places.model_names("vae"), *list_tiny_vaes(places), PIXEL_SPACE]


def tiny_vae_files(places: Places, name: str) -> tuple[Path, Path] | None:
    """The encoder's and the decoder's file; None unless both are there."""
    files = places.model_names("vae_approx")
    halves = [next((f for f in files if f.startswith(f"{name}_{half}")), None) for half in ("encoder", "decoder")]
    encoder, decoder = (half and places.model_path("vae_approx", half) for half in halves)
    return (encoder, decoder) if encoder and decoder else None


def _know_vae(*, places: Places, vae_name: str | None = None, **_: object) -> object:
    if vae_name is None or vae_name == PIXEL_SPACE:
        return float("nan") if vae_name is None else vae_name
    tiny = tiny_vae_files(places, vae_name) if vae_name in list_tiny_vaes(places) else None
    paths = tiny or (places.model_path("vae", vae_name),)
    return [fingerprints.of_path(path) for path in paths]


@node("VAELoader", display_name="Load VAE", category="loaders", fingerprint=_know_vae)
def load_vae(*, vae_name: Annotated[str, Choice(list_vaes)], context: NodeContext) -> Vae:
    """Load a VAE that comes alone.

    Args:
        vae_name: a file in models/vae; taesd, taesdxl and taesd-* are fast and rough, from models/vae_approx;
            pixel_space is for models that work on pixels.
    """
    precision = context.resource(models.Precision)
    if vae_name == PIXEL_SPACE:
        return models.pixel_vae(precision)
    tiny = tiny_vae_files(context.places, vae_name) if vae_name in list_tiny_vaes(context.places) else None
    if tiny is not None:
        return models.load_tiny_vae(*tiny, precision=precision)
    return models.load_vae(context.places.model_path("vae", vae_name), precision=precision)


MODEL_INDEX = "model_index.json"


def list_diffusers(places: Places) -> Sequence[str]:
    """The folders in models/diffusers that hold a model, relative to their root, with forward slashes, sorted."""
    found = {
        path.parent.relative_to(root).as_posix()
        for root in places.model_folder("diffusers")
        for path in walk(root, links_may_leave=True)
        if path.name == MODEL_INDEX
    }
    return sorted(found, key=str.lower)


def _diffusers_folder(places: Places, name: str) -> Path:
    try:
        return places.model_path("diffusers", f"{name}/{MODEL_INDEX}").parent
    except BadReference as error:
        raise BadReference(f"No folder {name[:80]!r} with a {MODEL_INDEX} in models/diffusers.") from error


def _know_diffusers(*, places: Places, model_path: str | None = None, **_: object) -> object:
    if model_path is None:
        return float("nan")
    folder = _diffusers_folder(places, model_path)
    return [fingerprints.of_path(path) for path in walk(folder, links_may_leave=True)]


@node("DiffusersLoader", category="advanced/loaders/deprecated", fingerprint=_know_diffusers)
def load_diffusers(*, model_path: Annotated[str, Choice(list_diffusers)], context: NodeContext) -> CheckpointParts:
    """Load a model with its text encoder and its VAE from a folder in the layout of diffusers.

    Args:
        model_path: a folder in models/diffusers that holds a model_index.json.
    """
    folder = _diffusers_folder(context.places, model_path)
    checkpoint = models.load_diffusers(folder, precision=context.resource(models.Precision))
    return CheckpointParts(checkpoint.model, with_embeddings(checkpoint.text_encoder, context), checkpoint.vae)


def with_embeddings(clip: TextEncoder, context: NodeContext) -> TextEncoder:
    """Tell a text encoder where the embeddings are."""
    return clip.with_embeddings(partial(context.places.model_path, "embeddings"))
