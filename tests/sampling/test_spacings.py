"""Formulas with parameters, published tables, and what is done to levels afterwards."""

import math

import pytest
import torch
from diffusers.schedulers import AysSchedules
from torch import Tensor

from engine.sampling import published_schedules, sigma_tools, spacings
from engine.sampling.schedules import make_schedule
from tests.sampling.gaussian import LEVELS

HIGH, LOW = LEVELS.sigma_max, LEVELS.sigma_min
SIGMAS = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])


def is_even(values: Tensor) -> bool:
    return bool(torch.allclose(values.diff(), values.diff().mean(), rtol=1e-3))


@pytest.mark.parametrize(
    ("found", "measure"),
    [
        (spacings.space_karras(9, 10.0, 0.1, rho=3.0), lambda s: s ** (1 / 3)),
        (spacings.space_exponentially(9, 10.0, 0.1), torch.log),
        (spacings.space_polyexponentially(9, 10.0, 0.1, rho=1.0), torch.log),
        (
            spacings.space_polyexponentially(9, 10.0, 0.1, rho=2.0),
            lambda s: ((s.log() - math.log(0.1)) / math.log(100)).clamp(0).sqrt(),
        ),
        (spacings.space_by_variance(9), lambda s: ((0.1**2 + 2 * 19.9 * (s**2).log1p()).sqrt() - 0.1) / 19.9),
    ],
)
def test_levels_are_even_in_their_own_measure(found: Tensor, measure: object) -> None:
    assert found.shape == (10,)
    assert float(found[-1]) == 0
    assert is_even(measure(found[:-1]))


def test_named_schedules_are_these_formulas_over_the_models_levels() -> None:
    assert torch.equal(make_schedule("karras", LEVELS, 7), spacings.space_karras(7, HIGH, LOW))
    assert torch.equal(make_schedule("exponential", LEVELS, 7), spacings.space_exponentially(7, HIGH, LOW))
    assert torch.equal(make_schedule("beta", LEVELS, 7), spacings.space_by_beta(LEVELS, 7))


def test_laplace_is_symmetric_in_log_sigma_and_ends_above_0() -> None:
    sigmas = spacings.space_by_laplace(11, 1e6, 1e-6, mu=0.5, beta=0.7)
    logs = sigmas.log() - 0.5
    assert sigmas.shape == (11,)
    assert torch.allclose(logs, -logs.flip(0), atol=1e-4)
    assert float(logs[2] / logs[3]) == pytest.approx(math.log(0.4) / math.log(0.6), rel=1e-3)
    clamped = spacings.space_by_laplace(11, 5.0, 0.2)
    assert (float(clamped[0]), float(clamped[-1])) == (5.0, pytest.approx(0.2))


def test_beta_with_equal_shapes_of_1_is_even() -> None:
    timesteps = LEVELS.timestep(spacings.space_by_beta(LEVELS, 9, 1.0, 1.0)[:-1])
    assert timesteps.tolist() == [999, 888, 777, 666, 555, 444, 333, 222, 111]
    assert len(spacings.space_by_beta(LEVELS, 3000)) <= 1001, "no level twice in a row"


def test_impossible_parameters_are_refused_with_what_is_usual() -> None:
    with pytest.raises(ValueError, match=r"above 0.*Stable Diffusion's are"):
        spacings.space_exponentially(5, 10.0, 0.0)
    with pytest.raises(ValueError, match="above 0"):
        spacings.space_polyexponentially(5, 10.0, 0.0)
    with pytest.raises(ValueError, match="rho must not be 0"):
        spacings.space_karras(5, 10.0, 0.1, rho=0)
    with pytest.raises(ValueError, match="alpha and beta"):
        spacings.space_by_beta(LEVELS, 5, 0.0, 1.0)


@pytest.mark.parametrize("kind", ["SD1", "SDXL", "SVD"])
def test_align_your_steps_gives_its_table_at_ten_steps_and_lies_on_it_at_others(kind: str) -> None:
    table = published_schedules.ALIGN_YOUR_STEPS[kind]
    assert published_schedules.align_steps(kind, 10).tolist() == pytest.approx([*table[:-1], 0.0])
    twenty = published_schedules.align_steps(kind, 20)
    assert twenty[:-1:2].tolist() == pytest.approx(table[:-1])
    assert float(twenty[1]) == pytest.approx((table[0] * table[1]) ** 0.5)
    for steps in (1, 3, 37):
        sigmas = published_schedules.align_steps(kind, steps)
        assert len(sigmas) == steps + 1
        assert bool((sigmas.diff() < 0).all())


