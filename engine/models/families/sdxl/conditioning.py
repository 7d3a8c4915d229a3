"""What is Stable Diffusion XL told beside the prompt? Sizes, crops and scores (arXiv:2307.01952, sec. 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.models.family import Run
from engine.models.layers.unet import embed_timesteps
from engine.sampling.conditioning import ConditioningItem

NUMBER_WIDTH = 256
USUAL_SCORE, NEGATIVE_SCORE = 6.0, 2.5  # of aesthetics, of what to show and what to avoid
READ = frozenset(("width", "height", "crop_w", "crop_h", "target_width", "target_height", "aesthetic_score"))


def with_sizes(item: ConditioningItem, run: Run, pooled_width: int, *, is_refiner: bool) -> ConditioningItem:
    """A prompt with its vector: the pooled prompt, then each number as sinusoids.

    What the prompt does not say of itself is as if the picture were as large as the latent, and not cropped.

    Raises:
        ValueError: the prompt comes from a text encoder of another family.
    """
    if item.vector is not None:
        return item
    pooled = item.pooled
    if pooled is None or pooled.shape[-1] != pooled_width:
        found = "none" if pooled is None else f"one of width {pooled.shape[-1]}"
        raise ValueError(
            f"Stable Diffusion XL needs a prompt with a pooled output of width {pooled_width}, not {found}: "
            "encode it with the text encoder that belongs to the model."
        )
    scale = run.latent_format.downscale
    height, width = (side * scale for side in run.latent.samples.shape[-2:])
    numbers = size_numbers(item.extra, width, height, is_refiner=is_refiner, is_negative=run.is_negative)
    vector = torch.cat([pooled.float(), embed_numbers(numbers).to(pooled.device).expand(len(pooled), -1)], dim=1)
    return item.with_(vector=vector, extra={key: value for key, value in item.extra.items() if key not in READ})


def size_numbers(
    said: Mapping[str, Any], width: int, height: int, *, is_refiner: bool, is_negative: bool
) -> tuple[float, ...]:
    """The numbers in the order in which the networks read them; `width` and `height`: of the picture, in pixels."""
    width, height = said.get("width", width), said.get("height", height)
    cropped = (height, width, said.get("crop_h", 0), said.get("crop_w", 0))
    if is_refiner:
        return (*cropped, said.get("aesthetic_score", NEGATIVE_SCORE if is_negative else USUAL_SCORE))
    return (*cropped, said.get("target_height", height), said.get("target_width", width))


def embed_numbers(numbers: tuple[float, ...]) -> Tensor:
    """(n,) -> (1, n * NUMBER_WIDTH) float32."""
    return embed_timesteps(torch.tensor(numbers, dtype=torch.float32), NUMBER_WIDTH).flatten()[None]
