"""Which noise levels does a model know, and how do sigma, timestep and progress map to each other?

A latent at level sigma is `latent + sigma * noise` (arXiv:2206.00364, "variance exploding" form).
"""

import math
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

ALMOST_NO_SIGNAL = 4.8973451890853435e-08  # alpha-bar that stands for 0, where sigma would be infinite
ABOVE_EVERY_LEVEL = 999_999_999.9  # where a range that starts at 0 % begins: schedules may exceed sigma_max


@dataclass(frozen=True, eq=False)
class NoiseLevels:
    """The discrete levels of a trained diffusion process.

    Attributes:
        sigmas: (N,) rising, all above 0; `sigmas[t]` is the level of timestep t. Given in any precision, kept in
            float32; logarithms are taken before it is rounded, for halfway between two timesteps a digit decides.
    """

    sigmas: Tensor
    _exact: Tensor = field(init=False, repr=False)
    _log_sigmas: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.sigmas.ndim != 1 or len(self.sigmas) < 2 or not bool((self.sigmas.diff() > 0).all()):
            raise ValueError(f"sigmas must be one rising row of two or more, not of shape {tuple(self.sigmas.shape)}.")
        object.__setattr__(self, "_exact", self.sigmas)
        object.__setattr__(self, "_log_sigmas", self.sigmas.log().float())
        object.__setattr__(self, "sigmas", self.sigmas.float())

    @classmethod
    def scaled_linear(cls, beta_start: float = 0.00085, beta_end: float = 0.012, steps: int = 1000) -> "NoiseLevels":
        """The levels of latent diffusion (arXiv:2112.10752): sqrt(beta) rises linearly over `steps` timesteps."""
        betas = torch.linspace(beta_start**0.5, beta_end**0.5, steps, dtype=torch.float64) ** 2
        return cls.from_alphas_cumprod(torch.cumprod(1 - betas, dim=0))

    @classmethod
    def from_alphas_cumprod(cls, alphas_cumprod: Tensor) -> "NoiseLevels":
        """Levels from alpha-bar of arXiv:2006.11239: sigma^2 = (1 - alpha_bar) / alpha_bar."""
        return cls(((1 - alphas_cumprod) / alphas_cumprod).sqrt())

    def with_zero_terminal_snr(self) -> "NoiseLevels":
        """The levels stretched so that the highest is noise alone: arXiv:2305.08891, Algorithm 1."""
        roots = (1 / (self._exact**2 + 1)).sqrt()  # of alpha-bar
        roots = (roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))
        alphas_cumprod = roots**2
        alphas_cumprod[-1] = ALMOST_NO_SIGNAL
        return NoiseLevels.from_alphas_cumprod(alphas_cumprod)

    @property
    def sigma_min(self) -> float:
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        return float(self.sigmas[-1])

    @property
    def timestep_range(self) -> tuple[float, float]:
        """The timesteps of the highest and the lowest level."""
        first, last = self.timestep(self.sigmas[[-1, 0]]).tolist()
        return first, last

    def __len__(self) -> int:
        return len(self.sigmas)

    def timestep(self, sigma: Tensor) -> Tensor:
        """The timestep whose level is nearest to `sigma` in log scale: (...) -> (...) int64 on sigma's device."""
        log_sigmas = self._log_sigmas.to(sigma.device)
        distance = (sigma.float().log().unsqueeze(-1) - log_sigmas).abs()
        return distance.argmin(dim=-1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The level at a timestep in 0..N-1, log-linear between whole timesteps: (...) -> (...) float32."""
        log_sigmas = self._log_sigmas.to(timestep.device)
        t = timestep.float().clamp(0, len(self) - 1)
        below = t.floor().long()
        above = t.ceil().long()
        fraction = t - below
        return ((1 - fraction) * log_sigmas[below] + fraction * log_sigmas[above]).exp()

    def at_percent(self, percent: float) -> float:
        """The level at a share of the way: 0 (above every level) at the start .. 1 (no noise) at the end."""
        if percent <= 0.0:
            return ABOVE_EVERY_LEVEL
        if percent >= 1.0:
            return 0.0
        return self._level_at_share(1.0 - percent)

    def _level_at_share(self, share: float) -> float:
        """The level at a share above 0 and below 1 of all of them, counted from the lowest."""
        return float(self.sigma(torch.tensor(share * (len(self) - 1))))


@dataclass(frozen=True, eq=False)
class DistilledLevels(NoiseLevels):
    """Every `stride`-th level of a trained process, counted from the highest: what a distilled model knows.

    Timesteps stay those of the trained process: arXiv:2310.04378, app. A (50 of 1000 levels).
    """

    stride: int = 1

    @classmethod
    def of(cls, levels: NoiseLevels, count: int = 50) -> "DistilledLevels":
        stride = len(levels) // count
        return cls(levels.sigmas[stride - 1 :: stride], stride)

    def timestep(self, sigma: Tensor) -> Tensor:
        return super().timestep(sigma) * self.stride + (self.stride - 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        return super().sigma((timestep.float() - (self.stride - 1)) / self.stride)

    def _level_at_share(self, share: float) -> float:
        return float(self.sigma(torch.tensor(share * (len(self) * self.stride - 1))))


@dataclass(frozen=True, eq=False)
class ContinuousLevels(NoiseLevels):
    """All levels between two ends. `sigmas` are a thousand of them, evenly spaced in their logarithm."""

    @classmethod
    def between(cls, sigma_min: float, sigma_max: float, count: int = 1000) -> Self:
        """Raises: ValueError: not 0 < sigma_min < sigma_max."""
        if not 0 < sigma_min < sigma_max:
            raise ValueError(f"Expected 0 < sigma_min < sigma_max, found {sigma_min:g} and {sigma_max:g}.")
        return cls(torch.linspace(math.log(sigma_min), math.log(sigma_max), count).exp())

    def _level_at_share(self, share: float) -> float:
        low, high = math.log(self.sigma_min), math.log(self.sigma_max)
        return math.exp(low + (high - low) * share)


class EdmLevels(ContinuousLevels):
    """Timesteps are log(sigma) / 4: arXiv:2206.00364, table 1, c_noise of column "EDM"."""

    def timestep(self, sigma: Tensor) -> Tensor:
        return 0.25 * sigma.float().log()

    def sigma(self, timestep: Tensor) -> Tensor:
        return (timestep.float() / 0.25).exp()


class AngularLevels(ContinuousLevels):
    """Timesteps are the angle of noise against signal, 0 .. 1: arXiv:2202.00512, sec. 4."""

    def timestep(self, sigma: Tensor) -> Tensor:
        return sigma.float().atan() / math.pi * 2

    def sigma(self, timestep: Tensor) -> Tensor:
        return (timestep.float() * math.pi / 2).tan()


class NoiseShareLevels(ContinuousLevels):
    """Timesteps are the share of noise in signal and noise, sigma / (1 + sigma)."""

    def timestep(self, sigma: Tensor) -> Tensor:
        return sigma.float() / (sigma.float() + 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        return timestep.float() / (1 - timestep.float())
