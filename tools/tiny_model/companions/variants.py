"""What the variants with further input channels share: how they are trained from the base's weights, and written."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from tools.tiny_model.companions.base import Base
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.training_loop import Settings, train
from tools.tiny_model.export import UNET, unet_name, unet_places

BATCH = 64


def loss_of(
    base: Base, unet: UNet2DConditionModel, latents: Tensor, beside: Tensor, texts: Sequence[str], cells: Tensor
) -> Tensor:
    """The denoising error of a UNet that reads `beside` (B, C, h, w) behind the noisy latents."""
    context = base.context(texts)

    def predict(noisy: Tensor, times: Tensor) -> Tensor:
        guess: Tensor = unet(torch.cat([noisy, beside], 1), times, encoder_hidden_states=context).sample
        return guess

    return base.denoising_loss(latents, predict, cells)


def train_variant(
    name: str, base: Base, inputs: int, batch_loss: Callable[..., Tensor], arguments: argparse.Namespace
) -> None:
    """Train a copy of the base that reads `inputs` channels; write models/diffusion_models/weft-tiny-NAME.safetensors.

    Args:
        batch_loss: (unet, generator) -> loss of one batch.
    """
    unet = base.wider(inputs)
    settings = Settings(arguments.run, arguments.minutes, arguments.rate, seed=arguments.seed)
    train(name, unet, lambda rng: batch_loss(unet, rng), settings)
    places = unet_places(base.sizes)
    weights = {unet_name(own, places).removeprefix(UNET): weight for own, weight in unet.state_dict().items()}
    write_weights(arguments.out / "diffusion_models" / f"weft-tiny-{name}.safetensors", weights, narrow=True)
