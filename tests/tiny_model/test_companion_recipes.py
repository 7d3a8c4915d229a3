"""The recipes of the companions: pairs, maps, changes of few numbers, 8-bit files, a loop that resumes, fair judges."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from engine.models.weights import open_weights
from engine.pixels import edges
from tools.tiny_model.companions import scores, training_loop
from tools.tiny_model.companions.base import Base
from tools.tiny_model.companions.controlnet import SEGMENT_COLOURS, THRESHOLDS, class_map, edge_map
from tools.tiny_model.companions.edits import KINDS, edits_of, sample_edit
from tools.tiny_model.companions.embedding import Word, encoded
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.looks import TEAL, draw_in, draw_moons, draw_outlined
from tools.tiny_model.companions.low_rank import add_ranks
from tools.tiny_model.companions.small import load_small, without_deepest
from tools.tiny_model.companions.training_loop import Settings, Training, train
from tools.tiny_model.companions.variants import wider
from tools.tiny_model.dataset import held_out_pairs, training_scenes
from tools.tiny_model.drawing import draw
from tools.tiny_model.networks import TextSizes, UNetSizes, build_text_encoder, build_unet
from tools.tiny_model.tokenizer import Tokenizer
from tools.tiny_model.train_unet import NoiseSchedule
from tools.tiny_model.training import Length

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base() -> Base:
    """Small networks with random weights, which know 50 rows of the vocabulary."""
    torch.manual_seed(0)
    unet = build_unet(UNetSizes(widths=(32, 32), attention=(False, True))).requires_grad_(False)
    text = build_text_encoder(TextSizes(layers=1), 50).requires_grad_(False)
    rows = np.arange(49_408, dtype=np.int64) % 50
    return Base(unet, text, rows, None, Tokenizer(), NoiseSchedule(torch.device("cpu")))  # type: ignore[arg-type]


def test_edits_say_what_changes_and_change_nothing_else():
    scenes, held = list(training_scenes(200, seed=4)), held_out_pairs()
    edits = [edit for _, edit in edits_of(scenes, seed=1)]
    assert {edit.kind for edit in edits} == set(KINDS)
    for edit in edits:
        before, after = set(edit.before.things), set(edit.after.things)
        assert before ^ after == set(edit.touched)
        assert (edit.before.background != edit.after.background) == (edit.kind == "background")
        assert edit.before != edit.after
        assert edit.after.combination not in held
        new = [thing for thing in edit.touched if thing in edit.after.things]
        if edit.kind in ("recolour", "add"):
            assert new[0].colour in edit.instruction
        if edit.kind in ("reshape", "add"):
            assert new[0].shape in edit.instruction


def test_edge_maps_are_those_of_the_node():
    pictures = np.stack([draw(scene) for scene in training_scenes(3, seed=5)])
    for low, high in THRESHOLDS:
        theirs = edges(torch.from_numpy(pictures).float() / 255, low, high)[..., 0].numpy() > 0.5
        assert (edge_map(pictures, (low, high)) == theirs).all()
        assert theirs.any()


def test_class_maps_cover_the_objects():
    for scene in training_scenes(10, seed=6):
        assert scores.agreement(draw(scene), scene) > 0.9
        assert len(np.unique(class_map(scene))) == 1 + len({thing.shape for thing in scene.things})
        assert class_map(scene).max() < len(SEGMENT_COLOURS)


def test_changes_of_few_numbers_start_as_nothing_and_are_added():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(6, 8, 3), nn.Flatten(), nn.Linear(8, 5)).requires_grad_(False)
    given = torch.randn(2, 6, 3, 3)
    before = network(given)
    changes = add_ranks(network, 2, lambda name: True)
    assert torch.equal(network(given), before)
    assert {name for name, p in network.named_parameters() if p.requires_grad} == {
        f"{layer}.parametrizations.weight.0.{part}" for layer in "02" for part in ("up", "down")
    }
    changes["0"].up.data.normal_()
    up, down = changes["0"].stored()
    assert up.shape == (8, 2, 1, 1) and down.shape == (2, 6, 3, 3)
    original = network[0].parametrizations.weight.original
    assert torch.allclose(network[0].weight, original + (up.flatten(1) @ down.flatten(1)).view_as(original))


def test_narrow_files_are_read_by_the_engine_nearly_as_they_were(tmp_path):
    torch.manual_seed(0)
    weights = {"a.weight": torch.randn(64, 16, 3, 3) * 0.03, "a.bias": torch.randn(64), "b.weight": torch.randn(8, 8)}
    write_weights(tmp_path / "n.safetensors", weights, narrow=True)
    found = open_weights(tmp_path / "n.safetensors")
    assert set(found) == set(weights)
    error = (found["a.weight"] - weights["a.weight"]).norm() / weights["a.weight"].norm()
    assert 0 < error < 0.04  # three bits of mantissa
    assert torch.equal(found["b.weight"], weights["b.weight"].half())
    assert (tmp_path / "n.safetensors").stat().st_size < 1.3 * weights["a.weight"].numel()
    with pytest.raises(ValueError, match=r"cannot hold a\.bias"):
        write_weights(tmp_path / "x.safetensors", {"a.bias": torch.tensor([1e6])})


def test_training_learns_and_resumes_where_it_stopped(tmp_path):
    torch.manual_seed(0)
    wanted, layer = torch.randn(20, 20), nn.Linear(20, 20)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        given = torch.from_numpy(rng.standard_normal((32, 20))).float()
        return ((layer(given) - given @ wanted) ** 2).mean()

    before = float(loss_of(np.random.default_rng(0)).detach())
    train("one", layer, loss_of, Settings(tmp_path, Length(minutes=0.004), rate=1e-1))
    after = float(loss_of(np.random.default_rng(0)).detach())
    assert after < 0.7 * before
    again = Training("one", nn.Linear(20, 20), Settings(tmp_path, Length(minutes=1), rate=2e-2))
    assert again.resume() >= 0.004 * 60
    assert again.step > 10
    averaged = dict(layer.named_parameters())["weight"]
    assert torch.equal(again.average.averages[list(again.trained).index("weight")], averaged)


def test_so_many_steps_give_the_same_weights_interrupted_or_not(tmp_path, monkeypatch):
    torch.manual_seed(1)
    wanted = torch.randn(6, 6)

    def trained(run: str, stops_after: int | None = None) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        layer, done = nn.Linear(6, 6), 0

        def loss_of(rng: np.random.Generator) -> torch.Tensor:
            nonlocal done
            if done == stops_after:
                raise KeyboardInterrupt
            done += 1
            given = torch.from_numpy(rng.standard_normal((8, 6))).float() + 0.1 * torch.randn(8, 6)
            return ((layer(given) - given @ wanted) ** 2).mean()

        train("one", layer, loss_of, Settings(tmp_path / run, Length(minutes=1, steps=20), rate=3e-2, seed=5))
        return layer.state_dict()

    whole = trained("whole")
    monkeypatch.setattr(training_loop, "CHECKPOINT_S", 0)  # every step
    with pytest.raises(KeyboardInterrupt):
        trained("cut", stops_after=7)
    assert torch.load(tmp_path / "cut" / "one_state.pt", weights_only=True)["step"] == 7
    again = trained("cut")
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_a_variant_starts_as_the_base_whatever_lies_beside(base):
    wide = wider(base.unet, base.sizes, 9)
    noisy, context, times = torch.randn(2, 4, 8, 8), torch.randn(2, 77, 64), torch.tensor([5, 700])
    with torch.no_grad():
        ours = wide(torch.cat([noisy, torch.randn(2, 5, 8, 8)], 1), times, encoder_hidden_states=context).sample
        theirs = base.unet(noisy, times, encoder_hidden_states=context).sample
    assert torch.equal(ours, theirs)
    assert wide.conv_in.weight.requires_grad and not base.unet.conv_in.weight.requires_grad


def test_the_small_base_has_the_blocks_of_the_base_without_its_deepest_level(base, tmp_path):
    whole = UNetSizes(widths=(32, 32, 32), attention=(False, True, True))
    unet = build_unet(whole)
    small, sizes = without_deepest(unet, whole)
    assert sizes == UNetSizes(widths=(32, 32), attention=(False, True))
    theirs, ours = unet.state_dict(), small.state_dict()
    for place, was in (("down_blocks.1.attentions.", "down_blocks.1.attentions."), ("up_blocks.0.", "up_blocks.1.")):
        kept = [name.removeprefix(place) for name in ours if name.startswith(place)]
        assert kept and all(torch.equal(ours[place + name], theirs[was + name]) for name in kept)
    with pytest.raises(FileNotFoundError, match=r"companions\.small"):
        load_small(tmp_path)
    torch.save({"unet": ours, "sizes": asdict(sizes)}, tmp_path / "small.pt")
    again, same_sizes = load_small(tmp_path)
    assert same_sizes == sizes and torch.equal(again.state_dict()["conv_in.weight"], ours["conv_in.weight"])


def test_the_denoising_error_is_0_for_the_noise_itself_and_counts_cells(base):
    latents, said = torch.zeros(3, 4, 8, 8), {}

    def predict(noisy, times):
        said["level"] = base.noise.noise[times].view(-1, 1, 1, 1)
        return noisy / said["level"]  # of latents that are 0, all is noise

    assert float(base.denoising_loss(latents, predict)) < 1e-4
    cells = torch.zeros(3, 8, 8)
    cells[:, 0, 0] = 1.0

    def wrong_elsewhere(noisy, times):
        guess = predict(noisy, times).clone()
        guess[:, :, 1:] += 10
        return guess

    assert float(base.denoising_loss(latents, wrong_elsewhere, cells)) < 1e-4
    assert float(base.denoising_loss(latents, wrong_elsewhere)) > 1


def test_an_embedding_stands_for_its_word_only_and_learns(base):
    word = Word(torch.zeros(1, 64))
    plain = base.context(["a blue star"])
    assert torch.equal(encoded(base, word, ["a blue star"]), plain)
    changed = encoded(base, word, ["a red star"])
    assert not torch.equal(changed, base.context(["a red star"]))
    changed.sum().backward()
    assert word.vector.grad is not None and word.vector.grad.abs().sum() > 0
    assert torch.equal(base.context(["a blue star"]), plain)  # nothing is left behind


def judged(draw_one, judge, scenes):
    return [judge(draw_one(scene)) for scene in scenes]


def test_judges_know_the_truth_from_the_usual():
    scenes = [s for s in scores.unseen(12, ("one",)) if s.things[0].shape != "ring"][:6]
    assert all(judged(draw_outlined, scores.is_outlined, scenes))
    assert not any(judged(draw, scores.is_outlined, scenes))
    assert all(scores.is_moon(scores.components(draw_moons(scene))[0]) for scene in scenes)
    assert not any(scores.is_moon(scores.components(draw(scene))[0]) for scene in scenes)
    fitting = [scene for scene in scenes if scene.background not in ("blue", "green", "meadow")]
    assert all(judged(lambda scene: draw_in(scene, TEAL), scores.nearest_is_teal, fitting))
    assert not any(judged(draw, scores.nearest_is_teal, scenes))


def test_an_edit_is_right_only_once_it_is_made():
    rng = np.random.default_rng(3)
    edits = [edit for scene in scores.unseen(8) if (edit := sample_edit(scene, rng)) is not None]
    for edit in edits:
        before, after = draw(edit.before), draw(edit.after)
        assert scores.is_edit_right(after, edit) and not scores.is_edit_right(before, edit)
        assert scores.is_rest_unchanged(after, before, edit)
    inverted = 255 - draw(edits[0].before)
    assert not scores.is_rest_unchanged(inverted, draw(edits[0].before), edits[0])
