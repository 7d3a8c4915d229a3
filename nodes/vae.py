"""Nodes that turn images into latents, and latents into images."""

from typing import Annotated

from engine import models, sampling
from engine.execution import NodeContext
from engine.graph import Range, node
from nodes.sockets import Image, Latent, Mask, Vae


@node("VAEDecode", display_name="VAE Decode", category="latent")
def decode(*, samples: Latent, vae: Vae, context: NodeContext) -> Image:
    """Turn latents into images.

    Args:
        vae: the VAE of the checkpoint that sampled.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        return vae.decode(samples.samples)


@node("VAEEncode", display_name="VAE Encode", category="latent")
def encode(*, pixels: Image, vae: Vae, context: NodeContext) -> Latent:
    """Turn images into latents. What exceeds a multiple of 8 pixels is cut off, half of it on each side.

    Args:
        vae: the VAE of the checkpoint that will sample.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        return sampling.Latent(vae.encode(pixels))


@node("VAEEncodeForInpaint", display_name="VAE Encode (for Inpainting)", category="latent/inpaint")
def encode_for_inpainting(
    *,
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Range(0, 64, step=1)] = 6,
    context: NodeContext,
) -> Latent:
    """Turn images into latents of which a mask's white part is to be made anew: there the image becomes grey.

    Sample with `denoise` 1; to keep something of what is there, use Set Latent Noise Mask instead.

    Args:
        vae: the VAE of the checkpoint that will sample.
        grow_mask_by: how many pixels wider than the mask the sampler may change, which hides the seam.
    """
    from engine.pixels import erase_under_mask

    erased, grown = erase_under_mask(pixels, mask, grow_mask_by)
    with context.resource(models.DeviceMemory).hold(vae):
        return sampling.Latent(vae.encode(erased), noise_mask=grown.unsqueeze(1))
