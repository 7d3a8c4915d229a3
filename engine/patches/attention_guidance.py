"""Guidance by what the network makes of a picture when its attention is disturbed: PAG and SAG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall, LayerPlace
from engine.sampling.guidance_patches import GuidanceCall

MIDDLE = LayerPlace("middle", 0)
NEGATIVE = 1  # the guider's second prompt
BLUR_CELLS = 9  # side of SAG's blur
LEAST_SIDE = 4  # cells; smaller latents have no structure to blur
THRESHOLD = 1.0  # of the attention that a cell gets, from which SAG blurs it


@dataclass(frozen=True, eq=False)
class PerturbedAttention:
    """After guidance, PAG: away from what is seen with the identity as self-attention: arXiv:2403.17377, Eq. 12.

    Attributes:
        scale: how far.
    """

    scale: float

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        if self.scale == 0:
            return denoised
        assert isinstance(call.model, DiffusionModel), "a model that this patch was put on"
        layers = call.model.layers.with_function(1, MIDDLE, _values_alone)
        perturbed = call.evaluate(0, model=call.model.with_layers(layers))
        return denoised + (call.positive - perturbed) * self.scale


def _values_alone(q: Tensor, k: Tensor, v: Tensor, call: LayerCall) -> Tensor:
    """Attention in which each token sees itself only."""
    return v


@dataclass(frozen=True, eq=False)
class SelfAttentionMap:
    """Plain attention that keeps how much each cell is attended to, for the samples of the negative prompt.

    Attributes:
        seen: filled while the network computes: (B, T) the attention that each token gets, mean over heads.
    """

    seen: list[Tensor]

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, call: LayerCall) -> Tensor:
        q, k, v = (t.unflatten(-1, (call.heads, -1)).transpose(1, 2) for t in (q, k, v))
        scores = (q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(dim=-1)
        shares = scores.mean(dim=1).sum(dim=1).chunk(len(call.prompts))
        found = [share for share, prompt in zip(shares, call.prompts, strict=True) if prompt == NEGATIVE]
        if found:
            self.seen[:] = found[-1:]
        return (scores.to(v.dtype) @ v).transpose(1, 2).flatten(2)


@dataclass(frozen=True, eq=False)
class SelfAttentionGuidance:
    """After guidance, SAG: away from what the network makes of the picture with its salient cells blurred.

    arXiv:2210.00939, Algorithm 1, on the negative prompt's estimate.

    Attributes:
        scale: how far.
        blur_sigma: the blur's standard deviation, in cells.
        attention: where the network left its attention.
    """

    scale: float
    blur_sigma: float
    attention: SelfAttentionMap

    def __call__(self, call: GuidanceCall, denoised: Tensor) -> Tensor:
        if self.scale == 0 or call.negative is None or min(denoised.shape[2:]) <= LEAST_SIDE or not self.attention.seen:
            return denoised
        degraded = _blur_salient(call.negative, self.attention.seen[0], self.blur_sigma)
        seen = call.evaluate(NEGATIVE, x=degraded + call.x - call.negative)
        return denoised + (degraded - seen) * self.scale


def with_perturbed_attention(model: DiffusionModel, scale: float) -> DiffusionModel:
    """The model with PAG."""
    return model.with_guidance(model.guidance.with_(after=PerturbedAttention(scale)))


def with_self_attention_guidance(model: DiffusionModel, scale: float, blur_sigma: float) -> DiffusionModel:
    """The model with SAG, whose middle block keeps its attention."""
    attention = SelfAttentionMap([])
    watched = model.with_layers(model.layers.with_function(1, MIDDLE, attention))
    guidance = model.guidance.with_(after=SelfAttentionGuidance(scale, blur_sigma, attention), needs_negative=True)
    return watched.with_guidance(guidance)


def _blur_salient(estimate: Tensor, attention: Tensor, sigma: float) -> Tensor:
    """(B, C, h, w) blurred where its cells get more than their share of attention (B, T)."""
    height, width = estimate.shape[-2:]
    rows = round(math.sqrt(attention.shape[1] * height / width))
    mask = (attention > THRESHOLD).to(estimate).reshape(len(attention), 1, rows, -1)
    mask = interpolate(mask, (height, width))
    return _blurred(estimate, sigma) * mask + estimate * (1 - mask)


def _blurred(estimate: Tensor, sigma: float) -> Tensor:
    if sigma == 0:
        return estimate
    half = BLUR_CELLS // 2
    along = torch.linspace(-half, half, BLUR_CELLS, device=estimate.device)
    weights = torch.exp(-0.5 * (along / sigma) ** 2)
    weights = (weights / weights.sum()).to(estimate)
    kernel = (weights[:, None] * weights[None, :]).expand(estimate.shape[1], 1, -1, -1)
    return conv2d(pad(estimate, (half,) * 4, mode="reflect"), kernel, groups=estimate.shape[1])
