"""How are images, masks and latents resized, cropped and joined? Images are float32 (B, H, W, C) in 0..1."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "CROPS": "methods",
        "IMAGE_METHODS": "methods",
        "LATENT_METHODS": "methods",
        "composite": "compositing",
        "erase_under_mask": "masks",
        "grow_mask": "masks",
        "mask_bounds": "masks",
        "resize": "resizing",
        "resize_images": "resizing",
        "resize_masks": "resizing",
        "size_keeping_aspect": "resizing",
        "solid_mask": "masks",
    },
)
