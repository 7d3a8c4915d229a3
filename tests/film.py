"""A small checkpoint in the layout of Stable Video Diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from engine.models.checkpoint_parts import FILM_VISION_PREFIX
from engine.models.layers.autoencoder import Autoencoder
from engine.models.layers.video_unet import VideoUNet
from engine.models.vision.vision_config import VisionConfig
from tests import tiny

SIZES = tiny.Sizes(
    widths=(64, 128),
    depths=(1, 0),
    linear_projection=True,
    context=64,
    in_channels=8,
    vector_channels=768,
    vae_blocks=2,
)
VISION = replace(tiny.VISION, projection=SIZES.context)


def shapes(sizes: tiny.Sizes, vision: VisionConfig) -> dict[str, Sequence[int]]:
    """Names and shapes of a network, an autoencoder without the convolutions between, and a vision encoder."""
    vae = replace(tiny.vae_config(sizes), is_temporal=True, has_quant_conv=False, has_post_quant_conv=False)
    with torch.device("meta"):
        network, autoencoder = VideoUNet(replace(tiny.network_config(sizes), is_temporal=True)), Autoencoder(vae)
    named = tiny.shapes_of(network, "model.diffusion_model.") | tiny.shapes_of(autoencoder, "first_stage_model.")
    return named | tiny.open_vision_shapes(vision, FILM_VISION_PREFIX)


def write_checkpoint(path: Path, seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
    """A checkpoint of SIZES, each layer with a share of its own for what lies along time."""
    weights = tiny.random_weights(shapes(SIZES, VISION), seed, dtype)
    for number, name in enumerate(sorted(name for name in weights if name.endswith("mix_factor"))):
        weights[name] = torch.tensor([(-1.5, 1.0, 0.3)[number % 3]], dtype=dtype)  # far from an even share
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)
    return path
