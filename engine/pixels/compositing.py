"""How is one image or latent laid over another?"""

from torch import Tensor

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
    source = _to_batch(source, batch).to(destination)
    opacity = source.new_ones(1, 1, tall, wide)
    if mask is not None:
        opacity = _to_batch(resize_masks(mask, wide, tall).unsqueeze(1), batch).to(destination)
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + tall, destination.shape[-2]), min(x + wide, destination.shape[-1])
    result = destination.clone()
    if bottom <= top or right <= left:
        return result
    part = (..., slice(top - y, bottom - y), slice(left - x, right - x))
    place = (..., slice(top, bottom), slice(left, right))
    result[place] = source[part] * opacity[part] + destination[place] * (1 - opacity[part])
    return result


def _to_batch(tensor: Tensor, batch: int) -> Tensor:
    repeats = -(-batch // tensor.shape[0])
    return tensor.repeat(repeats, 1, 1, 1)[:batch]
