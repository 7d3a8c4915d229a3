"""The recipes of the vision encoder and of the unCLIP variant: what is taught, what is written, and fair judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import models
from engine.models.families.unclip.conditioning import STEPS, Augmentation
from engine.models.noising import run_noise
from engine.models.weights import open_weights
from engine.sampling import NetworkInputs
from tools.tiny_model.companions import scores_unclip as judge
from tools.tiny_model.companions import unclip, vision
from tools.tiny_model.companions.base import Base
from tools.tiny_model.companions.judging import unseen
from tools.tiny_model.companions.vision import Lessons, VisionSizes
from tools.tiny_model.drawing import draw
from tools.tiny_model.layout import Layouts
from tools.tiny_model.networks import TextSizes, UNetSizes, build_text_encoder, build_unet
from tools.tiny_model.tokenizer import END, Tokenizer
from tools.tiny_model.train_unet import NoiseSchedule

torch.set_num_threads(1)
FP32 = models.choose_precision("cpu", every="fp32")
SIZES = VisionSizes(width=64, hidden=64, says=32, patch=32)
SMALL = UNetSizes(widths=(32, 32), attention=(False, True))


@pytest.fixture(scope="module")
def base() -> Base:
    """Small networks with random weights, which know 50 rows of the vocabulary; no other word ends a text."""
    torch.manual_seed(0)
    unet = build_unet(SMALL).requires_grad_(False)
    text = build_text_encoder(TextSizes(layers=1), 50).requires_grad_(False)
    rows = np.arange(49_408, dtype=np.int64) % 49
    rows[END] = 49
    return Base(unet, text, rows, None, Tokenizer(), NoiseSchedule(torch.device("cpu")))  # type: ignore[arg-type]


@pytest.fixture
def lessons() -> Lessons:
    torch.manual_seed(0)
    return Lessons(SIZES, 64)


def pictures(count: int) -> tuple[np.ndarray, Layouts]:
    scenes = unseen(count, seed=7)
    return np.stack([draw(scene) for scene in scenes]), Layouts.of(scenes)


def test_the_engine_sees_by_the_file_what_was_taught(lessons, tmp_path):
    vision.write(tmp_path / "v.safetensors", lessons)
    encoder = models.load_vision_encoder(tmp_path / "v.safetensors", precision=FP32)
    assert (encoder.config.image_size, encoder.config.projection, encoder.config.layers) == (128, 32, 2)
    given, _ = pictures(4)
    ours, theirs = lessons.said(vision.pixels_of(given)).detach(), torch.from_numpy(unclip.look(encoder, given))
    assert (ours - theirs).norm() / ours.norm() < 0.1  # weights are 8-bit floats
    assert not torch.allclose(theirs[0], theirs[1], atol=1e-2)


def test_captions_and_places_teach(lessons, base):
    given, layouts = pictures(8)
    pixels = vision.pixels_of(given)
    words = vision.words_of(
        base, [f"a {word} star" for word in ["red", "orange", "yellow", "green", "blue", "purple", "pink", "white"]]
    )
    optimizer, errors = torch.optim.Adam(lessons.parameters(), 3e-3), []
    for _ in range(25):
        said = lessons.said(pixels)
        contrast, layout = lessons.contrast(said, words), lessons.layout_error(said, layouts)
        errors.append((float(contrast.detach()), float(layout.detach())))
        optimizer.zero_grad()
        (contrast + layout).backward()
        optimizer.step()
    assert errors[-1][0] < 0.6 * errors[0][0] and errors[-1][1] < 0.6 * errors[0][1]
    with torch.no_grad():
        said = lessons.said(pixels)
        assert lessons.contrast(said, words) < 0.7 * lessons.contrast(said, words.roll(1, 0))
        shapes, colours, background = lessons.read(said)
    assert shapes.shape == (8, 64, 7) and colours.shape == (8, 64, 9)
    assert (background.argmax(1) == layouts.classes[:, 2, 0, 0]).float().mean() > 0.7


def test_what_is_said_of_a_text_ends_with_it(base):
    short, long = vision.words_of(base, ["a star", "a star on a blue background, a picture"])
    assert not torch.allclose(short, long)
    with torch.no_grad():
        hidden = base.context(["a star"]).float()
    torch.testing.assert_close(short[:64], hidden[0, 3], atol=0.05, rtol=0)  # start, a, star, end
    torch.testing.assert_close(short[64:], hidden[0, :4].mean(0), atol=0.05, rtol=0)


def test_vectors_are_those_of_the_engine(tmp_path, monkeypatch, base):
    said = torch.randn(50, 16, generator=torch.Generator().manual_seed(1)) * 3 + 2
    seen = unclip.Seen.of(said)
    unet, sizes = unclip.told(base.unet, base.sizes, 32)
    unclip.write(tmp_path / "u.safetensors", unet, sizes, seen)
    augment = Augmentation(open_weights(tmp_path / "u.safetensors"), 16, seed=5)
    monkeypatch.setattr(torch, "randn_like", lambda like: run_noise(like, 5))
    for share in (0.0, 0.05, 0.3, 1.0):
        level = round((STEPS - 1) * share)
        ours = seen.vectors(np.array([3]), torch.tensor([level]))
        torch.testing.assert_close(ours, augment(said[3:4], share), atol=0.01, rtol=0.01)  # the file's are float16


def test_embeddings_come_clean_mixed_and_of_any_noise():
    levels = unclip.drawn_levels(4000, np.random.default_rng(0))
    assert int(levels.min()) >= 0 and 900 < int(levels.max()) < STEPS
    assert float((levels == 0).float().mean()) == pytest.approx(unclip.CLEAN, abs=0.05)
    assert float((levels == 50).float().mean()) == pytest.approx(unclip.MERGED, abs=0.05)


def test_a_network_that_is_told_of_pictures_starts_as_it_was_and_is_written_as_it_is(base, tmp_path):
    unet, sizes = unclip.told(base.unet, base.sizes, 32)
    noisy, context, times = torch.randn(2, 4, 8, 8), torch.randn(2, 77, 64), torch.tensor([5, 700])
    vector = torch.randn(2, 32)

    def answer(network):
        with torch.no_grad():
            return network(noisy, times, encoder_hidden_states=context, class_labels=vector).sample

    assert torch.equal(answer(unet), base.unet(noisy, times, encoder_hidden_states=context).sample)
    torch.nn.init.normal_(unet.class_embedding.linear_2.weight, std=0.3)
    unclip.write(tmp_path / "u.safetensors", unet, sizes, unclip.Seen.of(torch.randn(50, 16)))
    model = models.load_network(tmp_path / "u.safetensors", precision=FP32)
    assert (model.family.name, model.prediction.name) == ("Stable Diffusion 2.1 unCLIP", "velocity")
    sigma = model.noise_levels.sigma(times)
    inputs = NetworkInputs(context, vector=vector)
    ours = model.denoise(noisy * (1 + sigma**2).sqrt().view(-1, 1, 1, 1), sigma, inputs)
    theirs = model.prediction.denoised(noisy * (1 + sigma**2).sqrt().view(-1, 1, 1, 1), answer(unet), sigma)
    assert (ours - theirs).norm() / theirs.norm() < 0.1  # weights are 8-bit floats


def test_the_error_is_0_for_the_velocity_itself_and_counts_cells(base):
    latents, cells = torch.zeros(3, 4, 8, 8), torch.ones(3, 8, 8)
    wrong_from = 8

    class Knowing:
        def __call__(self, noisy, times, encoder_hidden_states, class_labels):
            signal, noise = (part[times].view(-1, 1, 1, 1) for part in (base.noise.signal, base.noise.noise))
            velocity = (noisy * signal / noise).clone()  # of latents that are 0, all is noise
            velocity[:, :, wrong_from:] += 10
            return type("Output", (), {"sample": velocity})

    def error():
        return float(unclip.velocity_loss(base, Knowing(), latents, torch.zeros(3, 32), torch.zeros(3, 77, 64), cells))

    assert error() < 1e-3
    wrong_from = 1
    assert error() > 1
    cells[:, 1:] = 0.0
    assert error() < 1e-3


def test_a_batch_has_seen_and_unseen_pictures_with_and_without_words(base, monkeypatch):
    scenes = unseen(30, seed=3)
    seen = unclip.Seen.of(torch.randn(30, 16))
    lessons = unclip.Lessons(base, seen, torch.randn(30, 4, 16, 16), scenes)
    given = {}

    def note(*told):
        given.update(zip(("vectors", "context"), told[3:5], strict=True))
        return told[2].sum()

    monkeypatch.setattr(unclip, "BATCH", 200)
    monkeypatch.setattr(unclip, "velocity_loss", note)
    lessons.loss(base.unet, np.random.default_rng(0))
    unseen_ones = (given["vectors"] == 0).all(1)
    has_words = (given["context"] != lessons.nothing).any(2).any(1)
    assert float(unseen_ones.float().mean()) == pytest.approx(unclip.UNSEEN_PICTURES, abs=0.06)
    for shown, share in unclip.WORDS.items():
        assert float(has_words[unseen_ones != shown].float().mean()) == pytest.approx(share, abs=0.25)


def test_judges_of_ways_know_ends_from_mixtures():
    ways = judge.ways(6)
    others = unseen(80, ("one",), seed=9)
    for first, last in ways:
        ends = draw(first), draw(last)
        assert not any(judge.shows_both(end, first, last) for end in ends)
        assert judge.shows_both((ends[0] / 2.0 + ends[1] / 2.0).astype(np.uint8), first, last)
        assert judge.shows_both(draw(replace(first, background=last.background)), first, last)
    known = [(w, s) for w, s in zip(ways, others, strict=False) if not (judge.traits_of(s) & _traits(w))]
    assert known and not all(judge.shows_both(draw(s), *w) for w, s in known)


def _traits(way):
    return judge.traits_of(way[0]) | judge.traits_of(way[1])


def test_judges_of_variations_know_the_truth():
    scenes = unseen(8)
    truth = [draw(scene) for scene in scenes]
    assert set(judge.kept(truth, scenes).values()) == {100.0}
    assert judge.kept(truth[1:] + truth[:1], scenes)["attributes"] < 30
