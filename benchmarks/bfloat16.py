"""How far are pictures made in bfloat16 from those made in float32? One row for each family, on the CPU.

    python -m benchmarks.bfloat16 [CHECKPOINT ...] [--page docs/precision.md]

Runs the model that ships, a small model of seeded weights for each family, and every checkpoint that is named: 20
steps of Euler from the same noise at cfg 7 in both types, then the VAE. Prints the latents' largest difference relative
to the largest value, and the pictures' in steps of 255.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from engine import diffusion, models, sampling
from tests import tiny

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "checkpoints" / "weft-tiny.safetensors"
FAMILIES = {
    "Stable Diffusion 1": tiny.TINY,
    "Stable Diffusion 2": tiny.SD2,
    "Stable Diffusion XL": tiny.SDXL,
    "Stable Diffusion XL refiner": tiny.REFINER,
    "inpainting": replace(tiny.TINY, in_channels=9),
    "InstructPix2Pix": replace(tiny.TINY, in_channels=8),
    "x4 upscaler": tiny.UPSCALER,
    "2.1 unCLIP": tiny.UNCLIP,
}
PROMPT, SEED, STEPS, CFG, CELLS = "a red circle on the left of a blue square", 1, 20, 7.0, 16
HEAD = """# bfloat16 beside float32

The same picture in both types on the CPU: {steps} steps of Euler from the same noise at cfg {cfg:g}, then the VAE. Only
the model that ships has learnt anything; the others have seeded weights in their family's layout, whose pictures mean
nothing: they show how far rounding leads, not how it looks. `sd15_random` is of full size.

Written by `python -m benchmarks.bfloat16 CHECKPOINT --page docs/precision.md` (torch {torch}).

| model | latent, largest relative difference | picture, mean of 255 | picture, largest of 255 |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Difference:
    """How far two results of one model are apart: latents relative to the largest value, pictures in steps of 255."""

    latent: float
    mean_step: float
    largest_step: float

    def row(self, name: str) -> str:
        return f"| {name} | {self.latent:.1e} | {self.mean_step:.2f} | {self.largest_step:.0f} |"


def compare(path: Path) -> Difference:
    """Make one picture by a checkpoint in both types."""
    (exact, exact_picture), (rounded, rounded_picture) = (make(path, kind) for kind in ("fp32", "bf16"))
    steps = (exact_picture - rounded_picture).abs() * 255
    latent = float((exact - rounded).abs().max() / exact.abs().max())
    return Difference(latent, float(steps.mean()), float(steps.max()))


def make(path: Path, kind: str) -> tuple[Tensor, Tensor]:
    """The latent and the picture of a checkpoint in one type."""
    checkpoint = models.load_checkpoint(path, precision=models.choose_precision("cpu", every=kind))
    assert checkpoint.text_encoder is not None and checkpoint.vae is not None
    prompts = [checkpoint.text_encoder.conditioning(text) for text in (PROMPT, "")]
    empty = sampling.Latent(torch.zeros(1, checkpoint.model.latent_format.channels, CELLS, CELLS))
    latent = diffusion.denoise(checkpoint.model, empty, *prompts, seed=SEED, steps=STEPS, cfg=CFG)
    return latent.samples, checkpoint.vae.decode(latent.samples)


def checkpoints(named: list[Path], scratch: Path) -> Iterator[tuple[str, Path]]:
    yield "weft-tiny (ships)", SHIPPED
    for name, sizes in FAMILIES.items():
        yield f"{name}, small", tiny.write_checkpoint(scratch / f"{name}.safetensors", SEED, sizes)
    for path in named:
        yield path.stem, path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", type=Path, help="further checkpoints")
    parser.add_argument("--page", type=Path, help="write the table to this file")
    said = parser.parse_args()
    page = HEAD.format(steps=STEPS, cfg=CFG, torch=torch.__version__.partition("+")[0])
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in checkpoints(said.checkpoints, Path(scratch)):
            row = compare(path).row(name)
            print(row, flush=True)
            page += row + "\n"
    if said.page is not None:
        said.page.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
