"""The contract between mathematics and models: `denoise(x, sigma) -> denoised`; samplers know nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

from engine.sampling.conditioning import Conditioning, Latent, NetworkInputs
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import Prediction

if TYPE_CHECKING:
    from engine.sampling.guidance_patches import GuidancePatches


class Denoiser(Protocol):
    """Estimates what a noisy latent was made from."""

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x (B, C, h, w) at level sigma (B,) -> the denoised estimate (B, C, h, w)."""


@dataclass(frozen=True, eq=False)
class GuidedEstimate:
    """A denoised estimate and the part of it that knew no prompt, both (B, C, h, w)."""

    denoised: Tensor
    unconditional: Tensor


@runtime_checkable
class GuidedDenoiser(Denoiser, Protocol):
    """A Denoiser that can also show its unconditional estimate, as the CFG++ samplers need (arXiv:2406.08070)."""

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate: ...


class NoiseSource(Protocol):
    """Where stochastic samplers take their noise from."""

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Unit Gaussian noise (B, C, h, w) for the step from sigma down to sigma_next."""


class OnStep(Protocol):
    """Called once per step; may raise to stop the run."""

    def __call__(self, index: int, denoised: Tensor, x: Tensor) -> None:
        """index from 0; the denoised estimate and the noisy x that it was made from, both (B, C, h, w)."""


class LatentScaling(Protocol):
    """How a family scales latents for its network; models.LatentFormat satisfies it."""

    channels: int

    def to_network(self, samples: Tensor) -> Tensor:
        """Samples as the VAE gives them (B, C, h, w) -> as the network sees them."""

    def from_network(self, latent: Tensor) -> Tensor:
        """The inverse."""


class ConditionedModel(Protocol):
    """What guidance and the denoising recipe need of a model; models.DiffusionModel satisfies it."""

    @property
    def noise_levels(self) -> NoiseLevels: ...
    @property
    def prediction(self) -> Prediction: ...
    @property
    def latent_format(self) -> LatentScaling: ...
    @property
    def guidance(self) -> GuidancePatches:
        """What changes the way in which the estimates for prompts are joined."""

    @property
    def device(self) -> torch.device:
        """Where `denoise` wants its tensors."""

    def memory_needed(self, shape: tuple[int, ...]) -> int:
        """Bytes that one `denoise` of x of this shape takes beside the weights."""

    def prepare(self, conditioning: Conditioning, latent: Latent, seed: int, *, is_negative: bool) -> Conditioning:
        """Once per run, before anything is denoised: what this model's network is told beside the prompt's embedding.

        Fills `vector` and `concat` of the items from pooled, extra and the latent (samples as the VAE gives them).
        """

    def denoise(self, x: Tensor, sigma: Tensor, inputs: NetworkInputs) -> Tensor:
        """x (N, C, h, w) float32, sigma (N,) float32 -> denoised (N, C, h, w) float32, all on `device`."""


def estimate_at(denoiser: Denoiser, x: Tensor, sigma: float) -> Tensor:
    """Call a denoiser with one level for the whole batch."""
    return denoiser(x, torch.full((x.shape[0],), sigma, dtype=torch.float32, device=x.device))


def guided_estimate(denoiser: Denoiser, x: Tensor, sigma: Tensor) -> GuidedEstimate:
    """Call a denoiser for both of its estimates.

    Raises:
        TypeError: it is not a GuidedDenoiser.
    """
    if not isinstance(denoiser, GuidedDenoiser):
        raise TypeError(
            f"CFG++ samplers need a denoiser with an unconditional estimate; {type(denoiser).__name__} has none. "
            "Use a CFG guider, or the sampler's plain namesake."
        )
    return denoiser.estimate(x, sigma)


def guided_estimate_at(denoiser: Denoiser, x: Tensor, sigma: float) -> GuidedEstimate:
    """Call a denoiser with one level for the whole batch, for both of its estimates."""
    return guided_estimate(denoiser, x, torch.full((x.shape[0],), sigma, dtype=torch.float32, device=x.device))
