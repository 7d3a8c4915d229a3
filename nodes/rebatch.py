"""Nodes that divide pictures into batches of another size."""

from engine.graph import node
from nodes.sockets import BatchSize, Image


@node("RebatchImages", display_name="Rebatch Images", category="image/batch")
def rebatch_images(*, images: list[Image], batch_size: BatchSize = 1) -> list[Image]:
    """Divide pictures into batches of one size; what is behind it runs once per batch.

    Args:
        images: batches of any sizes; pictures of unequal height, width or channels never share a batch.
        batch_size: pictures per batch; the last one of each kind may hold fewer.
    """
    import torch

    alike: list[list[Image]] = []  # neighbours of the same size, one by one
    for picture in (part for batch in images for part in batch.split(1)):
        if not alike or alike[-1][0].shape != picture.shape:
            alike.append([])
        alike[-1].append(picture)
    starts = ((group, start) for group in alike for start in range(0, len(group), batch_size))
    return [torch.cat(group[start : start + batch_size]) for group, start in starts]
