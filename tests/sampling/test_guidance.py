"""Guidance and conditioning: weights, areas, masks, ranges and controls, on the analytic model."""

import pytest
import torch
from torch import Tensor

from engine.sampling.conditioning import Area, Conditioning, ConditioningItem, ControlCall, ControlResiduals
from engine.sampling.guidance import BasicGuider, CfgGuider
from tests.sampling.gaussian import LEVELS, Gaussian, GaussianModel

SIGMA = torch.tensor([1.0])
X = torch.zeros(1, 4, 16, 16)


def prompt(mean: float, tokens: int = 7, **changes: object) -> Conditioning:
    return Conditioning((ConditioningItem(torch.full((1, tokens, 3), mean)).with_(**changes),))


def means(positive: Conditioning, negative: Conditioning | None = None, cfg: float = 1.0, x: Tensor = X) -> Tensor:
    """The estimate at x = 0, as the mean that each cell was drawn to."""
    model = GaussianModel()
    denoised = CfgGuider(model, positive, negative or prompt(0.0), cfg)(x, SIGMA.expand(len(x)))
    return denoised / Gaussian(1.0)(torch.zeros(1, 1, 1, 1), SIGMA)


def test_cfg_is_linear_in_its_strength() -> None:
    assert torch.allclose(means(prompt(2.0), prompt(-1.0), 7.0), torch.tensor(-1.0 + 7 * 3))
    assert torch.allclose(means(prompt(2.0), prompt(-1.0), 0.0), torch.tensor(-1.0))


def test_cfg_1_is_the_positive_alone_and_half_the_work() -> None:
    model = GaussianModel()
    CfgGuider(model, prompt(2.0), prompt(-1.0), 1.0)(X, SIGMA)
    CfgGuider(model, prompt(2.0), prompt(-1.0), 2.0)(X, SIGMA)
    assert [len(x) for x, _, _ in model.calls] == [1, 2], "and both prompts share one pass"
    assert torch.equal(means(prompt(2.0), prompt(-1.0), 1.0), means(prompt(2.0), prompt(9.0), 1.0))


def test_estimate_shows_the_unconditional_at_any_strength() -> None:
    guided = CfgGuider(GaussianModel(), prompt(2.0), prompt(-1.0), 1.0).estimate(X, SIGMA)
    basic = BasicGuider(GaussianModel(), prompt(-1.0))(X, SIGMA)
    assert torch.allclose(guided.unconditional, basic)
    assert torch.allclose(guided.denoised, BasicGuider(GaussianModel(), prompt(2.0))(X, SIGMA))


@pytest.mark.parametrize(("tokens", "passes"), [((77, 154), 1), ((2, 3), 1), ((7, 11), 2)])
def test_embeddings_of_unlike_length_share_a_pass_where_few_repeats_suffice(
    tokens: tuple[int, int], passes: int
) -> None:
    model = GaussianModel()
    guided = CfgGuider(model, prompt(2.0, tokens[0]), prompt(-1.0, tokens[1]), 2.0)(X, SIGMA)
    assert len(model.calls) == passes
    expected = CfgGuider(GaussianModel(), prompt(2.0), prompt(-1.0), 2.0)(X, SIGMA)
    assert torch.allclose(guided, expected, atol=1e-6)


def test_little_memory_means_more_passes_and_the_same_result() -> None:
    roomy, tight = GaussianModel(), GaussianModel()
    one = CfgGuider(roomy, prompt(2.0), prompt(-1.0), 2.0, free_bytes=lambda: 2)(X, SIGMA)
    two = CfgGuider(tight, prompt(2.0), prompt(-1.0), 2.0, free_bytes=lambda: 1)(X, SIGMA)
    assert (len(roomy.calls), len(tight.calls)) == (1, 2)
    assert torch.equal(one, two)


def test_combined_prompts_average_by_strength() -> None:
    both = prompt(2.0) + prompt(5.0, strength=2.0)
    assert torch.allclose(means(both), torch.tensor(4.0))


