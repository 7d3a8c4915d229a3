"""Ways to join the estimates for prompts: neutral settings change nothing, and the papers' formulas by hand."""

import pytest
import torch
from torch import Tensor

from engine import patches
from engine.sampling.conditioning import Conditioning, ConditioningItem
from engine.sampling.guidance import CfgGuider
from engine.sampling.guidance_patches import GuidanceCall, GuidancePatches
from tests.sampling.gaussian import LEVELS, GaussianModel

GENERATOR = torch.Generator().manual_seed(2)
X, POSITIVE, NEGATIVE = (torch.randn(2, 4, 8, 12, generator=GENERATOR) for _ in range(3))
SIGMA = torch.tensor([1.7, 1.7])


def call(**changes: object) -> GuidanceCall:
    def evaluate(prompt: object, *, model: object = None, x: object = None) -> Tensor:
        raise AssertionError("this patch asks nothing")

    return GuidanceCall(GaussianModel(), X, SIGMA, 5.0, POSITIVE, NEGATIVE, evaluate, {}).with_(**changes)


def guided(**patched: object) -> Tensor:
    kept = GuidancePatches().with_(**patched)
    return kept.guide(kept.prepare(call()))


PLAIN = guided()
NEUTRAL = [
    {"before": patches.FrequencyScaling(1.0, 1.0, 20)},
    {"before": patches.OperationOnGuidance(lambda samples: samples)},
    {"function": patches.RescaledGuidance(0.0)},
    {"after": patches.EpsilonScaling(1.0)},
]


@pytest.mark.parametrize("neutral", NEUTRAL, ids=lambda n: type(next(iter(n.values()))).__name__)
def test_neutral_settings_change_nothing(neutral: dict[str, object]) -> None:
    assert torch.allclose(guided(**neutral), PLAIN, atol=2e-5)


@pytest.mark.parametrize(
    "patched",
    [
        {"before": patches.AdaptiveProjectedGuidance(0.5, 3.0, -0.5)},
        {"before": patches.TangentialDamping()},
        {"before": patches.FrequencyScaling(1.0, 2.0, 2)},
        {"function": patches.RescaledGuidance(0.7)},
        {"after": patches.ZeroStar()},
        {"after": patches.Mahiro()},
    ],
    ids=lambda p: type(next(iter(p.values()))).__name__,
)
def test_without_a_negative_the_positive_stays_and_with_one_something_happens(patched: dict[str, object]) -> None:
    kept = GuidancePatches().with_(**patched)
    alone = call(negative=None, cfg=1.0)
    assert torch.equal(kept.guide(kept.prepare(alone)), POSITIVE)
    assert not torch.allclose(guided(**patched), PLAIN, atol=1e-2)


def test_apg_keeps_what_is_across_the_positive_and_a_share_of_what_is_along() -> None:
    guidance = POSITIVE - NEGATIVE
    unit = POSITIVE / POSITIVE.flatten(1).norm(dim=1).reshape(2, 1, 1, 1)
    along = (guidance * unit).sum(dim=(1, 2, 3), keepdim=True) * unit
    for eta in (0.0, 0.25, 1.0):
        expected = POSITIVE + 5.0 * (guidance - along + eta * along)
        assert torch.allclose(guided(before=patches.AdaptiveProjectedGuidance(eta, 0.0, 0.0)), expected, atol=1e-4)
    short = guided(before=patches.AdaptiveProjectedGuidance(1.0, 2.0, 0.0)) - POSITIVE
    assert short.flatten(1).norm(dim=1).tolist() == pytest.approx([10.0, 10.0], rel=1e-4)


def test_apgs_momentum_is_of_earlier_steps_of_the_same_way_down() -> None:
    patch, memory = patches.AdaptiveProjectedGuidance(1.0, 0.0, 0.5), {}
    guidance = POSITIVE - NEGATIVE

    def step(sigma: float) -> float:
        changed = patch(call(sigma=torch.full((2,), sigma), memory=memory)).positive - NEGATIVE - guidance / 5.0
        return float((changed / guidance).mean())

    assert [step(sigma) for sigma in (4.0, 2.0, 1.0)] == pytest.approx([1.0, 1.5, 1.75], rel=1e-4)
    assert step(3.0) == pytest.approx(1.0, rel=1e-4), "a second run begins anew"


def test_tangential_damping_leaves_the_negative_along_the_common_direction() -> None:
    ready = GuidancePatches().with_(before=patches.TangentialDamping()).prepare(call())
    assert ready.negative is not None
    before, after, other = ((X - d).flatten(1) for d in (NEGATIVE, ready.negative, POSITIVE))
    removed = before - after
    assert torch.allclose((removed * after).sum(dim=1), torch.zeros(2), atol=1e-2)
    first = after / after.norm(dim=1, keepdim=True)
    energy = (before * first).sum(dim=1) ** 2 + (other * first).sum(dim=1) ** 2
    pair = torch.stack([before, other], dim=1)
    assert torch.allclose(energy, torch.linalg.svdvals(pair)[:, 0] ** 2, rtol=1e-3), "the strongest direction of both"
    same = GuidancePatches().with_(before=patches.TangentialDamping()).prepare(call(negative=POSITIVE))
    assert torch.allclose(same.negative, POSITIVE, atol=1e-4)


