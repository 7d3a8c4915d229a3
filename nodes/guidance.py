"""Nodes that change how a model joins the estimates for the positive and the negative prompt."""

from typing import Annotated, NamedTuple

from engine import patches
from engine.graph import Range, node
from nodes.sockets import Conditioning, Model, Share


class PatchedModel(NamedTuple):
    patched_model: Model


@node("CFGZeroStar", category="advanced/guidance")
def zero_star(*, model: Model) -> PatchedModel:
    """CFG-Zero*: scale the negative prompt's estimate to fit the positive one's before guidance."""
    return PatchedModel(model.with_guidance(model.guidance.with_(after=patches.ZeroStar())))


@node("CFGNorm", category="advanced/guidance", experimental=True)
def limit_norm(*, model: Model, strength: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0) -> PatchedModel:
    """Let guidance make no part of a picture stronger than the positive prompt alone makes it.

    Args:
        strength: factor on the whole result; 1 is usual.
    """
    return PatchedModel(model.with_guidance(model.guidance.with_(after=patches.NormLimit(strength))))


@node("TCFG", display_name="Tangential Damping CFG", category="advanced/guidance")
def damp_tangent(*, model: Model) -> PatchedModel:
    """Keep of the negative prompt's estimate only what it shares with the positive one's."""
    return PatchedModel(model.with_guidance(model.guidance.with_(before=patches.TangentialDamping())))


@node(
    "Mahiro",
    display_name="Mahiro is so cute that she deserves a better guidance function!! (。・ω・。)",
    category="_for_testing",
    experimental=True,
)
def mahiro(*, model: Model) -> PatchedModel:
    """Let the positive prompt count the more, the more the result is like the negative one."""
    return PatchedModel(model.with_guidance(model.guidance.with_(after=patches.Mahiro())))


@node("APG", display_name="Adaptive Projected Guidance", category="sampling/custom_sampling")
def adaptive_projected_guidance(
    *,
    model: Model,
    eta: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    norm_threshold: Annotated[float, Range(0.0, 50.0, step=0.1)] = 5.0,
    momentum: Annotated[float, Range(-5.0, 1.0, step=0.01)] = 0.0,
) -> Model:
    """Guide strongly without burnt colours, by changing the part of guidance that only strengthens the picture.

    Args:
        eta: share of that part that is kept; 1 keeps all, 0 none.
        norm_threshold: longer guidance is shortened to this; 0 turns it off.
        momentum: how much guidance of earlier steps is added; below 0 takes some off.
    """
    patch = patches.AdaptiveProjectedGuidance(eta, norm_threshold, momentum)
    return model.with_guidance(model.guidance.with_(before=patch))


@node("Epsilon Scaling", category="model_patches/unet")
def scale_epsilon(
    *, model: Model, scaling_factor: Annotated[float, Range(0.5, 1.5, step=0.001, shown_as="number")] = 1.005
) -> Model:
    """Make up for networks that overestimate noise in their own results.

    Args:
        scaling_factor: what the noise estimate is divided by; 1 changes nothing.
    """
    return model.with_guidance(model.guidance.with_(after=patches.EpsilonScaling(scaling_factor)))


@node("FreSca", category="_for_testing", experimental=True)
def scale_frequencies(
    *,
    model: Model,
    scale_low: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    scale_high: Annotated[float, Range(0, 10, step=0.01)] = 1.25,
    freq_cutoff: Annotated[int, Range(1, 10_000, step=1)] = 20,
) -> Model:
    """Scale guidance of coarse and of fine structures apart.

    Args:
        scale_low: factor on coarse structures.
        scale_high: factor on fine structures.
        freq_cutoff: waves a side up to which structures are coarse.
    """
    patch = patches.FrequencyScaling(scale_low, scale_high, freq_cutoff)
    return model.with_guidance(model.guidance.with_(before=patch))


@node("RescaleCFG", category="advanced/model")
def rescale_guidance(*, model: Model, multiplier: Share = 0.7) -> Model:
    """Keep strong guidance from washing out or burning a picture, for models that predict velocity.

    Args:
        multiplier: how much; 0 changes nothing.
    """
    return model.with_guidance(model.guidance.with_(function=patches.RescaledGuidance(multiplier)))


@node(
    "PerpNeg",
    display_name="Perp-Neg (DEPRECATED by PerpNegGuider)",
    category="_for_testing",
    deprecated=True,
    experimental=True,
)
def perp_neg(
    *,
    model: Model,
    empty_conditioning: Conditioning,
    neg_scale: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0,
) -> Model:
    """Guide away from only that part of the negative prompt which the positive one does not share.

    Args:
        empty_conditioning: the prompt of an empty text.
        neg_scale: weight of the negative prompt.
    """
    patch = patches.PerpendicularNegative(empty_conditioning, neg_scale)
    return model.with_guidance(model.guidance.with_(function=patch, needs_negative=True))


@node("DifferentialDiffusion", display_name="Differential Diffusion", category="_for_testing", experimental=True)
def differential_diffusion(*, model: Model, strength: Share | None = 1.0) -> Model:
    """Let the grey of a noise mask say how much of the run each part of the picture changes in.

    Args:
        strength: 1: just so; less mixes in the mask as it is.
    """
    patch = patches.DifferentialMask(1.0 if strength is None else strength)
    return model.with_guidance(model.guidance.with_(noise_mask=patch))
