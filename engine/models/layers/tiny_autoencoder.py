"""The tiny autoencoder TAESD, named as in its files: https://github.com/madebyollin/taesd (MIT licence)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

STAGES, BLOCKS_PER_STAGE = 3, 3


@dataclass(frozen=True)
class TinyVaeConfig:
    """Sizes of a tiny autoencoder.

    Attributes:
        channels: between the convolutions.
        latent_scale: it works on latents as networks see them, which are the usual VAE's times this.
    """

    channels: int
    latent_channels: int
    latent_scale: float
    downscale: int = 2**STAGES
    frames_together: int = 1


class Block(nn.Module):
    """Three convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second, third = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3))
        self.conv = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x) + x)


class Clamp(nn.Module):
    """Latents softly cut off at 3 on either side."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


class TinyAutoencoder(nn.Module):
    """Images (N, 3, H, W) in -1..1 to latents of the usual VAE and back, roughly and fast."""

    def __init__(self, config: TinyVaeConfig) -> None:
        super().__init__()
        self.latent_scale = config.latent_scale
        self.encoder = nn.Sequential(*_encoder_layers(config))
        self.decoder = nn.Sequential(*_decoder_layers(config))

    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(images / 2 + 0.5) / self.latent_scale

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(latents * self.latent_scale) * 2 - 1


def _encoder_layers(config: TinyVaeConfig) -> Iterator[nn.Module]:
    channels = config.channels
    yield nn.Conv2d(3, channels, 3, padding=1)
    yield Block(channels)
    for _ in range(STAGES):
        yield nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False)
        yield from (Block(channels) for _ in range(BLOCKS_PER_STAGE))
    yield nn.Conv2d(channels, config.latent_channels, 3, padding=1)


def _decoder_layers(config: TinyVaeConfig) -> Iterator[nn.Module]:
    channels = config.channels
    yield Clamp()
    yield nn.Conv2d(config.latent_channels, channels, 3, padding=1)
    yield nn.ReLU()
    for _ in range(STAGES):
        yield from (Block(channels) for _ in range(BLOCKS_PER_STAGE))
        yield nn.Upsample(scale_factor=2)
        yield nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    yield Block(channels)
    yield nn.Conv2d(channels, 3, 3, padding=1)


@dataclass(frozen=True)
class PixelConfig:
    """Latents that are pixels."""

    latent_channels: int = 3
    downscale: int = 1
    frames_together: int = 1


class Pixels(nn.Module):
    """For networks that work on pixels: images in -1..1 are their own latents."""

    def encode(self, images: Tensor) -> Tensor:
        return images

    def decode(self, latents: Tensor) -> Tensor:
        return latents
