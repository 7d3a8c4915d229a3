"""Nodes for models that make films of pictures: Stable Video Diffusion."""

from itertools import chain
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine import models, patches, sampling
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, NodeResult, Range, node
from nodes import fingerprints
from nodes.file_names import SAVES, prefix_check
from nodes.model_saving import save_weights, told_of
from nodes.sockets import LARGEST_SIDE, Conditioning, Image, Latent, Model, Share, Strength, Vae, VisionEncoder

if TYPE_CHECKING:
    from torch import Tensor

CELL, CHANNELS = 8, 4
NOISE_SEED = 0  # of the noise on the first picture: the node has no seed, and gives the same again

Side = Annotated[int, Range(16, LARGEST_SIDE, step=8)]
LowestCfg = Annotated[float, Range(0.0, 100.0, step=0.5, round_to=0.01)]


class FilmParts(NamedTuple):
    model: Model
    clip_vision: VisionEncoder
    vae: Vae


class Steering(NamedTuple):
    positive: Conditioning
    negative: Conditioning
    latent: Annotated[Latent, "latent"]


@node(
    "ImageOnlyCheckpointLoader",
    display_name="Image Only Checkpoint Loader (img2vid model)",
    category="loaders/video_models",
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def load_film_checkpoint(
    *, ckpt_name: Annotated[str, Choice(ModelFiles("checkpoints"))], context: NodeContext
) -> FilmParts:
    """Load a model that is steered by a picture alone, with its vision encoder and its VAE, from one file.

    Args:
        ckpt_name: a file in models/checkpoints, such as svd or svd_xt.
    """
    path, precision = context.places.model_path("checkpoints", ckpt_name), context.resource(models.Precision)
    checkpoint = models.load_checkpoint(path, precision=precision)
    return FilmParts(checkpoint.model, models.load_vision_encoder(path, precision=precision), checkpoint.vae)


@node(
    "ImageOnlyCheckpointSave",
    category="advanced/model_merging",
    is_target=True,
    hidden=SAVES,
    check=prefix_check("output"),
)
def save_film_checkpoint(
    *,
    model: Model,
    clip_vision: VisionEncoder,
    vae: Vae,
    filename_prefix: str = "checkpoints/ComfyUI",
    context: NodeContext,
) -> NodeResult:
    """Save a model with its vision encoder and VAE as one file in the output folder, with all that changed it.

    Args:
        filename_prefix: folder and beginning of the file's name; %date:yyyy-MM-dd% and others are replaced.
    """
    weights = chain(models.network_weights(model), models.vision_weights(clip_vision), models.vae_weights(vae))
    needed = models.stored_bytes(model, clip_vision, vae)
    return save_weights(weights, needed, filename_prefix, context, told_of(model, filename_prefix))


@node("SVD_img2vid_Conditioning", category="conditioning/video_models")
def picture_to_film(
    *,
    clip_vision: VisionEncoder,
    init_image: Image,
    vae: Vae,
    width: Side = 1024,
    height: Side = 576,
    video_frames: Annotated[int, Range(1, 4096)] = 14,
    motion_bucket_id: Annotated[int, Range(1, 1023)] = 127,
    fps: Annotated[int, Range(1, 1024)] = 6,
    augmentation_level: Annotated[float, Range(0.0, 10.0, step=0.01)] = 0.0,
    context: NodeContext,
) -> Steering:
    """Let Stable Video Diffusion make a film that begins with a picture.

    Args:
        clip_vision: the checkpoint's own.
        init_image: the film's first frame, scaled and cut to its size.
        vae: the checkpoint's own.
        video_frames: how many frames to make: 14 for svd, 25 for svd_xt.
        motion_bucket_id: how much moves; more is more.
        fps: frames per second that the film is for.
        augmentation_level: how much noise is put on the picture: more lets the film leave it further.
    """
    with context.resource(models.DeviceMemory).hold(clip_vision):
        seen = clip_vision.encode(init_image[:1]).image_embeds
    if seen is None:
        raise ValueError(
            "The vision encoder says nothing of a picture as a whole: its file has no projection (visual_projection "
            "or proj). Use the one that ImageOnlyCheckpointLoader gives."
        )
    with context.resource(models.DeviceMemory).hold(vae):
        hidden = vae.encode(_first_frame(init_image, width, height, augmentation_level))
    said = {"motion_bucket_id": motion_bucket_id, "fps": fps, "augmentation_level": augmentation_level}
    positive, negative = (
        sampling.Conditioning(
            (sampling.ConditioningItem(seen[:, None] * there, extra={**said, "concat_latent_image": hidden * there}),)
        )
        for there in (1.0, 0.0)
    )
    return Steering(positive, negative, _empty(video_frames, height, width))


def _first_frame(image: Image, width: int, height: int, noise: float) -> "Tensor":
    """(1, height, width, 3), with Gaussian noise of this deviation."""
    import torch

    from engine.pixels import resize

    frame = resize(image[:1, ..., :3].movedim(-1, 1), width, height, "bilinear", "center").movedim(1, -1)
    if noise > 0:
        frame = frame + noise * torch.randn(frame.shape, generator=torch.Generator().manual_seed(NOISE_SEED))
    return frame


def _empty(frames: int, height: int, width: int) -> Latent:
    import torch

    return sampling.Latent(torch.zeros(frames, CHANNELS, height // CELL, width // CELL))


@node("VideoLinearCFGGuidance", category="sampling/video_models")
def rise_linearly(*, model: Model, min_cfg: LowestCfg = 1.0) -> Model:
    """Guide a film's first frame, which is given, least, and each next frame more, up to the sampler's cfg.

    Args:
        min_cfg: cfg of the first frame.
    """
    return model.with_guidance(model.guidance.with_(function=patches.GuidanceAlongFilm(min_cfg, patches.rising)))


@node("VideoTriangleCFGGuidance", category="sampling/video_models")
def rise_and_fall(*, model: Model, min_cfg: LowestCfg = 1.0) -> Model:
    """Guide a film's first and last frame least, and the one in the middle most, for films that come full circle.

    Args:
        min_cfg: cfg of the first and of the last frame.
    """
    return model.with_guidance(model.guidance.with_(function=patches.GuidanceAlongFilm(min_cfg, patches.triangle)))


@node("ConditioningSetAreaPercentageVideo", category="conditioning")
def set_area_of_film(
    *,
    conditioning: Conditioning,
    width: Share = 1.0,
    height: Share = 1.0,
    temporal: Share = 1.0,
    x: Share = 0.0,
    y: Share = 0.0,
    z: Share = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt count in a rectangle only, given in shares of the picture, in all frames of a film.

    Args:
        width: of the rectangle; 1 is the picture's width.
        temporal: share of the film; only 1 can be had of the models that are known here.
        x: from the left edge.
        y: from the top edge.
        z: share of the film that comes before; only 0 can be had.
        strength: weight against other prompts that cover the same place.
    """
    if temporal != 1.0 or z != 0.0:
        raise ValueError(
            f"A prompt for a part of a film (temporal {temporal}, z {z}) was asked for, and the models that are known "
            "here denoise the frames of a film as pictures that count alike: set temporal to 1 and z to 0."
        )
    area = sampling.Area(height, width, y, x, relative=True)
    return conditioning.with_(area=area, strength=strength, set_area_to_bounds=False)
