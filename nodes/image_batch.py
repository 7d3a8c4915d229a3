"""Nodes that take pictures out of batches, and repeat them."""

from typing import Annotated

from engine.graph import Range, node
from nodes.sockets import BatchSize, Image, Seed, Share


@node("ImageFromBatch", category="image/batch")
def take(*, image: Image, batch_index: Annotated[int, Range(0, 4095)] = 0, length: BatchSize = 1) -> Image:
    """Take some pictures out of a batch.

    Args:
        batch_index: the first one, from 0; beyond the batch, its last one.
        length: how many.
    """
    first = min(batch_index, len(image) - 1)
    return image[first : first + length].clone()


@node("RepeatImageBatch", category="image/batch")
def repeat(*, image: Image, amount: BatchSize = 1) -> Image:
    """Repeat a batch of pictures.

    Args:
        amount: how often each picture is in the new batch.
    """
    return image.repeat(amount, 1, 1, 1)


@node("ImageAddNoise", category="image")
def add_noise(*, image: Image, seed: Seed = 0, strength: Share = 0.5) -> Image:
    """Add normally distributed noise to pictures, the same for the same seed.

    Args:
        strength: the noise's standard deviation, where white is 1.
    """
    import torch

    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + strength * noise.to(image)).clamp(0, 1)
