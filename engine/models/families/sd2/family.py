"""Stable Diffusion 2.x: how it is recognised, and what its networks predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.checkpoint_parts import Parts
from engine.models.families.unet_family import LATENT_CHANNELS, UNetFamily
from engine.models.layers.unet_config import UNetConfig
from engine.models.text_encoders.uses import SD2_CLIP_H

if TYPE_CHECKING:
    from engine.models.weights import WeightFile
    from engine.sampling.prediction import Prediction

# Files do not tell what a network predicts. In those that were trained on velocity, the bias of the norm before the
# last self-attention varies more: the ecosystem's way to know them.
VELOCITY_DEVIATION = 0.09


class StableDiffusion2(UNetFamily):
    """arXiv:2112.10752 with heads of 64 channels, steered by the penultimate layer of OpenCLIP ViT-H/14."""

    name = "Stable Diffusion 2.x"
    texts = (("cond_stage_model.model.", SD2_CLIP_H),)

    def owns_network(self, config: UNetConfig) -> bool:
        return not config.heads and not config.vector_channels and not config.classes

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        """Velocity (arXiv:2202.00512) or noise, by VELOCITY_DEVIATION; networks that read further channels: noise."""
        from engine.sampling.prediction import EPSILON, VELOCITY

        if config.network.config.in_channels != LATENT_CHANNELS:
            return EPSILON
        place = config.network.places.get(_telling_bias(config.network.config))
        is_velocity = place is not None and float(file[str(place)].float().std()) > VELOCITY_DEVIATION
        return VELOCITY if is_velocity else EPSILON


def _telling_bias(config: UNetConfig) -> str:
    """The name of the bias before the last self-attention: `output_blocks.11.1...` in the full-size network."""
    transformers = (
        f"output_blocks.{number}.{index}.transformer_blocks.0.norm1.bias"
        for number, block in enumerate(config.output_blocks)
        for index, layer in enumerate(block)
        if layer.kind == "transformer"
    )
    return max(transformers, key=lambda name: int(name.split(".")[1]), default="")
