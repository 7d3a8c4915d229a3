"""The convolutional autoencoder of latent diffusion (arXiv:2112.10752, appendix G), named as in the files."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.layers.attention import attend
from engine.models.layers.time_convolutions import TimeConvolutions, along_time, as_films, as_frames
from engine.models.layers.unet_config import NORM_GROUPS
from engine.models.layers.upsampling import convolve_doubled
from engine.models.layers.vae_config import Level, VaeConfig


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(NORM_GROUPS, channels, eps=1e-6)


class ResBlock(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.norm1 = _norm(narrow)
        self.conv1 = nn.Conv2d(narrow, wide, 3, padding=1)
        self.norm2 = _norm(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1)
        self.nin_shortcut = nn.Identity() if narrow == wide else nn.Conv2d(narrow, wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x), inplace=True))
        h = self.conv2(F.silu(self.norm2(h), inplace=True))
        h += self.nin_shortcut(x)
        return h


class FilmBlock(ResBlock):
    """The same, then convolutions along time, for samples that are the frames of one film (arXiv:2311.15127, B.1)."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__(narrow, wide)
        self.time_stack = TimeConvolutions(wide)
        self.mix_factor = nn.Parameter(torch.empty(1))

    def forward(self, x: Tensor) -> Tensor:
        film = as_films(super().forward(x), len(x))
        return as_frames(torch.lerp(film, self.time_stack(film), torch.sigmoid(self.mix_factor)))


class FilmConvolution(nn.Conv2d):
    """A convolution of each frame of a film, then one along time."""

    def __init__(self, narrow: int, wide: int, size: int, *, padding: int) -> None:
        super().__init__(narrow, wide, size, padding=padding)
        self.time_mix_conv = along_time(wide)

    def forward(self, x: Tensor) -> Tensor:
        return as_frames(self.time_mix_conv(as_films(super().forward(x), len(x))))


class PixelAttention(nn.Module):
    """Attention of all pixels to each other, one head, beside a shortcut."""

    def __init__(self, channels: int, is_linear: bool) -> None:
        super().__init__()
        self.norm = _norm(channels)
        make = (lambda: nn.Linear(channels, channels)) if is_linear else (lambda: nn.Conv2d(channels, channels, 1))
        self.q, self.k, self.v, self.proj_out = make(), make(), make(), make()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, h, w)."""
        tokens = self.norm(x).flatten(2).transpose(1, 2)  # (N, h * w, C)
        q, k, v = (self._project(layer, tokens)[:, None] for layer in (self.q, self.k, self.v))
        return self._project(self.proj_out, attend(q, k, v)).transpose(1, 2).unflatten(2, x.shape[2:]) + x

    @staticmethod
    def _project(layer: nn.Module, tokens: Tensor) -> Tensor:
        return F.linear(tokens, layer.weight.flatten(1), layer.bias)


class Middle(nn.Module):
    """Block, attention, block at the latent's resolution."""

    def __init__(self, channels: int, is_linear: bool, block: type[ResBlock] = ResBlock) -> None:
        super().__init__()
        self.block_1 = block(channels, channels)
        self.attn_1 = PixelAttention(channels, is_linear)
        self.block_2 = block(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Downsample(nn.Module):
    """Halve height and width; the layout pads right and below only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Double height and width, then convolve."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return convolve_doubled(x, self.conv.weight, self.conv.bias)


class Stage(nn.Module):
    """The blocks of one resolution, then a change of it."""

    def __init__(self, level: Level, block: type[ResBlock] = ResBlock) -> None:
        super().__init__()
        self.block = nn.ModuleList(block(narrow, wide) for narrow, wide in level.blocks)

    def run(self, x: Tensor, resample: nn.Module | None) -> Tensor:
        for block in self.block:
            x = block(x)
        return x if resample is None else resample(x)


class DownStage(Stage):
    def __init__(self, level: Level) -> None:
        super().__init__(level)
        self.downsample = Downsample(level.blocks[-1][1]) if level.resamples else None

    def forward(self, x: Tensor) -> Tensor:
        return self.run(x, self.downsample)


class UpStage(Stage):
    def __init__(self, level: Level, block: type[ResBlock]) -> None:
        super().__init__(level, block)
        self.upsample = Upsample(level.blocks[-1][1]) if level.resamples else None

    def forward(self, x: Tensor) -> Tensor:
        return self.run(x, self.upsample)


class Encoder(nn.Module):
    """Image (N, 3, H, W) in -1..1 -> moments (N, 2 * latent channels, h, w)."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        middle = config.encoder_middle
        self.conv_in = nn.Conv2d(config.image_channels, config.encoder_channels, 3, padding=1)
        self.down = nn.ModuleList(DownStage(level) for level in config.encoder_levels)
        self.mid = Middle(middle, config.attention_is_linear)
        self.norm_out = _norm(middle)
        self.conv_out = nn.Conv2d(middle, 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for stage in self.down:
            x = stage(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x)), inplace=True))


class Decoder(nn.Module):
    """Latent (N, latent channels, h, w) -> image (N, 3, H, W) in about -1..1."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        last = config.decoder_levels[0].blocks[-1][1]
        block = FilmBlock if config.is_temporal else ResBlock
        last_convolution = FilmConvolution if config.is_temporal else nn.Conv2d
        self.conv_in = nn.Conv2d(config.latent_channels, config.decoder_channels, 3, padding=1)
        self.mid = Middle(config.decoder_channels, config.attention_is_linear, block)
        self.up = nn.ModuleList(UpStage(level, block) for level in config.decoder_levels)
        self.norm_out = _norm(last)
        self.conv_out = last_convolution(last, config.image_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mid(self.conv_in(x))
        for stage in reversed(self.up):
            x = stage(x)
        return self.conv_out(F.silu(self.norm_out(x), inplace=True))


class Autoencoder(nn.Module):
    """Images to latents and back (arXiv:1312.6114)."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        latent, moments = config.latent_channels, 2 * config.latent_channels
        self.quant_conv = nn.Conv2d(moments, moments, 1) if config.has_quant_conv else nn.Identity()
        self.post_quant_conv = nn.Conv2d(latent, latent, 1) if config.has_post_quant_conv else nn.Identity()

    def encode(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in -1..1 -> the mean of the posterior (N, C, h, w)."""
        mean, _log_variance = self.quant_conv(self.encoder(images)).chunk(2, dim=1)
        return mean

    def decode(self, latents: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 3, H, W) in about -1..1."""
        return self.decoder(self.post_quant_conv(latents))