def test_align_your_steps_is_the_authors_own_but_for_rounding() -> None:
    keys = {"SD1": "StableDiffusionSigmas", "SDXL": "StableDiffusionXLSigmas", "SVD": "StableDiffusionVideoSigmas"}
    for kind, key in keys.items():
        ours, theirs = published_schedules.ALIGN_YOUR_STEPS[kind], AysSchedules[key]
        assert ours[:-1] == pytest.approx(theirs[:-1], rel=0.015)
    timesteps = LEVELS.timestep(torch.tensor(published_schedules.ALIGN_YOUR_STEPS["SD1"])).tolist()
    assert timesteps == pytest.approx(AysSchedules["StableDiffusionTimesteps"] + [0], abs=1)


def test_less_denoising_takes_the_last_steps() -> None:
    whole = published_schedules.align_steps("SD1", 10)
    assert torch.equal(published_schedules.align_steps("SD1", 10, 0.44), whole[-5:])
    assert len(published_schedules.align_steps("SD1", 10, 0.0)) == 0


def test_turbo_takes_its_own_ten_timesteps() -> None:
    two = published_schedules.take_turbo_sigmas(LEVELS, 2)
    assert torch.allclose(two, torch.cat([LEVELS.sigmas[[999, 899]], torch.zeros(1)]))
    later = published_schedules.take_turbo_sigmas(LEVELS, 3, 0.5)
    assert torch.allclose(later[:-1], LEVELS.sigmas[[499, 399, 299]])
    assert published_schedules.take_turbo_sigmas(LEVELS, 3, 0.0).tolist() == [0.0]


def test_cutting_in_two_by_step_and_by_share() -> None:
    high, low = sigma_tools.split_sigmas(SIGMAS, 1)
    assert (high.tolist(), low.tolist()) == ([8, 4], [4, 2, 1, 0])
    high, low = sigma_tools.split_sigmas_by_share(SIGMAS, 0.75)
    assert (high.tolist(), low.tolist()) == ([8, 4], [4, 2, 1, 0])
    assert [part.tolist() for part in sigma_tools.split_sigmas_by_share(SIGMAS, 1.0)] == [[8], [8, 4, 2, 1, 0]]
    assert [part.tolist() for part in sigma_tools.split_sigmas_by_share(SIGMAS, 0.0)] == [[8, 4, 2, 1, 0], [0]]


def test_levels_written_by_hand_are_read() -> None:
    assert sigma_tools.read_sigmas("14.5, 2e0 1\n0").tolist() == [14.5, 2, 1, 0]
    assert len(sigma_tools.read_sigmas(" ")) == 0
    for wrong in ("1, two", "nan", "-1", "inf"):
        with pytest.raises(ValueError, match="found"):
            sigma_tools.read_sigmas(wrong)


def test_flipping_starts_just_above_0() -> None:
    assert sigma_tools.flip_sigmas(SIGMAS).tolist() == pytest.approx([0.0001, 1, 2, 4, 8])
    assert sigma_tools.flip_sigmas(SIGMAS[:-1]).tolist() == [1, 2, 4, 8]
    assert len(sigma_tools.flip_sigmas(torch.empty(0))) == 0
    assert SIGMAS[-1] == 0, "the levels themselves are not written to"


def test_the_first_level_is_replaced() -> None:
    assert sigma_tools.replace_first_sigma(SIGMAS, 9.0).tolist() == [9, 4, 2, 1, 0]
    assert float(SIGMAS[0]) == 8


def test_steps_in_a_range_are_cut() -> None:
    assert sigma_tools.refine_sigmas(SIGMAS, 2, -1.0, 2.0, "linear").tolist() == [8, 6, 4, 3, 2, 1.5, 1, 0]
    assert sigma_tools.refine_sigmas(SIGMAS, 2, 4.0, 4.0, "linear").tolist() == [8, 4, 3, 2, 1, 0]
    cosine = sigma_tools.refine_sigmas(SIGMAS, 2, 8.0, 8.0, "cosine")
    sine = sigma_tools.refine_sigmas(SIGMAS, 2, 8.0, 8.0, "sine")
    assert float(cosine[1]) == pytest.approx(8 - 4 * math.sin(math.pi / 4))
    assert float(sine[1]) == pytest.approx(4 + 4 * math.cos(math.pi / 4))
    assert torch.equal(sigma_tools.refine_sigmas(SIGMAS, 1, -1.0, 0.0, "linear"), SIGMAS)
