"""The U-Net of latent diffusion (arXiv:2112.10752, appendix E), read from top to bottom like its drawing.

Modules are named as in the single-file layout, so that a file's names are the modules' names.
Images inside are (N, C, h, w); tokens are (N, h * w, C). On CPUs, channels-last makes the two views of one memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.layer_patches import Part, PatchedCall, Which
from engine.models.layers.attention import attend
from engine.models.layers.unet_config import NORM_GROUPS, Block, LayerSpec, UNetConfig
from engine.sampling.conditioning import ControlResiduals

NO_CONTROL = ControlResiduals()


@dataclass(frozen=True, eq=False)
class LayerInputs:
    """What all layers of one call may read, beside what the layer before them made.

    Attributes:
        time: (N, time_channels) embedding of the timestep and of what is added to it.
        context: (N, S, D) the prompt's embedding.
        patched: what takes part inside the network, if anything does.
        frames: how many samples, one after the other, are one film.
    """

    time: Tensor
    context: Tensor
    patched: PatchedCall | None = None
    frames: int = 1

    def at(self, part: Part, block: int) -> LayerInputs:
        """The same for one block."""
        return self if self.patched is None else replace(self, patched=self.patched.at(part, block))

    def within(self, index: int, heads: int) -> LayerInputs:
        """The same for one transformer block within a block."""
        return self if self.patched is None else replace(self, patched=self.patched.within(index, heads))


def embed_timesteps(timesteps: Tensor, width: int, max_period: float = 10_000.0) -> Tensor:
    """Sinusoids of arXiv:1706.03762, sec. 3.5, cosines first: (N,) -> (N, width) float32; `width` is even."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=timesteps.device)
    angles = timesteps.float()[:, None] * torch.exp(steps * (-math.log(max_period) / half))
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class ResBlock(nn.Module):
    """Two convolutions with the time embedding added between them, beside a shortcut."""

    def __init__(self, spec: LayerSpec, time_channels: int) -> None:
        super().__init__()
        wide, narrow = spec.out_channels, spec.in_channels
        self.in_layers = nn.Sequential(
            nn.GroupNorm(NORM_GROUPS, narrow), nn.SiLU(inplace=True), nn.Conv2d(narrow, wide, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time_channels, wide))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(NORM_GROUPS, wide), nn.SiLU(inplace=True), nn.Identity(), nn.Conv2d(wide, wide, 3, padding=1)
        )
        self.skip_connection = nn.Identity() if wide == narrow else nn.Conv2d(narrow, wide, 1)

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (N, C, h, w) -> (N, C', h, w)."""
        h = self.in_layers(x)
        h += self.emb_layers(given.time)[:, :, None, None]
        h = self.out_layers(h)
        h += self.skip_connection(x)
        return h


class Attention(nn.Module):
    """Multi-head attention of tokens to `context`, or to themselves."""

    def __init__(self, channels: int, context_channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context_channels, channels, bias=False)
        self.to_v = nn.Linear(context_channels, channels, bias=False)
        self.to_out = nn.Sequential(nn.Linear(channels, channels))

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """x (N, T, C), context (N, S, D) -> (N, T, C)."""
        source = x if context is None else context
        q, k, v = (self._split(t) for t in (self.to_q(x), self.to_k(source), self.to_v(source)))
        return self.to_out(attend(q, k, v))

    def forward_patched(self, x: Tensor, context: Tensor | None, which: Which, patched: PatchedCall) -> Tensor:
        """The same, with patches taking part."""
        x, keys, values = patched.change_inputs(which, x, x if context is None else context)
        q, k, v = self.to_q(x), self.to_k(keys), self.to_v(values)
        function = patched.function(which)
        if function is None:
            out = attend(self._split(q), self._split(k), self._split(v))
        else:
            out = function(q, k, v, patched.call)
        return patched.change_output(which, self.to_out(out))

    def _split(self, t: Tensor) -> Tensor:
        """(N, T, C) -> (N, heads, T, C / heads)."""
        return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class GatedProjection(nn.Module):
    """GEGLU of arXiv:2002.05202, Eq. 5."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 2 * hidden)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return F.gelu(gate).mul_(value)


class FeedForward(nn.Module):
    """A gated hidden layer, four times as wide."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = 4 * channels
        self.net = nn.Sequential(GatedProjection(channels, hidden), nn.Identity(), nn.Linear(hidden, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class TransformerBlock(nn.Module):
    """Attention to itself (or to the prompt), attention to the prompt, feed-forward, each beside a shortcut."""

    def __init__(self, channels: int, context_channels: int, heads: int, attends_to_itself: bool) -> None:
        super().__init__()
        self.attends_to_itself = attends_to_itself
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = Attention(channels, channels if attends_to_itself else context_channels, heads)
        self.norm2 = nn.LayerNorm(channels)
        self.attn2 = Attention(channels, context_channels or channels, heads)
        self.norm3 = nn.LayerNorm(channels)
        self.ff = FeedForward(channels)

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (N, T, C) -> (N, T, C)."""
        own = None if self.attends_to_itself else given.context
        if given.patched is None:
            x = self.attn1(self.norm1(x), own).add_(x)
            x = self.attn2(self.norm2(x), given.context).add_(x)
        else:
            x = self.attn1.forward_patched(self.norm1(x), own, 1, given.patched) + x
            x = given.patched.between_attentions(x)
            x = self.attn2.forward_patched(self.norm2(x), given.context, 2, given.patched) + x
        return self.ff(self.norm3(x)).add_(x)


class SpatialTransformer(nn.Module):
    """Transformer blocks over the pixels of an image, beside a shortcut."""

    def __init__(self, spec: LayerSpec, context_channels: int, heads: int) -> None:
        super().__init__()
        channels = spec.in_channels
        self.norm = nn.GroupNorm(NORM_GROUPS, channels, eps=1e-6)
        self.is_linear = spec.linear_projection
        self.proj_in = nn.Linear(channels, channels) if self.is_linear else nn.Conv2d(channels, channels, 1)
        blocks = (
            TransformerBlock(channels, context_channels, heads, spec.attends_to_itself) for _ in range(spec.depth)
        )
        self.transformer_blocks = nn.ModuleList(blocks)
        self.proj_out = nn.Linear(channels, channels) if self.is_linear else nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, given: LayerInputs) -> Tensor:
        """x (N, C, h, w) -> (N, C, h, w)."""
        tokens = self._project(self.proj_in, to_tokens(self.norm(x)))
        for index, block in enumerate(self.transformer_blocks):
            tokens = block(tokens, given.within(index, block.attn1.heads))
        tokens = self._project(self.proj_out, tokens)
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:]) + x

    def _project(self, layer: nn.Module, tokens: Tensor) -> Tensor:
        """A 1x1 convolution of an image is a linear map of its tokens."""
        weight = layer.weight.to(tokens.dtype)  # it may be kept in a narrower type
        return F.linear(tokens, weight if self.is_linear else weight.flatten(1), layer.bias)


def to_tokens(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h * w, C)."""
    return x.flatten(2).transpose(1, 2)


class Downsample(nn.Module):
    """Halve height and width."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.op = nn.Conv2d(spec.in_channels, spec.out_channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """Grow height and width to `size`: twice theirs, or one less where halving had rounded up."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.conv = nn.Conv2d(spec.in_channels, spec.out_channels, 3, padding=1)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return self.conv(F.interpolate(x, size=size, mode="nearest"))


def _build_layer(spec: LayerSpec, config: UNetConfig, kinds: LayerKinds) -> nn.Module:
    match spec.kind:
        case "res":
            return kinds.res(spec, config.time_channels)
        case "transformer":
            return kinds.transformer(spec, config.context_channels, config.heads_of(spec.in_channels))
        case "down":
            return Downsample(spec)
        case "up":
            return Upsample(spec)
        case "conv":
            return nn.Conv2d(spec.in_channels, spec.out_channels, 3, padding=1)


@dataclass(frozen=True)
class LayerKinds:
    """The classes of a network's layers; those of another kind of network are made like them."""

    res: type[ResBlock] = ResBlock
    transformer: type[SpatialTransformer] = SpatialTransformer


def _build_blocks(blocks: Iterable[Block], config: UNetConfig, kinds: LayerKinds) -> nn.ModuleList:
    return nn.ModuleList(nn.ModuleList(_build_layer(spec, config, kinds) for spec in block) for block in blocks)


class UNetEncoder(nn.Module):
    """The first half of a U-Net: what control networks share with it."""

    kinds = LayerKinds()

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embed = nn.Sequential(
            nn.Linear(config.model_channels, config.time_channels),
            nn.SiLU(),
            nn.Linear(config.time_channels, config.time_channels),
        )
        if config.vector_channels:
            layers = (nn.Linear(config.vector_channels, config.time_channels), nn.SiLU())
            second = nn.Linear(config.time_channels, config.time_channels)
            self.label_emb: nn.Module = nn.Sequential(nn.Sequential(*layers, second))
        elif config.classes:
            self.label_emb = nn.Embedding(config.classes, config.time_channels)
        self.input_blocks = _build_blocks(config.input_blocks, config, self.kinds)
        self.middle_block = _build_blocks([config.middle_block], config, self.kinds)[0]

    def embed(
        self, timesteps: Tensor, context: Tensor, vector: Tensor | None, patched: PatchedCall | None = None
    ) -> LayerInputs:
        """What the layers read: timesteps (N,), context (N, S, D), vector (N, vector_channels) or (N, 1) class numbers.

        Raises:
            ValueError: the network wants a vector and got none, or one of another width.
        """
        time = self.time_embed(embed_timesteps(timesteps, self.config.model_channels).to(context.dtype))
        width = self.config.vector_channels or bool(self.config.classes)
        if not width:
            return LayerInputs(time, context, patched)
        if vector is None or vector.shape[-1] != width:
            found = "none" if vector is None else f"one of width {vector.shape[-1]}"
            raise ValueError(f"This model needs a vector of width {width} beside the prompt, and got {found}.")
        known = vector.to(context.dtype) if self.config.vector_channels else vector[:, 0].long()
        return LayerInputs(time + self.label_emb(known), context, patched)

    def run_block(self, block: nn.Module, x: Tensor, given: LayerInputs, size: tuple[int, int] | None = None) -> Tensor:
        """One block, layer by layer. `size`: (height, width) that an Upsample in it grows to."""
        for layer in block:
            if isinstance(layer, ResBlock | SpatialTransformer):
                x = layer(x, given)
            elif isinstance(layer, Upsample):
                x = layer(x, size or (2 * x.shape[2], 2 * x.shape[3]))
            else:
                x = layer(x)
        return x


class UNet(UNetEncoder):
    """Predicts from a noisy latent, its timestep and a prompt what the latent was made of."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        self.output_blocks = _build_blocks(config.output_blocks, config, self.kinds)
        channels = config.output_blocks[-1][-1].out_channels
        self.out = nn.Sequential(
            nn.GroupNorm(NORM_GROUPS, channels),
            nn.SiLU(inplace=True),
            nn.Conv2d(channels, config.out_channels, 3, padding=1),
        )

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        control: ControlResiduals | None = None,
        vector: Tensor | None = None,
        patched: PatchedCall | None = None,
        frames: int = 1,
    ) -> Tensor:
        """x (N, C, h, w), timesteps (N,), context (N, S, D) -> (N, out_channels, h, w), all of the weights' dtype.

        `control` is added where it says: see ControlResiduals. `vector`: see `embed`. `patched`: what takes part.
        `frames`: how many samples, one after the other, are one film, for networks that look along time.
        """
        control = control or NO_CONTROL
        given = replace(self.embed(timesteps, context, vector, patched), frames=frames)
        skips: list[Tensor] = []
        for number, block in enumerate(self.input_blocks):
            here = given.at("input", number)
            x = add_residual(self.run_block(block, x, here), control.input, number)
            x = x if here.patched is None else here.patched.after_block(x)
            skips.append(x)
            x = x if here.patched is None else here.patched.after_skip(x)
        x = add_residual(self.run_block(self.middle_block, x, given.at("middle", 0)), control.middle, 0)
        for number, block in enumerate(self.output_blocks):
            here = given.at("output", number)
            skip = add_residual(skips.pop(), control.output, len(skips))
            if here.patched is not None:
                x, skip = here.patched.join(x, skip)
            size = skips[-1].shape[2:] if skips else None
            x = self.run_block(block, torch.cat([x, skip], dim=1), here, size)
        return self.out(x)


def add_residual(x: Tensor, residuals: tuple[Tensor | None, ...], number: int) -> Tensor:
    """x plus the residual of this number, if there is one."""
    residual = residuals[number] if number < len(residuals) else None
    return x if residual is None else x + residual.to(x)
