"""How is one image or latent laid over another?"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.pixels.resizing import resize, resize_masks


def composite(
    destination: Tensor, source: Tensor, x: int, y: int, mask: Tensor | None = None, *, resize_source: bool = False
) -> Tensor:
    """Lay `source` over `destination`, both (B, C, H, W), with its left top corner at (x, y): a new tensor.

    Args:
        x, y: cells; what lies outside the destination is left out.
        mask: (H, W) or (n, H, W) for the source, 1 = the source shows; None: all of it.
        resize_source: stretch the source over the whole destination first.
    """
    if resize_source:
        source = resize(source, destination.shape[-1], destination.shape[-2], "bilinear")
    batch, (tall, wide) = destination.shape[0], source.shape[-2:]
    source = fit_batch(source, batch).to(destination)
    opacity = source.new_ones(1, 1, tall, wide)
    if mask is not None:
        opacity = fit_batch(resize_masks(mask, wide, tall).unsqueeze(1), batch).to(destination)
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + tall, destination.shape[-2]), min(x + wide, destination.shape[-1])
    result = destination.clone()
    if bottom <= top or right <= left:
        return result
    part = (..., slice(top - y, bottom - y), slice(left - x, right - x))
    place = (..., slice(top, bottom), slice(left, right))
    result[place] = source[part] * opacity[part] + destination[place] * (1 - opacity[part])
    return result


def fit_batch(tensor: Tensor, batch: int) -> Tensor:
    """The first `batch` of (B, ...), repeated as a whole until there are enough."""
    repeats = -(-batch // tensor.shape[0])
    return tensor.repeat(repeats, *(1 for _ in tensor.shape[1:]))[:batch]


def paste(
    destination: Tensor, source: Tensor, x: int, y: int, mask: Tensor | None = None, *, resize_source: bool = False
) -> Tensor:
    """`composite` for images (B, H, W, C); where the destination has alpha and the source has not, it is opaque."""
    channels = destination.shape[-1]
    if source.shape[-1] < channels:
        source = pad(source, (0, channels - source.shape[-1]), value=1.0)
    planes = composite(
        destination.movedim(-1, 1), source[..., :channels].movedim(-1, 1), x, y, mask, resize_source=resize_source
    )
    return planes.movedim(1, -1)


def feathered_paste(destination: Tensor, source: Tensor, x: int, y: int, feather: int) -> Tensor:
    """Lay `source` over `destination`, both (B, C, H, W), fading in over `feather` cells from sides that lie inside."""
    height, width = destination.shape[-2:]
    x, y = min(x, width), min(y, height)
    source = source[..., : height - y, : width - x]
    tall, wide = source.shape[-2:]
    opacity = torch.ones(tall, wide)
    for step in range(feather):
        share = (step + 1) / feather
        rows = [step] * (y > 0) + [tall - 1 - step] * (y + tall < height)
        columns = [step] * (x > 0) + [wide - 1 - step] * (x + wide < width)
        for row in (row for row in rows if 0 <= row < tall):
            opacity[row] *= share
        for column in (column for column in columns if 0 <= column < wide):
            opacity[:, column] *= share
    return composite(destination, source, x, y, opacity)
