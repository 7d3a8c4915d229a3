"""Sampling put together of nodes gives what KSampler gives, and every part of it has its say."""

from types import SimpleNamespace

import pytest
import torch

from engine.models import DiffusionModel
from engine.sampling import Latent, SamplerChoice
from engine.sampling.catalog import SAMPLERS
from nodes import custom_samplers, custom_sampling, custom_sigmas, guidance, latent, sampling, text

EMPTY = latent.make_empty(width=64, height=64)


def close(ours, theirs):
    """Equal to float32's digits on the scale of the whole."""
    return float((ours - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


@pytest.fixture
def prompts(checkpoint, context):
    words = ("a red cat", "a blue dog", "")
    encoded = [text.encode_text(text=each, clip=checkpoint.clip, context=context) for each in words]
    return SimpleNamespace(positive=encoded[0], negative=encoded[1], empty=encoded[2])


@pytest.fixture
def count_calls(monkeypatch):
    """How many latents each call of a network took."""
    calls = []
    denoise = DiffusionModel.denoise

    def counting(model, x, sigma, inputs):
        calls.append(len(x))
        return denoise(model, x, sigma, inputs)

    monkeypatch.setattr(DiffusionModel, "denoise", counting)
    return calls


@pytest.fixture
def run(checkpoint, prompts, context):
    """SamplerCustomAdvanced with everything usual; keyword arguments replace the inputs."""

    def run_one(**inputs):
        model = inputs.pop("model", checkpoint.model)
        usual = {
            "noise": custom_sampling.make_noise(noise_seed=5),
            "guider": custom_sampling.make_cfg_guider(
                model=model, positive=prompts.positive, negative=prompts.negative, cfg=4.0
            ),
            "sampler": custom_samplers.select(sampler_name="euler"),
            "sigmas": custom_sigmas.basic(model=model, scheduler="normal", steps=3),
            "latent_image": EMPTY,
            "context": context,
        }
        return custom_sampling.sample_advanced(**{**usual, **inputs}).output.samples

    return run_one


@pytest.fixture
def ksampler(checkpoint, prompts, context):
    def run_one(**inputs):
        usual = {
            "model": checkpoint.model,
            "seed": 5,
            "steps": 3,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": prompts.positive,
            "negative": prompts.negative,
            "latent_image": EMPTY,
            "context": context,
        }
        return sampling.ksampler(**{**usual, **inputs}).samples

    return run_one


def test_all_in_one_node_and_put_together_give_what_ksampler_gives(checkpoint, prompts, context, run, ksampler):
    custom = custom_sampling.sample(
        model=checkpoint.model,
        noise_seed=5,
        cfg=4.0,
        positive=prompts.positive,
        negative=prompts.negative,
        sampler=custom_samplers.select(sampler_name="euler"),
        sigmas=custom_sigmas.basic(model=checkpoint.model, scheduler="normal", steps=3),
        latent_image=EMPTY,
        context=context,
    )
    assert context.steps == [(1, 3), (2, 3), (3, 3)]
    assert torch.equal(custom.output.samples, ksampler())
    assert torch.equal(custom.output.samples, run())
    assert torch.allclose(custom.denoised_output.samples, custom.output.samples, atol=1e-4), "it ends at 0"


def test_a_batch_keeps_its_indices(run, ksampler):
    chosen = Latent(torch.zeros(2, 4, 8, 8), batch_index=(1, 0))
    alone = Latent(torch.zeros(1, 4, 8, 8), batch_index=(1,))
    batch = run(latent_image=chosen)
    assert close(batch[:1], run(latent_image=alone))
    assert torch.equal(batch, ksampler(latent_image=chosen))


def test_a_run_in_two_parts_is_the_whole(checkpoint, context, run):
    sigmas = custom_sigmas.basic(model=checkpoint.model, scheduler="normal", steps=4)
    high, low = custom_sigmas.split(sigmas=sigmas, step=2)
    first = Latent(run(sigmas=high))
    rest = run(sigmas=low, latent_image=first, noise=custom_sampling.make_no_noise())
    assert torch.allclose(rest, run(sigmas=sigmas), atol=1e-4)


def test_stopped_early_the_second_output_is_the_last_estimate(checkpoint, prompts, context, run):
    sigmas = custom_sigmas.basic(model=checkpoint.model, scheduler="normal", steps=4)[:3]
    found = custom_sampling.sample_advanced(
        noise=custom_sampling.make_noise(noise_seed=1),
        guider=custom_sampling.make_basic_guider(model=checkpoint.model, conditioning=prompts.positive),
        sampler=custom_samplers.select(sampler_name="euler"),
        sigmas=sigmas,
        latent_image=EMPTY,
        context=context,
    )
    to_0 = run(
        noise=custom_sampling.make_noise(noise_seed=1),
        guider=custom_sampling.make_basic_guider(model=checkpoint.model, conditioning=prompts.positive),
        sigmas=torch.cat([sigmas[:2], torch.zeros(1)]),
    )
    assert close(found.denoised_output.samples, to_0)
    assert not close(found.output.samples, to_0)


def test_without_levels_nothing_happens(run):
    assert torch.equal(run(sigmas=torch.empty(0)), EMPTY.samples)


def test_noise_added_by_a_node_is_the_noise_a_sampler_starts_from(checkpoint, run):
    sigmas = custom_sigmas.basic(model=checkpoint.model, scheduler="karras", steps=3)[1:]
    noisy = custom_sampling.add_noise(
        model=checkpoint.model, noise=custom_sampling.make_noise(noise_seed=5), sigmas=sigmas, latent_image=EMPTY
    )
    assert torch.allclose(
        run(sigmas=sigmas, latent_image=noisy, noise=custom_sampling.make_no_noise()), run(sigmas=sigmas), atol=1e-4
    )


def test_guiders_evaluate_what_they_need(checkpoint, prompts, run, count_calls):
    model, positive, negative = checkpoint.model, prompts.positive, prompts.negative
    two = {"positive": positive, "negative": negative}
    guiders = {
        "basic": custom_sampling.make_basic_guider(model=model, conditioning=positive),
        "cfg": custom_sampling.make_cfg_guider(model=model, **two, cfg=4.0),
        "cfg 1": custom_sampling.make_cfg_guider(model=model, **two, cfg=1.0),
        "dual": custom_sampling.make_dual_guider(
            model=model, cond1=positive, cond2=prompts.empty, negative=negative, style="regular"
        ),
        "nested": custom_sampling.make_dual_guider(
            model=model, cond1=positive, cond2=prompts.empty, negative=negative, style="nested"
        ),
        "perp": custom_sampling.make_perp_neg_guider(model=model, **two, empty_conditioning=prompts.empty),
    }
    results, counts = {}, {}
    for name, guider in guiders.items():
        count_calls.clear()
        results[name] = run(guider=guider)
        counts[name] = sum(count_calls)
    assert counts == {"basic": 3, "cfg": 6, "cfg 1": 3, "dual": 9, "nested": 9, "perp": 9}
    assert torch.equal(results["basic"], results["cfg 1"])
    assert all(bool(samples.isfinite().all()) for samples in results.values())
    assert not torch.allclose(results["dual"], results["nested"], atol=1e-3)
    assert not torch.allclose(results["cfg"], results["perp"], atol=1e-3)


SAMPLER_NODES = {
    "euler_ancestral": lambda model: custom_samplers.euler_ancestral(),
    "euler_ancestral_cfg_pp": lambda model: custom_samplers.euler_ancestral_cfg_pp(),
    "lms": lambda model: custom_samplers.lms(),
    "dpmpp_2s_ancestral": lambda model: custom_samplers.dpmpp_2s_ancestral(),
    "dpmpp_sde": lambda model: custom_samplers.dpmpp_sde(noise_device="gpu"),
    "dpmpp_2m_sde": lambda model: custom_samplers.dpmpp_2m_sde(solver_type="midpoint", noise_device="cpu"),
    "dpmpp_2m_sde_heun": lambda model: custom_samplers.dpmpp_2m_sde(solver_type="heun", noise_device="cpu"),
    "dpmpp_3m_sde": lambda model: custom_samplers.dpmpp_3m_sde(noise_device="cpu"),
    "dpm_adaptive": lambda model: custom_samplers.dpm_adaptive(),
    "er_sde": lambda model: custom_samplers.er_sde(solver_type="ER-SDE"),
    "sa_solver": lambda model: custom_samplers.sa_solver(model=model),
    "sa_solver_pece": lambda model: custom_samplers.sa_solver(model=model, use_pece=True),
    "euler_cfg_pp": lambda model: custom_samplers.euler_cfg_pp(version="regular"),
}


@pytest.mark.parametrize("name", SAMPLER_NODES)
def test_a_samplers_own_node_has_the_defaults_of_its_name(name, checkpoint, run):
    sampler = SAMPLER_NODES[name](checkpoint.model)
    assert torch.equal(run(sampler=sampler), run(sampler=custom_samplers.select(sampler_name=name)))


CHANGED = [
    ("euler", lambda: custom_samplers.euler_ancestral(eta=0.0)),
    ("euler_cfg_pp", lambda: custom_samplers.euler_ancestral_cfg_pp(eta=0.0)),
    ("dpmpp_2m_sde", lambda: custom_samplers.dpmpp_2m_sde(solver_type="midpoint", s_noise=1.0, noise_device="gpu")),
]


@pytest.mark.parametrize(("name", "make"), CHANGED)
def test_options_of_sampler_nodes_reach_the_sampler(name, make, run):
    assert torch.allclose(run(sampler=make()), run(sampler=SamplerChoice(name)), atol=1e-5)


@pytest.mark.parametrize(
    "sampler",
    [
        custom_samplers.euler_ancestral(s_noise=0.5),
        custom_samplers.lms(order=1),
        custom_samplers.dpmpp_sde(r=0.3, noise_device="cpu"),
        custom_samplers.dpmpp_3m_sde(eta=0.2, noise_device="cpu"),
        custom_samplers.dpm_adaptive(order=2, rtol=0.5),
        custom_samplers.er_sde(solver_type="Reverse-time SDE", eta=0.5, max_stage=1),
        custom_samplers.euler_cfg_pp(version="alternative"),
        custom_samplers.dpmpp_2s_ancestral(eta=0.3),
    ],
    ids=lambda sampler: sampler.name,
)
def test_other_options_make_another_picture(sampler, run):
    changed = run(sampler=sampler)
    assert bool(changed.isfinite().all())
    name = sampler.name.removesuffix("_alternative")
    assert not torch.allclose(changed, run(sampler=SamplerChoice(name)), atol=1e-4)


def test_sa_solvers_range_is_of_the_models_levels(checkpoint):
    choice = custom_samplers.sa_solver(model=checkpoint.model, sde_start_percent=0.0, sde_end_percent=1.0)
    assert choice.options["sigma_start"] > checkpoint.model.noise_levels.sigma_max
    assert choice.options["sigma_end"] == 0.0


@pytest.mark.parametrize("method", ["bislerp", "nearest-exact"])
def test_lcm_grows_the_latent_on_the_way(method, run):
    sampler = custom_samplers.lcm_upscale(scale_ratio=1.5, scale_steps=2, upscale_method=method)
    assert run(sampler=sampler).shape == (1, 4, 12, 12)
    plain = custom_samplers.lcm_upscale(upscale_method=method)
    assert run(sampler=plain).shape == (1, 4, 8, 8)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_of_the_menu_runs_on_a_real_network(name, run):
    assert bool(run(sampler=custom_samplers.select(sampler_name=name)).isfinite().all())


def test_scheduler_nodes_give_falling_levels(checkpoint):
    model = checkpoint.model
    made = {
        "basic": custom_sigmas.basic(model=model, scheduler="simple", steps=6),
        "beta": custom_sigmas.beta(model=model, steps=6),
        "karras": custom_sigmas.karras(steps=6),
        "exponential": custom_sigmas.exponential(steps=6),
        "polyexponential": custom_sigmas.polyexponential(steps=6),
        "vp": custom_sigmas.variance_preserving(steps=6),
        "ays": custom_sigmas.align_your_steps(model_type="SD1", steps=6),
        "gits": custom_sigmas.search(steps=6),
        "turbo": custom_sigmas.turbo(model=model, steps=6),
    }
    for name, sigmas in made.items():
        assert sigmas.shape == (7,), name
        assert bool((sigmas.diff() < 0).all()), name
        assert float(sigmas[-1]) == 0, name
    laplace = custom_sigmas.laplace(steps=6)
    assert laplace.shape == (6,)
    assert bool((laplace.diff() < 0).all())


def test_less_denoising_keeps_the_last_levels(checkpoint):
    model = checkpoint.model
    twelve = custom_sigmas.basic(model=model, scheduler="normal", steps=12)
    assert torch.equal(custom_sigmas.basic(model=model, scheduler="normal", steps=6, denoise=0.5), twelve[-7:])
    assert len(custom_sigmas.basic(model=model, scheduler="normal", steps=6, denoise=0.0)) == 0
    assert len(custom_sigmas.align_your_steps(model_type="SDXL", steps=10, denoise=0.5)) == 6
    assert float(custom_sigmas.turbo(model=model, steps=1, denoise=0.4)[0]) < 5


def test_tools_for_levels():
    sigmas = torch.tensor([8.0, 4.0, 2.0, 0.0])
    assert [part.tolist() for part in custom_sigmas.split(sigmas=sigmas, step=1)] == [[8, 4], [4, 2, 0]]
    assert [part.tolist() for part in custom_sigmas.split_by_share(sigmas=sigmas, denoise=0.34)] == [[8, 4, 2], [2, 0]]
    assert torch.equal(custom_sigmas.write_down(sigmas="8, 4, 2, 0"), sigmas)
    assert custom_sigmas.flip(sigmas=sigmas).tolist() == pytest.approx([0.0001, 2, 4, 8])
    assert custom_sigmas.set_first(sigmas=sigmas).tolist() == [136, 4, 2, 0]
    assert custom_sigmas.refine(sigmas=sigmas, end_at_sigma=4.0, spacing="linear").tolist() == [8, 6, 4, 3, 2, 0]


def test_the_level_at_a_share_of_the_run(checkpoint):
    model = checkpoint.model
    levels = model.noise_levels
    ask = custom_sigmas.percent_to_sigma
    assert ask(model=model).sigma_value > 1e6
    assert ask(model=model, return_actual_sigma=True).sigma_value == levels.sigma_max
    assert ask(model=model, sampling_percent=1.0).sigma_value == 0.0
    assert ask(model=model, sampling_percent=1.0, return_actual_sigma=True).sigma_value == levels.sigma_min
    half = levels.at_percent(0.5)
    assert ask(model=model, sampling_percent=0.5, return_actual_sigma=True).sigma_value == half


def test_guidance_nodes_change_the_picture_and_leave_the_model(checkpoint, prompts, run, ksampler):
    model = checkpoint.model
    patched = {
        "CFGZeroStar": guidance.zero_star(model=model).patched_model,
        "CFGNorm": guidance.limit_norm(model=model).patched_model,
        "TCFG": guidance.damp_tangent(model=model).patched_model,
        "Mahiro": guidance.mahiro(model=model).patched_model,
        "APG": guidance.adaptive_projected_guidance(model=model, eta=0.5, momentum=-0.5),
        "Epsilon Scaling": guidance.scale_epsilon(model=model),
        "FreSca": guidance.scale_frequencies(model=model, freq_cutoff=2),
        "RescaleCFG": guidance.rescale_guidance(model=model),
        "PerpNeg": guidance.perp_neg(model=model, empty_conditioning=prompts.empty, neg_scale=2.0),
    }
    plain = ksampler()
    for name, changed in patched.items():
        samples = ksampler(model=changed)
        assert bool(samples.isfinite().all()), name
        assert not torch.allclose(samples, plain, atol=1e-4), name
    assert torch.equal(ksampler(), plain)
    assert torch.allclose(ksampler(model=guidance.scale_epsilon(model=model, scaling_factor=1.0)), plain, atol=1e-4)
    assert torch.allclose(ksampler(model=guidance.rescale_guidance(model=model, multiplier=0.0)), plain, atol=1e-4)


def test_perp_neg_as_a_patch_is_the_guider(checkpoint, prompts, run, ksampler):
    patched = guidance.perp_neg(model=checkpoint.model, empty_conditioning=prompts.empty, neg_scale=1.5)
    guider = custom_sampling.make_perp_neg_guider(
        model=checkpoint.model,
        positive=prompts.positive,
        negative=prompts.negative,
        empty_conditioning=prompts.empty,
        cfg=4.0,
        neg_scale=1.5,
    )
    assert close(ksampler(model=patched), run(guider=guider))


def test_differential_diffusion_opens_a_grey_mask_late(checkpoint, ksampler):
    picture = Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(9)))
    mask = torch.full((1, 64, 64), 0.3)
    mask[:, :, 32:] = 1.0
    masked = latent.set_noise_mask(samples=picture, mask=mask)
    patched = guidance.differential_diffusion(model=checkpoint.model)
    late, plain = (ksampler(model=m, latent_image=masked, steps=6) for m in (patched, checkpoint.model))
    assert not torch.allclose(late, plain, atol=1e-3)
    black = latent.set_noise_mask(samples=picture, mask=torch.zeros(1, 64, 64))
    assert torch.equal(ksampler(model=patched, latent_image=black), picture.samples)
    white = latent.set_noise_mask(samples=picture, mask=torch.ones(1, 64, 64))
    whole = ksampler(model=checkpoint.model, latent_image=picture)
    assert torch.allclose(ksampler(model=patched, latent_image=white), whole, atol=1e-5)
