"""Where on a latent does each conditioning item count, with what weight, and what goes along with it?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from engine.sampling.conditioning import Area, ConditioningItem, ControlUse
from engine.sampling.hooks import ActiveHook, PlacedHook, active_hooks, place_hooks
from engine.sampling.noise_levels import NoiseLevels

FEATHER = 8  # cells over which an area's weight rises from its edge, but at most a quarter of its side
LEAST_SIDE = 8  # cells of a mask's bounding box: networks need some context


@dataclass(frozen=True, eq=False)
class PlacedItem:
    """A conditioning item on latents of one shape.

    Attributes:
        embedding: (B, T, D); pooled: (B, P), vector: (B, A), concat: (B, C', h', w'), each of these or None.
        area: in cells; None: the whole latent.
        weight: (1 or B, 1, h', w') for the cells of the area.
        sigma_start, sigma_end: highest and lowest level at which it counts.
        encoded_start, encoded_end: of these levels its text was encoded for the first, but not for the second.
        hooks: all that it carries.
        active: those that change something at the level that it was last asked for by `at`.
        is_default: see ConditioningItem.
    """

    embedding: Tensor
    pooled: Tensor | None
    area: Area | None
    weight: Tensor
    sigma_start: float
    sigma_end: float
    controls: tuple[ControlUse, ...]
    control_apply_to_uncond: bool
    extra: Mapping[str, Any]
    vector: Tensor | None = None
    concat: Tensor | None = None
    encoded_start: float = math.inf
    encoded_end: float = -math.inf
    hooks: tuple[PlacedHook, ...] = ()
    active: tuple[ActiveHook, ...] = ()
    is_default: bool = False

    def counts_at(self, sigma: float) -> bool:
        return self.sigma_end <= sigma <= self.sigma_start and self.encoded_end < sigma <= self.encoded_start

    def at(self, sigma: float) -> PlacedItem:
        """The item with its hooks as strong as they are at a level."""
        return replace(self, active=active_hooks(self.hooks, sigma)) if self.hooks else self

    def filling(self, rest: Tensor) -> PlacedItem:
        """The item where others leave room for it: rest (B, 1, h, w) in 0..1."""
        return replace(self, weight=self.weight.to(rest) * self.crop(rest))

    def crop(self, tensor: Tensor) -> Tensor:
        """The part of (..., h, w) that it works on: a view."""
        return tensor if self.area is None else self.area.crop(tensor)

    def agrees_with(self, other: PlacedItem) -> bool:
        """Whether one call of the network can serve both, but for the lengths of their embeddings."""
        return (
            self.weight.shape[-2:] == other.weight.shape[-2:]
            and self.embedding.shape[2] == other.embedding.shape[2]
            and self.active == other.active
            and _agree(self.pooled, other.pooled)
            and _agree(self.vector, other.vector)
            and _agree(self.concat, other.concat)
            and len(self.controls) == len(other.controls)
            and all(a is b for a, b in zip(self.controls, other.controls, strict=True))
            and (self.extra is other.extra or (not self.extra and not other.extra))
        )


def place(item: ConditioningItem, x: Tensor, levels: NoiseLevels) -> PlacedItem:
    """Put an item on latents shaped and placed like x (B, C, h, w)."""
    batch, size = x.shape[0], (x.shape[-2], x.shape[-1])
    area = None if item.area is None else item.area.in_cells(*size)
    mask = None
    if item.mask is not None:
        mask = _fit_mask(item.mask.to(device=x.device, dtype=torch.float32), batch, size)
        if item.set_area_to_bounds:
            area = _bounds(mask)
        mask = mask * item.mask_strength
    concat = _placed(item.concat, x)
    return PlacedItem(
        embedding=_to_batch(item.embedding.to(x.device), batch),
        pooled=_placed(item.pooled, x),
        vector=_placed(item.vector, x),
        concat=concat if concat is None or area is None else area.crop(concat),
        area=area,
        weight=_weight(mask, area, item.strength, size),
        sigma_start=levels.at_percent(item.start_percent),
        sigma_end=levels.at_percent(item.end_percent),
        controls=item.controls,
        control_apply_to_uncond=item.control_apply_to_uncond,
        extra=item.extra,
        encoded_start=levels.at_percent(item.encoded_start),
        encoded_end=levels.at_percent(item.encoded_end) if item.encoded_end < 1.0 else -math.inf,
        hooks=place_hooks(item.hooks, levels),
        is_default=item.is_default,
    )


def counting(items: Sequence[PlacedItem], sigma: float, x: Tensor) -> list[PlacedItem]:
    """The items that count at a level, default ones with what the others leave of 1 as their weight, if anything."""
    found = [item.at(sigma) for item in items if item.counts_at(sigma)]
    if not any(item.is_default for item in found):
        return found
    covered = torch.zeros_like(x[:, :1])
    for item in found:
        if not item.is_default:
            item.crop(covered).add_(item.weight.to(x))
    rest = (1 - covered).clamp(min=0)
    filled = [item.filling(rest) if item.is_default else item for item in found]
    return [item for item in filled if not item.is_default or bool(item.weight.any())]


def pair_areas(items: list[PlacedItem], others: list[PlacedItem]) -> list[PlacedItem]:
    """Add an item for each area that only `others` have, so that guidance compares like with like there.

    It counts where, when and as strongly as the other one, and says what the item with the smallest area around that
    one says (an item without area is the largest).
    """
    paired = list(items)
    for other in others:
        around = [item for item in paired if item.area is None or (other.area and item.area.contains(other.area))]
        if other.area is None or not around:
            continue
        nearest = min(around, key=lambda i: float("inf") if i.area is None else i.area.height * i.area.width)
        if nearest.area != other.area:
            said = {"embedding": nearest.embedding, "pooled": nearest.pooled, "extra": nearest.extra}
            said |= {"hooks": nearest.hooks, "vector": nearest.vector, "concat": _cut(nearest, other.area)}
            paired.append(replace(other, **said))
    return paired


def share_controls(positive: list[PlacedItem], negative: list[PlacedItem]) -> list[PlacedItem]:
    """Give negative items the controls of those positive ones that say so, one by one, unless they have their own."""
    offered = [p.controls for p in positive if p.area is None and p.controls and p.control_apply_to_uncond]
    whole = [index for index, n in enumerate(negative) if n.area is None]
    if not offered or not whole or any(negative[index].controls for index in whole):
        return negative
    shared = list(negative)
    for turn, controls in enumerate(offered):
        index = whole[turn % len(whole)]
        if turn < len(whole):
            shared[index] = replace(negative[index], controls=controls)
        else:
            shared.append(replace(negative[index], controls=controls))
    return shared


def _cut(item: PlacedItem, area: Area) -> Tensor | None:
    """The part of an item's further channels that lies in an area inside its own."""
    if item.concat is None:
        return None
    own = item.area or Area(0, 0, 0, 0)
    return replace(area, y=area.y - own.y, x=area.x - own.x).crop(item.concat)


def _agree(ours: Tensor | None, theirs: Tensor | None) -> bool:
    """Whether two tensors can go through the network in one batch: both absent, or of one shape."""
    if ours is None or theirs is None:
        return ours is theirs
    return ours.shape == theirs.shape


def _placed(tensor: Tensor | None, x: Tensor) -> Tensor | None:
    """(n, ...) -> (B, ...) on x's device."""
    return None if tensor is None else _to_batch(tensor.to(x.device), x.shape[0])


def _to_batch(tensor: Tensor, batch: int) -> Tensor:
    """Repeat (n, ...) to (batch, ...), in turn where n is neither 1 nor batch."""
    if tensor.shape[0] == batch:
        return tensor
    repeats = -(-batch // tensor.shape[0])
    return tensor.repeat(repeats, *[1] * (tensor.ndim - 1))[:batch]


def _fit_mask(mask: Tensor, batch: int, size: tuple[int, int]) -> Tensor:
    """(H, W), (n, H, W) or (n, 1, H, W) -> (1 or batch, 1, h, w)."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    if mask.shape[-2:] != size:
        mask = interpolate(mask, size=size, mode="bilinear")
    return mask if mask.shape[0] == 1 else _to_batch(mask, batch)


def _bounds(mask: Tensor) -> Area:
    """The bounding box of what is not 0 in any of (n, 1, h, w), at least LEAST_SIDE cells each way."""
    height, width = mask.shape[-2:]
    found = mask.abs().amax(dim=(0, 1)) > 0
    rows, columns = found.any(dim=1).nonzero().flatten().tolist(), found.any(dim=0).nonzero().flatten().tolist()
    if not rows:
        return Area(LEAST_SIDE, LEAST_SIDE, 0, 0).in_cells(height, width)  # weight 0 everywhere: the least work
    tall, wide = max(LEAST_SIDE, rows[-1] - rows[0] + 1), max(LEAST_SIDE, columns[-1] - columns[0] + 1)
    top, left = min(rows[0], max(height - tall, 0)), min(columns[0], max(width - wide, 0))
    return Area(tall, wide, top, left).in_cells(height, width)


def _weight(mask: Tensor | None, area: Area | None, strength: float, size: tuple[int, int]) -> Tensor:
    if mask is not None:
        return (mask if area is None else area.crop(mask)) * strength
    if area is None:
        return torch.full((1, 1, *size), strength)
    rows = _feather(int(area.height), int(area.y), size[0])
    columns = _feather(int(area.width), int(area.x), size[1])
    return (strength * rows[:, None] * columns[None, :]).reshape(1, 1, len(rows), len(columns))


def _feather(length: int, start: int, whole: int) -> Tensor:
    """Weights along one side: 1, rising linearly from those ends that do not lie on the latent's own edge."""
    weights = torch.ones(length)
    width = min(FEATHER, length // 4)
    ramp = torch.arange(1, width + 1) / max(width, 1)
    if start > 0:
        weights[:width] *= ramp
    if start + length < whole:
        weights[length - width :] *= ramp.flip(0)
    return weights
