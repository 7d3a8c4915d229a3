"""Nodes that calculate with latents, join them and take parts of them."""

from typing import Annotated

from engine import pixels
from engine.graph import Choice, Range, node
from nodes.latent import CELL
from nodes.sockets import BatchSize, Image, Latent, Share

AXES = {"x": -1, "y": -2, "t": 2}


@node("LatentAdd", category="latent/advanced")
def add(*, samples1: Latent, samples2: Latent) -> Latent:
    """Add two latents.

    Args:
        samples2: resized and repeated to the shape of samples1.
    """
    return samples1.with_(samples=samples1.samples + _shaped_as(samples1, samples2))


@node("LatentSubtract", category="latent/advanced")
def subtract(*, samples1: Latent, samples2: Latent) -> Latent:
    """Subtract a latent from another one.

    Args:
        samples2: resized and repeated to the shape of samples1.
    """
    return samples1.with_(samples=samples1.samples - _shaped_as(samples1, samples2))


@node("LatentMultiply", category="latent/advanced")
def multiply(*, samples: Latent, multiplier: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0) -> Latent:
    """Multiply latents by a number."""
    return samples.with_(samples=samples.samples * multiplier)


@node("LatentInterpolate", category="latent/advanced")
def interpolate(*, samples1: Latent, samples2: Latent, ratio: Share = 1.0) -> Latent:
    """Go from one latent to another. Directions and lengths of the cells are mixed apart, so that contrast is kept.

    Args:
        samples2: resized and repeated to the shape of samples1.
        ratio: 1 is samples1, 0 is samples2.
    """
    import torch

    first, second = samples1.samples, _shaped_as(samples1, samples2)
    lengths = [part.norm(dim=1, keepdim=True) for part in (first, second)]
    directions = [torch.nan_to_num(part / length) for part, length in zip((first, second), lengths, strict=True)]
    mixed = directions[0] * ratio + directions[1] * (1 - ratio)
    unit = torch.nan_to_num(mixed / mixed.norm(dim=1, keepdim=True))
    return samples1.with_(samples=unit * (lengths[0] * ratio + lengths[1] * (1 - ratio)))


@node("LatentBatch", category="latent/batch")
def batch(*, samples1: Latent, samples2: Latent) -> Latent:
    """Put latents into one batch. Each keeps its noise.

    Args:
        samples2: resized to samples1 and cut about its middle if it is of another size.
    """
    import torch

    first, second = samples1.samples, _sized_as(samples1.samples, samples2.samples)
    numbers = [*_numbers(samples1), *_numbers(samples2)]
    return samples1.with_(samples=torch.cat([first, second]), batch_index=tuple(numbers))


@node("LatentBatchSeedBehavior", category="latent/advanced")
def batch_noise(*, samples: Latent, seed_behavior: Annotated[str, Choice(("random", "fixed"))] = "fixed") -> Latent:
    """Say which noise the latents of a batch get.

    Args:
        seed_behavior: "random" gives each its own, "fixed" all the same.
    """
    if seed_behavior == "random":
        return samples.with_(batch_index=None)
    return samples.with_(batch_index=(_numbers(samples)[0],) * len(samples.samples))


@node("LatentConcat", category="latent/advanced")
def concatenate(
    *, samples1: Latent, samples2: Latent, dim: Annotated[str, Choice(("x", "-x", "y", "-y", "t", "-t"))]
) -> Latent:
    """Put latents side by side.

    Args:
        samples2: repeated to as many as samples1 has.
        dim: along which side; with a minus, samples2 comes first. "t" is the time of videos.
    """
    import torch

    axis = AXES[dim.lstrip("-")]
    parts = [samples1.samples, pixels.fit_batch(samples2.samples, len(samples1.samples))]
    return samples1.with_(samples=torch.cat(parts[::-1] if dim.startswith("-") else parts, dim=axis))


@node("LatentCut", category="latent/advanced")
def cut(
    *,
    samples: Latent,
    dim: Annotated[str, Choice(("x", "y", "t"))],
    index: Annotated[int, Range(-16384, 16384, step=1)] = 0,
    amount: Annotated[int, Range(1, 16384, step=1)] = 1,
) -> Latent:
    """Take a strip out of latents.

    Args:
        index: its first cell; negative counts from the end.
        amount: how many cells.
    """
    axis = AXES[dim]
    length = samples.samples.shape[axis]
    first = max(-length, min(index, length - 1))
    first += length if first < 0 else 0
    return samples.with_(samples=samples.samples.narrow(axis, first, min(amount, length - first)))


@node("RebatchLatents", display_name="Rebatch Latents", category="latent/batch")
def rebatch(*, latents: list[Latent], batch_size: BatchSize = 1) -> list[Latent]:
    """Divide latents into batches of one size; what is behind it runs once per batch.

    Args:
        latents: batches of any sizes; latents of unequal shape never share a batch.
        batch_size: latents per batch; the last one of each shape may hold fewer.
    """
    alike: list[list[Latent]] = []  # neighbours of the same shape, one by one
    start = 0
    for part in latents:
        for single in _singles(part, start):
            if not alike or alike[-1][0].samples.shape != single.samples.shape:
                alike.append([])
            alike[-1].append(single)
        start += len(part.samples)
    return [_joined(group[first : first + batch_size]) for group in alike for first in range(0, len(group), batch_size)]


def _singles(latent: Latent, start: int) -> list[Latent]:
    """Divide a batch; its masks at the resolution of pictures, its noise numbered from `start` if it is not yet."""
    samples = latent.samples
    numbers = latent.batch_index or tuple(range(start, start + len(samples)))
    mask = latent.noise_mask
    if mask is not None:
        side = (samples.shape[-1] * CELL, samples.shape[-2] * CELL)
        mask = pixels.fit_batch(pixels.resize_masks(mask, *side).unsqueeze(1), len(samples))
    return [
        latent.with_(
            samples=samples[index : index + 1],
            noise_mask=None if mask is None else mask[index : index + 1],
            batch_index=(numbers[index],),
        )
        for index in range(len(samples))
    ]


def _joined(singles: list[Latent]) -> Latent:
    import torch

    masks = [single.noise_mask for single in singles]
    height, width = (side * CELL for side in singles[0].samples.shape[-2:])
    white = torch.ones(1, 1, height, width)
    return singles[0].with_(
        samples=torch.cat([single.samples for single in singles]),
        noise_mask=None
        if all(mask is None for mask in masks)
        else torch.cat([white if mask is None else mask for mask in masks]),
        batch_index=tuple(number for single in singles for number in single.batch_index or ()),
    )


def _numbers(latent: Latent) -> tuple[int, ...]:
    return latent.batch_index or tuple(range(len(latent.samples)))


def _shaped_as(like: Latent, other: Latent) -> Image:
    return pixels.fit_batch(_sized_as(like.samples, other.samples), len(like.samples))


def _sized_as(like: Image, other: Image) -> Image:
    if other.shape[1:] == like.shape[1:]:
        return other
    return pixels.resize(other, like.shape[-1], like.shape[-2], "bilinear", "center")
