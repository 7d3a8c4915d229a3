"""Nodes that give pictures to models which read them beside the latent: to fill, to edit, to enlarge."""

from typing import Annotated, NamedTuple

from engine import models, sampling
from engine.execution import NodeContext
from engine.graph import Range, node
from nodes.sockets import Conditioning, Image, Latent, Mask, Vae

CELL = 8  # pixels a side of one latent cell
UPSCALER_CELL = 4  # of the x4 upscaler's
CHANNELS = 4


class Steering(NamedTuple):
    positive: Conditioning
    negative: Conditioning
    latent: Annotated[Latent, "latent"]


@node("InpaintModelConditioning", category="conditioning/inpaint")
def inpaint_model_conditioning(
    *,
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: bool = True,
    context: NodeContext,
) -> Steering:
    """Give an inpainting model the picture and the mask of what is to be painted anew.

    Args:
        vae: the VAE of the checkpoint that samples.
        pixels: the picture; what exceeds a multiple of 8 is cut off, half of it on each side.
        mask: white where to paint.
        noise_mask: let the sampler change nothing else, too; without it the whole picture is made anew to fit.
    """
    from engine.pixels import erase_under_mask, resize_masks

    erased, _ = erase_under_mask(pixels, mask, 0)
    with context.resource(models.DeviceMemory).hold(vae):
        hidden, whole = vae.encode(erased), vae.encode(_whole_cells(pixels))
    height, width = pixels.shape[1:3]
    fitted = resize_masks(mask.float(), width, height).unsqueeze(-1)
    fitted = _whole_cells(fitted).movedim(-1, 1)
    extra = {"concat_latent_image": hidden, "concat_mask": fitted}
    latent = sampling.Latent(whole, noise_mask=fitted if noise_mask else None)
    return Steering(_carrying(positive, extra), _carrying(negative, extra), latent)


@node("InstructPixToPixConditioning", category="conditioning/instructpix2pix")
def instruct_pix_to_pix_conditioning(
    *, positive: Conditioning, negative: Conditioning, vae: Vae, pixels: Image, context: NodeContext
) -> Steering:
    """Give a model that edits by instruction the picture to edit.

    Args:
        vae: the VAE of the checkpoint that samples.
        pixels: the picture; what exceeds a multiple of 8 is cut off, half of it on each side.
    """
    with context.resource(models.DeviceMemory).hold(vae):
        encoded = vae.encode(_whole_cells(pixels))
    extra = {"concat_latent_image": encoded}
    latent = sampling.Latent(encoded.new_zeros(encoded.shape))
    return Steering(_carrying(positive, extra), _carrying(negative, extra), latent)


@node("SD_4XUpscale_Conditioning", category="conditioning/upscale_diffusion")
def upscale_conditioning(
    *,
    images: Image,
    positive: Conditioning,
    negative: Conditioning,
    scale_ratio: Annotated[float, Range(0.0, 10.0, step=0.01)] = 4.0,
    noise_augmentation: Annotated[float, Range(0.0, 1.0, step=0.001)] = 0.0,
) -> Steering:
    """Give the x4 upscaler the picture to enlarge.

    Args:
        scale_ratio: how many times as large the result is; the model was made for 4.
        noise_augmentation: how freely it may invent details: 0 hardly, 1 very.
    """
    import torch

    from engine.pixels import resize

    width, height = (max(1, round(side * scale_ratio)) // UPSCALER_CELL for side in (images.shape[2], images.shape[1]))
    picture = resize(images.movedim(-1, 1) * 2 - 1, max(1, width), max(1, height), "bilinear", "center")
    extra = {"concat_image": picture, "noise_augmentation": noise_augmentation}
    latent = sampling.Latent(torch.zeros(len(images), CHANNELS, *picture.shape[2:]))
    return Steering(_carrying(positive, extra), _carrying(negative, extra), latent)


def _carrying(conditioning: Conditioning, extra: dict[str, object]) -> Conditioning:
    return conditioning.map(lambda item: item.with_(extra={**item.extra, **extra}))


def _whole_cells(images: Image) -> Image:
    """(B, H, W, C) without what exceeds whole latent cells, half of it taken off on each side."""
    height, width = images.shape[1:3]
    top, left = height % CELL // 2, width % CELL // 2
    return images[:, top : top + height // CELL * CELL, left : left + width // CELL * CELL]
