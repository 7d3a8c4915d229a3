"""What the judges of all companions share: unseen scenes, their words, shares in percent, objects and backgrounds."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.tiny_model.captions import caption
from tools.tiny_model.drawing import background
from tools.tiny_model.scenes import BACKGROUNDS, SIZE, Scene, sample_scene
from tools.tiny_model.scorer import MINIMAL_AREA, foreground

SEED = 4242  # of unseen scenes; training never uses it
SHOWN = 8  # pictures a row of a sheet
FRAME = 6  # pixels of the border in which nothing lies
Figures = dict[str, float]
Rows = list[list[np.ndarray]]


def unseen(count: int, kinds: tuple[str, ...] = ("one", "two"), seed: int = SEED) -> list[Scene]:
    rng, scenes = np.random.default_rng(seed), []
    while len(scenes) < count:
        scene = sample_scene(rng)
        if scene.kind in kinds:
            scenes.append(scene)
    return scenes


def words_of(scene: Scene, place: int) -> str:
    return caption(scene, np.random.default_rng([SEED, place]), layout=True, plain=True)


def percent(values: list[bool]) -> float:
    return round(100 * float(np.mean(values)), 1)


def components(picture: np.ndarray) -> list[np.ndarray]:
    """Masks (H, W) of the objects."""
    labels, count = ndimage.label(foreground(picture))
    parts = [labels == number for number in range(1, count + 1)]
    return [part for part in parts if part.sum() >= MINIMAL_AREA]


def frame_of(picture: np.ndarray) -> np.ndarray:
    """float32 (pixels, 3): the border of a picture."""
    frame = np.ones((SIZE, SIZE), bool)
    frame[FRAME:-FRAME, FRAME:-FRAME] = False
    return picture[frame].astype(np.float32)


def background_of(picture: np.ndarray) -> str:
    """The background whose frame is nearest to the picture's."""
    far = {name: np.abs(frame_of(picture) - frame_of(background(name))).mean() for name in BACKGROUNDS}
    return min(far, key=far.__getitem__)
