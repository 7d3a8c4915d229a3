"""Which function does a sampler's name stand for, with its options filled in?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Protocol

from torch import Tensor

from engine.sampling import catalog
from engine.sampling.denoiser import Denoiser, NoiseSource, OnStep
from engine.sampling.noise_levels import NoiseLevels


class Sampler(Protocol):
    """How to step from one level to the next."""

    def __call__(self, denoiser: Denoiser, x: Tensor, sigmas: Tensor, noise: NoiseSource, on_step: OnStep) -> Tensor:
        """x (B, C, h, w) at level sigmas[0] -> at sigmas[-1]; sigmas (n + 1,) falls strictly.

        Samplers that add no noise can also go up, from clean to noisy, along levels that rise strictly.
        """


@dataclass(frozen=True)
class SamplerChoice:
    """A sampler by name, with options beyond its defaults (what custom sampler nodes hand on)."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def entry(self) -> catalog.SamplerEntry:
        """Raises: ValueError: there is no sampler of this name."""
        entry = catalog.SAMPLER_TABLE.get(self.name) or catalog.UNLISTED_SAMPLERS.get(self.name)
        if entry is None:
            raise ValueError(f"There is no sampler {self.name!r}. There are: {', '.join(catalog.SAMPLERS)}.")
        return entry

    def load(self, levels: NoiseLevels | None = None) -> Sampler:
        """Import the algorithm. With a model's `levels`, options that are shares of them get their values."""
        at_levels: dict[str, float] = {}
        if levels is not None:
            at_levels = {name: levels.at_percent(share) for name, share in self.entry.level_options.items()}
        module = import_module(f"engine.sampling.samplers.{self.entry.module}")
        return partial(getattr(module, self.entry.function), **{**self.entry.options, **at_levels, **self.options})
