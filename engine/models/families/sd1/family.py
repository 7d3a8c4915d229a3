"""Stable Diffusion 1.x: how it is recognised, and what holds for all of its checkpoints."""

from __future__ import annotations

from engine.models.families.unet_family import UNetFamily
from engine.models.layers.unet_config import UNetConfig
from engine.models.text_encoders.uses import SD1_CLIP_L


class StableDiffusion1(UNetFamily):
    """arXiv:2112.10752: 8 heads per attention, steered by the last layer of CLIP ViT-L/14."""

    name = "Stable Diffusion 1.x"
    texts = (("cond_stage_model.transformer.", SD1_CLIP_L),)

    def owns_network(self, config: UNetConfig) -> bool:
        return bool(config.heads) and self.owns_checkpoint(config)

    def owns_checkpoint(self, config: UNetConfig) -> bool:
        return not config.vector_channels and not config.classes
