"""How well does the upscaling variant do? PSNR of unseen scenes at twice their size, against the usual filters.

python -m tools.tiny_model.companions.scores upscale --count 40 --sheets OUT
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.tiny_model.companions.bench import Bench
from tools.tiny_model.companions.judging import SHOWN, Figures, Rows, unseen
from tools.tiny_model.companions.upscale import halved, through_jpeg
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import Scene
from tools.tiny_model.scorer import score, summary

QUALITY = 50  # of the small JPEGs
PART = slice(32, 96)  # of a picture that the sheet shows at twice its size, where the objects are


def decibels(picture: np.ndarray, truth: np.ndarray) -> float:
    """PSNR in dB of uint8 pictures of one size; infinite for equal ones."""
    error = ((picture.astype(np.float64) - truth) ** 2).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def mean_decibels(pictures: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    return float(np.mean([decibels(p, t) for p, t in zip(pictures, truth, strict=True)]))


def small_versions(scenes: Sequence[Scene]) -> tuple[list[np.ndarray], dict[str, list[np.ndarray]]]:
    """The scenes as they are to be, 128 x 128, and what is given at half that size: without losses, and from a JPEG."""
    truth = [draw(scene) for scene in scenes]
    clean = list(halved(np.stack(truth)))
    return truth, {"clean": clean, "jpeg": [through_jpeg(picture, QUALITY) for picture in clean]}


def upscale_scores(bench: Bench, count: int) -> tuple[Figures, Rows]:
    """PSNR in dB of the variant, of two filters, and of what the two VAEs alone make of the enlarged and the true
    picture; and in % whether each shape has its colour."""
    scenes, model = unseen(count), bench.variant("weft-tiny-upscale")
    truth, given = small_versions(scenes)
    ceiling = [bench.rebuilt(picture, bench.tiny_vae) for picture in truth]
    figures: Figures = {"true picture through the VAEs": round(mean_decibels(ceiling, truth), 2)}
    rows: Rows = [truth[:SHOWN]]
    for version, small in given.items():
        bicubic = [bench.enlarged(picture) for picture in small]
        made = {
            "bicubic": bicubic,
            "lanczos": [bench.enlarged(picture, "lanczos") for picture in small],
            "bicubic through the VAEs": [bench.rebuilt(picture, bench.tiny_vae) for picture in bicubic],
            "upscaled": [bench.upscaled(model, picture, seed=i) for i, picture in enumerate(small)],
        }
        for name, pictures in made.items():
            figures[f"{version}: {name}"] = round(mean_decibels(pictures, truth), 2)
        for name in ("bicubic", "upscaled"):
            right = summary([score(p, s) for p, s in zip(made[name], scenes, strict=True)])
            figures[f"{version}: attributes {name}"] = right["attributes"]
        rows += [made["bicubic"][:SHOWN], made["upscaled"][:SHOWN]]
    return figures, [[_close(picture) for picture in row] for row in rows]


def _close(picture: np.ndarray) -> np.ndarray:
    return picture[PART, PART].repeat(2, 0).repeat(2, 1)
