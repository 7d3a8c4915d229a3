"""Data ~ N(mean, std^2) per cell: the one case whose ideal denoiser and whole path are known in closed form."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.sampling.conditioning import Conditioning, Latent, NetworkInputs
from engine.sampling.denoiser import GuidedEstimate
from engine.sampling.guidance_patches import GuidancePatches
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import EPSILON, Prediction

LEVELS = NoiseLevels.scaled_linear()


def ignore_step(index: int, denoised: Tensor, x: Tensor) -> None:
    """An OnStep that does nothing."""


def no_noise(sigma: float, sigma_next: float) -> Tensor:
    """A NoiseSource for samplers that must not ask for noise."""
    raise AssertionError(f"asked for noise from {sigma} to {sigma_next}")


@dataclass(frozen=True)
class Gaussian:
    """The ideal denoiser; its path is a straight scaling of x - mean."""

    mean: float = 1.5
    std: float = 0.7

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        s = sigma.reshape(-1, 1, 1, 1).to(x.dtype)
        return (x * self.std**2 + self.mean * s**2) / (self.std**2 + s**2)

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        denoised = self(x, sigma)
        return GuidedEstimate(denoised, denoised)

    def deviation(self, sigma: float) -> float:
        return float((self.std**2 + sigma**2) ** 0.5)

    def start(self, sigma: float, shape: tuple[int, ...] = (2, 4, 32, 32), seed: int = 0) -> Tensor:
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        return self.mean + noise * self.deviation(sigma)

    def exact(self, x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        return self.mean + (x - self.mean) * (self.deviation(sigma_next) / self.deviation(sigma))


class PlainFormat:
    """Latents that need no scaling: a LatentScaling."""

    channels = 4

    def to_network(self, samples: Tensor) -> Tensor:
        return samples

    def from_network(self, latent: Tensor) -> Tensor:
        return latent


@dataclass
class GaussianModel:
    """A ConditionedModel whose data's mean is the mean of the prompt's embedding; it keeps a record of its calls."""

    std: float = 0.7
    noise_levels: NoiseLevels = LEVELS
    prediction: Prediction = EPSILON
    guidance: GuidancePatches = field(default_factory=GuidancePatches)
    latent_format: PlainFormat = field(default_factory=PlainFormat)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    calls: list[tuple[Tensor, Tensor, NetworkInputs]] = field(default_factory=list)

    def memory_needed(self, shape: tuple[int, ...]) -> int:
        return shape[0]

    def prepare(self, conditioning: Conditioning, latent: Latent, seed: int, *, is_negative: bool) -> Conditioning:
        return conditioning

    def denoise(self, x: Tensor, sigma: Tensor, inputs: NetworkInputs) -> Tensor:
        self.calls.append((x, sigma, inputs))
        assert len(x) == len(sigma) == len(inputs.embedding)
        mean, s = inputs.embedding.mean(dim=(1, 2)).reshape(-1, 1, 1, 1), sigma.reshape(-1, 1, 1, 1)
        denoised = (x * self.std**2 + mean * s**2) / (self.std**2 + s**2)
        if inputs.control is not None:
            (residual,) = inputs.control.middle
            assert residual is not None
            denoised = denoised + residual
        return denoised
