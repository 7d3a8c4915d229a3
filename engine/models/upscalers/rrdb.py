"""The RRDB network of ESRGAN, arXiv:1809.00219, sec. 3.1, and Real-ESRGAN, arXiv:2107.10833."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RESIDUAL_SCALE = 0.2  # beta
SLOPE = 0.2

# (what files call a layer, what the module calls it); {n} stand for numbers
_BODY = (
    (
        re.compile(r"(?:model\.1\.sub|RRDB_trunk|body)\.(\d+)\.(?:RDB|rdb)(\d)\.conv(\d)(?:\.0)?$"),
        r"body.\1.rdb\2.conv\3",
    ),
    (re.compile(r"(?:model\.0|conv_first)$"), "conv_first"),
    (re.compile(r"(?:trunk_conv|conv_body)$"), "conv_body"),
    (re.compile(r"(?:upconv|conv_up)(\d)$"), r"conv_up\1"),
    (re.compile(r"(?:HRconv|conv_hr)$"), "conv_hr"),
    (re.compile(r"conv_last$"), "conv_last"),
)
_NUMBERED = re.compile(r"model\.(\d+)$")
_TRUNK = re.compile(r"model\.1\.sub\.(\d+)$")


@dataclass(frozen=True)
class RrdbConfig:
    """Sizes of a network.

    Attributes:
        channels: of pictures, before they are shuffled.
        blocks, features, growth: RRDB blocks, their channels, and those that each convolution in them adds.
        doublings: how often the features are doubled in size.
        unshuffle: into so many parts a side pictures are taken apart first.
    """

    channels: int
    out_channels: int
    blocks: int
    features: int
    growth: int
    doublings: int
    unshuffle: int

    @property
    def scale(self) -> float:
        return 2**self.doublings / self.unshuffle


def rrdb_places(names: Mapping[str, tuple[int, ...]]) -> dict[str, str] | None:
    """The module's name of each weight -> the file's, for the three ways to write such files; None if it is no RRDB."""
    layers = {name.rpartition(".")[0] for name in names}
    own = {layer: found for layer in layers if (found := _own_layer(layer, layers)) is not None}
    if "conv_first" not in own.values() or not any(layer.startswith("body.") for layer in own.values()):
        return None
    return {f"{own[layer]}.{kind}": name for name in names for layer, _, kind in [name.rpartition(".")] if layer in own}


def _own_layer(layer: str, layers: set[str]) -> str | None:
    for pattern, replacement in _BODY:
        if pattern.match(layer):
            return pattern.sub(replacement, layer)
    if _TRUNK.match(layer):
        return "conv_body"
    numbered = _NUMBERED.match(layer)
    if numbered is None:
        return None
    numbers = sorted(int(found[1]) for other in layers if (found := _NUMBERED.match(other)) and int(found[1]) > 1)
    position = numbers.index(int(numbered[1]))
    last = len(numbers) - 1
    return {last: "conv_last", last - 1: "conv_hr"}.get(position, f"conv_up{position + 1}")


def read_rrdb(shapes: Mapping[str, tuple[int, ...]]) -> RrdbConfig:
    """Read the sizes off the shapes of the weights, by the module's names."""
    blocks = 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("body."))
    doublings = sum(name.startswith("conv_up") and name.endswith(".weight") for name in shapes)
    features, read = shapes["conv_first.weight"][:2]
    out_channels = shapes["conv_last.weight"][0]
    unshuffle = max(1, round((read / out_channels) ** 0.5))
    growth = shapes["body.0.rdb1.conv1.weight"][0]
    return RrdbConfig(read // unshuffle**2, out_channels, blocks, features, growth, doublings, unshuffle)


class DenseBlock(nn.Module):
    """Five convolutions, each reading all before it."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for number in range(4):
            setattr(self, f"conv{number + 1}", nn.Conv2d(features + number * growth, growth, 3, padding=1))
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found = [x]
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            found.append(F.leaky_relu(convolution(torch.cat(found, dim=1)), SLOPE))
        return x + self.conv5(torch.cat(found, dim=1)) * RESIDUAL_SCALE


class Rrdb(nn.Module):
    """Residual in residual: three dense blocks beside a shortcut."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.rdb3(self.rdb2(self.rdb1(x))) * RESIDUAL_SCALE


class RrdbNet(nn.Module):
    """Makes pictures (N, C, H, W) in 0..1 larger by `config.scale`."""

    def __init__(self, config: RrdbConfig) -> None:
        super().__init__()
        self.config = config
        features = config.features
        self.conv_first = nn.Conv2d(config.channels * config.unshuffle**2, features, 3, padding=1)
        self.body = nn.Sequential(*(Rrdb(features, config.growth) for _ in range(config.blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        for number in range(config.doublings):
            setattr(self, f"conv_up{number + 1}", nn.Conv2d(features, features, 3, padding=1))
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, config.out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.config.unshuffle > 1:
            x = F.pixel_unshuffle(_filled(x, self.config.unshuffle), self.config.unshuffle)
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for number in range(self.config.doublings):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.leaky_relu(getattr(self, f"conv_up{number + 1}")(x), SLOPE)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), SLOPE))


def _filled(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, -width % multiple, 0, -height % multiple), mode="replicate")
