"""Nodes that take latents out of batches, and make batches of them."""

from typing import Annotated

from engine import pixels
from engine.graph import Range, node
from nodes.sockets import Latent

LARGEST_BATCH = 64


@node("LatentFromBatch", display_name="Latent From Batch", category="latent/batch")
def take(
    *,
    samples: Latent,
    batch_index: Annotated[int, Range(0, LARGEST_BATCH - 1)] = 0,
    length: Annotated[int, Range(1, LARGEST_BATCH)] = 1,
) -> Latent:
    """Take some latents out of a batch. They keep their noise: the same seed makes the same pictures of them.

    Args:
        batch_index: the first one, from 0; beyond the batch, its last one.
        length: how many.
    """
    count = len(samples.samples)
    first = min(batch_index, count - 1)
    wanted = slice(first, first + length)
    numbers = samples.batch_index or tuple(range(count))
    mask = samples.noise_mask
    if mask is not None and len(mask) > 1:
        mask = pixels.fit_batch(mask, count)[wanted]
    return samples.with_(samples=samples.samples[wanted], noise_mask=mask, batch_index=numbers[wanted])


@node("RepeatLatentBatch", display_name="Repeat Latent Batch", category="latent/batch")
def repeat(*, samples: Latent, amount: Annotated[int, Range(1, LARGEST_BATCH)] = 1) -> Latent:
    """Repeat a batch of latents. Each gets noise of its own.

    Args:
        amount: how often each latent is in the new batch.
    """
    count = len(samples.samples)
    mask, numbers = samples.noise_mask, samples.batch_index
    if mask is not None and len(mask) > 1:
        mask = pixels.fit_batch(mask, count).repeat(amount, *(1 for _ in mask.shape[1:]))
    if numbers is not None:
        span = max(numbers) - min(numbers) + 1
        numbers = tuple(number + turn * span for turn in range(amount) for number in numbers)
    repeated = samples.samples.repeat(amount, *(1 for _ in samples.samples.shape[1:]))
    return samples.with_(samples=repeated, noise_mask=mask, batch_index=numbers)
