"""Weights take turns between hooks: only what differs changes, nothing is computed twice, nothing is left behind."""

import gc
import random
import weakref

import pytest
import torch

from engine import models
from engine.models.hooks import HookedChange, hook_patches
from engine.models.memory import hosted_module
from engine.sampling import Hook
from engine.sampling.hooks import ActiveHook
from tests import tiny

FIRST, SECOND, THIRD = "out.2.weight", "out.2.bias", "out.0.weight"


class Add:
    """A patch that adds a constant to some weights, and counts how often it is asked."""

    def __init__(self, amount, *names):
        self.amount, self.weight_names, self.asked = amount, set(names), []

    def patched(self, name, weight):
        self.asked.append(name)
        return weight.add_(self.amount)


class Broken(Add):
    def patched(self, name, weight):
        raise ArithmeticError("half-way")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tiny.write_checkpoint(tmp_path_factory.mktemp("hooks") / "x.safetensors")


@pytest.fixture(params=["fp32", "bf16", "fp8"])
def model(request, path):
    chosen = models.choose_precision(every="bf16" if request.param == "fp8" else request.param)
    if request.param == "fp8":
        chosen = chosen.storing_network("fp8_e4m3fn")
    return models.load_checkpoint(path, precision=chosen).model


@pytest.fixture(params=[True, False], ids=["with room", "without room"])
def room(request, monkeypatch):
    monkeypatch.setattr(hosted_module, "can_spare", lambda device, nbytes: request.param)
    return request.param


def bits(model):
    return {
        name: t.float() if t.dtype != torch.float32 else t.clone()
        for name, t in model.hosted.module.state_dict().items()
    }


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def under(model, *patches):
    """What the weights are under patches, by the plain way."""
    with model.hosted.holding(patches):
        return bits(model)


def test_hooks_take_turns_and_the_weights_are_to_the_bit_what_they_are_under_plain_patches(model, room):
    plain, a, b = Add(0.25, FIRST, THIRD), Add(0.5, FIRST, SECOND), Add(-1.0, SECOND, THIRD)
    turns = [{}, {"a": a}, {"b": b}, {"a": a, "b": b}, {"a": a}, {}, {"b": b}]
    expected = [under(model, plain, *turn.values()) for turn in turns]
    original = under(model)
    with model.hosted.holding([plain]):
        for _ in range(2):
            for turn, wanted in zip(turns, expected, strict=True):
                with model.hosted.holding([plain], turn):
                    assert same(bits(model), wanted)
        with model.hosted.holding([plain]):
            assert same(bits(model), expected[0])
    assert same(bits(model), original)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_turns_with_room_now_and_then_is_exact(model, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr(hosted_module, "can_spare", lambda device, nbytes: chance.random() < 0.6)
    names = (FIRST, SECOND, THIRD)
    choices = {key: [Add(chance.uniform(-1, 1), *chance.sample(names, 2)) for _ in range(2)] for key in "abc"}
    original, plain = under(model), Add(0.5, SECOND)
    with model.hosted.holding([plain]):
        for _ in range(25):
            keys = chance.sample("abc", chance.randint(0, 3))
            turn = {key: chance.choice(choices[key]) for key in keys}
            base = chance.choice(([plain], []))
            with model.hosted.holding(base, turn) as module:
                for name in names:
                    written = torch.empty_like(module.get_parameter(name))
                    written.copy_(model.hosted.patched_weight(name, [*base, *turn.values()]))
                    assert torch.equal(module.get_parameter(name).float(), written.float())
    assert same(bits(model), original)


def test_what_was_computed_once_is_not_computed_again_where_there_is_room(model, room):
    a, b = Add(0.5, FIRST, SECOND), Add(-1.0, SECOND, THIRD)
    with model.hosted.holding():
        for _ in range(5):
            for turn in ({"a": a}, {"b": b}, {}):
                with model.hosted.holding([], turn):
                    pass
    assert len(a.asked) == len(b.asked) == (2 if room else 10)
    assert not model.hosted._idle._by_name  # and nothing is kept for later runs


def test_one_hook_for_all_passes_is_applied_once(model, room):
    a = Add(0.5, FIRST)
    with model.hosted.holding():
        for _ in range(5):
            with model.hosted.holding([], {"a": a}):
                pass
    assert a.asked == [FIRST]


def test_a_new_strength_takes_the_place_of_the_old_one(model, room):
    original = under(model)
    with model.hosted.holding():
        for amount in (0.1, 0.2, 0.3, 0.4):
            for turn in ({"a": Add(amount, FIRST)}, {}):
                with model.hosted.holding([], turn):
                    assert len(model.hosted._idle._by_name.get(FIRST, {})) <= 1
    assert same(bits(model), original)


def test_a_hook_that_fails_leaves_the_original_weights(model, room):
    original = under(model)
    with pytest.raises(ArithmeticError), model.hosted.holding([Add(0.25, THIRD)]):
        with model.hosted.holding([], {"a": Add(0.5, FIRST, SECOND)}):
            pass
        with model.hosted.holding([], {"b": Broken(1.0, SECOND)}):
            pass
    assert same(bits(model), original)
    assert same(under(model), original)


def test_what_ends_a_run_inside_a_pass_leaves_the_original_weights(model, room):
    original = under(model)
    with pytest.raises(KeyboardInterrupt), model.hosted.holding():
        for turn in ({"a": Add(0.5, FIRST, SECOND)}, {"b": Add(1.0, SECOND)}):
            with model.hosted.holding([], turn):
                if "b" in turn:
                    raise KeyboardInterrupt
    assert same(bits(model), original)


def test_a_hook_outside_of_a_run_is_taken_away_at_once(model, room):
    original = under(model)
    with model.hosted.holding([], {"a": Add(0.5, FIRST)}):
        assert not same(bits(model), original)
    assert same(bits(model), original)


class Constant(HookedChange):
    def _make(self, part, strength):
        return Add(strength, FIRST)


def test_a_change_makes_one_patch_for_each_strength_and_lets_go_of_modules(path):
    change = Constant()
    model = models.load_checkpoint(path).model
    hook = Hook(change, 1.0, 1.0)
    first, again, other = (hook_patches(model, [ActiveHook(hook, s)])[hook] for s in (0.5, 0.5, 0.7))
    assert first is again and other is not first
    assert hook_patches(model, [ActiveHook(hook, 0.0)]) == {}
    gone = weakref.ref(model.hosted)
    del model
    gc.collect()
    assert gone() is None


def test_what_is_no_change_of_weights_is_refused(model):
    with pytest.raises(TypeError, match=r"carries a models\.HookedChange, not a str"):
        hook_patches(model, [ActiveHook(Hook("a", 1.0, 1.0), 1.0)])
