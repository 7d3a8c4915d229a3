"""Stable Diffusion 2.1 unCLIP: how it is recognised, and what its networks are told of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.checkpoint_parts import Parts
from engine.models.families.sd2.family import StableDiffusion2
from engine.models.families.sdxl.family import NUMBER_WIDTH, REFINER_NUMBERS
from engine.models.family import Run
from engine.models.layers.unet_config import UNetConfig

if TYPE_CHECKING:
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem
    from engine.sampling.prediction import Prediction

CONTEXT_WIDTH = 1024
VECTOR_WIDTHS = (1536, 2048)  # twice the width of what CLIP ViT-L/14 or OpenCLIP ViT-H/14 says of a picture
TOO_NARROW_FOR_SIZES = NUMBER_WIDTH * REFINER_NUMBERS  # so that a narrower vector cannot be that of an SDXL


class StableDiffusionUnClip(StableDiffusion2):
    """Stable Diffusion 2.1, told beside the prompt what CLIP sees in a picture (arXiv:2204.06125, sec. 2.1)."""

    name = "Stable Diffusion 2.1 unCLIP"

    def owns_network(self, config: UNetConfig) -> bool:
        """Of the published sizes, or smaller: an even vector that has no room for the numbers that SDXL is told."""
        width = config.vector_channels
        if config.is_temporal or width % 2:
            return False
        is_published = config.context_channels == CONTEXT_WIDTH and width in VECTOR_WIDTHS
        return is_published or 0 < width < TOO_NARROW_FOR_SIZES

    def owns_checkpoint(self, config: UNetConfig) -> bool:
        return config.vector_channels > 0

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        from engine.sampling.prediction import VELOCITY

        return VELOCITY

    def prepare(self, config: Parts, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        from engine.models.families.unclip.conditioning import with_pictures

        item = super().prepare(config, file, item, run)
        return with_pictures(item, run, file, config.network.config.vector_channels)
