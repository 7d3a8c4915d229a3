"""Which hooks hold when, which prompts share a pass, and what default prompts are left with."""

import pytest
import torch

from engine.sampling import hooks
from engine.sampling.conditioning import Area, Conditioning, ConditioningItem
from engine.sampling.guidance import BasicGuider, CfgGuider
from engine.sampling.hooks import Hook, HookKeyframe
from tests.sampling.gaussian import LEVELS, GaussianModel

X, SIGMA = torch.zeros(1, 4, 16, 16), torch.full((1,), 2.0)


def hook(strength: float = 1.0, *keyframes: tuple[float, float]) -> Hook:
    return Hook(object(), strength, strength, tuple(HookKeyframe(*frame) for frame in keyframes))


def item(mean: float, **more: object) -> ConditioningItem:
    return ConditioningItem(torch.full((1, 7, 3), mean), **more)


def prompt(*items: ConditioningItem) -> Conditioning:
    return Conditioning(items)


@pytest.mark.parametrize(
    ("keyframes", "expected"),
    [
        ((), {0.0: 1.0, 0.5: 1.0, 1.0: 1.0}),
        (((0.0, 0.2), (0.5, 0.7)), {0.0: 0.2, 0.49: 0.2, 0.5: 0.7, 0.99: 0.7}),
        (((0.4, 0.3), (0.8, 0.6)), {0.0: 0.3, 0.39: 0.3, 0.5: 0.3, 0.9: 0.6}),  # the first one holds before it begins
    ],
)
def test_the_last_keyframe_that_has_begun_counts(keyframes, expected) -> None:
    (placed,) = hooks.place_hooks((hook(2.0, *keyframes),), LEVELS)
    for percent, multiplier in expected.items():
        assert placed.hook.multiplier(percent) == multiplier
        assert placed.at(LEVELS.at_percent(percent)).strength == 2.0 * multiplier


def test_hooks_that_change_nothing_are_no_reason_for_a_pass_of_their_own() -> None:
    ended, none = hook(1.0, (0.0, 1.0), (0.1, 0.0)), hook(0.0)
    model = GaussianModel()
    BasicGuider(model, prompt(item(1.0), item(2.0, hooks=(ended, none))))(X, SIGMA)
    assert [len(call.embedding) for _, _, call in model.calls] == [2]
    assert model.calls[0][2].hooks == ()


def test_equal_hooks_share_a_pass_and_come_one_after_the_other() -> None:
    a, b = hook(0.5), hook(0.8)
    model = GaussianModel()
    wide = {"area": Area(8, 16, 0, 0)}
    positive = prompt(item(1.0, hooks=(a,)), item(2.0, hooks=(b,)), item(3.0, hooks=(a,), **wide))
    negative = prompt(item(0.0, hooks=(b,)), item(0.0, hooks=(a,)))
    CfgGuider(model, positive, negative, 4.0)(X, SIGMA)
    told = [(len(call.embedding), [active.strength for active in call.hooks]) for _, _, call in model.calls]
    # of the area: the positive prompt's, and the counterpart that says what the first negative one says
    assert told == [(2, [0.5]), (1, [0.5]), (2, [0.8]), (1, [0.8])]


def test_the_counterpart_of_an_area_has_the_hooks_of_what_it_says() -> None:
    a, b = hook(0.5), hook(0.8)
    model = GaussianModel()
    CfgGuider(model, prompt(item(1.0, area=Area(8, 16, 0, 0), hooks=(a,))), prompt(item(0.0, hooks=(b,))), 4.0)(
        X, SIGMA
    )
    assert {(call.prompts, tuple(active.hook for active in call.hooks)) for _, _, call in model.calls} == {
        ((0,), (a,)),
        ((1,), (b,)),
    }


@pytest.mark.parametrize("covered", ["mask", "area", "half"])
def test_a_default_prompt_has_what_the_others_leave(covered: str) -> None:
    mask = torch.zeros(1, 16, 16)
    mask[:, :8] = 1.0 if covered == "mask" else 0.25
    where = {"area": Area(8, 16, 0, 0)} if covered == "area" else {"mask": mask}
    model = GaussianModel(std=1e-6)  # its estimate is the mean that the prompt says
    ours = BasicGuider(model, prompt(item(1.0, **where), item(3.0, is_default=True)))(X, SIGMA)
    rest = torch.full((4, 8, 16), 3.0)
    torch.testing.assert_close(ours[0, :, 8:], rest, atol=1e-4, rtol=0)
    if covered == "area":  # which fades in from its inner edge
        weights = torch.tensor([1.0] * 6 + [1.0, 0.5])
        torch.testing.assert_close(ours[0, 0, :8, 0], weights + 3 * (1 - weights), atol=1e-4, rtol=0)
    else:
        expected = 1.0 if covered == "mask" else 0.25 * 1 + 0.75 * 3
        torch.testing.assert_close(ours[0, :, :8], torch.full((4, 8, 16), expected), atol=1e-4, rtol=0)


def test_a_default_prompt_counts_where_the_others_are_over() -> None:
    model = GaussianModel(std=1e-6)
    early = item(1.0, end_percent=0.3)
    guide = BasicGuider(model, prompt(early, item(3.0, is_default=True)))
    assert guide(X, torch.full((1,), LEVELS.at_percent(0.1)))[0, 0, 0, 0] == pytest.approx(1.0, abs=1e-4)
    assert len(model.calls) == 1 and len(model.calls[0][2].embedding) == 1
    assert guide(X, torch.full((1,), LEVELS.at_percent(0.5)))[0, 0, 0, 0] == pytest.approx(3.0, abs=1e-4)


def test_what_was_encoded_for_a_part_of_the_run_counts_in_that_part_up_to_its_end() -> None:
    model = GaussianModel(std=1e-6)
    guide = BasicGuider(model, prompt(item(1.0, encoded_end=0.5), item(3.0, encoded_start=0.5)))
    border = LEVELS.at_percent(0.5)
    for sigma, mean in ((border * 1.01, 1.0), (border, 3.0), (LEVELS.sigma_max * 2, 1.0), (1e-4, 3.0)):
        assert guide(X, torch.full((1,), sigma))[0, 0, 0, 0] == pytest.approx(mean, abs=2e-2)
    assert [len(call.embedding) for _, _, call in model.calls] == [1] * 4


def test_of_keyframes_at_one_place_the_last_counts_and_they_are_in_order() -> None:
    frames = hooks.add_keyframes((HookKeyframe(0.5, 1.0),), HookKeyframe(0.2, 2.0), HookKeyframe(0.5, 3.0))
    assert frames == (HookKeyframe(0.2, 2.0), HookKeyframe(0.5, 3.0))
