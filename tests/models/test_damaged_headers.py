"""Whatever a header says, a file is taken for a model or refused in words: no other error comes out."""

import math
import random

import pytest
import torch
from safetensors.torch import save_file

from engine import models
from engine.errors import BadFile, UnknownModel
from engine.files.safetensors_header import CheckpointHeader, TensorInfo, read_header
from engine.models.detect import detect_family
from engine.models.vision.vision_config import find_vision
from tests import tiny

KINDS = {"sd1": tiny.TINY, "sd2": tiny.SD2, "sdxl": tiny.SDXL, "refiner": tiny.REFINER, "upscaler": tiny.UPSCALER}
SHAPES = [(), (0,), (1,), (7,), (64, 7), (0, 64), (64, 64, 3, 3), (1, 2, 3, 4, 5), (10**6, 10**6)]


def damaged(shapes, seed):
    """The names and shapes with some lost, some of other shapes, some renamed."""
    dice, changed = random.Random(seed), dict(shapes)
    for _ in range(dice.choice((1, 1, 3, 30))):
        name = dice.choice(list(changed))
        shape = changed.pop(name)
        kind = dice.randrange(4)
        if kind == 1:
            changed[name] = dice.choice(SHAPES)
        elif kind == 2:
            changed[name.replace("0", "1", 1)] = shape
        elif kind == 3 and shape:
            changed[name] = (*shape[:-1], shape[-1] * 2)
    return changed


def header_of(shapes, path):
    return CheckpointHeader(path, {name: TensorInfo("F16", tuple(shape), 0, 0) for name, shape in shapes.items()})


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_checkpoints(kind, tmp_path):
    shapes, refused = tiny.checkpoint_shapes(KINDS[kind]), 0
    for seed in range(80):
        try:
            detect_family(header_of(damaged(shapes, seed), tmp_path / "x.safetensors"))
        except (BadFile, UnknownModel):
            refused += 1
    assert refused > 10


def test_damaged_vision_encoders(tmp_path):
    shapes, refused = tiny.open_vision_shapes(), 0
    for seed in range(80):
        try:
            find_vision(damaged(shapes, seed), ("", tiny.VISION_PREFIX))
        except BadFile:
            refused += 1
    assert refused > 10


def test_damaged_files_in_diffusers_names(tmp_path):
    from tests.models.test_split_files import as_diffusers

    path = tiny.write_checkpoint(tmp_path / "x.safetensors", sizes=tiny.SDXL)
    folder, refused = as_diffusers(path, tiny.SDXL, tmp_path / "folder"), 0
    for part, load in (("unet", models.load_network), ("vae", models.load_vae)):
        stored = shapes_in(folder / part / "diffusion_pytorch_model.safetensors")
        for seed in range(12):
            changed = damaged(stored, seed)
            kept = {name: torch.empty(shape) for name, shape in changed.items() if math.prod(shape) < 10**6}
            save_file(kept, tmp_path / "damaged.safetensors")
            try:
                load(tmp_path / "damaged.safetensors")
            except (BadFile, UnknownModel):
                refused += 1
    assert refused > 12


def shapes_in(path):
    return {name: info.shape for name, info in read_header(path).tensors.items()}
