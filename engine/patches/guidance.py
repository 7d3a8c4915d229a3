"""Which other ways are there to join the estimates for prompts? Values for a model's GuidancePatches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from engine.sampling.conditioning import Conditioning
from engine.sampling.guidance import perp_neg
from engine.sampling.guidance_patches import GuidanceCall
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import per_sample

PIXELS = (-1, -2, -3)  # all of one sample: channels, rows, columns


@dataclass(frozen=True, eq=False)
class AdaptiveProjectedGuidance:
    """Before guidance, APG: arXiv:2410.02416, Algorithm 1.

    The result is positive + cfg * (the changed guidance), where the paper has cfg - 1: so the ecosystem has it.

    Attributes:
        eta: share of the guidance that points along the positive estimate, 1: all, 0: none (no oversaturation).
        norm_threshold: the guidance is shortened to this length; 0: never.
        momentum: share of the guidance of earlier steps that is added; usually 0 or below.
    """

    eta: float
    norm_threshold: float
    momentum: float

    def __call__(self, call: GuidanceCall) -> GuidanceCall:
        if call.negative is None:
            return call
        guidance = self._with_momentum(call, call.positive - call.negative)
        if self.norm_threshold > 0:
            guidance = guidance * (self.norm_threshold / _length(guidance)).clamp(max=1.0)
        direction = call.positive / _length(call.positive).clamp(min=1e-12)
        parallel = (guidance * direction).sum(dim=PIXELS, keepdim=True) * direction
        changed = guidance - parallel + self.eta * parallel
        rest = (call.positive - call.negative) / call.cfg if call.cfg else 0.0
        return call.with_(positive=call.negative + changed + rest)

    def _with_momentum(self, call: GuidanceCall, guidance: Tensor) -> Tensor:
        if self.momentum == 0:
            return guidance
        sigma = float(call.sigma[0])
        sigma_before, average = call.memory.get(self, (sigma, None))
        if average is not None and sigma <= sigma_before:  # else it is another way down
            guidance = self.momentum * average + guidance
        call.memory[self] = sigma, guidance
        return guidance


@dataclass(frozen=True, eq=False)
class TangentialDamping:
    """Before guidance: the negative noise estimate keeps only what it shares with the positive: arXiv:2503.18137.

    Both span a plane; what is kept is its projection onto the plane's first singular vector (Eq. 10).
    """

    def __call__(self, call: GuidanceCall) -> GuidanceCall:
        if call.negative is None:
            return call
        positive, negative = ((call.x - d).float().flatten(1) for d in (call.positive, call.negative))
        _, _, directions = torch.linalg.svd(torch.stack([negative, positive], dim=1), full_matrices=False)
        first = directions[:, 0]
        damped = (negative * first).sum(dim=1, keepdim=True) * first
        return call.with_(negative=call.x - damped.reshape_as(call.x).to(call.x.dtype))


@dataclass(frozen=True, eq=False)
class FrequencyScaling:
    """Before guidance, FreSca: the guidance's low and high spatial frequencies are scaled apart: arXiv:2504.02154.

    Attributes:
        scale_low, scale_high: factors of both.
        cutoff: frequencies below this many waves a side are low.
    """

    scale_low: float
    scale_high: float
    cutoff: int

    def __call__(self, call: GuidanceCall) -> GuidanceCall:
        if call.negative is None:
            return call
        guidance = call.positive - call.negative
        spectrum = torch.fft.fftshift(torch.fft.fftn(guidance.float(), dim=(-2, -1)), dim=(-2, -1))
        rows, columns = (self._low_band(side) for side in spectrum.shape[-2:])
        scale = torch.full(spectrum.shape[-2:], self.scale_high, device=spectrum.device)
        scale[rows, columns] = self.scale_low
        scaled = torch.fft.ifftn(torch.fft.ifftshift(spectrum * scale, dim=(-2, -1)), dim=(-2, -1)).real
        return call.with_(positive=scaled.to(guidance.dtype) + call.negative)

    def _low_band(self, side: int) -> slice:
        middle = side // 2
        width = min(self.cutoff, middle)
        return slice(middle - width, middle + width)


@dataclass(frozen=True, eq=False)
class OperationOnGuidance:
    """Before guidance: an operation on latents changes the guidance; without a negative prompt the estimate itself."""

    operation: Callable[[Tensor], Tensor]

    def __call__(self, call: GuidanceCall) -> GuidanceCall:
        if call.negative is None:
            return call.with_(positive=self.operation(call.positive))
        return call.with_(positive=self.operation(call.positive - call.negative) + call.negative)


@dataclass(frozen=True, eq=False)
class RescaledGuidance:
    """In guidance's place: its velocity deviates as the positive prompt's does: arXiv:2305.08891, Eq. 15 and 16.

    Attributes:
        multiplier: share of the rescaled result, 0: plain guidance.
    """

    multiplier: float

    def __call__(self, call: GuidanceCall) -> Tensor:
        assert call.negative is not None, "a guidance function is asked only where there is a negative estimate"
        sigma = per_sample(call.sigma, call.x)
        scale, root = call.x / (sigma**2 + 1), (sigma**2 + 1).sqrt()
        positive, negative = ((scale - d) * root / sigma for d in (call.positive, call.negative))
        guided = negative + call.cfg * (positive - negative)
        deviations = (v.std(dim=PIXELS, keepdim=True) for v in (positive, guided))
        ratio = next(deviations) / next(deviations)
        final = self.multiplier * guided * ratio + (1 - self.multiplier) * guided
        return scale - final * sigma / root


@dataclass(frozen=True, eq=False)
class PerpendicularNegative:
    """In guidance's place, Perp-Neg: see perp_neg.

    Attributes:
        empty: the prompt that says nothing.
        neg_scale: weight of the negative prompt.
    """

    empty: Conditioning
    neg_scale: float

    def __call__(self, call: GuidanceCall) -> Tensor:
        assert call.negative is not None, "a guidance function is asked only where there is a negative estimate"
        return perp_neg(call.positive, call.negative, call.evaluate(self.empty), call.cfg, self.neg_scale)


@dataclass(frozen=True, eq=False)
class ZeroStar:
    """After guidance, CFG-Zero*: the negative noise estimate scaled to fit the positive: arXiv:2503.18886, Eq. 13."""

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        if call.negative is None:
            return denoised
        positive, negative = ((call.x - d).flatten(1) for d in (call.positive, call.negative))
        scale = per_sample((positive * negative).sum(dim=1) / (negative.square().sum(dim=1) + 1e-8), denoised)
        # What guidance would have given, had it started from scale * negative.
        return denoised + call.negative * (scale - 1) * (1 - call.cfg)


@dataclass(frozen=True, eq=False)
class NormLimit:
    """After guidance: no cell's estimate is longer, over its channels, than the positive prompt's times `strength`."""

    strength: float

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        wanted, found = (d.norm(dim=1, keepdim=True) for d in (call.positive, denoised))
        return denoised * (wanted / (found + 1e-8)).clamp(0.0, 1.0) * self.strength


@dataclass(frozen=True, eq=False)
class Mahiro:
    """After guidance: the more the result is like the negative prompt, the more the positive one counts.

    The blend of guidance and cfg * positive is by how like the negative estimate is to the mean of both: by the cosine
    of their roots over the channels, averaged over all cells.
    """

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        if call.negative is None:
            return denoised
        leap = call.positive * call.cfg
        away, between = (_signed_root(d) for d in (call.negative * call.cfg, (leap + denoised) / 2))
        likeness = 2 * (cosine_similarity(away, between).mean() + 1)  # 0 .. 4
        return (likeness * denoised + (4 - likeness) * leap) / 4


@dataclass(frozen=True, eq=False)
class EpsilonScaling:
    """After guidance: the noise estimate is divided by `factor`, against exposure bias: arXiv:2308.15321, Eq. 16."""

    factor: float

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        return call.x - (call.x - denoised) / self.factor


@dataclass(frozen=True, eq=False)
class DifferentialMask:
    """A noise mask's grey says when a cell begins to change, white from the start: arXiv:2306.00950, Algorithm 1.

    Attributes:
        strength: 1: so; 0 .. 1: mixed with the mask as it is.
    """

    strength: float = 1.0

    def __call__(self, mask: Tensor, sigma: Tensor, sigmas: Tensor, levels: NoiseLevels) -> Tensor:
        last = max(float(sigmas[-1]), levels.sigma_min)
        ends = torch.stack([sigmas[0], torch.tensor(last), sigma[0].cpu()])
        first, end, now = levels.timestep(ends).tolist()
        threshold = (now - end) / max(first - end, 1)
        opened = (mask >= threshold).to(mask.dtype)
        return opened * self.strength + mask * (1 - self.strength) if 0 < self.strength < 1 else opened


def _length(values: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, 1, 1, 1)."""
    return torch.linalg.vector_norm(values, dim=PIXELS, keepdim=True)


def _signed_root(values: Tensor) -> Tensor:
    return values.abs().sqrt() * values.sign()
