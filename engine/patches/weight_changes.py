"""What may a LoRA file hold for one layer? Each kind of change, computed in float32: LoRA, LyCORIS, DoRA, OFT.

The names are those of LyCORIS, arXiv:2309.14859, unless a docstring says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.errors import BadFile

TINY = 1e-8


class WeightChange(Protocol):
    """A change of one weight."""

    def change(self, weight: Tensor) -> Tensor:
        """What is added to a float32 weight at strength 1, in its shape; `weight` itself stays."""


def apply_change(change: WeightChange, weight: Tensor, strength: float) -> Tensor:
    """The weight with a change added, in place.

    Raises:
        BadFile: the shapes do not fit.
    """
    try:
        return weight.add_(change.change(weight).reshape(weight.shape), alpha=strength)
    except RuntimeError as error:
        raise BadFile(
            f"A LoRA layer ({_shapes(change)}) does not fit a weight of shape {list(weight.shape)}. "
            "It was made for another kind of model."
        ) from error


def _shapes(change: WeightChange) -> str:
    tensors = {name: value for name, value in vars(change).items() if isinstance(value, Tensor)}
    return ", ".join(f"{name} {list(value.shape)}" for name, value in tensors.items()) or type(change).__name__


def _on(tensor: Tensor, weight: Tensor) -> Tensor:
    return tensor.to(weight.device, torch.float32)


def _scale(alpha: float | None, rank: int) -> float:
    return 1.0 if alpha is None else alpha / rank


@dataclass(frozen=True, eq=False)
class LowRank:
    """LoRA, arXiv:2106.09685, Eq. 3: up @ down, times alpha / rank.

    `down` is (rank, in, ...), `up` (out, rank, ...), `middle` (rank, rank, kh, kw) or None: convolutions that are
    factored in three (sec. 3.2).
    """

    down: Tensor
    up: Tensor
    middle: Tensor | None
    alpha: float | None

    def change(self, weight: Tensor) -> Tensor:
        down, up = _on(self.down, weight), _on(self.up, weight)
        if self.middle is None:
            product = up.flatten(1) @ down.flatten(1)
        else:
            product = _tucker(_on(self.middle, weight), up.flatten(1), down.flatten(1))
        return product.mul_(_scale(self.alpha, down.shape[0]))


def _tucker(core: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """core (r, s, kh, kw), up (out, r), down (s, in) -> (out, in, kh, kw)."""
    return torch.einsum("or,rskl,si->oikl", up, core, down)


@dataclass(frozen=True, eq=False)
class Hadamard:
    """LoHa, Eq. 6: (first_up @ first_down) * (second_up @ second_down), elementwise; cores as in `LowRank.middle`."""

    first_up: Tensor
    first_down: Tensor
    second_up: Tensor
    second_down: Tensor
    first_core: Tensor | None
    second_core: Tensor | None
    alpha: float | None

    def change(self, weight: Tensor) -> Tensor:
        first = self._product(self.first_up, self.first_down, self.first_core, weight)
        second = self._product(self.second_up, self.second_down, self.second_core, weight)
        return (first * second).mul_(_scale(self.alpha, self.first_down.shape[0]))

    def _product(self, up: Tensor, down: Tensor, core: Tensor | None, weight: Tensor) -> Tensor:
        up, down = _on(up, weight), _on(down, weight)
        if core is None:
            return up @ down
        return _tucker(_on(core, weight), up.T, down)  # here `up` is kept as (rank, out)


@dataclass(frozen=True, eq=False)
class Kronecker:
    """LoKr, Eq. 8: the Kronecker product of two matrices, each whole or a product of two, maybe with a core."""

    first: Tensor | None
    first_up: Tensor | None
    first_down: Tensor | None
    second: Tensor | None
    second_up: Tensor | None
    second_down: Tensor | None
    second_core: Tensor | None
    alpha: float | None

    def change(self, weight: Tensor) -> Tensor:
        first, rank = _whole(self.first, self.first_up, self.first_down, None, weight)
        second, second_rank = _whole(self.second, self.second_up, self.second_down, self.second_core, weight)
        rank = rank or second_rank
        first = first.reshape(*first.shape, *(1 for _ in range(second.ndim - first.ndim)))
        product = torch.kron(first, second.contiguous())
        return product.mul_(_scale(self.alpha, rank) if rank else 1.0)


def _whole(
    whole: Tensor | None, up: Tensor | None, down: Tensor | None, core: Tensor | None, weight: Tensor
) -> tuple[Tensor, int | None]:
    """A matrix of the product, and its rank where it is a product itself."""
    if whole is not None:
        return _on(whole, weight), None
    assert up is not None and down is not None, "checked when the file was read"
    left, right = _on(up, weight), _on(down, weight)
    if core is not None:
        return _tucker(_on(core, weight), left.T, right), down.shape[0]
    return left @ right, down.shape[0]


@dataclass(frozen=True, eq=False)
class Generalised:
    """GLoRA, arXiv:2306.07967, Eq. 10: W A + B, both of low rank; in the order of LyCORIS's first or later files."""

    a1: Tensor
    a2: Tensor
    b1: Tensor
    b2: Tensor
    alpha: float | None

    def change(self, weight: Tensor) -> Tensor:
        a1, a2, b1, b2 = (_on(t, weight).flatten(1) for t in (self.a1, self.a2, self.b1, self.b2))
        flat = weight.flatten(1)
        is_first_order = b2.shape[1] == b1.shape[0] == a1.shape[0] == a2.shape[1] and a2.shape[0] == flat.shape[1]
        if is_first_order:
            return (b2 @ b1 + flat @ a2 @ a1).mul_(_scale(self.alpha, a1.shape[0]))
        return (b1 @ b2 + flat @ a1 @ a2).mul_(_scale(self.alpha, a2.shape[0]))


