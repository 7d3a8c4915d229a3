"""Samplers beside those of k-diffusion, where most of them come from, on the same levels, denoiser and noise.

Runs where it is installed (`pip install --no-deps k-diffusion==0.1.1.post1`: what it depends on is many times its size,
and of no use here).
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from types import ModuleType

import pytest
import torch
from torch import Tensor

from engine.sampling import spacings
from engine.sampling.noise import make_noise_source
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import make_schedule
from tests.sampling.gaussian import LEVELS, ignore_step

PACKAGE = PathFinder.find_spec("k_diffusion")
pytestmark = pytest.mark.skipif(PACKAGE is None, reason="k-diffusion is not installed")

# Largest difference, relative to the largest value. Theirs are float32 throughout.
TOLERANCES = {
    "euler": 1e-5,
    "euler_ancestral": 1e-5,
    "heun": 1e-5,
    "dpm_2": 1e-5,
    "dpm_2_ancestral": 2e-5,
    "dpm_fast": 2e-5,
    "dpm_adaptive": 1e-3,  # it chooses its own steps
    "dpmpp_2s_ancestral": 2e-5,
    "dpmpp_sde": 1e-3,  # they ask the Brownian path at levels that are rounded once more
    "dpmpp_2m": 1e-5,
    "dpmpp_2m_sde": 2e-5,
    "dpmpp_2m_sde_heun": 2e-5,
    "dpmpp_3m_sde": 2e-5,
    "lms": 1e-5,
}


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    """Its module of samplers alone: the package itself imports what trains and judges models."""
    assert PACKAGE is not None
    assert PACKAGE.submodule_search_locations is not None
    package = ModuleType("k_diffusion")
    package.__path__ = list(PACKAGE.submodule_search_locations)
    utilities = ModuleType("k_diffusion.utils")
    utilities.append_dims = lambda x, dims: x[(..., *[None] * (dims - x.ndim))]
    package.utils = utilities
    solver = ModuleType("torchdiffeq")
    solver.odeint = None
    with pytest.MonkeyPatch.context() as patch:
        for module in (package, utilities, solver):
            patch.setitem(sys.modules, module.__name__, module)
        spec = importlib.util.find_spec("k_diffusion.sampling")
        assert spec is not None
        assert spec.loader is not None
        samplers = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(samplers)
    return samplers


def bent(x: Tensor, sigma: Tensor) -> Tensor:
    s = sigma.reshape(-1, 1, 1, 1) ** 2
    return ((x / (0.25 + s)).tanh() * s + x * 0.25) / (0.25 + s)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("steps", [2, 3, 8, 20])
@pytest.mark.parametrize("name", TOLERANCES)
def test_the_same_picture(name: str, steps: int, theirs: ModuleType) -> None:
    for schedule in ("karras", "normal", "simple"):
        sigmas = make_schedule(schedule, LEVELS, steps)
        if name == "lms":
            sigmas = sigmas[:-1]  # to 0 they extrapolate, we take Euler's step
        x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)) * sigmas[0]
        choice = SamplerChoice(name)
        noises = [make_noise_source(choice.entry.noise, x, 5, sigmas) for _ in range(2)]
        found = choice.load()(bent, x, sigmas, noises[0], ignore_step)
        options = {"noise_sampler": lambda a, b, noise=noises[1]: noise(float(a), float(b))}
        if name.endswith("_heun"):
            options["solver_type"] = "heun"
        arguments = [x, sigmas]
        if name in ("dpm_fast", "dpm_adaptive"):
            arguments = [x, float(sigmas[-2]), float(sigmas[0]), *([steps] if name == "dpm_fast" else [])]
        if not any(part in name for part in ("ancestral", "sde", "fast", "adaptive")):
            del options["noise_sampler"]
        sample = getattr(theirs, f"sample_{name.removesuffix('_heun')}")
        expected = sample(bent, *arguments, disable=True, **options)
        assert float((found - expected).abs().max() / expected.abs().max()) < TOLERANCES[name], schedule


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_the_same_levels_to_the_bit(steps: int, theirs: ModuleType) -> None:
    assert torch.equal(spacings.space_karras(steps, 10.0, 0.1, 3.0), theirs.get_sigmas_karras(steps, 0.1, 10.0, 3.0))
    assert torch.equal(spacings.space_exponentially(steps, 10.0, 0.1), theirs.get_sigmas_exponential(steps, 0.1, 10.0))
    ours = spacings.space_polyexponentially(steps, 10.0, 0.1, 2.0)
    assert torch.equal(ours, theirs.get_sigmas_polyexponential(steps, 0.1, 10.0, 2.0))
    assert torch.equal(spacings.space_by_variance(steps), theirs.get_sigmas_vp(steps))
