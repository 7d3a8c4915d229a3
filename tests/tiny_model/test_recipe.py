"""The recipe: pictures at any size, what the layout head learns from, and its commands one after the other."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from tools.tiny_model import dataset, sample, train_text, train_unet, train_vae
from tools.tiny_model.drawing import draw
from tools.tiny_model.layout import CLASSES, LayoutHead, Layouts, cell_of
from tools.tiny_model.networks import PRESETS, build_vae
from tools.tiny_model.scenes import COLOURS, SHAPES, SIZE, sample_scene
from tools.tiny_model.scorer import score
from tools.tiny_model.train_unet import NoiseSchedule


def scenes(count: int, seed: int = 4) -> list:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng) for _ in range(count)]


def test_a_scene_is_the_same_picture_at_twice_the_size():
    for scene in scenes(12):
        large = draw(scene, 2 * SIZE).astype(np.float32)
        assert large.shape == (2 * SIZE, 2 * SIZE, 3)
        shrunk = large.reshape(SIZE, 2, SIZE, 2, 3).mean((1, 3))
        assert np.abs(shrunk - draw(scene)).mean() < 3  # of 255


def test_the_scorer_knows_large_pictures_too():
    found = [score(draw(scene, 2 * SIZE), scene) for scene in scenes(12)]
    assert all(one.attributes for one in found)
    assert all(one.relation in (None, True) for one in found)


def test_the_layout_says_what_lies_at_each_centre():
    every = scenes(40)
    for scene, (shapes, colours, background) in zip(every, Layouts.of(every).classes, strict=True):
        for thing in scene.things:
            place = cell_of(thing)
            if thing.shape != "ring":
                assert SHAPES[shapes[place] - 1] == thing.shape
            assert list(COLOURS)[colours[place] - 1] == thing.colour
        assert len(set(background.flatten().tolist())) == 1
        assert shapes[0, 0] == colours[0, 0] == 0


def test_the_layout_head_learns_what_an_encoding_tells():
    torch.manual_seed(0)
    layouts, encodings = Layouts.of(scenes(8)), torch.randn(8, 6, 64)
    head = LayoutHead(64)
    optimizer = torch.optim.AdamW(head.parameters(), 1e-2)
    first = head.error(encodings, layouts).item()
    for _ in range(60):
        optimizer.zero_grad()
        head.error(encodings, layouts).backward()
        optimizer.step()
    assert head.error(encodings, layouts).item() < first / 10
    assert head.classes_at(encodings).shape == (8, len(CLASSES), 8, 8)


def test_an_error_in_the_clean_picture_weighs_something_at_every_noise_level():
    noise = NoiseSchedule(torch.device("cpu"))
    expected = noise.weights * noise.chances / noise.chances.mean()  # per training step, whatever is drawn how often
    of_clean = expected * (noise.signal / noise.noise) ** 2
    assert of_clean.min() == pytest.approx(train_unet.LEAST, rel=1e-4)
    assert of_clean.max() == pytest.approx(train_unet.GAMMA, rel=1e-4)


def command(monkeypatch, module, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()


def test_the_commands_make_a_model_and_a_second_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(train_vae, "VALIDATION", 2)
    monkeypatch.setattr(train_vae, "FULLS", 1)
    monkeypatch.setattr(dataset, "SHARD", 12)
    data, run = tmp_path / "data", tmp_path / "run"
    command(monkeypatch, dataset, "--out", data, "--pictures", 12)
    command(monkeypatch, train_vae, "--data", data, "--run", run, "--minutes", 0.0001)
    command(monkeypatch, train_vae, "--data", data, "--run", run, "--cache")
    command(monkeypatch, train_text, "--data", data, "--run", run, "--steps", 1)
    train = ("--data", data, "--run", run, "--batch", 2)
    command(monkeypatch, train_unet, *train, "--minutes", 0.0001)
    first = torch.load(run / "unet_state.pt", weights_only=True)
    command(monkeypatch, train_unet, *train, "--minutes", first["spent_s"] / 60 + 0.0001)
    assert torch.load(run / "unet_state.pt", weights_only=True)["step"] > first["step"]
    command(monkeypatch, sample, "--run", run, "--prompt", "a red heart", "--steps", 2, "--out", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 0


def test_the_large_preset_fits_together():
    preset = PRESETS["large"]
    vae, picture = build_vae(preset.vae), draw(scenes(1)[0], preset.side)
    with torch.no_grad():
        latent = vae.encode(train_vae.to_tensor(picture[None], torch.device("cpu"))).latent_dist.mode()
    training = train_unet.JointTraining(preset.unet, preset.text, list(range(40)), 1e-3, "cpu")
    assert latent.shape[-1] == training.unet.config.sample_size == preset.unet.latent_side
    tokens, cells = torch.ones(1, 77, dtype=torch.int64), torch.ones(1, *latent.shape[2:])
    denoising, layout = training.losses(train_unet.Batch(latent, tokens, cells, Layouts.of(scenes(1))))
    assert torch.isfinite(denoising) and torch.isfinite(layout)
