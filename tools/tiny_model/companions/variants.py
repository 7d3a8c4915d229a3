"""What the variants with further input channels share: how they are trained from the small base, and written."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from tools.tiny_model.companions.base import Base
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.small import load_small
from tools.tiny_model.companions.training_loop import Settings, train
from tools.tiny_model.export import UNET, unet_name, unet_places
from tools.tiny_model.networks import UNetSizes, build_unet

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


def wider(unet: UNet2DConditionModel, sizes: UNetSizes, inputs: int) -> UNet2DConditionModel:
    """A copy of a UNet that reads `inputs` channels, to be trained; what it is not used to counts nothing yet."""
    copy, state = build_unet(replace(sizes, inputs=inputs)), unet.state_dict()
    first = torch.zeros_like(copy.conv_in.weight)
    first[:, : state["conv_in.weight"].shape[1]] = state["conv_in.weight"]
    copy.load_state_dict({**state, "conv_in.weight": first})
    return copy


def train_variant(name: str, inputs: int, batch_loss: Callable[..., Tensor], arguments: argparse.Namespace) -> None:
    """Train a copy of the small base that reads `inputs` channels.

    Writes models/diffusion_models/weft-tiny-NAME.safetensors.

    Args:
        batch_loss: (unet, generator) -> loss of one batch.
    """
    small, sizes = load_small(arguments.run)
    unet = wider(small, sizes, inputs)
    settings = Settings.of(arguments)
    train(name, unet, lambda rng: batch_loss(unet, rng), settings)
    write_unet(arguments.out / "diffusion_models" / f"weft-tiny-{name}.safetensors", unet, sizes)


def write_unet(path: Path, unet: UNet2DConditionModel, sizes: UNetSizes) -> None:
    """Write a network alone, as 8-bit floats."""
    places = unet_places(sizes)
    weights = {unet_name(own, places).removeprefix(UNET): weight for own, weight in unet.state_dict().items()}
    write_weights(path, weights, narrow=True)
