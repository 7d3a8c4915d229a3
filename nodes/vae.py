"""Nodes that turn images into latents, and latents into images."""

from typing import Annotated

from engine import models, sampling
from engine.execution import NodeContext
from engine.graph import Range, node
from nodes.sockets import Image, Latent, Mask, Vae

Frames = Annotated[int, Range(8, 4096, step=4)]
FewerFrames = Annotated[int, Range(4, 4096, step=4)]


TILE = 64  # cells; a tile of 512 pixels of the usual VAEs


def _decode_sparingly(*, samples: Latent, vae: Vae, context: NodeContext) -> Image:
    with context.resource(models.DeviceMemory).hold(vae):
        return vae.decode_tiled(samples.samples, TILE, TILE // 8, context.progress)


def _encode_sparingly(*, pixels: Image, vae: Vae, context: NodeContext) -> Latent:
    cell = vae.config.downscale
    with context.resource(models.DeviceMemory).hold(vae):
        return sampling.Latent(vae.encode_tiled(pixels, TILE * cell, TILE * cell // 8, context.progress))


@node("VAEDecode", sparing=_decode_sparingly, display_name="VAE Decode", category="latent")
def decode(*, samples: Latent, vae: Vae, context: NodeContext) -> Image:
    """Turn latents into images.

    Args:
        vae: the VAE of the checkpoint that sampled.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        return vae.decode(samples.samples)


@node("VAEEncode", sparing=_encode_sparingly, display_name="VAE Encode", category="latent")
def encode(*, pixels: Image, vae: Vae, context: NodeContext) -> Latent:
    """Turn images into latents. What exceeds a multiple of 8 pixels is cut off, half of it on each side.

    Args:
        vae: the VAE of the checkpoint that will sample.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        return sampling.Latent(vae.encode(pixels))


@node("VAEDecodeTiled", display_name="VAE Decode (Tiled)", category="_for_testing")
def decode_tiled(
    *,
    samples: Latent,
    vae: Vae,
    tile_size: Annotated[int, Range(64, 4096, step=32)] = 512,
    overlap: Annotated[int, Range(0, 4096, step=32)] = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FewerFrames = 8,
    context: NodeContext,
) -> Image:
    """Turn latents into images tile by tile, which takes less memory.

    Args:
        vae: the VAE of the checkpoint that sampled.
        tile_size: side of a tile, in pixels.
        overlap: by how many pixels tiles overlap; at most a quarter of their side.
        temporal_size: frames at a time, for VAEs of videos.
        temporal_overlap: by how many frames these overlap.
    """
    cell = vae.config.downscale
    tile = max(1, tile_size // cell)
    with context.resource(models.DeviceMemory).hold(vae):
        return vae.decode_tiled(samples.samples, tile, min(overlap // cell, tile // 4), context.progress)


@node("VAEEncodeTiled", display_name="VAE Encode (Tiled)", category="_for_testing")
def encode_tiled(
    *,
    pixels: Image,
    vae: Vae,
    tile_size: Annotated[int, Range(64, 4096, step=64)] = 512,
    overlap: Annotated[int, Range(0, 4096, step=32)] = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FewerFrames = 8,
    context: NodeContext,
) -> Latent:
    """Turn images into latents tile by tile, which takes less memory.

    Args:
        vae: the VAE of the checkpoint that will sample.
        tile_size: side of a tile, in pixels.
        overlap: by how many pixels tiles overlap; at most a quarter of their side.
        temporal_size: frames at a time, for VAEs of videos.
        temporal_overlap: by how many frames these overlap.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        return sampling.Latent(vae.encode_tiled(pixels, tile_size, min(overlap, tile_size // 4), context.progress))


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
