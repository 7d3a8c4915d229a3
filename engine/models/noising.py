"""How is a picture, or what CLIP sees in it, made a little uncertain? Noise as in diffusion's forward process."""

import torch
from torch import Tensor

from engine.sampling.noise_levels import NoiseLevels

SEED_OFFSET = -10  # the ecosystem's: this noise must not be that of the latent


def noised(values: Tensor, levels: NoiseLevels, level: int, noise: Tensor) -> Tensor:
    """Values at a level of the forward process: arXiv:2006.11239, Eq. 4. sigma^2 = (1 - alpha_bar) / alpha_bar."""
    alpha = 1.0 / (1.0 + float(levels.sigmas[level]) ** 2)
    return values * alpha**0.5 + noise * (1.0 - alpha) ** 0.5


def run_noise(like: Tensor, seed: int) -> Tensor:
    """Unit noise in the shape of `like`, drawn on the CPU, so that it is the same on every device."""
    generator = torch.Generator().manual_seed((seed + SEED_OFFSET) % 2**64)
    return torch.randn(like.shape, generator=generator).to(like.device)
