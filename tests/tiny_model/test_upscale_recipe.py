"""The recipe of the 2x upscaler: small pictures as workflows make them, pairs of latents, a fair judge."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.models.weights import open_weights
from tools.tiny_model.companions import upscale
from tools.tiny_model.companions.bench import Bench
from tools.tiny_model.companions.files import as_narrow, write_weights
from tools.tiny_model.companions.judging import unseen
from tools.tiny_model.companions.scores_upscale import QUALITY, decibels, small_versions, upscale_scores
from tools.tiny_model.drawing import draw
from tools.tiny_model.networks import LATENT_SCALE, VaeSizes, build_vae
from tools.tiny_model.scorer import score

ROOT = Path(__file__).parents[2]
SCENES = unseen(6)
torch.set_num_threads(1)


def test_small_pictures_are_means_of_four_pixels_and_enlarged_as_the_node_does():
    truth, given = small_versions(SCENES[:2])
    means = truth[0].reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(given["clean"][0] - means).max() <= 0.51
    by_node = Bench(ROOT).enlarged(given["clean"][1])
    assert (upscale.enlarged(given["clean"][1][None])[0] == by_node).all()


def test_a_jpeg_loses_the_more_the_lower_its_quality():
    (small,) = upscale.halved(draw(SCENES[0])[None])
    losses = [decibels(upscale.through_jpeg(small, quality), small) for quality in (30, QUALITY, 95)]
    assert losses == sorted(losses)
    assert losses[0] < 32 < losses[-1]  # dB


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> upscale.Pairs:
    """Pairs of six pictures, by a VAE that was never trained."""
    folder = tmp_path_factory.mktemp("pairs")
    torch.manual_seed(0)
    vae = build_vae(VaeSizes((32, 32, 32, 32))).eval().requires_grad_(False)
    pictures = np.stack([draw(scene) for scene in SCENES])
    np.save(folder / "pictures_000.npy", pictures)
    np.save(folder / "latents.npy", np.arange(6, dtype=np.float16)[:, None, None, None] * np.ones((4, 16, 16)))
    return upscale.Pairs(SimpleNamespace(vae=vae), folder, folder, folder)


def test_each_latent_lies_beside_what_is_left_of_its_own_picture(pairs):
    assert pairs.small.shape == (2, 6, 4, 16, 16)
    large, beside = pairs.batch(np.random.default_rng(0))
    places = large[:, 0, 0, 0].long()
    lossy = (beside * LATENT_SCALE - pairs.small[1][places]).abs().amax((1, 2, 3)) < 1e-3
    clean = (beside * LATENT_SCALE - pairs.small[0][places]).abs().amax((1, 2, 3)) < 1e-3
    assert (lossy ^ clean).all()
    assert 0.4 < lossy.float().mean() < 0.8


def test_lost_detail_shows_in_the_latents_of_jpegs_most(pairs):
    far = [(version - pairs.small[0]).float().norm() for version in pairs.small]
    assert far[0] == 0 and far[1] > 0.01 * pairs.small[0].float().norm()


class FixedBench:
    """Gives the same picture for whatever is upscaled, and for all that the VAEs make."""

    tiny_vae = None

    def __init__(self, made: np.ndarray) -> None:
        self.made, self.enlarged = made, Bench(ROOT).enlarged

    def variant(self, name: str) -> str:
        return name

    def upscaled(self, model: str, small: np.ndarray, *, seed: int) -> np.ndarray:
        return self.made

    def rebuilt(self, picture: np.ndarray, decoder: None) -> np.ndarray:
        return self.made


def test_the_judge_finds_true_pictures_without_error_and_others_worse_than_bicubic_ones():
    true, _ = upscale_scores(FixedBench(draw(SCENES[0])), 1)
    assert true["clean: upscaled"] == float("inf") and true["clean: attributes upscaled"] == 100
    wrong, rows = upscale_scores(FixedBench(draw(SCENES[1])), 1)
    for version in ("clean", "jpeg"):
        assert wrong[f"{version}: upscaled"] < wrong[f"{version}: bicubic"] - 5
        assert wrong[f"{version}: attributes upscaled"] == 0
        assert true[f"{version}: bicubic"] == wrong[f"{version}: bicubic"]
    assert wrong["jpeg: bicubic"] < wrong["clean: bicubic"] - 3
    assert len(rows) == 5 and rows[0][0].shape == (128, 128, 3)


def test_training_sees_the_weights_that_the_file_will_hold(tmp_path):
    torch.manual_seed(0)
    weights = {"a.weight": torch.randn(64, 16, 3, 3, requires_grad=True), "a.bias": torch.randn(64).half().float()}
    seen = as_narrow(weights)
    write_weights(tmp_path / "n.safetensors", weights, narrow=True)
    found = open_weights(tmp_path / "n.safetensors")
    assert torch.equal(seen["a.weight"].detach(), found["a.weight"]) and torch.equal(seen["a.bias"], found["a.bias"])
    assert not torch.equal(seen["a.weight"], weights["a.weight"])
    (seen["a.weight"] * 3).sum().backward()
    assert (weights["a.weight"].grad == 3).all()


def test_decibels_are_those_of_the_formula():
    assert decibels(np.full((4, 4, 3), 5, np.uint8), np.zeros((4, 4, 3), np.uint8)) == pytest.approx(34.15, abs=0.01)
    assert all(score(draw(scene), scene).attributes for scene in SCENES)
