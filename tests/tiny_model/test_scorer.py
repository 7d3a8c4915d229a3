"""The scorer agrees with the ground truth, and does not agree with anything else."""

import dataclasses

import numpy as np

from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import MIRRORED, Scene, Thing, sample_scene
from tools.tiny_model.scorer import detect, score, summary


def sampled(count: int, seed: int) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng) for _ in range(count)]


def test_true_scenes_score_at_least_98_percent():
    figures = summary([score(draw(scene), scene) for scene in sampled(60, seed=21)])
    assert min(figures[name] for name in ("objects", "colours", "attributes", "relation", "clean")) >= 98


def test_scenes_of_other_pictures_are_rejected():
    scenes = sampled(60, seed=22)
    pictures = [draw(scene) for scene in scenes]
    figures = summary([score(p, s) for p, s in zip(pictures, scenes[1:] + scenes[:1], strict=True)])
    assert figures["attributes"] <= 7
    assert figures["relation"] <= 3


def test_a_swapped_relation_swapped_colours_and_a_missing_object_are_seen():
    heart = Thing("heart", "red", 46, 38, 64, 0)
    star = Thing("star", "blue", 46, 90, 64, 0)
    scene = Scene("white", (heart, star), "left")
    swapped = dataclasses.replace(scene, relation=MIRRORED["left"])
    blue_heart, red_star = dataclasses.replace(heart, colour="blue"), dataclasses.replace(star, colour="red")
    recoloured = Scene("white", (blue_heart, red_star), "left")
    alone = draw(Scene("white", (heart,), None))

    assert score(draw(scene), scene).relation
    assert score(draw(scene), swapped).attributes and not score(draw(scene), swapped).relation
    assert score(draw(scene), recoloured).objects and not score(draw(scene), recoloured).attributes
    assert not score(alone, scene).objects


def test_found_objects_lie_where_they_were_drawn():
    scene = Scene("night", (Thing("ring", "yellow", 48, 40, 60, 0), Thing("square", "green", 45, 92, 66, 3)), "left")
    found = sorted(detect(draw(scene)), key=lambda each: each.x)
    assert [(each.shape, each.colour) for each in found] == [("ring", "yellow"), ("square", "green")]
    for each, thing in zip(found, scene.things, strict=True):
        assert abs(each.x - thing.x) < 2 and abs(each.y - thing.y) < 2


def test_noise_holds_no_objects():
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    assert not [found for found in detect(noise) if found.overlap > 0.8]
