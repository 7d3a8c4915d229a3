"""What does every sampler make on every schedule? A few numbers of each, so that a change that moves pictures is seen.

    python -m tests.golden.sampler_numbers      writes sampler_numbers.json beside this file

Recipe: 6 steps from the seeded noise 7 of one 4 x 8 x 8 latent, float32, on the ideal denoiser of data that is
N(-1, 0.5^2) or N(1, 0.5^2) with equal chance; of the result mean, deviation, first and last value.
Where the reference implementation's pictures are known (make test-golden), these samplers give them.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from engine.diffusion import denoise_along
from engine.sampling import catalog
from engine.sampling.conditioning import Latent
from engine.sampling.denoiser import GuidedEstimate
from engine.sampling.noise import SeededNoise
from engine.sampling.sampler_choice import SamplerChoice
from engine.sampling.schedules import plan_sigmas
from tests.sampling.gaussian import LEVELS, GaussianModel

FILE = Path(__file__).with_suffix(".json")
SEED, STEPS, STD = 7, 6, 0.5


class TwoHills:
    """The ideal denoiser of the mixture: the hills' posterior means, weighed by how likely each is."""

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        s = sigma.reshape(-1, 1, 1, 1) ** 2
        return (x * STD**2 + (x / (STD**2 + s)).tanh() * s) / (STD**2 + s)

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        return GuidedEstimate(self(x, sigma), self(x, sigma) * 0.9)


def numbers(sampler: str, schedule: str) -> list[float]:
    choice = SamplerChoice(sampler)
    sigmas = plan_sigmas(schedule, LEVELS, STEPS, skips_last_level=choice.entry.skips_last_level)
    empty = Latent(torch.zeros(1, 4, 8, 8))
    end = denoise_along(GaussianModel(), TwoHills(), empty, choice, sigmas, SeededNoise(SEED)).latent.samples
    return [float(v) for v in (end.mean(), end.std(), end[0, 0, 0, 0], end[0, 3, 7, 7])]


def write() -> None:
    names = [(sampler, schedule) for sampler in catalog.SAMPLERS for schedule in catalog.SCHEDULES]
    rows = [f'  "{a} {b}": {json.dumps([round(v, 5) for v in numbers(a, b)])}' for a, b in names]
    FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    write()
