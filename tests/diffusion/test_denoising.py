"""The recipe: what it joins, from noise to latent, whole and in parts."""

import pytest
import torch

from engine import diffusion
from engine.diffusion import denoising
from engine.diffusion.denoising import Step
from engine.errors import Interrupted
from engine.sampling import catalog
from engine.sampling.conditioning import Conditioning, ConditioningItem, Latent
from engine.sampling.guidance import CfgGuider
from engine.sampling.noise import NoNoise, SeededNoise
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import make_schedule
from engine.sampling.sigma_tools import flip_sigmas
from tests.sampling.gaussian import LEVELS, Gaussian, GaussianModel

EMPTY = Latent(torch.zeros(2, 4, 16, 16), extra={"kept": True})


class ScaledFormat:
    """A family whose network sees latents at a fifth of their size, which floats cannot undo to the bit."""

    channels = 4

    def to_network(self, samples: torch.Tensor) -> torch.Tensor:
        return samples * 0.18215

    def from_network(self, latent: torch.Tensor) -> torch.Tensor:
        return latent / 0.18215


def prompt(mean: float) -> Conditioning:
    return Conditioning((ConditioningItem(torch.full((1, 7, 3), mean)),))


def run(latent: Latent = EMPTY, model: GaussianModel | None = None, **changes: object) -> Latent:
    options = {"seed": 1, "steps": 12, "cfg": 1.0, "sampler": "dpmpp_2m", "schedule": "karras", **changes}
    # CFG++ guides fully at cfg 1: without a direction to go in, it too must find the data.
    negative = prompt(1.5 if "cfg_pp" in str(options["sampler"]) else 0.0)
    return diffusion.denoise(model or GaussianModel(), latent, prompt(1.5), negative, **options)


@pytest.mark.parametrize("sampler", [name for name in catalog.SAMPLERS if not name.startswith("dpm_")])
def test_every_sampler_makes_data_from_noise(sampler: str) -> None:
    result = run(sampler=sampler, steps=25)
    assert result.samples.shape == (2, 4, 16, 16)
    assert float(result.samples.mean()) == pytest.approx(1.5, abs=0.15)
    if sampler != "lcm":
        assert float(result.samples.std()) == pytest.approx(0.7, rel=0.2)
    assert result.extra == {"kept": True}


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "lcm"])
def test_a_seed_says_everything(sampler: str) -> None:
    first, again, other = run(sampler=sampler), run(sampler=sampler), run(sampler=sampler, seed=2)
    assert torch.equal(first.samples, again.samples)
    assert not torch.equal(first.samples, other.samples)


def test_the_networks_scale_is_the_networks_own() -> None:
    mean = float(run(model=GaussianModel(latent_format=ScaledFormat())).samples.mean())
    assert mean == pytest.approx(1.5 / 0.18215, abs=1)


def test_one_sample_of_a_batch_can_be_made_alone() -> None:
    batch = run(EMPTY.with_(batch_index=(0, 1)))
    alone = run(EMPTY.with_(samples=EMPTY.samples[:1], batch_index=(1,)))
    assert torch.allclose(batch.samples[1:], alone.samples, atol=1e-5)


def test_steps_are_reported_and_can_stop_the_run() -> None:
    steps: list[Step] = []
    run(on_step=steps.append)
    assert [step.index for step in steps] == list(range(12))
    assert {step.total for step in steps} == {12}

    def stop(step: Step) -> None:
        if step.index == 3:
            raise Interrupted("cancelled")

    model = GaussianModel()
    with pytest.raises(Interrupted):
        run(model=model, on_step=stop)
    assert len(model.calls) == 4


def test_two_parts_make_the_whole() -> None:
    whole = run(sampler="euler")
    part = run(sampler="euler", last_step=5, force_full_denoise=False)
    rest = run(part, sampler="euler", start_step=5, add_noise=False)
    assert torch.allclose(rest.samples, whole.samples, atol=1e-5)
    assert float(part.samples.std()) > 1.5, "leftover noise"
    assert float(run(sampler="euler", last_step=5).samples.std()) < 1.2, "forced to its end"


def test_denoise_keeps_more_of_the_latent_the_smaller_it_is() -> None:
    picture = Latent(torch.full((1, 4, 16, 16), 4.0))
    distance = [float((run(picture, denoise=d).samples - 4.0).abs().mean()) for d in (0.1, 0.4, 0.7, 1.0)]
    assert distance == sorted(distance)
    assert distance[0] < 0.5
    assert torch.equal(run(picture, denoise=0.0).samples, picture.samples)


def test_nothing_left_to_do_returns_the_latent() -> None:
    assert run(start_step=12) is EMPTY


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m_sde", "uni_pc", "ddim", "euler_cfg_pp"])
def test_mask_protects_to_the_bit(sampler: str) -> None:
    picture = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(3)) + 4
    mask = torch.zeros(1, 128, 128)
    mask[..., 64:] = 1
    model = GaussianModel(latent_format=ScaledFormat())
    result = run(Latent(picture, noise_mask=mask), model, sampler=sampler, steps=20)
    assert torch.equal(result.samples[..., :8], picture[..., :8])
    assert float(result.samples[..., 8:].mean()) == pytest.approx(1.5 / 0.18215, abs=1)
    assert result.noise_mask is mask