@dataclass(frozen=True, eq=False)
class Difference:
    """What is added to the weight, as it is."""

    difference: Tensor

    def change(self, weight: Tensor) -> Tensor:
        return _on(self.difference, weight)


@dataclass(frozen=True, eq=False)
class Replacement:
    """The new weight."""

    value: Tensor

    def change(self, weight: Tensor) -> Tensor:
        return _on(self.value, weight).reshape(weight.shape) - weight


@dataclass(frozen=True, eq=False)
class Decomposed:
    """DoRA, arXiv:2402.09353, Eq. 5: the changed weight, each of its vectors brought to a learnt length.

    Attributes:
        lengths: (out, 1, ...) or (1, in, ...), whichever vectors were trained.
    """

    inner: WeightChange
    lengths: Tensor

    def change(self, weight: Tensor) -> Tensor:
        changed = weight + self.inner.change(weight).reshape(weight.shape)
        lengths = _on(self.lengths, weight)
        kept = 0 if lengths.shape[0] == weight.shape[0] else 1
        others = tuple(axis for axis in range(weight.ndim) if axis != kept)
        shape = [1] * weight.ndim
        shape[kept] = weight.shape[kept]
        norm = changed.norm(dim=others, keepdim=True) + torch.finfo(torch.float32).eps
        return changed * (lengths.reshape(shape) / norm) - weight


@dataclass(frozen=True, eq=False)
class Rotation:
    """OFT, arXiv:2306.07280, Eq. 4 and 5, and BOFT, arXiv:2311.06243, Eq. 3: the weight's outputs turned.

    Attributes:
        blocks: (n, b, b), or of BOFT's m factors (m, n, b, b): what Cayley's transform makes rotations of.
        constraint: the greatest norm of all blocks together; None or 0: no limit.
        rescale: (out, 1, ...) what each output is multiplied by afterwards, or None.
    """

    blocks: Tensor
    constraint: float | None
    rescale: Tensor | None

    def change(self, weight: Tensor) -> Tensor:
        rotations = self._rotations(weight)
        turned = weight.flatten(1)
        if rotations.ndim == 3:
            turned = _turn(turned, rotations)
        else:
            for level, factor in enumerate(rotations):
                turned = _turn_butterfly(turned, factor, level)
        if self.rescale is not None:
            turned = turned * _on(self.rescale, weight).reshape(-1, 1)
        return turned.reshape(weight.shape) - weight

    def _rotations(self, weight: Tensor) -> Tensor:
        blocks = _on(self.blocks, weight)
        skew = blocks - blocks.transpose(-1, -2)
        norm = skew.norm() + TINY
        if self.constraint and norm > self.constraint:
            skew = skew * (self.constraint / norm)
        identity = torch.eye(blocks.shape[-1], device=blocks.device)
        return (identity + skew) @ torch.linalg.inv(identity - skew)


def _turn(weight: Tensor, rotations: Tensor) -> Tensor:
    """(out, in) with each block of outputs turned by its rotation (n, b, b)."""
    count, size, _ = rotations.shape
    parts = weight.reshape(count, size, -1)
    return torch.einsum("nij,nik->njk", rotations, parts).reshape(weight.shape)


def _turn_butterfly(weight: Tensor, rotations: Tensor, level: int) -> Tensor:
    """(out, in) with pairs of outputs that lie 2^level half blocks apart brought together, turned, and put back."""
    count, size, _ = rotations.shape
    apart = 2**level * size // 2
    order = torch.arange(len(weight), device=weight.device).reshape(-1, 2, apart).transpose(1, 2).flatten()
    parts = weight[order].reshape(count, size, -1)
    turned = torch.einsum("nij,njk->nik", rotations, parts).reshape(weight.shape)
    result = torch.empty_like(weight)
    result[order] = turned
    return result
