"""The Stable Diffusion x4 upscaler: how it is recognised, and what its network reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.models.checkpoint_parts import Parts
from engine.models.families.unet_family import UNetFamily
from engine.models.family import Run
from engine.models.layers.unet_config import UNetConfig
from engine.models.text_encoders.uses import SD2_CLIP_H

if TYPE_CHECKING:
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem
    from engine.sampling.noise_levels import NoiseLevels
    from engine.sampling.prediction import Prediction

IMAGE_CHANNELS = 3


class StableDiffusionUpscaler(UNetFamily):
    """A U-Net on latents of 4 pixels a cell that reads the small picture, noised, beside them.

    Its model card: https://huggingface.co/stabilityai/stable-diffusion-x4-upscaler
    """

    name = "Stable Diffusion x4 upscaler"
    latent_scale = 0.08333
    downscale = 4
    texts = (("cond_stage_model.model.", SD2_CLIP_H),)
    further_channels: Mapping[int, str] = MappingProxyType({IMAGE_CHANNELS: "the small picture"})

    def owns_network(self, config: UNetConfig) -> bool:
        return config.classes > 0

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        from engine.sampling.prediction import VELOCITY

        return VELOCITY

    def noise_levels(self, config: Parts, file: WeightFile) -> NoiseLevels:
        from engine.sampling.noise_levels import NoiseLevels

        return NoiseLevels.scaled_linear(beta_start=0.0001, beta_end=0.02, steps=1000)

    def prepare(self, config: Parts, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        from engine.models.families.upscaler.conditioning import with_small_picture

        return with_small_picture(item, run)
