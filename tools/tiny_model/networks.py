"""The three networks at their sizes, as Stable Diffusion 1.x builds them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

VOCABULARY = 49_408
TOKENS = 77
LATENT_SCALE = 0.18215
NORM_GROUPS = 32  # fixed in the family: every width is a multiple of it
UNET_HEADS = 8
TEXT_HEAD_WIDTH = 64


@dataclass(frozen=True)
class VaeSizes:
    """Widths from full resolution down to 1/8."""

    widths: tuple[int, ...] = (32, 32, 64, 96)
    blocks: int = 1
    latent_channels: int = 4


@dataclass(frozen=True)
class UNetSizes:
    """Widths per level; `attention` says which levels carry transformer blocks; `inputs` are channels that it reads;
    `latent_side` is the size of the latents that it is trained on; `vector` is the width of what it is told beside the
    step, 0 for nothing."""

    widths: tuple[int, ...] = (96, 128, 128)
    attention: tuple[bool, ...] = (False, True, True)
    blocks: int = 1
    context: int = 64
    inputs: int = 4
    latent_side: int = 16
    vector: int = 0


@dataclass(frozen=True)
class TextSizes:
    """The CLIP text encoder: heads are 64 wide."""

    width: int = 64
    layers: int = 4

    @property
    def heads(self) -> int:
        return self.width // TEXT_HEAD_WIDTH


@dataclass(frozen=True)
class Preset:
    """A model to train: pictures of `side` x `side` pixels, and the sizes of its networks."""

    side: int
    vae: VaeSizes
    unet: UNetSizes
    text: TextSizes


PRESETS = {
    "tiny": Preset(128, VaeSizes(), UNetSizes(), TextSizes()),
    "large": Preset(  # for a GPU
        256,
        VaeSizes((64, 64, 128, 128), blocks=2),
        UNetSizes((128, 256, 256), blocks=2, context=128, latent_side=32),
        TextSizes(128, layers=6),
    ),
}


def add_preset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="tiny", help="the same one in every command of a run")


def build_vae(sizes: VaeSizes) -> AutoencoderKL:
    levels = len(sizes.widths)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=sizes.latent_channels,
        layers_per_block=sizes.blocks,
        norm_num_groups=NORM_GROUPS,
        block_out_channels=sizes.widths,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        sample_size=128,
        scaling_factor=LATENT_SCALE,
    )


def build_unet(sizes: UNetSizes) -> UNet2DConditionModel:
    down = tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in sizes.attention)
    up = tuple("CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(sizes.attention))
    return UNet2DConditionModel(
        sample_size=sizes.latent_side,
        in_channels=sizes.inputs,
        out_channels=4,
        layers_per_block=sizes.blocks,
        block_out_channels=sizes.widths,
        down_block_types=down,
        up_block_types=up,
        cross_attention_dim=sizes.context,
        attention_head_dim=UNET_HEADS,  # diffusers reads the number of heads from this name
        norm_num_groups=NORM_GROUPS,
        class_embed_type="projection" if sizes.vector else None,
        projection_class_embeddings_input_dim=sizes.vector or None,
    )


def build_text_encoder(sizes: TextSizes, vocabulary: int = VOCABULARY) -> CLIPTextModel:
    """`vocabulary` is smaller in training, where only the rows that occur exist."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=sizes.width,
            intermediate_size=4 * sizes.width,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            max_position_embeddings=TOKENS,
            hidden_act="quick_gelu",
            projection_dim=sizes.width,
            bos_token_id=0,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )


def parameters_of(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
