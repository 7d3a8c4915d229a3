"""Every schedule falls strictly and ends at 0; partial runs take the right part of it."""

import pytest
import torch

from engine.sampling import catalog
from engine.sampling.schedules import cut_sigmas, make_schedule, plan_sigmas
from tests.sampling.gaussian import LEVELS


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 20, 30, 50, 333, 1000, 1500])
@pytest.mark.parametrize("name", catalog.SCHEDULES)
def test_falls_strictly_from_within_the_levels_to_0(name: str, steps: int) -> None:
    sigmas = make_schedule(name, LEVELS, steps)
    assert sigmas.dtype == torch.float32
    assert bool((sigmas[1:] < sigmas[:-1]).all())
    assert float(sigmas[-1]) == 0
    assert float(sigmas[0]) <= LEVELS.sigma_max * (1 + 1e-6)
    assert float(sigmas[-2]) >= LEVELS.sigma_min * (1 - 1e-4)
    if name == "ddim_uniform":
        assert len(sigmas) >= min(steps, 999) + 1
    elif steps <= 333 and name != "beta":
        assert len(sigmas) == steps + 1


@pytest.mark.parametrize("name", [name for name in catalog.SCHEDULES if name != "ddim_uniform"])
def test_starts_at_the_highest_level(name: str) -> None:
    assert float(make_schedule(name, LEVELS, 20)[0]) == pytest.approx(LEVELS.sigma_max, rel=1e-5)


@pytest.mark.parametrize("name", ["normal", "sgm_uniform", "simple", "ddim_uniform"])
def test_visits_the_timesteps_it_names(name: str) -> None:
    timesteps = {
        "normal": [999, 666, 333, 0],
        "sgm_uniform": [999, 749.25, 499.5, 249.75],
        "simple": [999, 749, 499, 249],
        "ddim_uniform": [751, 501, 251, 1],
    }[name]
    assert torch.allclose(make_schedule(name, LEVELS, 4)[:-1], LEVELS.sigma(torch.tensor(timesteps)))


def test_spacings_are_even_in_their_own_measure() -> None:
    def is_even(values: torch.Tensor) -> bool:
        return bool(torch.allclose(values.diff(), values.diff().mean(), rtol=1e-3))

    assert is_even(make_schedule("karras", LEVELS, 12)[:-1] ** (1 / 7))
    assert is_even(make_schedule("exponential", LEVELS, 12)[:-1].log())
    assert is_even(make_schedule("kl_optimal", LEVELS, 12)[:-1].atan())
    linear = make_schedule("linear_quadratic", LEVELS, 12)
    assert is_even(linear[:7])  # steps 0..6 are linear
    assert not is_even(linear[6:])


def test_beta_is_denser_at_both_ends_than_in_the_middle() -> None:
    timesteps = LEVELS.timestep(make_schedule("beta", LEVELS, 20)[:-1])
    gaps = -timesteps.diff()
    assert gaps[0] < gaps[9] > gaps[-1]


def test_unknown_name_and_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="karras"):
        make_schedule("karas", LEVELS, 4)
    with pytest.raises(ValueError, match="at least 1"):
        make_schedule("karras", LEVELS, 0)


def test_partial_denoise_takes_the_end_of_a_longer_schedule() -> None:
    whole = make_schedule("normal", LEVELS, 8)
    assert torch.equal(plan_sigmas("normal", LEVELS, 4, denoise=0.5), whole[-5:])
    assert torch.equal(plan_sigmas("normal", LEVELS, 4, denoise=0.99999), make_schedule("normal", LEVELS, 4))
    assert len(plan_sigmas("normal", LEVELS, 4, denoise=0.0)) == 0
    assert len(plan_sigmas("normal", LEVELS, 4, denoise=0.7)) == 5  # int(4 / 0.7) = 5 planned


def test_skipping_the_last_level_keeps_the_number_of_steps() -> None:
    longer = make_schedule("normal", LEVELS, 5)
    planned = plan_sigmas("normal", LEVELS, 4, skips_last_level=True)
    assert torch.equal(planned, torch.cat([longer[:-2], longer[-1:]]))


def test_cutting() -> None:
    sigmas = make_schedule("normal", LEVELS, 4)
    assert torch.equal(cut_sigmas(sigmas), sigmas)
    assert torch.equal(cut_sigmas(sigmas, start_step=2, last_step=10_000), sigmas[2:])
    left = cut_sigmas(sigmas, start_step=0, last_step=2, force_full_denoise=False)
    assert torch.equal(left, sigmas[:3])
    full = cut_sigmas(sigmas, last_step=2)
    assert torch.equal(full, torch.cat([sigmas[:2], torch.zeros(1)]))
    assert len(cut_sigmas(sigmas, start_step=4)) < 2
    assert len(cut_sigmas(sigmas, start_step=9)) == 0
    assert float(sigmas[2]) > 0, "the schedule itself is not written to"
