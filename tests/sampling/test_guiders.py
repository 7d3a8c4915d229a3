"""Guiders of several prompts, what is prepared for a run, and where patches take part."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from engine.sampling.conditioning import Conditioning, ConditioningItem, Latent
from engine.sampling.guidance import BasicGuider, CfgGuider, DualCfgGuider, PerpNegGuider, perp_neg
from engine.sampling.guidance_patches import GuidanceCall, GuidancePatches
from tests.sampling.gaussian import Gaussian, GaussianModel
from tests.sampling.test_guidance import AddOne, prompt

SIGMA, X = torch.tensor([1.0]), torch.zeros(1, 4, 16, 16)
UNIT = float(Gaussian(1.0)(torch.zeros(1, 1, 1, 1), SIGMA))  # what a mean of 1 gives at x = 0
LATENT = Latent(torch.zeros(1, 4, 16, 16))


def value(guided: Tensor) -> float:
    return float(guided.mean()) / UNIT


def dual(model: GaussianModel, cfg_positive: float, cfg_negative: float, nested: bool) -> DualCfgGuider:
    prompts = prompt(5.0), prompt(2.0), prompt(-1.0)
    return DualCfgGuider(model, *prompts, cfg_positive=cfg_positive, cfg_negative=cfg_negative, nested=nested)


def test_dual_guidance_adds_both_directions_or_nests_them() -> None:
    model = GaussianModel()
    assert value(dual(model, 3.0, 4.0, False)(X, SIGMA)) == pytest.approx(-1 + 4 * 3 + 3 * 3)
    assert value(dual(model, 3.0, 4.0, True)(X, SIGMA)) == pytest.approx(-1 + 4 * (2 + 3 * 3 + 1))
    assert [len(x) for x, _, _ in model.calls] == [3, 3], "three prompts, one pass"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("cfg_positive", "cfg_negative", "evaluated"), [(3.0, 1.0, 2), (1.0, 1.0, 1), (1.0, 2.0, 3)])
def test_dual_guidance_leaves_out_what_does_not_count(
    cfg_positive: float, cfg_negative: float, evaluated: int, nested: bool
) -> None:
    model = GaussianModel()
    guider = dual(model, cfg_positive, cfg_negative, nested)
    short, whole = guider(X, SIGMA), guider.estimate(X, SIGMA).denoised
    assert [len(x) for x, _, _ in model.calls] == [evaluated, 3]
    assert torch.allclose(short, whole, atol=1e-5)


def test_dual_guidance_says_from_where_its_inner_guidance_leads() -> None:
    assert value(dual(GaussianModel(), 3.0, 4.0, False).estimate(X, SIGMA).unconditional) == pytest.approx(-1)
    assert value(dual(GaussianModel(), 3.0, 4.0, True).estimate(X, SIGMA).unconditional) == pytest.approx(2)


def test_perp_neg_takes_off_only_what_the_positive_does_not_share() -> None:
    positive, empty = torch.tensor([3.0, 0.0]), torch.tensor([1.0, 0.0])
    along, across = torch.tensor([4.0, 0.0]), torch.tensor([4.0, 5.0])
    assert torch.allclose(perp_neg(positive, along, empty, 2.0, 1.0), torch.tensor([5.0, 0.0])), "nothing to avoid"
    assert torch.allclose(perp_neg(positive, across, empty, 2.0, 0.5), torch.tensor([5.0, -5.0]))
    assert torch.allclose(perp_neg(empty, across, empty, 2.0, 1.0), torch.tensor([-5.0, -10.0])), "no direction at all"


def test_perp_neg_guider_evaluates_three_prompts_in_one_pass() -> None:
    model = GaussianModel()
    guider = PerpNegGuider(model, prompt(3.0), prompt(9.0), prompt(1.0), cfg=2.0, neg_scale=1.0)
    assert value(guider(X, SIGMA)) == pytest.approx(1 + 2 * 2), "means differ along one line only"
    assert [len(x) for x, _, _ in model.calls] == [3]
    assert value(guider.estimate(X, SIGMA).unconditional) == pytest.approx(9)


def test_one_prompt_alone_is_its_own_unconditional() -> None:
    model = GaussianModel()
    guided = BasicGuider(model, prompt(3.0)).estimate(X, SIGMA)
    assert guided.unconditional is guided.denoised
    assert [len(x) for x, _, _ in model.calls] == [1]


@dataclass
class PreparingModel(GaussianModel):
    """Keeps a record of what it is asked to prepare."""

    def __post_init__(self) -> None:
        self.asked: list[tuple[float, int, bool]] = []

    def prepare(self, conditioning: Conditioning, latent: Latent, seed: int, *, is_negative: bool) -> Conditioning:
        assert latent is LATENT
        self.asked.append((float(conditioning[0].embedding.mean()), seed, is_negative))
        return conditioning.map(lambda item: item.with_(embedding=item.embedding + 10))


def test_prompts_are_prepared_once_a_run_and_only_the_negative_one_as_such() -> None:
    model = PreparingModel()
    guiders = [
        CfgGuider(model, prompt(1.0), prompt(2.0), 1.0),
        BasicGuider(model, prompt(1.0)),
        DualCfgGuider(model, prompt(1.0), prompt(2.0), prompt(3.0), cfg_positive=1.0, cfg_negative=1.0),
        PerpNegGuider(model, prompt(1.0), prompt(2.0), prompt(3.0), cfg=1.0, neg_scale=0.0),
    ]
    negatives = []
    for guider in guiders:
        model.asked.clear()
        ready = guider.for_run(LATENT, 7)
        assert value(ready(X, SIGMA)) == pytest.approx(11)
        ready(X, SIGMA)
        assert {seed for _, seed, _ in model.asked} == {7}
        negatives.append([is_negative for _, _, is_negative in model.asked])
        assert value(guider(X, SIGMA)) == pytest.approx(1), "the guider itself stays as it is"
    assert negatives == [[False, True], [False], [False, False, True], [False, True, False]]


def test_controls_of_the_positive_reach_every_other_prompt() -> None:
    positive = prompt(0.0, controls=(AddOne(),), control_apply_to_uncond=True)
    sigma = torch.tensor([10.0])
    guider = PerpNegGuider(GaussianModel(), positive, prompt(0.0), prompt(0.0), cfg=1.0, neg_scale=0.0)
    assert float(guider(X, sigma).mean()) == pytest.approx(1.0)
    assert float(guider.estimate(X, sigma).unconditional.mean()) == pytest.approx(1.0)


def test_areas_have_counterparts_in_every_other_prompt() -> None:
    from engine.sampling.conditioning import Area

    model = GaussianModel()
    positive = prompt(2.0) + prompt(4.0, area=Area(8, 8, 0, 0))
    PerpNegGuider(model, positive, prompt(1.0), prompt(0.0), cfg=1.0, neg_scale=0.0)(X, SIGMA)
    assert sorted(tuple(x.shape) for x, _, _ in model.calls) == [(3, 4, 8, 8), (3, 4, 16, 16)]


def patched(**patches: object) -> GaussianModel:
    return GaussianModel(guidance=GuidancePatches().with_(**patches))


def test_patches_take_part_before_in_place_of_and_after_guidance() -> None:
    def before(call: GuidanceCall) -> GuidanceCall:
        assert call.negative is not None
        return call.with_(positive=call.positive + UNIT, negative=call.negative - UNIT)

    def function(call: GuidanceCall) -> Tensor:
        assert call.negative is not None
        return call.positive * 100 + call.negative * call.cfg

    def after(call: GuidanceCall, denoised: Tensor) -> Tensor:
        assert call.x is X
        return denoised + 1000 * UNIT

    def guided(**patches: object) -> float:
        return value(CfgGuider(patched(**patches), prompt(2.0), prompt(1.0), 3.0)(X, SIGMA))

    assert guided() == pytest.approx(1 + 3)
    assert guided(before=before) == pytest.approx(0 + 3 * 3)
    assert guided(function=function) == pytest.approx(200 + 3)
    assert guided(after=after) == pytest.approx(1004)
    assert guided(before=before, function=function, after=after) == pytest.approx(300 + 0 + 1000)
    estimate = CfgGuider(patched(before=before), prompt(2.0), prompt(1.0), 3.0).estimate(X, SIGMA)
    assert value(estimate.unconditional) == pytest.approx(0, abs=1e-6)


def test_at_cfg_1_patches_see_no_negative_unless_one_needs_it() -> None:
    seen: list[bool] = []

    def after(call: GuidanceCall, denoised: Tensor) -> Tensor:
        seen.append(call.negative is None)
        return denoised * 2

    for needs_negative in (False, True):
        model = patched(after=after, needs_negative=needs_negative)
        assert value(CfgGuider(model, prompt(2.0), prompt(1.0), 1.0)(X, SIGMA)) == pytest.approx(4)
        assert [len(x) for x, _, _ in model.calls] == [2 if needs_negative else 1]
    assert value(BasicGuider(patched(after=after), prompt(2.0))(X, SIGMA)) == pytest.approx(4)
    three = PerpNegGuider(patched(after=after), *[prompt(2.0)] * 3, cfg=1.0, neg_scale=1.0)
    assert value(three(X, SIGMA)) == pytest.approx(4)
    assert seen == [True, False, True, False]


def test_a_patch_can_ask_the_network_once_more() -> None:
    other, variant = prompt(7.0), GaussianModel()

    def after(call: GuidanceCall, denoised: Tensor) -> Tensor:
        again = call.evaluate(other) + call.evaluate(0, model=variant) + call.evaluate(1, x=call.x + 1)
        return denoised * 0 + again

    model = patched(after=after)
    moved = float(Gaussian(1.0)(torch.ones(1, 1, 1, 1), SIGMA)) / UNIT
    guider = CfgGuider(model, prompt(2.0), prompt(1.0), 3.0)
    assert value(guider.for_run(LATENT, 1)(X, SIGMA)) == pytest.approx(7 + 2 + moved)
    assert (len(model.calls), len(variant.calls)) == (3, 1)


def test_what_a_patch_remembers_lasts_for_one_run() -> None:
    class Counting:
        def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
            call.memory[self] = call.memory.get(self, 0) + 1
            return denoised * call.memory[self]

    guider = CfgGuider(patched(after=Counting()), prompt(1.0), prompt(0.0), 1.0)
    for _ in range(2):
        ready = guider.for_run(LATENT, 1)
        assert [value(ready(X, SIGMA)) for _ in range(3)] == pytest.approx([1, 2, 3])


def test_item_weights_still_average_within_each_prompt() -> None:
    both = Conditioning((ConditioningItem(torch.full((1, 7, 3), 2.0)),)) + prompt(5.0, strength=2.0)
    assert value(BasicGuider(GaussianModel(), both)(X, SIGMA)) == pytest.approx(4)
