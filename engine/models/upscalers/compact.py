"""The compact network of Real-ESRGAN (SRVGGNetCompact), arXiv:2107.10833, appendix: convolutions at the small size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of a network: convolutions between the first and the last, their channels, and the scale."""

    channels: int
    convolutions: int
    features: int
    factor: int

    @property
    def scale(self) -> float:
        return float(self.factor)


def read_compact(shapes: Mapping[str, tuple[int, ...]]) -> CompactConfig | None:
    """Read the sizes off the shapes of a file's weights; None if it is no such network."""
    first, slope = shapes.get("body.0.weight"), shapes.get("body.1.weight")
    if first is None or slope is None or len(first) != 4 or len(slope) != 1:
        return None
    last = max(int(name.split(".")[1]) for name in shapes if name.startswith("body."))
    features, channels = first[:2]
    factor = round((shapes[f"body.{last}.weight"][0] / channels) ** 0.5)
    return CompactConfig(channels, last // 2 - 1, features, factor)


class CompactNet(nn.Module):
    """Makes pictures (N, C, H, W) in 0..1 larger: adds detail to the pixels, repeated."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.config = config
        features, channels = config.features, config.channels
        layers: list[nn.Module] = [nn.Conv2d(channels, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(config.convolutions):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, channels * config.factor**2, 3, padding=1))
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        detail = F.pixel_shuffle(self.body(x), self.config.factor)
        return detail + F.interpolate(x, scale_factor=self.config.factor, mode="nearest")
