"""Draw the pictures that templates load: scenes of the tiny model's own domain, whatever its weights are.

    python -m tools.template_inputs

Writes templates/inputs/*.png. `make gallery` needs only the files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tools.tiny_model.drawing import SUPERSAMPLING, draw, shape_mask
from tools.tiny_model.scenes import SIZE, Scene, Thing

FOLDER = Path(__file__).resolve().parents[1] / "templates" / "inputs"
HEART = Thing("heart", "red", 66, 64, 66, 0)
CIRCLE, STAR = Thing("circle", "blue", 46, 33, 64, 0), Thing("star", "purple", 48, 95, 64, 0)
MASK_ROOM = 1.35  # how much wider than the object its mask is
SEGMENTS = Scene("meadow", (Thing("heart", "red", 48, 33, 66, 0), Thing("star", "blue", 48, 95, 64, 0)), "left")


def covered(thing: Thing, room: float = 1.0) -> np.ndarray:
    """What a thing covers, `room` times as large: float32 (SIZE, SIZE), 0..1."""
    mask = shape_mask("circle" if room > 1 else thing.shape, thing.diameter * room, thing.rotation)
    small = mask.resize((mask.width // SUPERSAMPLING, mask.height // SUPERSAMPLING), Image.Resampling.BOX)
    whole = Image.new("L", (SIZE, SIZE), 0)
    whole.paste(small, (round(thing.x - small.width / 2), round(thing.y - small.height / 2)))
    return np.asarray(whole, np.float32) / 255


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(Scene("meadow", (HEART,), None))).save(FOLDER / "weft-heart.png", optimize=True)
    two = draw(Scene("white", (CIRCLE, STAR), "left"))
    opaque = np.where(covered(STAR, MASK_ROOM) > 0.5, 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([two, opaque])).save(FOLDER / "weft-two.png", optimize=True)


if __name__ == "__main__":
    main()
