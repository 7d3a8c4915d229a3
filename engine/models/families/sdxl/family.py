"""Stable Diffusion XL, its refiner, and what was pruned from it: how they are recognised, and what holds for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.models.checkpoint_parts import Parts
from engine.models.families.unet_family import UNetFamily
from engine.models.family import Run
from engine.models.layers.unet_config import UNetConfig
from engine.models.text_encoders.uses import SDXL_CLIP_G, SDXL_CLIP_L

if TYPE_CHECKING:
    from engine.models.latent import LatentFormat
    from engine.models.vae import Vae
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem
    from engine.sampling.noise_levels import NoiseLevels
    from engine.sampling.prediction import Prediction

NUMBER_WIDTH = 256  # channels that each number of the size conditioning takes
BASE_NUMBERS, REFINER_NUMBERS = 6, 5
# Playground v2.5 (arXiv:2402.17245, sec. 2.1) tells its latents' mean and deviation, CosXL its highest level.
MEAN_MARK, STD_MARK = "edm_mean", "edm_std"
PLAYGROUND_MARKS = frozenset((MEAN_MARK, STD_MARK))
COSXL_MARK = "edm_vpred.sigma_max"
LOWEST_LEVEL, PLAYGROUND_LEVEL, SIGMA_DATA = 0.002, 80.0, 0.5
VELOCITY_MARK, ZERO_SNR_MARK = "v_pred", "ztsnr"  # empty tensors of these names are how trainers tell


class StableDiffusionXL(UNetFamily):
    """arXiv:2307.01952, sec. 2: two text encoders; told the size, crop and target size of its pictures."""

    name = "Stable Diffusion XL"
    latent_scale = 0.13025
    texts = (("conditioner.embedders.0.transformer.", SDXL_CLIP_L), ("conditioner.embedders.1.model.", SDXL_CLIP_G))
    numbers = BASE_NUMBERS

    def owns_network(self, config: UNetConfig) -> bool:
        """Its prompts are wider than their pooled output; the refiner's are as wide."""
        pooled = config.vector_channels - self.numbers * NUMBER_WIDTH
        return pooled > 0 and config.context_channels > pooled

    def owns_checkpoint(self, config: UNetConfig) -> bool:
        return config.vector_channels > self.numbers * NUMBER_WIDTH

    def prediction(self, config: Parts, file: WeightFile) -> Prediction:
        from engine.sampling.prediction import EPSILON, VELOCITY, Preconditioned

        if config.marks.issuperset(PLAYGROUND_MARKS):
            return Preconditioned("edm", SIGMA_DATA)
        return VELOCITY if VELOCITY_MARK in config.marks or COSXL_MARK in file else EPSILON

    def noise_levels(self, config: Parts, file: WeightFile) -> NoiseLevels:
        """The usual ones; every level between two of those that were trained as arXiv:2206.00364 has it."""
        from engine.sampling.noise_levels import EdmLevels

        if config.marks.issuperset(PLAYGROUND_MARKS):
            return EdmLevels.between(LOWEST_LEVEL, PLAYGROUND_LEVEL)
        if COSXL_MARK in file:
            return EdmLevels.between(LOWEST_LEVEL, float(file[COSXL_MARK]))
        levels = super().noise_levels(config, file)
        return levels.with_zero_terminal_snr() if ZERO_SNR_MARK in config.marks else levels

    def latent_format(self, config: Parts, file: WeightFile, vae: Vae | None) -> LatentFormat:
        usual = super().latent_format(config, file, vae)
        if not config.marks.issuperset(PLAYGROUND_MARKS):
            return usual
        mean, std = (tuple(file[name].float().flatten().tolist()) for name in (MEAN_MARK, STD_MARK))
        return replace(usual, scale=SIGMA_DATA, mean=mean, std=std)

    def scales_edited(self, file: WeightFile) -> bool:
        return COSXL_MARK in file

    def prepare(self, config: Parts, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        from engine.models.families.sdxl.conditioning import with_sizes

        pooled_width = config.network.config.vector_channels - self.numbers * NUMBER_WIDTH
        return with_sizes(
            super().prepare(config, file, item, run), run, pooled_width, is_refiner=self.numbers == REFINER_NUMBERS
        )

    @property
    def colours(self) -> Mapping[str, tuple[tuple[float, ...], ...]]:
        from engine.models.families.unet_calls import SDXL_COLOURS

        return SDXL_COLOURS


class StableDiffusionXLRefiner(StableDiffusionXL):
    """arXiv:2307.01952, sec. 2.5: one text encoder; told the size, crop and aesthetic score of its pictures."""

    name = "Stable Diffusion XL refiner"
    texts = (("conditioner.embedders.0.model.", SDXL_CLIP_G),)
    numbers = REFINER_NUMBERS

    def owns_network(self, config: UNetConfig) -> bool:
        return config.vector_channels - self.numbers * NUMBER_WIDTH == config.context_channels > 0
