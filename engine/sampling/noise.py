"""Where does a run's noise come from? Always from the CPU, so that a seed gives the same picture on every device."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.sampling.catalog import NoiseKind
from engine.sampling.conditioning import Latent
from engine.sampling.denoiser import NoiseSource

SEEDS = 2**64  # torch takes seeds below this


def _generator(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed % SEEDS)


def draw_noise(shape: Sequence[int], seed: int, batch_index: Sequence[int] | None = None) -> Tensor:
    """Unit Gaussian noise (B, C, h, w), float32, on the CPU.

    Without `batch_index` one draw for the whole batch; with it one draw per index from 0 on, of which sample i
    takes number `batch_index[i]`, so that one picture of an earlier batch can be made again alone.

    Raises:
        ValueError: `batch_index` does not have one entry of 0 or more per sample.
    """
    generator = _generator(seed)
    if batch_index is None:
        return torch.randn(tuple(shape), generator=generator)
    if len(batch_index) != shape[0] or min(batch_index, default=0) < 0:
        raise ValueError(f"batch_index must hold {shape[0]} numbers from 0 on, found {list(batch_index)}.")
    wanted = set(batch_index)
    kept: dict[int, Tensor] = {}
    for index in range(max(wanted) + 1):
        noise = torch.randn((1, *shape[1:]), generator=generator)
        if index in wanted:
            kept[index] = noise
    return torch.cat([kept[index] for index in batch_index])


class FirstNoise(Protocol):
    """The noise that a run starts from: what the NOISE socket carries."""

    @property
    def seed(self) -> int:
        """0 .. 2^64 - 1: of all further noise of the run."""

    def draw(self, latent: Latent) -> Tensor:
        """Noise (B, C, h, w) shaped like the latent's samples, float32, on the CPU."""


@dataclass(frozen=True)
class SeededNoise:
    """Unit Gaussian noise: see draw_noise."""

    seed: int

    def draw(self, latent: Latent) -> Tensor:
        return draw_noise(latent.samples.shape, self.seed, latent.batch_index)


@dataclass(frozen=True)
class NoNoise:
    """For latents that are noisy already. `seed` is that of later noise."""

    seed: int = 0

    def draw(self, latent: Latent) -> Tensor:
        return torch.zeros(latent.samples.shape)


class IndependentNoise:
    """A fresh draw for every call, in order: the noise of ancestral samplers."""

    def __init__(self, like: Tensor, seed: int, *, after: Sequence[int] | None = None) -> None:
        """after: the shape of a draw that is left out first; None: from the seed again, as the ecosystem has it.

        From the seed again means that the first step's noise is the noise that the run starts from.
        """
        self._shape, self._device, self._dtype = like.shape, like.device, like.dtype
        self._generator = _generator(seed)
        if after is not None:
            torch.randn(tuple(after), generator=self._generator)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        return self.draw(self._shape)

    def draw(self, shape: Sequence[int]) -> Tensor:
        """The next noise, of any shape."""
        noise = torch.randn(tuple(shape), generator=self._generator)
        return noise.to(device=self._device, dtype=self._dtype)


class BrownianNoise:
    """Increments of one Brownian path over sigma, so that finer steps refine the same picture.

    The path is a virtual Brownian tree: arXiv:2001.01328, sec. 4.
    """

    def __init__(self, like: Tensor, seed: int, sigmas: Tensor) -> None:
        """sigmas: the run's levels; the path spans those above 0."""
        import torchsde  # type: ignore[import-untyped]  # slow to import, used here only

        self._device, self._dtype = like.device, like.dtype
        # The tree rounds times to its tolerance; queries beyond the rounded ends would warn.
        self._low, self._high = round(float(sigmas[sigmas > 0].min()), 6), round(float(sigmas.max()), 6)
        start = torch.zeros(like.shape, dtype=like.dtype)
        self._path = torchsde.BrownianTree(self._low, start, self._high, entropy=seed % SEEDS)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        low, high = (min(max(s, self._low), self._high) for s in sorted((sigma, sigma_next)))
        increment = self._path(low, high) / (high - low) ** 0.5
        if sigma > sigma_next:
            increment = -increment  # W(sigma_next) - W(sigma)
        return increment.to(device=self._device, dtype=self._dtype)


def make_noise_source(kind: NoiseKind, like: Tensor, seed: int, sigmas: Tensor) -> NoiseSource:
    """The noise that a sampler's catalog entry asks for."""
    if kind == "brownian" and bool((sigmas > 0).sum() > 1):
        return BrownianNoise(like, seed, sigmas)
    return IndependentNoise(like, seed, after=like.shape if kind == "continued" else None)
