"""How far off are pictures that are computed in bfloat16 on the CPU, family by family?

    python -m benchmarks.bfloat16 [CHECKPOINT ...]

Samples each model in float32 and with network and VAE in bfloat16: same seed, 8 steps of euler, cfg 5. Without files, a
small seeded model of each family is used: its pictures mean nothing, the errors of its layers do. Prints the largest
difference of the latents, relative to their largest value, and of the pictures in steps of 255.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine import diffusion, models
from engine.sampling import Latent
from tests import tiny

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
SMALLEST_SIDE = 8  # cells, of small models; others get 64


def picture(path: Path, kind: str, side: int) -> tuple[Tensor, Tensor]:
    """Samples (1, 4, h, w) and the picture (1, H, W, 3)."""
    precision = models.choose_precision("cpu", every=kind, text_encoder="fp32")
    checkpoint = models.load_checkpoint(path, precision=precision)
    positive, negative = (checkpoint.text_encoder.conditioning(words) for words in ("a red cat", ""))
    empty = Latent(torch.zeros(1, checkpoint.model.latent_format.channels, side, side))
    with models.DeviceMemory().hold(checkpoint.model, checkpoint.vae):
        latent = diffusion.denoise(checkpoint.model, empty, positive, negative, seed=1, steps=8, cfg=5.0)
        return latent.samples, checkpoint.vae.decode(latent.samples)


def cases(given: list[Path], folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Name, file and side in cells of each model."""
    yield from ((path.name, path, 64) for path in given)
    for name, sizes in FAMILIES.items() if not given else ():
        yield name, tiny.write_checkpoint(folder / f"{name}.safetensors", 1, sizes), SMALLEST_SIDE


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("checkpoint", nargs="*", type=Path)
    with tempfile.TemporaryDirectory() as folder:
        for name, path, side in cases(parser.parse_args().checkpoint, Path(folder)):
            (latent, image), (rough, rough_image) = (picture(path, kind, side) for kind in ("fp32", "bf16"))
            error = float((rough - latent).abs().max() / latent.abs().max())
            steps = (rough_image - image).abs() * 255
            print(f"{name:28} latent {error:.3f}, picture {steps.max():.1f} at most, {steps.mean():.2f} on average")


if __name__ == "__main__":
    main()
