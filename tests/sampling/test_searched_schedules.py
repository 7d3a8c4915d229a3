"""The searched levels lose less than evenly spaced ones, and follow their coefficient."""

from itertools import combinations, pairwise

import pytest
import torch

from engine.sampling import searched_schedules
from engine.sampling.published_schedules import search_sigmas
from engine.sampling.searched_schedules import search_levels
from tests.sampling.gaussian import LEVELS


def test_levels_run_from_the_highest_to_the_lowest() -> None:
    for steps in (1, 2, 7, 20):
        found = search_levels(LEVELS, steps, 1.2)
        assert len(found) == steps + 1
        assert all(here > there for here, there in pairwise(found))
        assert (found[0], found[-1]) == (pytest.approx(LEVELS.sigma_max), pytest.approx(LEVELS.sigma_min))


def test_a_larger_coefficient_goes_down_sooner() -> None:
    middles = [search_levels(LEVELS, 2, coeff)[1] for coeff in (0.8, 1.0, 1.2, 1.5)]
    assert middles == sorted(middles, reverse=True)
    assert middles[0] > 5 > 1 > middles[-1]


def test_nothing_among_all_choices_loses_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searched_schedules, "CANDIDATES", 12)
    sigmas = LEVELS.sigma(torch.linspace(999, 0, 12)).double()
    losses = searched_schedules._losses(sigmas)

    def loss(places: tuple[int, ...]) -> float:
        total = 0.0
        for here, there in reversed(list(pairwise((0, *places, 11)))):
            total = float(losses[here, there]) + 1.1 * total
        return total

    best = min(combinations(range(1, 11), 3), key=loss)
    assert search_levels(LEVELS, 4, 1.1) == pytest.approx(sigmas[[0, *best, 11]].tolist())


def test_the_loss_of_a_step_is_eulers_error_on_a_path() -> None:
    sigmas = torch.tensor([8.0, 4.0, 0.0], dtype=torch.float64)
    losses = searched_schedules._losses(sigmas)
    assert bool(losses.tril().isinf().logical_or(losses.tril() == 0).all())
    frequencies = torch.arange(1, searched_schedules.WAVES + 1, dtype=torch.float64)
    variances = frequencies**-2 / (frequencies**-1).sum() * frequencies.sum()
    x = (variances + 64).sqrt()
    error = x - 4 * (8 / x) - (variances + 16).sqrt()
    expected = (error.square() * frequencies / frequencies.sum()).sum().sqrt()
    assert float(losses[0, 1]) == pytest.approx(float(expected))


def test_many_steps_are_interpolated_and_less_denoising_takes_the_last() -> None:
    twenty, forty = search_sigmas(20, 1.2), search_sigmas(40, 1.2)
    assert torch.allclose(forty[:-1:2], twenty[:-1])
    assert torch.equal(search_sigmas(10, 1.2, 0.5), search_sigmas(10, 1.2)[-6:])
    assert float(search_sigmas(10, 1.2)[-1]) == 0
    assert len(search_sigmas(10, 1.2, 0.0)) == 0
