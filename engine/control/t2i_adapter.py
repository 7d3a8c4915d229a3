"""A small network that reads a picture once and adds to the first half of a model's: T2I-Adapter (arXiv:2302.08453)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import BadFile
from engine.models.diffusion_model import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.weights import WeightFile, Weights, check_weights
from engine.pixels.resizing import resize
from engine.sampling.conditioning import ControlCall, ControlResiduals

CELL = 8  # pixels a side of one latent cell
PREFIX = "adapter."  # before all names in diffusers' files
# Number of the encoder's block that each level is added to; one more than there are goes to the middle.
PLACES = (2, 5, 8, 11)
PLACES_XL = (3, 5, 8, None)

_BLOCK = re.compile(r"body\.(\d+)\.(?:body|resnets)\.(\d+)\.(block[12])$")  # counted by level
_ROW = re.compile(r"body\.(\d+)\.(block[12])$")  # counted in one row
_ENDS = re.compile(r"body\.(\d+)\.(in_conv|out_conv)$")


@dataclass(frozen=True)
class AdapterConfig:
    """Sizes of an adapter.

    Attributes:
        channels: that each level gives; inner: that it works in.
        blocks: residual blocks a level.
        picture_channels: 1 (grey) or 3.
        unshuffle: pixels a side that become one cell at the start.
        kernel: side of the second convolution of a block.
        has_ends: levels go through a convolution of their own at their start and end, and none is before the first.
    """

    channels: tuple[int, ...]
    inner: tuple[int, ...]
    blocks: int
    picture_channels: int
    unshuffle: int
    kernel: int
    has_ends: bool

    @property
    def is_xl(self) -> bool:
        return self.unshuffle == 2 * CELL

    def halves(self, level: int) -> bool:
        """Whether a level begins with halving the size."""
        return level == 2 if self.is_xl else level > 0


class AdapterBlock(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.block1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.block2 = nn.Conv2d(channels, channels, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block2(F.relu(self.block1(x)))


class AdapterLevel(nn.Module):
    """The blocks of one resolution."""

    def __init__(self, config: AdapterConfig, number: int, before: int) -> None:
        super().__init__()
        inner, wide = config.inner[number], config.channels[number]
        self.halves = config.halves(number)
        needs_entry = config.has_ends or before != inner
        self.in_conv = nn.Conv2d(before, inner, 1) if needs_entry else nn.Identity()
        self.blocks = nn.Sequential(*(AdapterBlock(inner, config.kernel) for _ in range(config.blocks)))
        self.out_conv = nn.Conv2d(inner, wide, 1) if config.has_ends else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        if self.halves:
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        return self.out_conv(self.blocks(self.in_conv(x)))


class AdapterNetwork(nn.Module):
    """A picture (N, C, H, W) in 0..1 -> what is added at each level."""

    def __init__(self, config: AdapterConfig) -> None:
        super().__init__()
        self.config = config
        read = config.picture_channels * config.unshuffle**2
        self.conv_in = nn.Identity() if config.has_ends else nn.Conv2d(read, config.channels[0], 3, padding=1)
        before = (read if config.has_ends else config.channels[0], *config.channels)
        self.levels = nn.ModuleList(
            AdapterLevel(config, number, before[number]) for number in range(len(config.channels))
        )

    def forward(self, picture: Tensor) -> list[Tensor]:
        x = self.conv_in(F.pixel_unshuffle(picture, self.config.unshuffle))
        made = []
        for level in self.levels:
            x = level(x)
            made.append(x)
        return made


@dataclass(frozen=True, eq=False)
class T2IAdapter:
    """An adapter whose weights are brought in when it is used."""

    hosted: HostedModule
    config: AdapterConfig

    weight_patches = ()

    def for_kind(self, name: str) -> T2IAdapter:
        """Adapters know one kind of pictures only: this one as it is."""
        return self

    def use(
        self,
        hint: Tensor,
        strength: float = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        mask: Tensor | None = None,
    ) -> AdapterUse:
        """Steer by a picture; see ControlNet.use."""
        return AdapterUse(self, hint[..., :3], strength, start_percent, end_percent)


@dataclass(frozen=True, eq=False)
class AdapterUse:
    """An adapter with its picture, strength and time range. Satisfies sampling.ControlUse."""

    adapter: T2IAdapter
    hint: Tensor
    strength: float
    start_percent: float
    end_percent: float
    _read: dict[tuple[int, int], ControlResiduals] = field(default_factory=dict, repr=False)  # the last latent size

    def holdables(self, model: DiffusionModel) -> tuple[T2IAdapter, ...]:
        """What must be on its device to steer a model."""
        return (self.adapter,)

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        """What to add at this step; None outside the time range or at strength 0."""
        if self.strength == 0.0 or not call.is_within(self.start_percent, self.end_percent):
            return None
        size = (call.x.shape[2], call.x.shape[3])
        if size not in self._read:
            self._read.clear()
            self._read[size] = self._read_hint(size)
        return _for_batch(self._read[size], call)

    def _read_hint(self, size: tuple[int, int]) -> ControlResiduals:
        """The picture never changes, so that it is read once a run."""
        config, placement = self.adapter.config, self.adapter.hosted.placement
        height, width = (-(-side * CELL // config.unshuffle) * config.unshuffle for side in size)
        picture = resize(self.hint.movedim(-1, 1), width, height, "nearest-exact", "center").float()
        if config.picture_channels == 1:
            picture = picture.mean(dim=1, keepdim=True)
        with torch.no_grad(), self.adapter.hosted.holding() as network:
            levels = [level * self.strength for level in network(picture.to(placement.device, placement.dtype))]
        return _placed(levels, PLACES_XL if config.is_xl else PLACES)


def _placed(levels: list[Tensor], places: tuple[int | None, ...]) -> ControlResiduals:
    blocks: list[Tensor | None] = [None] * (max(place for place in places if place is not None) + 1)
    middle: tuple[Tensor | None, ...] = ()
    for level, place in zip(levels, places, strict=False):
        if place is None:
            middle = (level,)
        else:
            blocks[place] = level
    return ControlResiduals(input=tuple(blocks), middle=middle)


def _for_batch(read: ControlResiduals, call: ControlCall) -> ControlResiduals:
    """One for each sample, where there are several pictures."""

    def fitted(group: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        return tuple(None if part is None else _fitted(part, call) for part in group)

    return ControlResiduals(fitted(read.input), fitted(read.middle), fitted(read.output))


def _fitted(part: Tensor, call: ControlCall) -> Tensor:
    part = part.to(call.x.device)
    if len(part) == 1:
        return part
    return part[[number % call.batch_size % len(part) for number in range(len(call.x))]]


def adapter_names(names: Iterable[str]) -> dict[str, str] | None:
    """The network's own names -> the file's, for both ways to write both kinds; None if it is no adapter."""
    theirs = list(names)
    prefix = PREFIX if all(name.startswith(PREFIX) for name in theirs) else ""
    layers = {name.removeprefix(prefix).rpartition(".")[0] for name in theirs}
    own = {layer: _own_layer(layer, _blocks_in_a_row(layers)) for layer in layers}
    if None in own.values() or not any(_BLOCK.match(layer) or _ROW.match(layer) for layer in layers):
        return None
    split = ((name, *name.removeprefix(prefix).rpartition(".")) for name in theirs)
    return {f"{own[layer]}.{kind}": name for name, layer, _, kind in split}


def _blocks_in_a_row(layers: Iterable[str]) -> int | None:
    """How many blocks a level has where a file counts them all in one row; None where it counts them by level."""
    if any(_BLOCK.match(layer) for layer in layers):
        return None
    numbers = [int(found[1]) for layer in layers if (found := _ROW.match(layer))]
    return (max(numbers, default=0) + 1) // len(PLACES)


def _own_layer(layer: str, in_a_row: int | None) -> str | None:
    if layer == "conv_in":
        return layer
    block, row, ends = _BLOCK.match(layer), _ROW.match(layer), _ENDS.match(layer)
    if block:
        return f"levels.{block[1]}.blocks.{block[2]}.{block[3]}"
    if row and in_a_row:
        return f"levels.{int(row[1]) // in_a_row}.blocks.{int(row[1]) % in_a_row}.{row[2]}"
    if ends:
        return f"levels.{int(ends[1]) // (in_a_row or 1)}.{ends[2]}"
    return None


def load_adapter(file: WeightFile, names: Mapping[str, str], placement: Placement) -> T2IAdapter:
    """Open an adapter whose names were recognised.

    Raises:
        BadFile: shapes that no adapter has.
    """
    shapes = {own: file.header.tensors[name].shape for own, name in names.items()}
    config = _read_config(shapes, file.header.path.name)
    with torch.device("meta"):
        module = AdapterNetwork(config)
    weights = Weights(file, dict(names))
    check_weights(module, weights, "T2I adapter")
    return T2IAdapter(HostedModule(module, weights, placement), config)


def _read_config(shapes: Mapping[str, tuple[int, ...]], name: str) -> AdapterConfig:
    has_ends = "conv_in.weight" not in shapes
    levels = 1 + max(int(own.split(".")[1]) for own in shapes if own.startswith("levels."))
    blocks = 1 + max(int(own.split(".")[3]) for own in shapes if own.startswith("levels.0.blocks."))
    inner = tuple(shapes[f"levels.{number}.blocks.0.block1.weight"][0] for number in range(levels))
    outer = tuple(shapes[f"levels.{number}.out_conv.weight"][0] for number in range(levels)) if has_ends else inner
    read = shapes["levels.0.in_conv.weight" if has_ends else "conv_in.weight"][1]
    known = {channels * side**2: (channels, side) for channels in (1, 3) for side in (CELL, 2 * CELL)}
    if read not in known or levels != len(PLACES):
        raise BadFile(
            f"{name} is no T2I adapter for Stable Diffusion: it reads {read} channels on {levels} levels. Expected are "
            f"{', '.join(map(str, sorted(known)))} channels on {len(PLACES)} levels."
        )
    kernel = shapes["levels.0.blocks.0.block2.weight"][-1]
    return AdapterConfig(outer, inner, blocks, *known[read], kernel, has_ends)
