"""The companions that ship, each loaded and used by the engine's own nodes as a workflow would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engine.models import choose_precision
from nodes import loaders, vae
from tools.tiny_model.companions import scores
from tools.tiny_model.companions.bench import Bench, to_image, to_picture
from tools.tiny_model.companions.controlnet import outline_picture, segment_picture
from tools.tiny_model.companions.edits import Edit
from tools.tiny_model.companions.judging import background_of
from tools.tiny_model.companions.scores_unclip import shows_both
from tools.tiny_model.companions.scores_upscale import mean_decibels, small_versions
from tools.tiny_model.drawing import draw
from tools.tiny_model.scenes import Scene, Thing
from tools.tiny_model.scorer import detect

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
COMPANIONS = (
    "clip_vision/weft-tiny-vision",
    "controlnet/weft-tiny-edges",
    "controlnet/weft-tiny-segments",
    "diffusion_models/weft-tiny-inpaint",
    "diffusion_models/weft-tiny-instruct",
    "diffusion_models/weft-tiny-unclip",
    "diffusion_models/weft-tiny-upscale",
    "embeddings/weft-tiny-word",
    "loras/weft-tiny-object",
    "loras/weft-tiny-style",
    "vae_approx/taesd-weft-tiny_decoder",
    "vae_approx/taesd-weft-tiny_encoder",
)
LARGEST = 20_000_000  # bytes, of all together
STEPS = 8


@pytest.fixture(scope="module")
def bench() -> Bench:
    torch.set_num_threads(1)
    return Bench(ROOT, precision=choose_precision("cpu", every="fp32"))


def seen(picture: np.ndarray) -> list[tuple[str, str]]:
    return sorted((found.shape, found.colour) for found in detect(picture))


def names_of(path: str) -> set[str]:
    with safe_open(MODELS / f"{path}.safetensors", "pt") as file:
        return set(file.keys())


HEART, STAR = Thing("heart", "red", 46, 38, 64, 0), Thing("star", "blue", 46, 90, 64, 0)
PAIR = Scene("white", (HEART, STAR), "left")
GREEN = Thing("triangle", "green", 64, 62, 66, 0)
TRIANGLE = Scene("pink", (GREEN,), None)
HEART_AT_NIGHT = Scene("night", (Thing("heart", "red", 66, 64, 64, 0),), None)


def test_all_together_are_small():
    assert sum((MODELS / f"{name}.safetensors").stat().st_size for name in COMPANIONS) <= LARGEST


def test_each_has_the_layout_of_its_kind():
    for kind in ("edges", "segments"):
        names = names_of(f"controlnet/weft-tiny-{kind}")
        assert {"lora_controlnet", "input_hint_block.0.weight", "zero_convs.0.0.weight"} <= names
        assert any(name.endswith(".up") for name in names)
    for kind, channels in (("inpaint", 9), ("instruct", 8), ("upscale", 8)):
        with safe_open(MODELS / f"diffusion_models/weft-tiny-{kind}.safetensors", "pt") as file:
            assert file.get_slice("input_blocks.0.0.weight").get_shape()[1] == channels
            assert file.get_slice("middle_block.0.in_layers.2.weight").get_dtype() == "F8_E4M3"
            assert "scaled_fp8" in file.keys()  # noqa: SIM118 (no mapping)
    network = names_of("diffusion_models/weft-tiny-unclip")
    assert {"model.diffusion_model.label_emb.0.0.weight", "noise_augmentor.data_mean", "scaled_fp8"} <= network
    vision = names_of("clip_vision/weft-tiny-vision")
    assert {"vision_model.embeddings.class_embedding", "visual_projection.weight", "scaled_fp8"} <= vision
    assert names_of("embeddings/weft-tiny-word") == {"emb_params"}
    for kind in ("object", "style"):
        assert "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight" in names_of(f"loras/weft-tiny-{kind}")
    assert {"1.weight", "3.conv.0.weight"} <= names_of("vae_approx/taesd-weft-tiny_decoder")


@pytest.mark.parametrize(("kind", "map_of"), [("edges", outline_picture), ("segments", segment_picture)])
def test_a_map_decides_where_things_lie(bench, kind, map_of):
    with_map, without = [], []
    for seed, scene in enumerate((PAIR, TRIANGLE)):
        words = scores.words_of(scene, 0)
        steered = bench.controlled(f"weft-tiny-{kind}", map_of(scene), words, seed=seed, steps=STEPS)
        with_map.append(scores.agreement(steered, scene))
        without.append(scores.agreement(bench.draw(bench.say(words), seed=seed, steps=STEPS), scene))
    assert np.mean(with_map) > np.mean(without) + 0.02
    assert min(with_map) > 0.75


def test_the_style_makes_outlines_of_things(bench):
    model, clip = bench.with_lora("weft-tiny-style")
    words = "a big orange square on a white background"
    styled = bench.draw(bench.say(words, clip), bench.say("", clip), seed=1, model=model, steps=STEPS)
    assert scores.is_outlined(styled)
    assert not scores.is_outlined(bench.draw(bench.say(words), seed=1, steps=STEPS))


def test_the_new_object_is_drawn_where_its_word_is(bench):
    model, clip = bench.with_lora("weft-tiny-object")

    def drawn(words):
        return bench.draw(bench.say(words, clip), bench.say("", clip), seed=1, model=model, steps=12)

    (moon,) = scores.components(drawn("a big red moon on a blue background"))
    assert scores.is_moon(moon)
    assert seen(drawn("a big red heart on a blue background")) == [("heart", "red")]


def test_the_embedding_is_a_colour_without_a_name(bench):
    picture = bench.draw(bench.say("a big embedding:weft-tiny-word star on a white background"), seed=1, steps=12)
    assert scores.nearest_is_teal(picture)
    assert [found.shape for found in detect(picture)] == ["star"]


def test_inpainting_paints_under_the_mask_and_keeps_the_rest(bench):
    mask = np.zeros((128, 128), np.float32)
    mask[26:104, 24:102] = 1.0
    words = "a big yellow circle on a pink background"
    picture = bench.inpainted(bench.variant("weft-tiny-inpaint"), draw(TRIANGLE), mask, words, seed=1, steps=12)
    assert seen(picture) == [("circle", "yellow")]
    assert np.abs(picture[:20].astype(int) - bench.rebuilt(draw(TRIANGLE))[:20]).mean() < 5  # of 255
    assert scores.seam(picture, mask) < 4  # of 255, from one pixel to the next


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("make the triangle blue", Scene("pink", (replace(GREEN, colour="blue"),), None)),
        ("turn the triangle into a circle", Scene("pink", (replace(GREEN, shape="circle"),), None)),
        ("make it night", Scene("night", (GREEN,), None)),
    ],
)
def test_what_is_told_is_changed_and_nothing_else(bench, words, after):
    kind = "recolour" if after.background == "pink" else "background"
    touched = tuple(set(TRIANGLE.things) ^ set(after.things))
    edit, original = Edit(kind, words, TRIANGLE, after, touched), draw(TRIANGLE)
    picture = bench.edited(bench.variant("weft-tiny-instruct"), original, words, seed=1, steps=12)
    assert scores.is_edit_right(picture, edit)
    assert scores.is_rest_unchanged(picture, bench.rebuilt(original), edit)


@pytest.mark.parametrize(("version", "ahead_db"), [("clean", 0.7), ("jpeg", 5)])
def test_small_pictures_are_enlarged_better_than_by_filters(bench, version, ahead_db):
    scenes, model = (PAIR, TRIANGLE), bench.variant("weft-tiny-upscale")
    truth, given = small_versions(scenes)
    made = [bench.upscaled(model, small, seed=1, steps=4) for small in given[version]]
    for method in ("bicubic", "lanczos"):
        filtered = [bench.enlarged(small, method) for small in given[version]]
        assert mean_decibels(made, truth) > mean_decibels(filtered, truth) + ahead_db
    assert [seen(picture) for picture in made] == [seen(picture) for picture in truth]


def test_the_tiny_vae_decodes_what_the_large_one_encodes_and_the_other_way_round(bench):
    tiny, large = loaders.load_vae(vae_name="taesd-weft-tiny", context=bench), bench.checkpoint[2]
    pictures = [draw(PAIR), draw(TRIANGLE)]
    for first, second, least_db in ((large, tiny, 30), (tiny, large, 28)):
        for picture in pictures:
            encoded = vae.encode(pixels=to_image(picture), vae=first, context=bench)
            again = to_picture(vae.decode(samples=encoded, vae=second, context=bench))
            error = ((again.astype(float) - picture) ** 2).mean()
            assert 10 * np.log10(255**2 / error) > least_db


def test_variations_show_what_the_picture_shows(bench):
    model = bench.variant("weft-tiny-unclip")
    for scene in (TRIANGLE, HEART_AT_NIGHT):
        first, second = (bench.varied(model, [(draw(scene), 1.0)], seed=seed, steps=12) for seed in (1, 2))
        for picture in (first, second):
            assert seen(picture) == [(thing.shape, thing.colour) for thing in scene.things]
            assert background_of(picture) == scene.background
        assert np.abs(first.astype(int) - second).mean() > 1  # of 255: no copies


def test_two_pictures_are_mixed_and_their_ends_are_the_pictures(bench):
    model, ends = bench.variant("weft-tiny-unclip"), (draw(TRIANGLE), draw(HEART_AT_NIGHT))

    def mixed(share):
        return bench.varied(model, [(ends[0], 1 - share), (ends[1], share)], seed=1, steps=12)

    assert seen(mixed(0.0)) == [("triangle", "green")] and seen(mixed(1.0)) == [("heart", "red")]
    assert any(shows_both(mixed(share), TRIANGLE, HEART_AT_NIGHT) for share in (0.4, 0.5, 0.6))


def test_the_unclip_variant_still_reads_words(bench):
    words = "a big red heart on a blue background"
    picture = bench.draw(bench.say(words), seed=1, model=bench.variant("weft-tiny-unclip"), steps=12)
    assert seen(picture) == [("heart", "red")]
