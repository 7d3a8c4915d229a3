"""Which function does a sampler's name stand for, with its options filled in?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Protocol

from torch import Tensor

from engine.sampling import catalog
from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep


class Sampler(Protocol):
    """How to step from one level to the next."""

    def __call__(self, denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
        """x (B, C, h, w) at level sigmas[0] -> at sigmas[-1]; sigmas (n + 1,) falls strictly."""


@dataclass(frozen=True)
class SamplerChoice:
    """A sampler by name, with options beyond its defaults (what custom sampler nodes hand on)."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def entry(self) -> catalog.SamplerEntry:
        """Raises: ValueError: there is no sampler of this name."""
        if self.name not in catalog.SAMPLER_TABLE:
            raise ValueError(f"There is no sampler {self.name!r}. There are: {', '.join(catalog.SAMPLERS)}.")
        return catalog.SAMPLER_TABLE[self.name]

    def load(self) -> Sampler:
        """Import the algorithm."""
        module = import_module(f"engine.sampling.samplers.{self.entry.module}")
        return partial(getattr(module, self.entry.function), **{**self.entry.options, **self.options})
