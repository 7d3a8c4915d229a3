"""What is unCLIP told of pictures? What CLIP sees in them, made uncertain, and how uncertain (arXiv:2204.06125)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.models.family import Run
from engine.models.layers.unet import embed_timesteps
from engine.models.noising import noised, run_noise
from engine.models.weights import WeightFile
from engine.sampling.conditioning import ConditioningItem
from engine.sampling.noise_levels import NoiseLevels

PICTURES = "unclip_conditioning"  # what prompts carry them under, in `extra`
MERGED_NOISE = 0.05  # of several pictures' sum, in shares of the noisiest level
STEPS = 1000


def with_pictures(item: ConditioningItem, run: Run, file: WeightFile, width: int) -> ConditioningItem:
    """A prompt with its vector (1, width): the picture's embedding and its noise level; zeros without pictures.

    Raises:
        ValueError: a picture was read by another vision encoder than the model was trained with.
    """
    if item.vector is not None:
        return item
    extra = {key: value for key, value in item.extra.items() if key != PICTURES}
    pictures = [
        (picture, embedding[None].float().cpu())
        for picture in item.extra.get(PICTURES, ())
        for embedding in _embeddings(picture)
    ]
    if not pictures:
        return item.with_(vector=torch.zeros(1, width), extra=extra)
    for _, embedding in pictures:
        if 2 * embedding.shape[-1] != width:
            raise ValueError(
                f"This unCLIP model reads pictures by {width // 2} numbers, and the vision encoder gave "
                f"{embedding.shape[-1]}: use the CLIP vision output that its own checkpoint has."
            )
    augment = Augmentation(file, width // 2, run.seed)
    vectors = [augment(embedding, _share(picture)) * picture.get("strength", 1.0) for picture, embedding in pictures]
    if len(vectors) == 1:
        return item.with_(vector=vectors[0], extra=extra)
    summed = torch.stack(vectors).sum(dim=0)[:, : width // 2]
    return item.with_(vector=augment(summed, MERGED_NOISE), extra=extra)


def _embeddings(picture: Mapping[str, Any]) -> Tensor:
    """(B, D) what the vision encoder says of each picture as a whole."""
    embeddings: Tensor | None = picture["clip_vision_output"].image_embeds
    if embeddings is None:
        raise ValueError(
            "The vision encoder says nothing of a picture as a whole: its file has no projection (visual_projection or "
            "proj). Use the CLIP vision output that the unCLIP checkpoint has."
        )
    return embeddings


def _share(picture: Mapping[str, Any]) -> float:
    return float(picture.get("noise_augmentation", 0.0))


class Augmentation:
    """Adds noise to embeddings that were brought to zero mean and unit variance, as in training."""

    def __init__(self, file: WeightFile, width: int, seed: int) -> None:
        """file: of the checkpoint, which may hold the embeddings' mean and deviation."""
        self._mean = _statistic(file, "data_mean", torch.zeros(1, width))
        self._deviation = _statistic(file, "data_std", torch.ones(1, width))
        self._levels, self._seed = squared_cosine_levels(), seed

    def __call__(self, embedding: Tensor, share: float) -> Tensor:
        """(1, D) and a share 0..1 of the noisiest level -> (1, 2 D)."""
        level = round((STEPS - 1) * share)
        whitened = (embedding - self._mean) / self._deviation
        whitened = noised(whitened, self._levels, level, run_noise(whitened, self._seed))
        told = embed_timesteps(torch.tensor([level]), embedding.shape[-1])
        return torch.cat([whitened * self._deviation + self._mean, told], dim=1)


def _statistic(file: WeightFile, name: str, default: Tensor) -> Tensor:
    full = f"noise_augmentor.{name}"
    return file[full].float().reshape(1, -1) if full in file else default


def squared_cosine_levels() -> NoiseLevels:
    """The levels of arXiv:2102.09672, Eq. 17: alpha_bar falls as a squared cosine; no beta above 0.999."""
    times = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    alpha_bar = torch.cos((times + 0.008) / 1.008 * (math.pi / 2)) ** 2
    betas = (1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=0.999)
    return NoiseLevels.from_alphas_cumprod(torch.cumprod(1 - betas, dim=0))
