"""Sigma, timestep and progress map to each other as the trained process has them; predictions invert."""

import pytest
import torch

from engine.sampling.noise_levels import (
    AngularLevels,
    ContinuousLevels,
    DistilledLevels,
    EdmLevels,
    NoiseLevels,
    NoiseShareLevels,
)
from engine.sampling.prediction import (
    EPSILON,
    PICTURE,
    RECTIFIED_FLOW,
    SAMPLE,
    VELOCITY,
    Consistency,
    Preconditioned,
    Prediction,
)
from engine.sampling.schedules import make_schedule
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


@pytest.mark.parametrize("steps", [6, 7, 18, 54])
def test_halfway_between_timesteps_the_float64_logarithms_decide(steps: int) -> None:
    """As other programs have it: which of two neighbours is nearest hangs on the last digit, and pictures on it."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas_cumprod = torch.cumprod(1 - betas, dim=0)
    logs = ((1 - alphas_cumprod) / alphas_cumprod).sqrt().log().float()
    timesteps = torch.linspace(999, 0, steps + 1)[:-1]
    low, high, share = timesteps.floor().long(), timesteps.ceil().long(), timesteps.frac()
    sigmas = ((1 - share) * logs[low] + share * logs[high]).exp()
    nearest = (sigmas.log()[:, None] - logs).abs().argmin(dim=1)
    assert torch.equal(LEVELS.sigma(timesteps), sigmas)
    assert torch.equal(LEVELS.timestep(sigmas), nearest)
    assert LEVELS.sigmas.dtype == torch.float32


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


def test_zero_terminal_snr_stretches_from_the_lowest_level_to_noise_alone() -> None:
    stretched = LEVELS.with_zero_terminal_snr()
    assert stretched.sigma_min == pytest.approx(LEVELS.sigma_min, rel=1e-4)
    assert stretched.sigma_max == pytest.approx(4518.76, rel=1e-4)
    roots, before = ((1 / (levels.sigmas**2 + 1)).sqrt() for levels in (stretched, LEVELS))
    even = (before - before[-1]) / (before[0] - before[-1]) * before[0]
    assert torch.allclose(roots[:-1], even[:-1], atol=1e-5)
    assert float(make_schedule("normal", stretched, 4)[0]) == pytest.approx(4518.76, rel=1e-4)


def test_distilled_levels_are_every_20th_with_the_timesteps_of_all() -> None:
    levels = DistilledLevels.of(LEVELS)
    assert len(levels) == 50
    assert levels.timestep(levels.sigmas).tolist() == list(range(19, 1000, 20))
    assert torch.allclose(levels.sigmas, LEVELS.sigmas[19::20])
    assert torch.allclose(levels.sigma(torch.tensor([19, 519, 999])), LEVELS.sigmas[[19, 519, 999]])
    assert levels.timestep_range == (999, 19)
    assert levels.at_percent(0.5) == pytest.approx(LEVELS.at_percent(0.5), rel=0.02)
    assert torch.allclose(
        make_schedule("sgm_uniform", levels, 4)[:-1], LEVELS.sigma(torch.tensor([999, 754, 509, 264.0])), rtol=1e-2
    )


@pytest.mark.parametrize("kind", [EdmLevels, AngularLevels, NoiseShareLevels])
def test_continuous_levels_know_every_level_between_their_ends(kind: type[ContinuousLevels]) -> None:
    levels = kind.between(0.002, 120.0)
    assert (levels.sigma_min, levels.sigma_max) == (pytest.approx(0.002), pytest.approx(120.0))
    sigmas = torch.tensor([0.01, 0.5, 1.0, 7.0])
    assert torch.allclose(levels.sigma(levels.timestep(sigmas)), sigmas, rtol=1e-4)
    assert levels.at_percent(0.25) == pytest.approx(0.002 * (120 / 0.002) ** 0.75, rel=1e-4)
    schedule = make_schedule("normal", levels, 5)
    assert (float(schedule[0]), float(schedule[-2])) == (pytest.approx(120, rel=1e-3), pytest.approx(0.002, rel=1e-3))
    with pytest.raises(ValueError, match="sigma_min < sigma_max"):
        kind.between(0.0, 1.0)


def test_continuous_timesteps_are_the_papers() -> None:
    sigma = torch.tensor([1.0])
    assert float(EdmLevels.between(0.1, 10.0).timestep(sigma * 2.0)) == pytest.approx(0.25 * 0.6931472)
    assert float(AngularLevels.between(0.1, 10.0).timestep(sigma)) == pytest.approx(0.5)
    assert float(NoiseShareLevels.between(0.1, 10.0).timestep(sigma * 3.0)) == pytest.approx(0.75)


def test_preconditioned_outputs_are_of_unit_variance() -> None:
    """arXiv:2206.00364, Eq. 7: input and target of the network have unit variance at every level."""
    generator, edm = torch.Generator().manual_seed(1), Preconditioned("edm", 0.5)
    latent, noise = (torch.randn(1, 4, 128, 128, generator=generator) for _ in range(2))
    for level in (0.05, 0.5, 5.0):
        sigma = torch.tensor([level])
        x = edm.add_noise(noise, latent * 0.5, sigma)
        assert float(edm.scale_input(x, sigma).std()) == pytest.approx(1, rel=0.02)
        alone = edm.denoised(x, torch.zeros_like(x), sigma)
        target = (latent * 0.5 - alone) / (edm.denoised(x, torch.ones_like(x), sigma) - alone)
        assert float(target.std()) == pytest.approx(1, rel=0.02)
    assert torch.allclose(
        Preconditioned("v", 1.0).denoised(noise, -latent, torch.tensor([2.0])),
        VELOCITY.denoised(noise, latent, torch.tensor([2.0])),
        atol=1e-6,
    )


def test_other_outputs_give_back_the_latent() -> None:
    latent, noise, sigma = torch.full((1, 4, 2, 2), 3.0), torch.ones(1, 4, 2, 2), torch.tensor([2.0])
    x = SAMPLE.add_noise(noise, latent, sigma)
    assert torch.equal(SAMPLE.denoised(x, latent, sigma), latent)
    assert torch.equal(PICTURE.scale_input(latent, sigma), latent)
    assert torch.allclose(RECTIFIED_FLOW.denoised(x, noise - latent, sigma), latent)
    assert torch.allclose(RECTIFIED_FLOW.scale_input(x, sigma), latent / 3 + noise * 2 / 3)


def test_a_consistency_model_keeps_its_input_at_the_lowest_timestep() -> None:
    model = Consistency("consistency", LEVELS)
    x, output = torch.full((1, 4, 2, 2), 3.0), torch.ones(1, 4, 2, 2)
    assert torch.equal(model.denoised(x, output, LEVELS.sigmas[:1]), x), "timestep 0"
    high = LEVELS.sigmas[500:501]
    assert torch.allclose(model.denoised(x, output, high), x - high, atol=1e-3)
    t = 10.0 * 2
    expected = (3.0 - LEVELS.sigmas[2]) * t / (t**2 + 0.25) ** 0.5 + 3.0 * 0.25 / (t**2 + 0.25)
    assert float(model.denoised(x, output, LEVELS.sigmas[2:3])[0, 0, 0, 0]) == pytest.approx(float(expected))
