"""Two models of one kind mixed weight by weight: model soups, differences, and any share for any block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.text_encoder import TextEncoder
from engine.models.weights import Weights

Part = TypeVar("Part", DiffusionModel, TextEncoder)


@dataclass(frozen=True)
class Shares:
    """How much of two weights makes the new one: first * own + second * other's."""

    first: float
    second: float


def by_ratio(ratio: float) -> Shares:
    """`ratio` of the first model, the rest of the second."""
    return Shares(ratio, 1 - ratio)


@dataclass(frozen=True, eq=False)
class Mixed:
    """Mixes weights with another model's. Satisfies models.WeightPatch.

    Attributes:
        shares: by beginning of the weights' names; the longest that fits counts, "" fits all.
    """

    other: DiffusionModel | TextEncoder
    shares: Mapping[str, Shares]
    _names: Collection[str] = field(repr=False)

    @cached_property
    def weight_names(self) -> Collection[str]:
        return frozenset(name for name in self._names if self._shares_of(name) != Shares(1.0, 0.0))

    def patched(self, name: str, weight: Tensor) -> Tensor:
        shares = self._shares_of(name)
        weight = weight.mul_(shares.first)
        if shares.second == 0.0:
            return weight
        other = self.other.hosted.patched_weight(name, self.other.weight_patches)
        return weight.add_(other.to(weight), alpha=shares.second)

    def _shares_of(self, name: str) -> Shares:
        fitting = [beginning for beginning in self.shares if name.startswith(beginning)]
        return self.shares[max(fitting, key=len)] if fitting else Shares(1.0, 0.0)


def merge(first: Part, second: Part, shares: Mapping[str, Shares] | Shares, but: Collection[str] = ()) -> Part:
    """The first model or text encoder with the second mixed in.

    Args:
        shares: for all weights, or by beginning of their names.
        but: endings of the names of weights that stay the first's.

    Raises:
        ValueError: the two are not of one kind: some weights have other shapes, or are missing.
    """
    check_same_kind(first.hosted.weights, second.hosted.weights)
    wanted = [name for name in first.hosted.weights if not any(name.endswith(ending) for ending in but)]
    return first.with_patch(Mixed(second, {"": shares} if isinstance(shares, Shares) else shares, wanted))


def merge_by_names(
    first: DiffusionModel, second: DiffusionModel, ratios: Mapping[str, float], kind: str
) -> DiffusionModel:
    """The first model with the second mixed in, each part of the network by a ratio of its own: 1 is the first.

    Args:
        ratios: by beginning of the weights' names; the longest that fits counts, the first one for what fits none.
        kind: the kind of model that has parts of these names, for messages.

    Raises:
        ValueError: the two are not of one kind, or none of their weights has such a name.
    """
    names = list(first.hosted.weights)
    if not any(name.startswith(tuple(ratios)) for name in names):
        raise ValueError(
            f"This node merges models of the kind {kind}, whose weights are named {', '.join(list(ratios)[:3])}...; "
            f"those of the model given ({first.family.name}) are named {', '.join(names[:3])}. "
            "Choose the node for this kind of model, or ModelMergeSimple."
        )
    shares = {beginning: by_ratio(ratio) for beginning, ratio in ratios.items()}
    return merge(first, second, {"": next(iter(shares.values())), **shares})


def check_same_kind(first: Weights, second: Weights) -> None:
    """Check that two modules' weights have the same names and shapes.

    Raises:
        ValueError: some weights have other shapes, or are missing.
    """
    mine, theirs = ({name: weights.shape(name) for name in weights} for weights in (first, second))
    if mine != theirs:
        raise ValueError(_mismatch(mine, theirs))


def _mismatch(mine: Mapping[str, tuple[int, ...]], theirs: Mapping[str, tuple[int, ...]]) -> str:
    name = next(name for name in [*mine, *theirs] if mine.get(name) != theirs.get(name))
    shapes = [str(list(shape)) if shape is not None else "missing" for shape in (mine.get(name), theirs.get(name))]
    return (
        f"Only models of one kind can be merged. {name} is {shapes[0]} in the first and {shapes[1]} in the second: "
        "choose two checkpoints of the same family."
    )
