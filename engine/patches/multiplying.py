"""Weights of attention projections multiplied by numbers: experiments with how strongly a network attends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.text_encoder import TextEncoder


@dataclass(frozen=True, eq=False)
class Multiplied:
    """Multiplies some weights. Satisfies models.WeightPatch."""

    factors: Mapping[str, float]

    @property
    def weight_names(self) -> Collection[str]:
        return self.factors.keys()

    def patched(self, name: str, weight: Tensor) -> Tensor:
        return weight.mul_(self.factors[name])


def multiplied(names: Collection[str], factors: Mapping[str, float]) -> Multiplied | None:
    """The weights whose names end as `factors` says, multiplied; None where all factors are 1 or none matches."""
    found = {
        name: factor for name in names for ending, factor in factors.items() if name.endswith(ending) and factor != 1.0
    }
    return Multiplied(found) if found else None


def with_multiplied_attention(
    model: DiffusionModel, which: str, q: float, k: float, v: float, out: float
) -> DiffusionModel:
    """The model with the projections of one kind of attention ("attn1", "attn2") multiplied."""
    factors = {"to_q.weight": q, "to_k.weight": k, "to_v.weight": v, "to_out.0.weight": out, "to_out.0.bias": out}
    patch = multiplied(list(model.hosted.weights), {f"{which}.{name}": factor for name, factor in factors.items()})
    return model if patch is None else model.with_patch(patch)


def with_multiplied_results(
    model: DiffusionModel, structural: Mapping[str, float], temporal: Mapping[str, float]
) -> DiffusionModel:
    """The model with what each kind of attention ("attn1", "attn2") gives multiplied.

    Args:
        structural: within a picture.
        temporal: between the pictures of a video; networks of pictures have none.
    """
    factors = {}
    for name in model.hosted.weights:
        which = next((kind for kind in structural if f"{kind}.to_out.0." in name), None)
        if which is not None:
            factors[name] = (temporal if "time_stack." in name else structural)[which]
    patch = multiplied(factors, factors)
    return model if patch is None else model.with_patch(patch)


def with_multiplied_text_attention(encoder: TextEncoder, q: float, k: float, v: float, out: float) -> TextEncoder:
    """The text encoder with the projections of its attention multiplied, weights and biases."""
    projections = {"q_proj": q, "k_proj": k, "v_proj": v, "out_proj": out}
    factors = {
        f"self_attn.{name}.{kind}": factor for name, factor in projections.items() for kind in ("weight", "bias")
    }
    patch = multiplied(list(encoder.hosted.weights), factors)
    return encoder if patch is None else encoder.with_patch(patch)