def test_any_denoiser_and_any_levels_will_do() -> None:
    model, sigmas = GaussianModel(), torch.tensor([5.0, 1.0, 0.0])
    calls: list[float] = []

    def denoiser(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        calls.append(float(sigma[0]))
        return torch.full_like(x, 7.0)

    result = diffusion.denoise_along(model, denoiser, EMPTY, SamplerChoice("heun"), sigmas, SeededNoise(1))
    assert calls == [5.0, 1.0, 1.0]
    assert torch.allclose(result.latent.samples, torch.tensor(7.0))
    assert torch.allclose(result.estimate.samples, torch.tensor(7.0))


def test_a_level_is_visited_once_one_level_is_noise_alone_and_none_is_nothing() -> None:
    model, choice, noise = GaussianModel(), SamplerChoice("dpmpp_2m"), SeededNoise(1)

    def to(*levels: float) -> torch.Tensor:
        return diffusion.denoise_along(model, Gaussian(), EMPTY, choice, torch.tensor(levels), noise).latent.samples

    assert torch.equal(to(5.0, 5.0, 1.0, 0.0), to(5.0, 1.0, 0.0))
    assert torch.equal(to(5.0), 5.0 * noise.draw(EMPTY))
    assert torch.equal(to(), EMPTY.samples)


def test_a_run_stops_where_its_levels_do_and_tells_its_last_estimate() -> None:
    guider, noise = CfgGuider(GaussianModel(), prompt(1.5), prompt(0.0), 1.0), SeededNoise(1)
    sigmas = torch.tensor([10.0, 4.0, 2.0])
    found = diffusion.denoise_guided(guider, EMPTY, SamplerChoice("euler"), sigmas, noise)
    assert float(found.latent.samples.std()) == pytest.approx((0.7**2 + 2.0**2) ** 0.5, rel=0.1)
    assert float(found.estimate.samples.std()) < 0.7


def test_noise_is_added_and_taken_out_again_along_flipped_levels() -> None:
    picture = Latent(torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(3)) * 0.7 + 1.5)
    guider, choice = CfgGuider(GaussianModel(), prompt(1.5), prompt(0.0), 1.0), SamplerChoice("euler")
    sigmas = make_schedule("karras", LEVELS, 400)
    up = diffusion.denoise_guided(guider, picture, choice, flip_sigmas(sigmas), NoNoise()).latent
    assert float(up.samples.std()) == pytest.approx(float(sigmas[0]), rel=0.15)
    down = diffusion.denoise_guided(guider, up, choice, sigmas, NoNoise()).latent
    assert torch.allclose(down.samples, picture.samples, atol=0.1)
    with pytest.raises(ValueError, match="step down only"):
        diffusion.denoise_guided(guider, picture, SamplerChoice("euler_ancestral"), flip_sigmas(sigmas), NoNoise())
    with pytest.raises(ValueError, match="step down only"):
        diffusion.denoise_guided(guider, picture, SamplerChoice("dpmpp_2m_sde"), flip_sigmas(sigmas), NoNoise())


def test_adding_noise_takes_the_difference_of_both_ends() -> None:
    model, noise = GaussianModel(latent_format=ScaledFormat()), SeededNoise(4)
    picture = Latent(torch.full((1, 4, 8, 8), 5.0))
    found = diffusion.add_noise(model, picture, noise, torch.tensor([6.0, 3.0, 2.0]))
    assert torch.allclose(found.samples, 5.0 + 4.0 * noise.draw(picture) / 0.18215, rtol=1e-4, atol=1e-4)
    assert torch.allclose(diffusion.add_noise(model, picture, NoNoise(), torch.tensor([6.0])).samples, picture.samples)
    assert diffusion.add_noise(model, picture, noise, torch.empty(0)) is picture


@pytest.mark.parametrize(("free", "passes"), [(None, 1), (10**9, 1), (2, 2)])
def test_both_prompts_share_a_pass_where_memory_allows(
    free: int | None, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoising, "room", lambda device: free)
    model = GaussianModel()
    run(model=model, cfg=3.0, sampler="euler", steps=4)
    assert len(model.calls) == 4 * passes
    assert {len(x) for x, _, _ in model.calls} == {2 * 2 // passes}


def test_cfg_1_runs_the_network_for_the_positive_prompt_alone() -> None:
    model = GaussianModel()
    run(model=model, cfg=1.0, sampler="euler", steps=4)
    assert [len(x) for x, _, _ in model.calls] == [2] * 4


def test_the_first_noise_has_the_models_full_variance_only_from_its_highest_level() -> None:
    model = GaussianModel()
    run(model=model, sampler="euler", cfg=1.0)
    assert float(model.calls[0][0].std()) == pytest.approx((1 + LEVELS.sigma_max**2) ** 0.5, rel=0.05)


def test_empty_latents_fit_every_family_and_others_only_their_own() -> None:
    assert run(Latent(torch.zeros(1, 16, 8, 8))).samples.shape == (1, 4, 8, 8)
    with pytest.raises(ValueError, match=r"4 channels.*16"):
        run(Latent(torch.ones(1, 16, 8, 8)))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no sampler"):
        run(sampler="eular")
    with pytest.raises(ValueError, match="no schedule"):
        run(schedule="norml")
