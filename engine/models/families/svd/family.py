"""Stable Video Diffusion, of 14 or 25 frames: how it is recognised, and what its networks predict."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.models.checkpoint_parts import Parts
from engine.models.families.unet_family import EDITING, UNetFamily
from engine.models.family import Run
from engine.models.layers.unet_config import UNetConfig

if TYPE_CHECKING:
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem
    from engine.sampling.noise_levels import NoiseLevels
    from engine.sampling.prediction import Prediction

VECTOR_WIDTH = 3 * 256
LOWEST_LEVEL, HIGHEST_LEVEL = 0.002, 700.0


class StableVideoDiffusion(UNetFamily):
    """arXiv:2311.15127: moves a picture, which CLIP ViT-H/14 sees and which stands beside every frame's latent."""

    name = "Stable Video Diffusion"
    texts = ()
    further_channels: Mapping[int, str] = MappingProxyType({EDITING: "the picture to move"})

    def owns_network(self, config: UNetConfig) -> bool:
        return config.is_temporal and config.vector_channels == VECTOR_WIDTH

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        from engine.sampling.prediction import VELOCITY

        return VELOCITY

    def noise_levels(self, config: Parts, file: WeightFile) -> NoiseLevels:
        from engine.sampling.noise_levels import EdmLevels

        return EdmLevels.between(LOWEST_LEVEL, HIGHEST_LEVEL)

    def prepare(self, config: Parts, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        from engine.models.families.svd.conditioning import with_motion

        return with_motion(item, run)
