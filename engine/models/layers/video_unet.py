"""The U-Net of Stable Video Diffusion: each layer looks at its frame, then along time (arXiv:2311.15127, appendix D).

Frames are samples of a batch, film by film. Modules are named as in the single-file layout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.layers.time_convolutions import TimeConvolutions, as_films, as_frames
from engine.models.layers.unet import (
    FeedForward,
    LayerInputs,
    LayerKinds,
    ResBlock,
    SpatialTransformer,
    TransformerBlock,
    UNet,
    embed_timesteps,
    to_tokens,
)
from engine.models.layers.unet_config import LayerSpec


class Mixer(nn.Module):
    """A learnt share of what a frame says alone, the rest of what it says among the others (sec. D.1)."""

    def __init__(self) -> None:
        super().__init__()
        self.mix_factor = nn.Parameter(torch.empty(1))

    def forward(self, alone: Tensor, among_others: Tensor) -> Tensor:
        return torch.lerp(among_others, alone, torch.sigmoid(self.mix_factor))


class VideoResBlock(ResBlock):
    """A residual block of each frame, then convolutions along time."""

    def __init__(self, spec: LayerSpec, time_channels: int) -> None:
        super().__init__(spec, time_channels)
        self.time_stack = TimeConvolutions(spec.out_channels, time_channels)
        self.time_mixer = Mixer()

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (B T, C, h, w) -> (B T, C', h, w)."""
        films = as_films(super().forward(x, given), given.frames)
        return as_frames(self.time_mixer(films, self.time_stack(films, given.time)))


class TimeBlock(TransformerBlock):
    """Attention of each cell to itself in all frames, and to the prompt, between two hidden layers."""

    def __init__(self, channels: int, context_channels: int, heads: int) -> None:
        super().__init__(channels, context_channels, heads, attends_to_itself=True)
        self.norm_in = nn.LayerNorm(channels)
        self.ff_in = FeedForward(channels)

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (B T, S, C) -> (B T, S, C)."""
        films, cells = len(x) // given.frames, x.shape[1]
        x = x.unflatten(0, (films, -1)).transpose(1, 2).flatten(0, 1)  # (B S, T, C)
        x = self.ff_in(self.norm_in(x)) + x
        x = self.attn1(self.norm1(x)) + x
        # All cells of a film read its first frame's prompt: they ask together.
        asked = self.norm2(x).unflatten(0, (films, cells)).flatten(1, 2)  # (B, S T, C)
        x = self.attn2(asked, given.context[:: given.frames]).reshape_as(x) + x
        x = self.ff(self.norm3(x)) + x
        return x.unflatten(0, (films, cells)).transpose(1, 2).flatten(0, 1)


class VideoTransformer(SpatialTransformer):
    """Transformer blocks over the pixels of a frame, each followed by one over the frames, beside a shortcut."""

    def __init__(self, spec: LayerSpec, context_channels: int, heads: int) -> None:
        super().__init__(spec, context_channels, heads)
        channels = spec.in_channels
        self.time_stack = nn.ModuleList(TimeBlock(channels, context_channels, heads) for _ in range(spec.depth))
        self.time_pos_embed = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.SiLU(), nn.Linear(4 * channels, channels)
        )
        self.time_mixer = Mixer()

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (B T, C, h, w) -> (B T, C, h, w)."""
        tokens = self._project(self.proj_in, to_tokens(self.norm(x)))
        places = embed_timesteps(torch.arange(given.frames, device=x.device), x.shape[1]).to(x.dtype)
        place = self.time_pos_embed(places).repeat(len(x) // given.frames, 1)[:, None]  # (B T, 1, C)
        for index, (block, time_block) in enumerate(zip(self.transformer_blocks, self.time_stack, strict=True)):
            tokens = block(tokens, given.within(index, block.attn1.heads))
            tokens = self.time_mixer(tokens, time_block(tokens + place, given))
        tokens = self._project(self.proj_out, tokens)
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:]) + x


class VideoUNet(UNet):
    """Predicts from the noisy latents of a film's frames, told one picture, what they were made of."""

    kinds = LayerKinds(VideoResBlock, VideoTransformer)
