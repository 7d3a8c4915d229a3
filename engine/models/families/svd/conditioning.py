"""What is Stable Video Diffusion told beside the picture? Frames per second, motion, and the noise on the picture."""

from __future__ import annotations

import torch

from engine.models.families.further_channels import editing_channels, with_further_channels
from engine.models.family import Run
from engine.models.layers.unet import embed_timesteps
from engine.sampling.conditioning import ConditioningItem

NUMBER_WIDTH = 256
# What prompts carry them under, in `extra`, in the order in which the network reads them, and what is usual.
USUAL = {"fps": 6, "motion_bucket_id": 127, "augmentation_level": 0.0}


def with_motion(item: ConditioningItem, run: Run) -> ConditioningItem:
    """A prompt with its vector (1, 3 NUMBER_WIDTH), and the latent of its picture, unscaled, as `concat`.

    The network was trained on frames per second less one (arXiv:2311.15127, appendix D.3).
    """
    item = with_further_channels(item, run, editing_channels)
    if item.vector is not None:
        return item
    said = {name: float(item.extra.get(name, usual)) for name, usual in USUAL.items()}
    numbers = torch.tensor([said["fps"] - 1, said["motion_bucket_id"], said["augmentation_level"]])
    extra = {key: value for key, value in item.extra.items() if key not in USUAL}
    return item.with_(vector=embed_timesteps(numbers, NUMBER_WIDTH).flatten()[None], extra=extra)
