"""Models that are told other noise levels sample along them, and the model itself stays as it is."""

import pytest
import torch

from engine.sampling import Latent
from nodes import latent, model_sampling, sampling, text


@pytest.fixture
def sample(checkpoint, context):
    prompts = [text.encode_text(text=words, clip=checkpoint.clip, context=context) for words in ("a cat", "")]

    def run(model, **inputs):
        usual = {
            "seed": 5,
            "steps": 3,
            "cfg": 3.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": prompts[0],
            "negative": prompts[1],
            "latent_image": latent.make_empty(width=64, height=64),
            "context": context,
        }
        return sampling.ksampler(model=model, **{**usual, **inputs}).samples

    return run


def test_eps_is_what_the_model_is_already(checkpoint, sample):
    told = model_sampling.discrete(model=checkpoint.model, sampling="eps")
    assert torch.equal(sample(told), sample(checkpoint.model))


@pytest.mark.parametrize(
    "told",
    [
        {"sampling": "v_prediction"},
        {"sampling": "v_prediction", "zsnr": True},
        {"sampling": "lcm"},
        {"sampling": "x0"},
        {"sampling": "img_to_img"},
    ],
    ids=str,
)
def test_discrete_kinds_make_other_pictures(told, checkpoint, sample):
    changed = sample(model_sampling.discrete(model=checkpoint.model, **told))
    assert bool(changed.isfinite().all())
    assert not torch.allclose(changed, sample(checkpoint.model), atol=1e-2)


def test_zsnr_starts_from_noise_alone(checkpoint):
    told = model_sampling.discrete(model=checkpoint.model, sampling="v_prediction", zsnr=True)
    assert told.noise_levels.sigma_max > 4000
    distilled = model_sampling.discrete(model=checkpoint.model, sampling="lcm", zsnr=True)
    assert len(distilled.noise_levels) == 50
    assert distilled.noise_levels.sigma_max == told.noise_levels.sigma_max
    assert checkpoint.model.noise_levels.sigma_max < 15


@pytest.mark.parametrize("kind", ["v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"])
def test_continuous_kinds_sample_between_their_own_ends(kind, checkpoint, sample):
    told = model_sampling.continuous_edm(model=checkpoint.model, sampling=kind, sigma_max=80.0, sigma_min=0.01)
    assert (told.noise_levels.sigma_min, told.noise_levels.sigma_max) == (pytest.approx(0.01), pytest.approx(80.0))
    changed = sample(told, scheduler="karras")
    assert bool(changed.isfinite().all())
    assert not torch.allclose(changed, sample(checkpoint.model, scheduler="karras"), atol=1e-2)


def test_playgrounds_latents_have_their_own_mean_and_deviation(checkpoint):
    told = model_sampling.continuous_edm(model=checkpoint.model, sampling="edm_playground_v2.5")
    samples = torch.randn(2, 4, 3, 5)
    seen = told.latent_format.to_network(samples)
    assert torch.allclose(told.latent_format.from_network(seen), samples, atol=1e-5)
    assert float(seen[0, 1, 0, 0]) == pytest.approx((float(samples[0, 1, 0, 0]) - 1.886) * 0.5 / 5.9022, rel=1e-4)


def test_an_empty_latent_stays_empty_for_a_model_whose_latents_have_a_mean(checkpoint, sample):
    told = model_sampling.continuous_edm(model=checkpoint.model, sampling="edm_playground_v2.5")
    shifted = Latent(told.latent_format.from_network(torch.full((1, 4, 8, 8), 1e-30)))
    assert torch.allclose(sample(told), sample(told, latent_image=shifted), rtol=1e-3, atol=1e-2)


def test_continuous_velocity(checkpoint, sample):
    told = model_sampling.continuous_v(model=checkpoint.model, sampling="v_prediction")
    assert (told.noise_levels.sigma_min, told.noise_levels.sigma_max) == (pytest.approx(0.03), pytest.approx(500.0))
    assert bool(sample(told).isfinite().all())
    with pytest.raises(ValueError, match="sigma_min < sigma_max"):
        model_sampling.continuous_v(model=checkpoint.model, sampling="v_prediction", sigma_min=600.0)
