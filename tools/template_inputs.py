"""Draw the pictures that templates load: scenes of the tiny model's own domain, whatever its weights are.

    python -m tools.template_inputs

Writes web/templates/inputs/*.png. `make gallery` needs only the files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tools.tiny_model.companions.controlnet import segment_picture
from tools.tiny_model.companions.upscale import halved, through_jpeg
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import SIZE, Scene, Thing

FOLDER = Path(__file__).resolve().parents[1] / "web" / "templates" / "inputs"
HEART = Thing("heart", "red", 66, 64, 66, 0)
NIGHT_STAR = Thing("star", "yellow", 66, 64, 64, 0)
CIRCLE, STAR = Thing("circle", "blue", 46, 33, 64, 0), Thing("star", "purple", 48, 95, 64, 0)
WORN = Scene("night", (Thing("star", "yellow", 48, 34, 62, 0), Thing("heart", "red", 46, 94, 66, 0)), "left")
MASK_ROOM = 1.35  # how much wider than the object its mask is
SEGMENTS = Scene("meadow", (Thing("heart", "red", 48, 33, 66, 0), Thing("star", "blue", 48, 95, 64, 0)), "left")


def mask_around(thing: Thing) -> np.ndarray:
    """A disc with room around a thing: bool (SIZE, SIZE)."""
    down, across = np.mgrid[0:SIZE, 0:SIZE]
    return np.hypot(across - thing.x, down - thing.y) < thing.diameter * MASK_ROOM / 2


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(Scene("meadow", (HEART,), None))).save(FOLDER / "weft-heart.png", optimize=True)
    Image.fromarray(draw(Scene("night", (NIGHT_STAR,), None))).save(FOLDER / "weft-star.png", optimize=True)
    two = draw(Scene("white", (CIRCLE, STAR), "left"))
    opaque = np.where(mask_around(STAR), 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([two, opaque])).save(FOLDER / "weft-two.png", optimize=True)
    small = Image.fromarray(draw(Scene("night", (HEART,), None))).resize(
        (SIZE // 2, SIZE // 2), Image.Resampling.LANCZOS
    )
    small.save(FOLDER / "weft-small.png", optimize=True)
    worn = through_jpeg(halved(draw(WORN)[None])[0], quality=50)
    Image.fromarray(worn).save(FOLDER / "weft-worn.png", optimize=True)
    Image.fromarray(segment_picture(SEGMENTS)).save(FOLDER / "weft-segments.png", optimize=True)


if __name__ == "__main__":
    main()
