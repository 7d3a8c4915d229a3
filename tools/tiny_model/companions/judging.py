"""What the judges of all companions share: scenes that no training saw, their words, shares in percent, backgrounds."""

from __future__ import annotations

import numpy as np

from tools.tiny_model.captions import caption
from tools.tiny_model.drawing import background
from tools.tiny_model.scenes import BACKGROUNDS, SIZE, Scene, sample_scene

SEED = 4242  # of unseen scenes; training never uses it
SHOWN = 8  # pictures a row of a sheet
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


def background_of(picture: np.ndarray) -> str:
    """The background whose frame, 6 pixels wide, is nearest to the picture's."""
    frame = np.ones((SIZE, SIZE), bool)
    frame[6:-6, 6:-6] = False
    far = {name: np.abs(picture[frame].astype(np.float32) - background(name)[frame]).mean() for name in BACKGROUNDS}
    return min(far, key=far.__getitem__)
