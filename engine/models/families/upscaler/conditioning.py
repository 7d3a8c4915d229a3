"""What does the x4 upscaler read beside the latent? The small picture, noised a little, and how much."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.models.family import Run
from engine.models.noising import noised, run_noise
from engine.pixels.resizing import resize
from engine.sampling.conditioning import ConditioningItem
from engine.sampling.noise_levels import NoiseLevels

IMAGE, NOISE = "concat_image", "noise_augmentation"  # what prompts carry it under, in `extra`
NOISIEST_LEVEL = 350  # that the network was trained to read, of 1000


def with_small_picture(item: ConditioningItem, run: Run) -> ConditioningItem:
    """A prompt with its picture (B, 3, h, w) in -1..1 as `concat`, and the noise level (1, 1) as `vector`."""
    if item.concat is not None:
        return item
    share = float(item.extra.get(NOISE, 0.0))
    level = round(NOISIEST_LEVEL * share)
    picture = _fitted(item.extra.get(IMAGE), run)
    if share > 0:
        levels = NoiseLevels.scaled_linear(beta_start=0.0001, beta_end=0.02, steps=1000)
        picture = noised(picture, levels, level, run_noise(picture, run.seed))
    extra = {key: value for key, value in item.extra.items() if key not in (IMAGE, NOISE)}
    return item.with_(concat=picture, vector=torch.tensor([[float(level)]]), extra=extra)


def _fitted(picture: Tensor | None, run: Run) -> Tensor:
    height, width = run.latent.samples.shape[-2:]
    if picture is None:
        return torch.zeros(1, 3, height, width)
    picture = picture.float()
    return picture if picture.shape[-2:] == (height, width) else resize(picture, width, height, "bilinear", "center")
