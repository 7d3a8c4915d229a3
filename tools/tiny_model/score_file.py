"""Draw held-out captions with a checkpoint file through the engine, and score them: what a user gets.

python -m tools.tiny_model.score_file models/checkpoints/weft-tiny.safetensors --captions 200 --out sheet.png
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from engine.diffusion import denoise
from engine.models import Checkpoint, choose_precision, load_checkpoint
from engine.sampling import Latent
from tools.tiny_model.dataset import held_out
from tools.tiny_model.drawing import contact_sheet
from tools.tiny_model.scenes import SIZE
from tools.tiny_model.scorer import score, summary


def draw_caption(
    checkpoint: Checkpoint, text: str, *, seed: int, steps: int = 20, cfg: float = 4.0, sampler: str = "dpmpp_2m",
    schedule: str = "karras", negative: str = "", start: torch.Tensor | None = None, strength: float = 1.0,
    mask: torch.Tensor | None = None, side: int = SIZE,
) -> np.ndarray:  # fmt: skip
    """Draw one picture, uint8 (side, side, 3).

    Args:
        start: (1, 4, side / 8, side / 8) from `vae.encode`; with `strength` < 1 image to image.
        mask: (1, 1, H, W), 1 where the picture may change: inpainting.
    """
    empty = torch.zeros(1, 4, side // 8, side // 8)
    latent = Latent(empty if start is None else start, noise_mask=mask)
    drawn = denoise(
        checkpoint.model,
        latent,
        checkpoint.text_encoder.conditioning(text),
        checkpoint.text_encoder.conditioning(negative),
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler,
        schedule=schedule,
        denoise=strength,
    )
    pixels = checkpoint.vae.decode(drawn.samples)[0]
    return (pixels.clamp(0, 1) * 255 + 0.5).byte().cpu().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--captions", type=int, default=200)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--cfg", type=float, default=4.0)
    parser.add_argument("--sampler", default="dpmpp_2m")
    parser.add_argument("--schedule", default="karras")
    parser.add_argument("--side", type=int, default=SIZE, help="of the pictures, in pixels")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.checkpoint, precision=choose_precision("cpu"))
    settings = {name: getattr(arguments, name) for name in ("steps", "cfg", "sampler", "schedule", "side")}
    examples = held_out(arguments.captions)
    pictures = [
        draw_caption(checkpoint, example.caption, seed=arguments.seed + place, **settings)
        for place, example in enumerate(examples)
    ]
    scores = [score(picture, example.scene) for picture, example in zip(pictures, examples, strict=True)]
    print(json.dumps({**settings, "seed": arguments.seed, **summary(scores)}))
    if arguments.out:
        contact_sheet(pictures, columns=10).save(arguments.out)


if __name__ == "__main__":
    main()
