"""Which noise levels does a model know, and how do sigma, timestep and progress map to each other?

A latent at level sigma is `latent + sigma * noise` (arXiv:2206.00364, "variance exploding" form).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

ABOVE_EVERY_LEVEL = 999_999_999.9  # where a range that starts at 0 % begins: schedules may exceed sigma_max


@dataclass(frozen=True, eq=False)
class NoiseLevels:
    """The discrete levels of a trained diffusion process.

    Attributes:
        sigmas: (N,) float32, rising, all above 0; `sigmas[t]` is the level of timestep t.
    """

    sigmas: Tensor

    def __post_init__(self) -> None:
        if self.sigmas.ndim != 1 or len(self.sigmas) < 2 or not bool((self.sigmas.diff() > 0).all()):
            raise ValueError(f"sigmas must be one rising row of two or more, not of shape {tuple(self.sigmas.shape)}.")

    @classmethod
    def scaled_linear(cls, beta_start: float = 0.00085, beta_end: float = 0.012, steps: int = 1000) -> "NoiseLevels":
        """The levels of latent diffusion (arXiv:2112.10752): sqrt(beta) rises linearly over `steps` timesteps."""
        betas = torch.linspace(beta_start**0.5, beta_end**0.5, steps, dtype=torch.float64) ** 2
        return cls.from_alphas_cumprod(torch.cumprod(1 - betas, dim=0))

    @classmethod
    def from_alphas_cumprod(cls, alphas_cumprod: Tensor) -> "NoiseLevels":
        """Levels from alpha-bar of arXiv:2006.11239: sigma^2 = (1 - alpha_bar) / alpha_bar."""
        return cls(((1 - alphas_cumprod) / alphas_cumprod).sqrt().float())

    @property
    def sigma_min(self) -> float:
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        return float(self.sigmas[-1])

    def __len__(self) -> int:
        return len(self.sigmas)

    def timestep(self, sigma: Tensor) -> Tensor:
        """The timestep whose level is nearest to `sigma` in log scale: (...) -> (...) int64 on sigma's device."""
        log_sigmas = self.sigmas.log().to(sigma.device)
        distance = (sigma.float().log().unsqueeze(-1) - log_sigmas).abs()
        return distance.argmin(dim=-1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The level at a timestep in 0..N-1, log-linear between whole timesteps: (...) -> (...) float32."""
        log_sigmas = self.sigmas.log().to(timestep.device)
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
        return float(self.sigma(torch.tensor((1.0 - percent) * (len(self) - 1))))
