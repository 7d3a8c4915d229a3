"""How does a checkpoint file become a model, a text encoder and a VAE?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch

from engine.errors import BadFile
from engine.models.absent import AbsentPart
from engine.models.checkpoint_parts import FILM_VISION_PREFIX, stored_shapes
from engine.models.detect import Detected, detect_family
from engine.models.diffusion_model import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Precision, choose_precision
from engine.models.text_encoder import TextEncoder
from engine.models.text_encoders.clip import build_clip
from engine.models.text_encoders.clip_config import ClipConfig
from engine.models.text_encoders.tokenizer import tokenize
from engine.models.vae import Vae
from engine.models.vision.encoder import VisionEncoder, build_vision_encoder
from engine.models.vision.vision_config import find_vision
from engine.models.weights import WeightFile, Weights, check_weights, open_weights

VISION_PREFIXES = ("", "visual.", "embedder.model.visual.", FILM_VISION_PREFIX)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The three parts of a checkpoint file. Their weights are brought in when they are first used.

    A file that lacks a text encoder or a VAE has parts in their places that say so when they are used.
    """

    model: DiffusionModel
    text_encoder: TextEncoder
    vae: Vae


def load_checkpoint(path: Path, *, precision: Precision | None = None) -> Checkpoint:
    """Open a checkpoint: recognise it, check it, and build its parts without reading its weights yet.

    Args:
        precision: where and how the parts compute; None: what suits the CPU.

    Raises:
        BadFile: missing, damaged, hostile or incomplete.
        UnknownModel: of no known family.
    """
    return checkpoint_from(open_weights(Path(path)), precision=precision)


def checkpoint_from(file: WeightFile, *, precision: Precision | None = None) -> Checkpoint:
    """Build a checkpoint's parts from weights that are open already: see `load_checkpoint`."""
    precision = precision or choose_precision()
    detected = detect_family(file.header)
    family, config = detected.family, detected.config
    vae = family.load_vae(config, file, precision)
    text_encoder = family.load_text_encoder(config, file, precision)
    name = file.header.path.name
    return Checkpoint(
        build_model(detected, file, precision, vae),
        text_encoder or cast(TextEncoder, AbsentPart(name, "text encoder", "Load CLIP")),
        vae or cast(Vae, AbsentPart(name, "VAE", "Load VAE")),
    )


def build_model(detected: Detected, file: WeightFile, precision: Precision, vae: Vae | None) -> DiffusionModel:
    """Build the network of a file that was recognised.

    Args:
        vae: the autoencoder that belongs to it, if it is at hand.

    Raises:
        BadFile: the network's weights are not exactly its layout's.
    """
    family, config = detected.family, detected.config
    part = family.network(config)
    weights, module = Weights(file, part.places), family.build_network(config)
    check_weights(module, weights, part.title)
    return DiffusionModel(
        family=family,
        hosted=HostedModule(module, weights, precision.network),
        latent_format=family.latent_format(config, file, vae),
        noise_levels=family.noise_levels(config, file),
        prediction=family.prediction(config, file),
        names=family.weight_names(config),
        call_network=family.call_network,
        bytes_needed=partial(family.memory_needed, config),
        prepare_item=partial(family.prepare, config, file),
    )


def load_vision_encoder(path: Path, *, precision: Precision | None = None) -> VisionEncoder:
    """Open a file that holds a CLIP vision encoder, alone, beside its text encoder or as part of an unCLIP checkpoint.

    Raises:
        BadFile: missing, damaged, hostile, or it holds none.
    """
    precision = precision or choose_precision()
    file = open_weights(Path(path))
    part = find_vision(stored_shapes(file.header), VISION_PREFIXES)
    if part is None:
        names = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} holds no CLIP vision encoder: it has no vision_model.* or visual.* weights. "
            f"Its weights are named {names}."
        )
    return build_vision_encoder(part, file, precision.text_encoder)


def prepare_libraries() -> None:
    """Import what the first checkpoint and prompt would wait seconds for: called while nobody waits yet."""
    tokenize("")
    build_clip(ClipConfig(width=64, hidden_width=64, layers=1, positions=77), torch.device("cpu"))
