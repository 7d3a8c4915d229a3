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