def test_frequencies_are_scaled_apart() -> None:
    flat, waves = torch.ones(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    waves[..., ::2] = -1.0  # the highest frequency
    zero = torch.zeros(1, 1, 8, 8)
    patch = patches.FrequencyScaling(3.0, 0.5, 2)
    ready = patch(call(x=zero, positive=flat + waves, negative=zero))
    assert torch.allclose(ready.positive, 3.0 * flat + 0.5 * waves, atol=1e-5)
    all_low = patches.FrequencyScaling(3.0, 0.5, 10_000)(call(x=zero, positive=flat + waves, negative=zero))
    assert torch.allclose(all_low.positive, 3.0 * (flat + waves), atol=1e-5)


def test_an_operation_is_done_on_the_guidance_or_on_the_only_estimate() -> None:
    patch = patches.OperationOnGuidance(lambda samples: samples * 2)
    assert torch.allclose(patch(call()).positive, NEGATIVE + 2 * (POSITIVE - NEGATIVE))
    assert torch.allclose(patch(call(negative=None)).positive, 2 * POSITIVE)


def test_zero_star_is_guidance_from_the_scaled_negative() -> None:
    positive, negative = X - POSITIVE, X - NEGATIVE
    scale = (positive * negative).sum(dim=(1, 2, 3)) / negative.square().sum(dim=(1, 2, 3))
    start = scale.reshape(2, 1, 1, 1) * NEGATIVE
    assert torch.allclose(guided(after=patches.ZeroStar()), start + 5.0 * (POSITIVE - start), atol=1e-4)


def test_the_norm_is_never_above_the_positives() -> None:
    limited = guided(after=patches.NormLimit(1.0))
    assert bool((limited.norm(dim=1) <= POSITIVE.norm(dim=1) * (1 + 1e-4)).all())
    unchanged = PLAIN.norm(dim=1) < POSITIVE.norm(dim=1)
    assert torch.allclose(limited.norm(dim=1)[unchanged], PLAIN.norm(dim=1)[unchanged], rtol=1e-4)
    assert torch.allclose(guided(after=patches.NormLimit(0.5)), limited * 0.5)


def test_mahiro_follows_the_positive_where_the_negative_says_the_opposite() -> None:
    opposite = call(negative=-POSITIVE)
    denoised = -POSITIVE + 5.0 * 2 * POSITIVE
    assert torch.allclose(patches.Mahiro()(opposite, denoised), 5.0 * POSITIVE, atol=1e-4)
    same = call(negative=POSITIVE)
    assert torch.allclose(patches.Mahiro()(same, POSITIVE), POSITIVE, atol=1e-4), "the same: guidance as it is"


def test_epsilon_is_divided() -> None:
    assert torch.allclose(X - guided(after=patches.EpsilonScaling(1.25)), (X - PLAIN) / 1.25, atol=1e-5)


def test_rescaled_guidance_deviates_as_the_positive_does() -> None:
    sigma = SIGMA.reshape(2, 1, 1, 1)

    def velocity(denoised: Tensor) -> Tensor:
        return (X / (sigma**2 + 1) - denoised) * (sigma**2 + 1).sqrt() / sigma

    rescaled = velocity(guided(function=patches.RescaledGuidance(1.0)))
    wanted = velocity(POSITIVE).std(dim=(1, 2, 3))
    assert torch.allclose(rescaled.std(dim=(1, 2, 3)), wanted, rtol=1e-4)
    half = velocity(guided(function=patches.RescaledGuidance(0.5)))
    assert torch.allclose(half, (rescaled + velocity(PLAIN)) / 2, atol=1e-4)


def test_perpendicular_negative_asks_for_the_empty_prompt() -> None:
    def prompt(mean: float) -> Conditioning:
        return Conditioning((ConditioningItem(torch.full((1, 7, 3), mean)),))

    patch = patches.PerpendicularNegative(prompt(1.0), 1.0)
    model = GaussianModel(guidance=GuidancePatches().with_(function=patch, needs_negative=True))
    x, sigma = torch.zeros(1, 4, 8, 8), torch.ones(1)
    found = CfgGuider(model, prompt(3.0), prompt(9.0), 2.0)(x, sigma)
    assert torch.allclose(found, 5.0 / 0.7**2 * 0.7**2 * torch.full_like(x, 1 / (0.7**2 + 1)), atol=1e-5)
    assert len(model.calls) == 2


def test_a_grey_mask_opens_in_its_own_time() -> None:
    mask = torch.tensor([0.0, 0.2, 0.6, 1.0]).reshape(1, 1, 1, 4)
    sigmas = torch.tensor([LEVELS.sigma_max, 1.0, 0.0])
    differential = patches.DifferentialMask()

    def opened(timestep: int) -> list[float]:
        sigma = LEVELS.sigmas[timestep].reshape(1)
        return differential(mask, sigma, sigmas, LEVELS).flatten().tolist()

    assert opened(999) == [0, 0, 0, 1]
    assert opened(500) == [0, 0, 1, 1]
    assert opened(100) == [0, 1, 1, 1]
    assert opened(0) == [1, 1, 1, 1]
    half = patches.DifferentialMask(0.5)(mask, LEVELS.sigmas[500].reshape(1), sigmas, LEVELS).flatten().tolist()
    assert half == pytest.approx([0.0, 0.1, 0.8, 1.0])
