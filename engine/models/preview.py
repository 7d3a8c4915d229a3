"""How does a latent look, roughly, without decoding it? One colour per cell, a linear function of its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from engine.models.latent import LatentFormat
    from engine.models.vae import Vae

SAMPLE_SIZE = 128  # pixels of the pictures that colours are estimated from
SAMPLE_COUNT = 12


@dataclass(frozen=True, eq=False)
class PreviewColours:
    """RGB in 0..1 = latent (as the network sees it) @ weight (C, 3) + bias (3,)."""

    weight: Tensor
    bias: Tensor


def latent_to_rgb(denoised: Tensor, latent_format: LatentFormat) -> Tensor:
    """Latents as the network sees them (B, C, h, w) -> uint8 (B, h, w, 3) on the CPU, one pixel per cell."""
    colours = latent_format.preview_colours
    cells = denoised.detach().float().cpu().permute(0, 2, 3, 1)
    rgb = cells @ colours.weight + colours.bias
    return (rgb.nan_to_num(0.0).clamp(0, 1) * 255).round().to(torch.uint8)


def estimate_preview_colours(vae: Vae, scale: float) -> PreviewColours:
    """Find the colours of an autoencoder's latents: encode seeded pictures, fit each cell's mean colour.

    Args:
        scale: LatentFormat.scale of the network that the latents are for.
    """
    images = _colourful_images()
    latents = vae.encode(images).float().cpu() * scale  # (N, C, h, w)
    channels = latents.shape[1]
    cells = latents.permute(0, 2, 3, 1).reshape(-1, channels).double()
    targets = (
        F.adaptive_avg_pool2d(images.movedim(-1, 1), latents.shape[2:]).permute(0, 2, 3, 1).reshape(-1, 3).double()
    )
    with_one = torch.cat([cells, cells.new_ones(len(cells), 1)], dim=1)
    ridge = 1e-3 * len(cells) * torch.eye(channels + 1, dtype=torch.float64)  # a channel may carry no colour at all
    ridge[-1, -1] = 0.0
    fitted = torch.linalg.solve(with_one.T @ with_one + ridge, with_one.T @ targets).float()
    return PreviewColours(fitted[:channels].contiguous(), fitted[channels].contiguous())


def _colourful_images() -> Tensor:
    """Smooth and blocky colours, the same every time: (SAMPLE_COUNT, SAMPLE_SIZE, SAMPLE_SIZE, 3) in 0..1."""
    generator = torch.Generator().manual_seed(0)
    images = []
    for number in range(SAMPLE_COUNT):
        coarse = torch.rand(1, 3, 2 + number % 4, 2 + number % 4, generator=generator)
        mode = "nearest" if number % 2 else "bicubic"
        images.append(F.interpolate(coarse, size=(SAMPLE_SIZE, SAMPLE_SIZE), mode=mode))
    return torch.cat(images).clamp(0, 1).movedim(1, -1)
