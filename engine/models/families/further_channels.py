"""What does a network read beside the latent? Masks and pictures to fill, pictures to edit, depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from engine.models.family import Run
from engine.pixels.resizing import resize
from engine.sampling.conditioning import ConditioningItem

# What prompts carry it under, in `extra`.
IMAGE, MASK = "concat_latent_image", "concat_mask"
GREY = (0.8223, -0.6876, 0.6364, 0.1380)  # the usual VAE's latent of middle grey, as the network sees it

MakeChannels = Callable[[Mapping[str, Any], Run], Tensor]


def with_further_channels(item: ConditioningItem, run: Run, make: MakeChannels) -> ConditioningItem:
    """A prompt with the channels that `make` gives for it."""
    if item.concat is not None:
        return item
    concat = make(item.extra, run)
    return item.with_(concat=concat, extra={key: v for key, v in item.extra.items() if key not in (IMAGE, MASK)})


def inpainting_channels(said: Mapping[str, Any], run: Run) -> Tensor:
    """A mask, 1 where to paint, and the latent of the rest: (B, 1 + 4, h, w). arXiv:2112.10752, sec. 4.5.

    Where the prompt does not bring them they are the latent's own; without any mask all is to be painted.
    """
    latent = run.latent
    mask, image = said.get(MASK, latent.noise_mask), said.get(IMAGE)
    if mask is None:
        samples = latent.samples
        grey = torch.tensor(GREY).reshape(1, -1, 1, 1).expand(1, -1, *samples.shape[-2:])
        return torch.cat([torch.ones_like(grey[:, :1]), grey], dim=1)
    painted = run.latent_format.to_network(latent.samples if image is None else image)
    channels = [_fitted(mask.reshape(-1, 1, *mask.shape[-2:]), run).round(), _fitted(painted, run)]
    count = max(len(part) for part in channels)
    return torch.cat([_repeated(part, count) for part in channels], dim=1)


def editing_channels(said: Mapping[str, Any], run: Run) -> Tensor:
    """The latent of the picture to edit, unscaled (B, 4, h, w), or zeros: arXiv:2211.09800, sec. 3.2."""
    image = said.get(IMAGE)
    if image is None:
        return torch.zeros(1, run.latent_format.channels, *run.latent.samples.shape[-2:])
    return _fitted(image, run)


def scaled_editing_channels(said: Mapping[str, Any], run: Run) -> Tensor:
    """As `editing_channels`, with the latent as networks see it: the way of CosXL Edit."""
    image = said.get(IMAGE)
    return editing_channels(said if image is None else {IMAGE: run.latent_format.to_network(image)}, run)


def depth_channels(said: Mapping[str, Any], run: Run) -> Tensor:
    """How near things are (B, 1, h, w), the farthest -1 and the nearest 1; zeros where the prompt brings no map.

    The map is the prompt's concat_mask: a grey picture, brighter where nearer.
    """
    depth = said.get(MASK)
    if depth is None:
        return torch.zeros(1, 1, *run.latent.samples.shape[-2:])
    height, width = run.latent.samples.shape[-2:]
    near = resize(depth.float().reshape(-1, 1, *depth.shape[-2:]), width, height, "bicubic")
    low, high = near.amin(dim=(1, 2, 3), keepdim=True), near.amax(dim=(1, 2, 3), keepdim=True)
    return (near - low) / (high - low).clamp(min=1e-6) * 2 - 1


def _fitted(images: Tensor, run: Run) -> Tensor:
    """(B, C, H, W) at the latent's height and width, cut to its aspect about the middle."""
    height, width = run.latent.samples.shape[-2:]
    images = images.float()
    return images if images.shape[-2:] == (height, width) else resize(images, width, height, "bilinear", "center")


def _repeated(images: Tensor, count: int) -> Tensor:
    return images.repeat(-(-count // len(images)), 1, 1, 1)[:count]
