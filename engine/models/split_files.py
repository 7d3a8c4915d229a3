"""How do a network alone, text encoders alone, or a folder of `diffusers` become what a checkpoint has?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import BadFile, UnknownModel
from engine.models.building import build_text_encoder
from engine.models.checkpoint_parts import NETWORK_PREFIX, stored_shapes
from engine.models.detect import FAMILIES, Detected, detect_network
from engine.models.diffusion_model import DiffusionModel
from engine.models.loading import Checkpoint, build_model
from engine.models.memory.precision import Precision, choose_precision
from engine.models.text_encoder import TextEncoder
from engine.models.text_encoders.clip_config import ClipPart, ClipUse, find_clip
from engine.models.text_encoders.uses import SD1_CLIP_L, SD2_CLIP_H, SDXL_CLIP_G, SDXL_CLIP_L
from engine.models.vae_files import load_vae
from engine.models.weights import WeightFile, open_weights
from engine.sampling.prediction import EPSILON, VELOCITY

NETWORK_PREFIXES = (NETWORK_PREFIX, "", "unet.", "diffusion_model.")
TEXT_PREFIXES = (
    "",
    "transformer.",
    "model.",
    "text_encoder.",
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
)
H_WIDTH, G_WIDTH = 1024, 1280

# Files in a folder of `diffusers`, best first.
NETWORK_FILES = tuple(
    f"diffusion_pytorch_model{kind}" for kind in (".fp16.safetensors", ".safetensors", ".fp16.bin", ".bin")
)
TEXT_FILES = ("model.fp16.safetensors", "model.safetensors", "pytorch_model.fp16.bin", "pytorch_model.bin")


def load_network(path: Path, *, precision: Precision | None = None) -> DiffusionModel:
    """Open a network that lies alone in a file, in the single-file layout or in that of `diffusers`.

    Raises:
        BadFile: missing, damaged, hostile or incomplete.
        UnknownModel: of no known family.
    """
    file = open_weights(Path(path))
    detected = _detect_network(file)
    return build_model(detected, file, precision or choose_precision(), None)


def _detect_network(file: WeightFile) -> Detected:
    detected = detect_network(file.header, NETWORK_PREFIXES)
    if detected is not None:
        return detected
    names = ", ".join(name[:80] for name in list(file)[:3])
    raise UnknownModel(
        f"{file.header.path.name} holds no network of a family that is known: {', '.join(f.name for f in FAMILIES)}. "
        f"Its weights are named {names}."
    )


def load_text_encoder(
    paths: Sequence[Path], *, for_sdxl: bool = False, precision: Precision | None = None
) -> TextEncoder:
    """Open a text encoder that lies alone in a file, or SDXL's two.

    Args:
        paths: one, of which the sizes tell whose it is; or SDXL's two, in any order.

    Raises:
        BadFile: missing, damaged, hostile, or no CLIP text encoder; of SDXL's, both of one size.
    """
    precision = precision or choose_precision()
    files = [open_weights(Path(path)) for path in paths]
    if for_sdxl:
        files.sort(key=lambda file: _find(file, SDXL_CLIP_L).config.width)
        uses: tuple[ClipUse, ...] = (SDXL_CLIP_L, SDXL_CLIP_G)
        widths = [_find(file, use).config.width for file, use in zip(files, uses, strict=True)]
        if widths[0] == widths[1]:
            raise BadFile(
                f"SDXL needs two text encoders, CLIP L and the larger CLIP G; {paths[0].name} and {paths[1].name} "
                f"are both {widths[0]} wide."
            )
    else:
        uses = tuple(_use_of(_find(file, SD1_CLIP_L)) for file in files)
    parts = [(file, _find(file, use)) for file, use in zip(files, uses, strict=True)]
    return build_text_encoder(parts, precision.text_encoder)


def _find(file: WeightFile, use: ClipUse) -> ClipPart:
    stored = stored_shapes(file.header)
    part = next(filter(None, (find_clip(use, stored, prefix) for prefix in TEXT_PREFIXES)), None)
    if part is None:
        names = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(f"{file.header.path.name} holds no CLIP text encoder. Its weights are named {names}.")
    return part


def _use_of(part: ClipPart) -> ClipUse:
    """By the widths of the known encoders; others by the layout, since Stable Diffusion 2 began with OpenCLIP's."""
    known = {H_WIDTH: SD2_CLIP_H, G_WIDTH: SDXL_CLIP_G}
    return known.get(part.config.width, SD2_CLIP_H if part.is_open_clip else SD1_CLIP_L)


def load_diffusers(folder: Path, *, precision: Precision | None = None) -> Checkpoint:
    """Open a folder in the layout of `diffusers`: unet/, vae/, text_encoder/, text_encoder_2/, scheduler/.

    Raises:
        BadFile: a part is missing, damaged, hostile or incomplete.
        UnknownModel: the network is of no known family.
    """
    folder, precision = Path(folder), precision or choose_precision()
    file = open_weights(_one_of(folder / "unet", NETWORK_FILES))
    detected = _detect_network(file)
    vae = load_vae(_one_of(folder / "vae", NETWORK_FILES), precision=precision)
    uses = [use for _, use in detected.family.texts]
    texts = [(open_weights(_one_of(folder / _text_folder(use), TEXT_FILES)), use) for use in uses]
    parts = [(text, _find(text, use)) for text, use in texts]
    model = build_model(detected, file, precision, vae)
    said = _scheduler(folder).get("prediction_type")
    if said in ("epsilon", "v_prediction"):
        model = model.with_noise_levels(model.noise_levels, VELOCITY if said == "v_prediction" else EPSILON)
    return Checkpoint(model, build_text_encoder(parts, precision.text_encoder), vae)


def _text_folder(use: ClipUse) -> str:
    return "text_encoder_2" if use.name == "clip_g" else "text_encoder"


def _one_of(folder: Path, names: Sequence[str]) -> Path:
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise BadFile(f"{folder.parent.name}/{folder.name} holds no weights: one of {', '.join(names)} was expected.")
    return path


def _scheduler(folder: Path) -> dict[str, Any]:
    path = folder / "scheduler" / "scheduler_config.json"
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadFile(f"{path} is no JSON: {error}.") from error
    return said if isinstance(said, dict) else {}
