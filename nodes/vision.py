"""Nodes that look at pictures with CLIP, and let what it sees steer the sampler."""

from typing import Annotated, NamedTuple

from engine import models
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, Range, node
from nodes import fingerprints
from nodes.loaders import with_embeddings
from nodes.sockets import Conditioning, Image, Model, Share, TextEncoder, Vae, VisionEncoder, VisionOutput


class UnClipParts(NamedTuple):
    model: Model
    clip: TextEncoder
    vae: Vae
    clip_vision: VisionEncoder


@node(
    "unCLIPCheckpointLoader",
    category="loaders",
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def load_unclip_checkpoint(
    *, ckpt_name: Annotated[str, Choice(ModelFiles("checkpoints"))], context: NodeContext
) -> UnClipParts:
    """Load a model that is steered by pictures, with its text encoder, its VAE and its vision encoder, from one file.

    Args:
        ckpt_name: a file in models/checkpoints, such as sd21-unclip-h.
    """
    path, precision = context.places.model_path("checkpoints", ckpt_name), context.resource(models.Precision)
    checkpoint = models.load_checkpoint(path, precision=precision)
    vision = models.load_vision_encoder(path, precision=precision)
    clip = with_embeddings(checkpoint.text_encoder, context)
    return UnClipParts(checkpoint.model, clip, checkpoint.vae, vision)


@node(
    "CLIPVisionLoader",
    display_name="Load CLIP Vision",
    category="loaders",
    fingerprint=fingerprints.of_model_file("clip_vision", "clip_name"),
)
def load_clip_vision(
    *, clip_name: Annotated[str, Choice(ModelFiles("clip_vision"))], context: NodeContext
) -> VisionEncoder:
    """Load a CLIP vision encoder.

    Args:
        clip_name: a file in models/clip_vision.
    """
    path = context.places.model_path("clip_vision", clip_name)
    return models.load_vision_encoder(path, precision=context.resource(models.Precision))


@node("CLIPVisionEncode", display_name="CLIP Vision Encode", category="conditioning")
def encode_vision(
    *,
    clip_vision: VisionEncoder,
    image: Image,
    crop: Annotated[str, Choice(("center", "none"))],
    context: NodeContext,
) -> VisionOutput:
    """Say in CLIP's numbers what is in a picture.

    Args:
        crop: "center" looks at the square in the middle, "none" squeezes all of the picture into a square.
    """
    with context.resource(models.DeviceMemory).hold(clip_vision):
        return clip_vision.encode(image, crops=crop == "center")


@node("unCLIPConditioning", category="conditioning")
def unclip_conditioning(
    *,
    conditioning: Conditioning,
    clip_vision_output: VisionOutput,
    strength: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    noise_augmentation: Share = 0.0,
) -> Conditioning:
    """Let a picture steer an unCLIP model beside the prompt. Several of these nodes in a row add up.

    Args:
        clip_vision_output: what the model's own vision encoder sees in the picture.
        strength: how much the picture counts; 0 leaves it out.
        noise_augmentation: how loosely to follow it: 0 closely, 1 hardly at all.
    """
    if strength == 0:
        return conditioning
    picture = {
        "clip_vision_output": clip_vision_output,
        "strength": strength,
        "noise_augmentation": noise_augmentation,
    }
    return conditioning.map(
        lambda item: item.with_(
            extra={**item.extra, "unclip_conditioning": [*item.extra.get("unclip_conditioning", ()), picture]}
        )
    )
