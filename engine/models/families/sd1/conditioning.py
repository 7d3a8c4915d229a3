"""What a Stable Diffusion 1.x network is called with, and how its latents look."""

import torch
from torch import Tensor

from engine.models.latent import LatentFormat
from engine.models.layers.unet import UNet
from engine.models.patch import NetworkCall
from engine.models.preview import PreviewColours, estimate_preview_colours
from engine.models.vae import Vae

# A linear fit to the full-size VAE: one row per latent channel, RGB in -1..1. Published at
# https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
COMMON_FACTORS = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)


def call_network(network: UNet, call: NetworkCall) -> Tensor:
    """Call the U-Net in its weights' type: latent, timestep, the prompt's embedding, controls."""
    first = network.input_blocks[0][0].weight
    layout = torch.channels_last if first.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    x = call.x.to(first.device, first.dtype, memory_format=layout)
    context = call.inputs.embedding.to(first.device, first.dtype)
    return network(x, call.timesteps.to(first.device), context, call.inputs.control)


def latent_format(vae: Vae, scale: float, *, has_common_latents: bool) -> LatentFormat:
    """The family's latents; the colours of an unusual VAE's are estimated when the first preview is shown."""

    def find_colours() -> PreviewColours:
        if has_common_latents:
            return PreviewColours(torch.tensor(COMMON_FACTORS) / 2.0, torch.full((3,), 0.5))
        return estimate_preview_colours(vae, scale)

    return LatentFormat(vae.config.latent_channels, scale, vae.config.downscale, find_colours)
