"""What is done with masks, float32 (B, H, W) in 0..1 where 1 means: change here?"""

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from engine.pixels.resizing import resize_masks

LATENT_CELL = 8  # pixels a side; a latent covers whole cells only


def grow_mask(masks: Tensor, pixels: int) -> Tensor:
    """Masks (B, H, W), rounded to 0 or 1, dilated by a square of `pixels` a side (0 and 1 leave them as they are)."""
    rounded = masks.round()
    if pixels <= 1:
        return rounded
    grown = max_pool2d(rounded.unsqueeze(1), kernel_size=pixels, stride=1, padding=pixels // 2)
    return grown.squeeze(1)[:, : masks.shape[-2], : masks.shape[-1]]  # even sizes reach one further up and left


def erase_under_mask(images: Tensor, masks: Tensor, grow_by: int = 0) -> tuple[Tensor, Tensor]:
    """Prepare images (B, H, W, C) for a VAE so that nothing of what a mask covers is left in them.

    Returns:
        The images, cut to whole latent cells about their middle, and 0.5 where the rounded mask is 1; and the mask
        grown by `grow_by` pixels, (B', H', W'), for the latent.
    """
    height, width = images.shape[1:3]
    masks = masks.reshape(-1, *masks.shape[-2:]).to(images)
    if masks.shape[-2:] != (height, width):
        masks = resize_masks(masks, width, height)
    top, left = height % LATENT_CELL // 2, width % LATENT_CELL // 2
    tall, wide = height - height % LATENT_CELL, width - width % LATENT_CELL
    images = images[:, top : top + tall, left : left + wide]
    masks = masks[:, top : top + tall, left : left + wide]
    kept = (1 - masks.round()).unsqueeze(-1)
    return (images - 0.5) * kept + 0.5, grow_mask(masks, grow_by)


def mask_bounds(mask: Tensor) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of what is above 0 in any of (..., H, W); None where nothing is."""
    covered = mask.reshape(-1, *mask.shape[-2:]).amax(dim=0) > 0
    rows, columns = covered.any(dim=1).nonzero().flatten(), covered.any(dim=0).nonzero().flatten()
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1


def solid_mask(value: float, width: int, height: int) -> Tensor:
    """(1, height, width) of one value."""
    return torch.full((1, height, width), value)


def spread_mask(masks: Tensor, steps: int, *, tapered: bool) -> Tensor:
    """Grow the white of masks (B, H, W) by `steps` pixels, or shrink it if negative; greys are kept.

    Args:
        tapered: corners are cut, as growth by a plus instead of by a square cuts them.
    """
    sign = 1.0 if steps >= 0 else -1.0
    planes = sign * masks.unsqueeze(1)
    for _ in range(abs(steps)):
        if tapered:
            along = max_pool2d(planes, (3, 1), stride=1, padding=(1, 0))
            planes = torch.maximum(along, max_pool2d(planes, (1, 3), stride=1, padding=(0, 1)))
        else:
            planes = max_pool2d(planes, 3, stride=1, padding=1)
    return sign * planes.squeeze(1)


def feather_mask(masks: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """Let masks (B, H, W) fade in over so many pixels from each side; where two sides meet, both fade."""
    height, width = masks.shape[-2:]
    across = _ramp(width, left) * _ramp(width, right).flip(0)
    down = _ramp(height, top) * _ramp(height, bottom).flip(0)
    return masks * (down[:, None] * across[None, :]).to(masks)


def _ramp(length: int, fading: int) -> Tensor:
    fading = min(fading, length)
    ramp = torch.ones(length)
    ramp[:fading] = torch.arange(1, fading + 1) / max(fading, 1)
    return ramp


def combine_masks(destination: Tensor, source: Tensor, x: int, y: int, operation: str) -> Tensor:
    """Change masks (B, H, W) where another lies over them, with its left top corner at (x, y); cut to 0..1.

    Args:
        operation: "multiply", "add" and "subtract" work on greys; "and", "or" and "xor" on black and white.
    """
    right, bottom = min(x + source.shape[-1], destination.shape[-1]), min(y + source.shape[-2], destination.shape[-2])
    if right <= x or bottom <= y:
        return destination.clone()
    result = destination.clone()
    over = source[:, : bottom - y, : right - x].to(destination)
    place = (slice(None), slice(y, bottom), slice(x, right))
    result[place] = _combined(result[place], over, operation)
    return result.clamp(0, 1)


def _combined(below: Tensor, over: Tensor, operation: str) -> Tensor:
    if operation == "multiply":
        return below * over
    if operation == "add":
        return below + over
    if operation == "subtract":
        return below - over
    bits = below.round().bool(), over.round().bool()
    logic = {"and": torch.bitwise_and, "or": torch.bitwise_or, "xor": torch.bitwise_xor}[operation]
    return logic(*bits).to(below)


def mask_of_colour(images: Tensor, colour: int) -> Tensor:
    """(B, H, W): 1 where images (B, H, W, C) show exactly this colour, red * 65536 + green * 256 + blue."""
    channels = (images[..., :3].clamp(0, 1) * 255).round().to(torch.int32)
    red, green, blue = channels.unbind(-1)
    return (((red << 16) + (green << 8) + blue) == colour).float()