def test_batches_keep_their_own_embeddings() -> None:
    item = ConditioningItem(torch.tensor([1.0, 2.0]).reshape(2, 1, 1).expand(2, 7, 3))
    found = means(Conditioning((item,)), x=X.expand(4, -1, -1, -1))
    assert found[:, 0, 0, 0].tolist() == pytest.approx([1, 2, 1, 2])


def test_area_counts_inside_only_and_fades_in_from_inner_edges() -> None:
    both = prompt(0.0) + prompt(1.0, area=Area(8, 8, 0, 4))
    found = means(both)[0, 0]
    assert bool((found[8:] == 0).all())
    assert bool((found[:, :4] == 0).all())
    assert float(found[0, 7]) == pytest.approx(0.5), "the latent's own edge is none of the area's"
    assert float(found[7, 7]) == pytest.approx(1 / 3), "weight 1/2 against 1"
    assert float(found[0, 4]) == pytest.approx(1 / 3)


def test_area_sees_only_its_part() -> None:
    model = GaussianModel()
    CfgGuider(model, prompt(1.0, area=Area(8, 6, 0, 4)), prompt(0.0), 1.0)(X, SIGMA)
    assert model.calls[0][0].shape == (1, 4, 8, 6)


def test_areas_of_one_size_at_two_places_see_each_its_own() -> None:
    x = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    halves = [Area(16, 8, 0, 0), Area(16, 8, 0, 8)]
    model = GaussianModel()
    found = BasicGuider(model, prompt(2.0, area=halves[0]) + prompt(-3.0, area=halves[1]))(x, SIGMA.expand(2))
    assert len(model.calls) == 1
    for mean, area in zip((2.0, -3.0), halves, strict=True):
        alone = BasicGuider(GaussianModel(), prompt(mean, area=area))(x, SIGMA.expand(2))
        torch.testing.assert_close(area.crop(found), area.crop(alone))


def test_relative_area_is_a_share_of_the_latent() -> None:
    cells = Area(0.5, 0.25, 0.25, 0.5, relative=True).in_cells(16, 32)
    assert cells == Area(8, 8, 4, 16)
    assert Area(0.001, 0.001, 0.999, 0.999, relative=True).in_cells(16, 16) == Area(1, 1, 15, 15)
    assert Area(99, 99, 4, 4).in_cells(16, 16) == Area(12, 12, 4, 4)


def test_where_nothing_counts_the_estimate_is_0() -> None:
    found = means(prompt(3.0, area=Area(8, 8, 0, 0)))[0, 0]
    assert float(found[4, 4]) == pytest.approx(3)
    assert bool((found[8:] == 0).all())
    assert bool((means(Conditioning()) == 0).all())


def test_the_other_side_gets_an_item_for_each_area() -> None:
    model = GaussianModel()
    positive = prompt(2.0) + prompt(4.0, area=Area(8, 8, 0, 0))
    guided = CfgGuider(model, positive, prompt(1.0), 3.0)(X, SIGMA)
    shapes = sorted(tuple(x.shape) for x, _, _ in model.calls)
    assert shapes == [(2, 4, 8, 8), (2, 4, 16, 16)], "positive and negative, each whole and in the area"
    assert guided.shape == X.shape


def test_what_is_added_for_an_area_counts_as_much_as_its_counterpart() -> None:
    """In the area positive and negative are both (1 * whole + 2 * part) / 3."""
    area = Area(16, 8, 0, 0)
    positive, negative = (
        prompt(2.0) + prompt(5.0, area=area, strength=2.0),
        prompt(0.0) + prompt(9.0, area=Area(4, 4, 0, 12)),
    )
    found = means(positive, negative, 3.0)[0, 0]
    assert float(found[0, 0]) == pytest.approx(0 + 3 * (4 - 0)), "the negative says the same in the area"
    assert float(found[15, 15]) == pytest.approx(3 * 2)
    assert float(found[0, 15]) == pytest.approx(4.5 + 3 * (2 - 4.5)), "the positive says the same in the other's area"


