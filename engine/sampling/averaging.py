"""What does a network say to several prompts? Weighted items, here and there, now and then, in as few passes as fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from engine.sampling.conditioning import CONTROL_POOLED, CONTROL_PROMPT, ControlCall, ControlResiduals, NetworkInputs
from engine.sampling.denoiser import ConditionedModel
from engine.sampling.placement import PlacedItem, counting

MOST_REPEATS = 4  # of an embedding to reach another's length; above, two passes cost less
FreeBytes = Callable[[], int]


def average_estimates(
    model: ConditionedModel,
    x: Tensor,
    sigma: Tensor,
    groups: Sequence[Sequence[PlacedItem]],
    free_bytes: FreeBytes | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Tensor]:
    """Each group's estimate: the mean of its items' where they overlap, by their weights; 0 where none counts.

    Items of all groups that count at this sigma go through the network together wherever their shapes and hooks agree;
    those with equal hooks one after the other.
    `numbers`: which of the guider's prompts each group is; None: 0, 1, ...
    """
    numbers = range(len(groups)) if numbers is None else numbers
    totals = [torch.zeros_like(x) for _ in groups]
    weights = [torch.zeros_like(x[:, :1]) for _ in groups]
    level = float(sigma[0])
    active = [(index, item) for index, group in enumerate(groups) for item in counting(group, level, x)]
    for bundle in _by_hooks(_bundles(active, model, x, free_bytes)):
        estimates = _evaluate(model, x, sigma, bundle, numbers).chunk(len(bundle))
        for (index, item), estimate in zip(bundle, estimates, strict=True):
            weight = item.weight.to(x)
            item.crop(totals[index]).add_(estimate.to(x.dtype) * weight)
            item.crop(weights[index]).add_(weight)
    return [total / weight.clamp(min=1e-37) for total, weight in zip(totals, weights, strict=True)]


def _bundles(
    active: list[tuple[int, PlacedItem]], model: ConditionedModel, x: Tensor, free_bytes: FreeBytes | None
) -> list[list[tuple[int, PlacedItem]]]:
    bundles: list[list[tuple[int, PlacedItem]]] = []
    for entry in active:
        home = next((b for b in bundles if _fits(b, entry[1], model, x, free_bytes)), None)
        if home is None:
            bundles.append([entry])
        else:
            home.append(entry)
    return bundles


def _by_hooks(bundles: list[list[tuple[int, PlacedItem]]]) -> list[list[tuple[int, PlacedItem]]]:
    """The bundles with those of equal hooks side by side: weights are switched as seldom as can be."""
    order = list(dict.fromkeys(bundle[0][1].active for bundle in bundles))
    return sorted(bundles, key=lambda bundle: order.index(bundle[0][1].active))


def _fits(
    bundle: list[tuple[int, PlacedItem]],
    item: PlacedItem,
    model: ConditionedModel,
    x: Tensor,
    free_bytes: FreeBytes | None,
) -> bool:
    """Whether an item can go through the network together with those of a bundle."""
    items = [other for _, other in bundle]
    if not all(item.agrees_with(other) for other in items):
        return False
    lengths = [other.embedding.shape[1] for other in [*items, item]]
    if math.lcm(*lengths) > MOST_REPEATS * min(lengths):
        return False
    if free_bytes is None:
        return True
    shape = ((len(items) + 1) * x.shape[0], *item.crop(x).shape[1:])
    return model.memory_needed(shape) <= free_bytes()


def _evaluate(
    model: ConditionedModel, x: Tensor, sigma: Tensor, bundle: list[tuple[int, PlacedItem]], numbers: Sequence[int]
) -> Tensor:
    """One pass of the network over items that agree: (len(bundle) * B, C, h', w'), item by item."""
    items = [item for _, item in bundle]
    count = len(items)
    part = torch.cat([item.crop(x) for item in items]).float()  # of one size, not always of one place
    level = sigma.float().repeat(count)
    length = math.lcm(*(item.embedding.shape[1] for item in items))
    # A prompt said twice attends as if said once: softmax shares its weight among equal keys.
    embedding = torch.cat([item.embedding.repeat(1, length // item.embedding.shape[1], 1) for item in items])
    inputs = NetworkInputs(
        embedding,
        _joined(item.pooled for item in items),
        extra=items[0].extra,
        vector=_joined(item.vector for item in items),
        concat=_joined(item.concat for item in items),
        prompts=tuple(numbers[group] for group, _ in bundle),
        hooks=items[0].active,
    )
    inputs = _with_control(model, part, level, inputs, items[0], x.shape[0])
    return model.denoise(part, level, inputs)


def _joined(parts: Iterable[Tensor | None]) -> Tensor | None:
    """The batch of what all of the items have, or none of them."""
    found = [part for part in parts if part is not None]
    return torch.cat(found) if found else None


def _repeated(tensor: Tensor, x: Tensor) -> Tensor:
    """(n, ...) in turn for each sample of x, on its device."""
    return tensor.to(x.device)[[number % len(tensor) for number in range(len(x))]]


def _with_control(
    model: ConditionedModel, x: Tensor, sigma: Tensor, inputs: NetworkInputs, item: PlacedItem, batch_size: int
) -> NetworkInputs:
    levels, prediction = model.noise_levels, model.prediction
    embedding, pooled = inputs.embedding, inputs.pooled
    if CONTROL_PROMPT in item.extra:  # items of one pass have the same
        embedding = _repeated(item.extra[CONTROL_PROMPT], x)
        own = item.extra.get(CONTROL_POOLED)
        pooled = pooled if own is None else _repeated(own, x)
    call = ControlCall(x, sigma, embedding, pooled, batch_size, levels, prediction, inputs.vector, model)
    control: ControlResiduals | None = None
    for use in item.controls:
        residuals = use.residuals(call)
        if residuals is not None:
            control = residuals if control is None else control + residuals
    return replace(inputs, control=control)
