"""FreeU: a U-Net's decoder listens more to its backbone and less to its skips' low frequencies: arXiv:2309.11497."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall

LOW_BAND = 1  # frequencies on each side of the zero one that count as low: the paper's r_thresh


@dataclass(frozen=True, eq=False)
class FreeU:
    """Scales what the decoder's blocks read, Eq. 3 to 5.

    Attributes:
        factors: channels of the backbone's features -> (b, s), the factors of backbone and skip.
        by_mean: whether b follows the features' mean over the channels, as the paper's second version has it.
    """

    factors: Mapping[int, tuple[float, float]]
    by_mean: bool = False

    def __call__(self, x: Tensor, skip: Tensor, call: LayerCall) -> tuple[Tensor, Tensor]:
        found = self.factors.get(x.shape[1])
        if found is None:
            return x, skip
        backbone, low = found
        half = x.shape[1] // 2
        scale = _scale_by_mean(x, backbone) if self.by_mean else backbone
        return torch.cat([x[:, :half] * scale, x[:, half:]], dim=1), scale_low_frequencies(skip, low)


def with_free_u(
    model: DiffusionModel, first: tuple[float, float], second: tuple[float, float], *, by_mean: bool
) -> DiffusionModel:
    """The model with FreeU: (b, s) for its deepest features, and for those half as wide."""
    base = model.hosted.module.config.model_channels
    return model.with_layers(model.layers.with_blocks(join=FreeU({4 * base: first, 2 * base: second}, by_mean)))


def _scale_by_mean(x: Tensor, factor: float) -> Tensor:
    """1 where the features' mean is lowest, `factor` where it is highest: (N, 1, h, w)."""
    mean = x.mean(dim=1, keepdim=True)
    lowest, highest = mean.amin(dim=(2, 3), keepdim=True), mean.amax(dim=(2, 3), keepdim=True)
    return (factor - 1) * (mean - lowest) / (highest - lowest) + 1


def scale_low_frequencies(x: Tensor, factor: float) -> Tensor:
    """(N, C, h, w) with the lowest spatial frequencies scaled, Eq. 5."""
    spectrum = torch.fft.fftshift(torch.fft.fftn(x.float(), dim=(-2, -1)), dim=(-2, -1))
    row, column = (side // 2 for side in x.shape[-2:])
    spectrum[..., row - LOW_BAND : row + LOW_BAND, column - LOW_BAND : column + LOW_BAND] *= factor
    return torch.fft.ifftn(torch.fft.ifftshift(spectrum, dim=(-2, -1)), dim=(-2, -1)).real.to(x.dtype)
