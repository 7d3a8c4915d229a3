"""The same weights in `diffusers`, an implementation that shares no line with ours."""

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_controlnet_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)
from safetensors.torch import load_file

from tests.tiny import Sizes


def weights(path, prefix):
    """Float32 weights of one part of a file, under the file's names."""
    return {name: t.float() for name, t in load_file(path).items() if name.startswith(prefix)}


def _network_sizes(sizes: Sizes):
    depths = [depth or 1 for depth in sizes.depths]
    return {
        "block_out_channels": sizes.widths,
        "layers_per_block": sizes.res_blocks,
        "down_block_types": ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in sizes.depths],
        "transformer_layers_per_block": depths,
        "attention_head_dim": 8,
        "cross_attention_dim": sizes.context,
        "use_linear_projection": sizes.linear_projection,
    }


def load_unet(path, sizes: Sizes):
    ups = ["CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(sizes.depths)]
    unet = UNet2DConditionModel(sample_size=8, up_block_types=ups, **_network_sizes(sizes))
    converted = convert_ldm_unet_checkpoint(weights(path, "model.diffusion_model."), dict(unet.config))
    unet.load_state_dict(converted, strict=True)
    return unet.eval().requires_grad_(False)


def load_vae(path, sizes: Sizes):
    count = len(sizes.vae_widths)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        block_out_channels=sizes.vae_widths,
        layers_per_block=sizes.vae_blocks,
    )
    converted = convert_ldm_vae_checkpoint(weights(path, "first_stage_model."), dict(vae.config))
    vae.load_state_dict(converted, strict=True)
    return vae.eval().requires_grad_(False)


def load_controlnet(path, sizes: Sizes):
    control = ControlNetModel(conditioning_embedding_out_channels=(16, 32, 96, 256), **_network_sizes(sizes))
    converted = convert_controlnet_checkpoint(weights(path, ""), dict(control.config))
    control.load_state_dict(converted, strict=True)
    return control.eval().requires_grad_(False)


def largest_error(ours, theirs) -> float:
    """Largest difference, relative to the largest value."""
    return float((ours.float() - theirs.float()).abs().max() / theirs.float().abs().max())


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
