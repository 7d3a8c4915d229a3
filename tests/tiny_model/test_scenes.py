"""The procedural data: the same seed, the same bytes; held-out pairs stay out."""

import hashlib

import numpy as np
import pytest

from tools.tiny_model import dataset
from tools.tiny_model.captions import FILLERS, caption, with_filler
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import SIZE, TOO_CLOSE, cell_weights, sample_scene


def fingerprint(seed: int) -> str:
    rng = np.random.default_rng(seed)
    digest = hashlib.sha256()
    for _ in range(6):
        scene = sample_scene(rng)
        digest.update(caption(scene, rng).encode() + draw(scene).tobytes())
    return digest.hexdigest()


def test_a_seed_gives_the_same_pictures_and_captions():
    assert fingerprint(3) == fingerprint(3)
    assert fingerprint(3) != fingerprint(4)


def test_scenes_survive_the_trip_through_json():
    for scene in dataset.training_scenes(50, seed=1):
        assert dataset.scene_from_json(dataset.scene_to_json(scene)) == scene


def test_objects_stand_inside_the_frame_apart_and_apart_from_their_background():
    rng = np.random.default_rng(0)
    for _ in range(300):
        scene = sample_scene(rng)
        for thing in scene.things:
            assert thing.diameter / 2 <= min(thing.x, thing.y, SIZE - thing.x, SIZE - thing.y)
            assert thing.colour not in TOO_CLOSE[scene.background]
        if len(scene.things) == 2:
            a, b = scene.things
            assert max(abs(a.x - b.x), abs(a.y - b.y)) >= (a.diameter + b.diameter) / 2


def test_held_out_captions_show_pairs_that_training_never_shows():
    held = {e.scene.combination for e in dataset.held_out(40) if e.scene.kind == "two"}
    assert len(held) >= 10
    seen = {scene.combination for scene in dataset.training_scenes(2000, seed=1)}
    assert not held & seen


def test_captions_say_what_is_there():
    rng = np.random.default_rng(5)
    for _ in range(200):
        scene = sample_scene(rng)
        text = caption(scene, rng, layout=True)
        assert all(thing.colour in text for thing in scene.things)
        filled = with_filler(text, rng)
        assert text in filled and any(filler in filled for filler in FILLERS)


@pytest.mark.parametrize("cells", [8, 16])
def test_cell_weights_cover_the_object_and_leave_the_corners(cells: int):
    scene = next(s for s in dataset.training_scenes(50, seed=2) if s.kind == "one")
    weights = cell_weights(scene, cells)
    thing = scene.things[0]
    assert weights[int(thing.y / SIZE * cells), int(thing.x / SIZE * cells)] == 1
    assert weights[0, 0] == weights[-1, -1] == 0
