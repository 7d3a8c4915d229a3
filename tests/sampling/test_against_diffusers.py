"""Samplers beside the schedulers of `diffusers`, an independent implementation, on the same levels and denoiser.

Their schedulers keep x as x_t = alpha x (DPM-Solver++, UniPC) or as ours (Euler, Heun, ...), and ask for epsilon.
"""

from collections.abc import Callable

import diffusers
import pytest
import torch
from torch import Tensor

from engine.sampling.noise import IndependentNoise
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.sampler_choice import SamplerChoice
from tests.sampling.gaussian import LEVELS, ignore_step, no_noise

TRAINED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
STEPS = 9


def denoiser(x: Tensor, sigma: Tensor) -> Tensor:
    """Something that bends: the ideal denoiser of data that is +1 or -1."""
    s = sigma.reshape(-1, 1, 1, 1).double()
    return (x.double() / s**2).tanh().to(x.dtype)


def start(sigma: float) -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).double() * (1 + sigma**2) ** 0.5


def theirs(scheduler: object, x: Tensor, sigma_of: Callable[[int], float], *, scaled: bool, seed: int = 0) -> Tensor:
    """Run a scheduler on x as we have it; `scaled`: it keeps x / sqrt(1 + sigma^2)."""
    generator = torch.Generator().manual_seed(seed)
    scale = (1 + sigma_of(0) ** 2) ** 0.5 if scaled else 1.0
    sample = x / scale
    for i, t in enumerate(scheduler.timesteps):
        sigma = sigma_of(i)
        ours = sample * ((1 + sigma**2) ** 0.5 if scaled else 1.0)
        epsilon = (ours - denoiser(ours, torch.tensor([sigma]))) / sigma
        if not scaled:
            scheduler.scale_model_input(sample, t)
        takes_generator = "generator" in scheduler.step.__code__.co_varnames
        options = {"generator": generator} if takes_generator else {}
        sample = scheduler.step(epsilon, t, sample, **options).prev_sample
    return sample


def ours(name: str, x: Tensor, sigmas: Tensor, noise: object = no_noise, **options: object) -> Tensor:
    return SamplerChoice(name, options).load()(denoiser, x, sigmas, noise, ignore_step)


def test_levels_are_the_same() -> None:
    scheduler = diffusers.EulerDiscreteScheduler(**TRAINED)
    theirs = ((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod).sqrt()
    assert torch.allclose(theirs, LEVELS.sigmas, rtol=1e-4)
    assert torch.equal(NoiseLevels.from_alphas_cumprod(scheduler.alphas_cumprod).sigmas, theirs)


@pytest.mark.parametrize(
    ("name", "scheduler"),
    [
        ("euler", diffusers.EulerDiscreteScheduler),
        ("heun", diffusers.HeunDiscreteScheduler),
        ("dpm_2", diffusers.KDPM2DiscreteScheduler),
    ],
)
@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # their tensors in numpy's functions
def test_samplers_of_one_step(name: str, scheduler: type) -> None:
    there = scheduler(**TRAINED, use_karras_sigmas=True)
    there.set_timesteps(STEPS)
    evaluated = interleaved(there) if name == "dpm_2" else there.sigmas.tolist()
    sigmas = there.sigmas.unique_consecutive()  # levels that are evaluated twice stand there twice
    x = start(float(sigmas[0]))
    expected = theirs(there, x, lambda i: evaluated[i], scaled=False)
    assert torch.allclose(ours(name, x, sigmas), expected, rtol=1e-4, atol=1e-4)


def interleaved(scheduler: object) -> list[float]:
    """The levels at which KDPM2 evaluates: each level, then the middle of its step."""
    levels, middles = scheduler.sigmas.tolist(), scheduler.sigmas_interpol.tolist()
    return [middles[i] if i % 2 else levels[i] for i in range(len(scheduler.timesteps))]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dpmpp_2m", {"solver_order": 2, "lower_order_final": False}),
        ("uni_pc", {"solver_order": 3, "solver_type": "bh1"}),
        ("uni_pc_bh2", {"solver_order": 3, "solver_type": "bh2"}),
    ],
)
def test_multistep_samplers(name: str, options: dict[str, object]) -> None:
    kind = diffusers.UniPCMultistepScheduler if "uni_pc" in name else diffusers.DPMSolverMultistepScheduler
    there = kind(**TRAINED, use_karras_sigmas=True, final_sigmas_type="sigma_min", **options)
    there.set_timesteps(STEPS)
    sigmas = there.sigmas[:-1]  # the last step differs by convention: ours end at 0
    there.timesteps = there.timesteps[: len(sigmas) - 1]
    x = start(float(sigmas[0]))
    expected = theirs(there, x, lambda i: float(sigmas[i]), scaled=True) * (1 + float(sigmas[-1]) ** 2) ** 0.5
    found = ours(name, x, sigmas)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_lms_before_its_last_step() -> None:
    there = diffusers.LMSDiscreteScheduler(**TRAINED, use_karras_sigmas=True)
    there.set_timesteps(STEPS)
    there.timesteps = there.timesteps[:-1]  # to 0 they extrapolate, we take Euler's step
    x = start(float(there.sigmas[0]))
    expected = theirs(there, x, lambda i: float(there.sigmas[i]), scaled=False)
    assert torch.allclose(ours("lms", x, there.sigmas[:-1]), expected, rtol=1e-3, atol=1e-3)


def test_euler_ancestral_with_the_same_noise() -> None:
    there = diffusers.EulerAncestralDiscreteScheduler(**TRAINED)
    there.set_timesteps(STEPS)
    x = start(float(there.sigmas[0])).float()
    expected = theirs(there, x, lambda i: float(there.sigmas[i]), scaled=False, seed=3)
    found = ours("euler_ancestral", x, there.sigmas, IndependentNoise(x, 3))
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_ddpm_with_the_same_noise() -> None:
    there = diffusers.DDPMScheduler(**TRAINED, clip_sample=False, variance_type="fixed_small")
    there.set_timesteps(STEPS)
    alphas = there.alphas_cumprod[there.timesteps]
    sigmas = torch.cat([((1 - alphas) / alphas).sqrt(), torch.zeros(1)])
    x = start(float(sigmas[0])).float()
    expected = theirs(there, x, lambda i: float(sigmas[i]), scaled=True, seed=3)
    found = ours("ddpm", x, sigmas, IndependentNoise(x, 3))
    assert torch.allclose(found, expected, rtol=1e-2, atol=1e-2)
