"""Sigma, timestep and progress map to each other as the trained process has them; predictions invert."""

import pytest
import torch

from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import EPSILON, VELOCITY, Prediction
from tests.sampling.gaussian import LEVELS


def test_scaled_linear_levels_are_stable_diffusions() -> None:
    assert LEVELS.sigma_min == pytest.approx(0.029167, rel=1e-4)  # the published range of Stable Diffusion 1.x
    assert LEVELS.sigma_max == pytest.approx(14.6146, rel=1e-4)
    assert len(LEVELS) == 1000


def test_timestep_and_sigma_are_inverse_on_the_levels() -> None:
    timesteps = torch.tensor([0, 1, 357, 998, 999])
    assert torch.equal(LEVELS.timestep(LEVELS.sigma(timesteps)), timesteps)


def test_between_levels_sigma_is_log_linear_and_timestep_the_nearest() -> None:
    middle = LEVELS.sigma(torch.tensor(10.5))
    assert float(middle) == pytest.approx(float((LEVELS.sigmas[10] * LEVELS.sigmas[11]).sqrt()), rel=1e-5)
    assert int(LEVELS.timestep(middle * 0.999)) == 10
    assert int(LEVELS.timestep(middle * 1.001)) == 11
    assert LEVELS.timestep(torch.tensor([1e-6, 1e6])).tolist() == [0, 999]


def test_percent_runs_from_above_every_level_to_0() -> None:
    assert LEVELS.at_percent(0.0) > 1e6
    assert LEVELS.at_percent(-1.0) > 1e6
    assert LEVELS.at_percent(1.0) == 0
    assert LEVELS.at_percent(0.5) == pytest.approx(float(LEVELS.sigma(torch.tensor(499.5))))


def test_levels_must_rise() -> None:
    with pytest.raises(ValueError, match="rising"):
        NoiseLevels(torch.tensor([2.0, 1.0]))


@pytest.mark.parametrize("prediction", [EPSILON, VELOCITY])
def test_the_right_output_gives_back_the_latent(prediction: Prediction) -> None:
    torch.manual_seed(0)
    latent, noise, sigma = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8), torch.tensor([0.1, 1.0, 12.0])
    x = prediction.add_noise(noise, latent, sigma)
    s = sigma.reshape(-1, 1, 1, 1)
    alpha, beta = 1 / (1 + s**2).sqrt(), s / (1 + s**2).sqrt()
    output = noise if prediction is EPSILON else alpha * noise - beta * latent
    assert torch.allclose(prediction.denoised(x, output, sigma), latent, atol=1e-5)
    assert torch.allclose(prediction.scale_input(x, sigma), alpha * latent + beta * noise, atol=1e-5)


def test_at_the_highest_level_noise_brings_the_full_variance() -> None:
    noise, latent, sigma = torch.ones(1, 4, 2, 2), torch.zeros(1, 4, 2, 2), torch.tensor([3.0])
    assert float(EPSILON.add_noise(noise, latent, sigma, full=True)[0, 0, 0, 0]) == pytest.approx(10**0.5)
    assert float(EPSILON.add_noise(noise, latent, sigma)[0, 0, 0, 0]) == pytest.approx(3.0)
