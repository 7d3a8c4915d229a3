"""What are U-Nets of latent diffusion called with, and how do their latents look?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.models.latent import LatentFormat
from engine.models.layer_patches import LayerCall, LayerPlace, PatchedCall
from engine.models.layers.unet import UNet
from engine.models.patch import NetworkCall
from engine.models.preview import PreviewColours, estimate_preview_colours

if TYPE_CHECKING:
    from engine.models.vae import Vae

Colours = Mapping[str, Sequence[Sequence[float]]]

# Linear fits to the full-size VAEs, rows: latent channels as the network sees them, columns: RGB in 0..1.
# Published at https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
SD1_COLOURS: Colours = {
    "weight": (
        (0.1490, 0.1035, 0.1040),
        (0.0935, 0.1430, 0.0865),
        (-0.0790, 0.0945, 0.1320),
        (-0.0920, -0.1355, -0.2365),
    ),
    "bias": ((0.5, 0.5, 0.5),),
}
# Published at https://huggingface.co/blog/TimothyAlexisVass/explaining-the-sdxl-latent-space
SDXL_COLOURS: Colours = {
    "weight": tuple(
        tuple(step / 255 for step in row) for row in ((60, 60, 60), (-60, -5, 10), (25, 15, -5), (-70, -50, -35))
    ),
    "bias": (tuple(step / 255 for step in (150, 140, 130)),),
}


def call_network(network: UNet, call: NetworkCall) -> Tensor:
    """Call the U-Net in its weights' type: latent and what is read beside it, timestep, prompt, vector, controls.

    Raises:
        ValueError: prompt or channels are of another width than the network reads.
    """
    first = network.input_blocks[0][0]
    weight, dtype, inputs = first.weight, first.bias.dtype, call.inputs  # weights may be kept in a narrower type
    layout = torch.channels_last if weight.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    x = call.x if inputs.concat is None else torch.cat([call.x, inputs.concat.to(call.x)], dim=1)
    _check_widths(network, x, inputs.embedding)
    x = x.to(weight.device, dtype, memory_format=layout)
    context = inputs.embedding.to(weight.device, dtype)
    vector = None if inputs.vector is None else inputs.vector.to(weight.device)
    frames = len(x) // len(inputs.prompts)  # the batch of the run, which is a film where the network knows films
    return network(x, call.timesteps.to(weight.device), context, inputs.control, vector, _patched(call), frames)


def _check_widths(network: UNet, x: Tensor, embedding: Tensor) -> None:
    config = network.config
    if x.shape[1] != config.in_channels:
        raise ValueError(
            f"This model reads {config.in_channels} channels: the latent's and further ones. It got {x.shape[1]}."
        )
    if config.context_channels not in (0, embedding.shape[-1]):
        raise ValueError(
            f"This model reads prompts of width {config.context_channels}, and this one's is {embedding.shape[-1]}: "
            "encode it with the text encoder that belongs to the model."
        )


def _patched(call: NetworkCall) -> PatchedCall | None:
    if call.layers is None:
        return None
    size = (call.x.shape[-2], call.x.shape[-1])
    return PatchedCall(call.layers, LayerCall(LayerPlace("input", 0), call.sigma, call.inputs.prompts, size))


def latent_format(
    channels: int, vae: Vae | None, scale: float, colours: Colours | None, downscale: int = 8
) -> LatentFormat:
    """The family's latents.

    Args:
        colours: of the usual VAE; None: those of `vae` are estimated when the first preview is shown.
        downscale: pixels per cell, where there is no `vae` to tell.
    """

    def find_colours() -> PreviewColours:
        if colours is None and vae is not None:
            return estimate_preview_colours(vae, scale)
        known = colours or SD1_COLOURS
        return PreviewColours(torch.tensor(known["weight"]), torch.tensor(known["bias"][0]))

    return LatentFormat(channels, scale, downscale if vae is None else vae.config.downscale, find_colours)
