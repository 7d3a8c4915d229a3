"""Where does a run's noise come from? Always from the CPU, so that a seed gives the same picture on every device."""

from collections.abc import Sequence

import torch
from torch import Tensor

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


class IndependentNoise:
    """A fresh draw for every call, in order: the noise of ancestral samplers."""

    def __init__(self, like: Tensor, seed: int) -> None:
        self._shape, self._device, self._dtype = like.shape, like.device, like.dtype
        # From the seed again, as the ecosystem has it: the first step's noise is the noise that the run starts from.
        self._generator = _generator(seed)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        noise = torch.randn(self._shape, generator=self._generator)
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


def make_noise_source(kind: str, like: Tensor, seed: int, sigmas: Tensor) -> NoiseSource:
    """The noise that a sampler's catalog entry asks for."""
    if kind == "brownian" and bool((sigmas > 0).sum() > 1):
        return BrownianNoise(like, seed, sigmas)
    return IndependentNoise(like, seed)