def test_mask_weighs_and_need_not_have_the_latents_size() -> None:
    mask = torch.zeros(1, 128, 128)
    mask[:, :, 64:] = 1
    both = prompt(0.0) + prompt(1.0, mask=mask, mask_strength=3.0)
    found = means(both)[0, 0]
    assert float(found[3, 3]) == 0
    assert float(found[3, 12]) == pytest.approx(0.75)


def test_mask_bounds_make_an_area_with_the_masks_own_edges() -> None:
    mask = torch.zeros(16, 16)
    mask[2:14, 5:6] = 1
    model = GaussianModel()
    both = prompt(0.0) + prompt(1.0, mask=mask, set_area_to_bounds=True)
    denoised = CfgGuider(model, both, prompt(0.0), 1.0)(X, SIGMA)
    assert sorted(tuple(x.shape[-2:]) for x, _, _ in model.calls) == [(12, 8), (16, 16)]
    assert float(denoised[0, 0, 3, 5]) > 0
    assert float(denoised[0, 0, 3, 6]) == 0
    empty = prompt(0.0) + prompt(1.0, mask=torch.zeros(16, 16), set_area_to_bounds=True)
    assert bool((means(empty) == 0).all())


def test_time_range_is_by_level() -> None:
    late = prompt(0.0) + prompt(1.0, start_percent=0.5)
    guider = CfgGuider(GaussianModel(), late, prompt(0.0), 1.0)
    middle = LEVELS.at_percent(0.5)
    assert float(guider(X, torch.tensor([middle * 1.01])).abs().max()) == 0
    assert float(guider(X, torch.tensor([middle * 0.99])).min()) > 0
    early = CfgGuider(GaussianModel(), prompt(1.0, end_percent=0.5), prompt(0.0), 1.0)
    assert float(early(X, torch.tensor([middle * 0.99])).abs().max()) == 0


class AddOne:
    """A control that adds its strength everywhere in the first half of the run."""

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength
        self.calls: list[ControlCall] = []

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        self.calls.append(call)
        if not call.is_within(0.0, 0.5):
            return None
        return ControlResiduals(middle=(torch.full_like(call.x, self.strength),))


def test_controls_add_up_and_end_in_time() -> None:
    one, two = AddOne(), AddOne(2.0)
    guider = CfgGuider(GaussianModel(), prompt(0.0, controls=(one, two)), prompt(0.0), 1.0)
    assert float(guider(X, torch.tensor([10.0])).mean()) == pytest.approx(3.0)
    assert float(guider(X, torch.tensor([0.1])).mean()) == 0
    call = one.calls[0]
    assert (call.batch_size, call.levels, call.x.shape) == (1, LEVELS, X.shape)
    assert torch.allclose(call.network_input * (101**0.5), call.x)


def test_control_of_both_sides_runs_once_a_step() -> None:
    control = AddOne()
    positive, negative = prompt(1.0, controls=(control,)), prompt(0.0, controls=(control,))
    CfgGuider(GaussianModel(), positive, negative, 2.0)(X, torch.tensor([10.0]))
    assert [len(call.x) for call in control.calls] == [2]


@pytest.mark.parametrize("shared", [True, False])
def test_control_reaches_the_negative_only_where_it_says_so(shared: bool) -> None:
    positive = prompt(0.0, controls=(AddOne(),), control_apply_to_uncond=shared)
    guided = CfgGuider(GaussianModel(), positive, prompt(0.0), 3.0)(X, torch.tensor([10.0]))
    assert float(guided.mean()) == pytest.approx(1.0 if shared else 3.0)


def test_residuals_of_unlike_length_add_up() -> None:
    a = ControlResiduals(input=(torch.ones(1), None))
    b = ControlResiduals(input=(torch.ones(1), torch.ones(1), None), middle=(torch.ones(1),))
    total = a + b
    assert [None if t is None else float(t) for t in total.input] == [2, 1, None]
    assert [float(t) for t in total.middle if t is not None] == [1]
