"""Train the variant that edits pictures as told: InstructPix2Pix (arXiv:2211.09800), 8 input channels.

    python -m tools.tiny_model.companions.instruct --data DATA --base RUN --run OUT --minutes 48

Its pairs are procedural (edits.py): the same scene before and after.
Writes models/diffusion_models/weft-tiny-instruct.safetensors.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from tools.tiny_model import dataset
from tools.tiny_model.companions.base import Base, cached, dropped
from tools.tiny_model.companions.edits import Edit, edits_of
from tools.tiny_model.companions.training_loop import arguments_of
from tools.tiny_model.companions.variants import BATCH, loss_of, train_variant
from tools.tiny_model.drawing import draw
from tools.tiny_model.networks import LATENT_SCALE
from tools.tiny_model.scenes import SIZE, cell_weights
from tools.tiny_model.train_vae import encode_all

PICTURES, DROPPED = 16_000, 0.1
TOUCHED_WEIGHT = 3.0  # of cells that the edit changes, against 1 elsewhere


def partner_latents(base: Base, edits: list[tuple[int, Edit]], scenes: list) -> np.ndarray:
    """Latents (N, 4, 16, 16) of the picture of each edit that is not in the picture set."""
    parts = []
    for start in range(0, len(edits), 256):
        pairs = edits[start : start + 256]
        pictures = np.stack([draw(e.after if e.before == scenes[place] else e.before) for place, e in pairs])
        parts.append(encode_all(base.vae, pictures, torch.device("cpu")))
    return np.concatenate(parts)


class Pairs:
    """Latents before and after each edit, its instruction, and which cells it changes."""

    def __init__(self, base: Base, data: Path, base_run: Path, run: Path) -> None:
        scenes = dataset.load_scenes(data, PICTURES)
        known = np.load(base_run / "latents.npy", mmap_mode="r")
        edits = list(edits_of(scenes, seed=11))
        partners = cached(run / "edited.npy", lambda: partner_latents(base, edits, scenes))
        theirs = np.stack([known[place] for place, _ in edits])
        is_before = np.array([edit.before == scenes[place] for place, edit in edits])[:, None, None, None]
        self.before = torch.from_numpy(np.where(is_before, theirs, partners))
        self.after = torch.from_numpy(np.where(is_before, partners, theirs))
        self.instructions = [edit.instruction for _, edit in edits]
        self.cells = torch.from_numpy(np.stack([_touched(edit) for _, edit in edits]))

    def __len__(self) -> int:
        return len(self.instructions)


def _touched(edit: Edit) -> np.ndarray:
    """Weights (16, 16) of the cells."""
    cells = cell_weights(dataset.Scene(edit.after.background, edit.touched, None), SIZE // 8)
    return 1 + (TOUCHED_WEIGHT - 1) * cells


def main() -> None:
    parser = arguments_of(__doc__, minutes=48, rate=1.5e-3)
    parser.add_argument("--prepare", action="store_true", help="only make the pictures of the edits")
    arguments = parser.parse_args()
    base = Base.load(arguments.base)
    pairs = Pairs(base, arguments.data, arguments.base, arguments.run)
    if arguments.prepare:
        return

    def batch_loss(unet: UNet2DConditionModel, rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(pairs), BATCH)
        texts = dropped([pairs.instructions[place] for place in places], DROPPED, rng)
        beside = pairs.before[places].float() / LATENT_SCALE  # networks of this kind read it unscaled
        return loss_of(base, unet, pairs.after[places].float(), beside, texts, pairs.cells[places])

    train_variant("instruct", 8, batch_loss, arguments)


if __name__ == "__main__":
    main()
