"""How is an image, mask or latent brought to another size?"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

TORCH_METHODS = ("nearest-exact", "bilinear", "area", "bicubic")


def resize_images(images: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Images (B, H, W, C) in 0..1 -> (B, height, width, C). crop "center" keeps the aspect, "disabled" stretches."""
    return resize(images.movedim(-1, 1), width, height, method, crop).movedim(1, -1)


def resize_masks(masks: Tensor, width: int, height: int, method: str = "bilinear", crop: str = "disabled") -> Tensor:
    """Masks (B, H, W) or (H, W) -> (B, height, width)."""
    stacked = masks.reshape(-1, 1, *masks.shape[-2:])
    return resize(stacked, width, height, method, crop).squeeze(1)


def resize(samples: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Latents or images (B, C, H, W) -> (B, C, height, width).

    Raises:
        ValueError: there is no method or crop of this name, or a side below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"Expected a size of at least 1 x 1, found {width} x {height}.")
    if crop == "center":
        samples = crop_to_aspect(samples, width, height)
    elif crop != "disabled":
        raise ValueError(f"There is no crop {crop!r}. There are: disabled, center.")
    if method == "lanczos":
        return lanczos(samples, width, height)
    if method == "bislerp":
        return bislerp(samples, width, height)
    if method in TORCH_METHODS:
        return interpolate(samples, size=(height, width), mode=method)
    raise ValueError(f"There is no method {method!r}. There are: {', '.join(TORCH_METHODS)}, lanczos, bislerp.")


def size_keeping_aspect(width: int, height: int, old_width: int, old_height: int, least: int = 1) -> tuple[int, int]:
    """(width, height) where a 0 stands for what keeps the old aspect; both 0 keep the old size."""
    if width == 0 and height == 0:
        return old_width, old_height
    if width == 0:
        return max(least, round(old_width * max(least, height) / old_height)), max(least, height)
    if height == 0:
        return max(least, width), max(least, round(old_height * max(least, width) / old_width))
    return width, height


def crop_to_aspect(samples: Tensor, width: int, height: int) -> Tensor:
    """The middle of (B, C, H, W) that has the aspect of width x height: a view."""
    old_height, old_width = samples.shape[-2:]
    old_aspect, aspect = old_width / old_height, width / height
    x = round(old_width * (1 - aspect / old_aspect) / 2) if old_aspect > aspect else 0
    y = round(old_height * (1 - old_aspect / aspect) / 2) if old_aspect < aspect else 0
    return samples[..., y : old_height - y, x : old_width - x]


def lanczos(samples: Tensor, width: int, height: int) -> Tensor:
    """Pillow's Lanczos (a = 3) on 8 bits a channel: (B, C, H, W) in 0..1 -> (B, C, height, width) on the same device.

    RGBA is filtered with its colours weighted by alpha.
    """
    from PIL import Image  # the only use of Pillow on this floor

    def one(image: Tensor) -> Tensor:
        eight_bit = (image * 255).clamp(0, 255).to(torch.uint8).cpu().movedim(0, -1)
        pixels = eight_bit.squeeze(-1) if eight_bit.shape[-1] == 1 else eight_bit
        resized = Image.fromarray(pixels.numpy()).resize((width, height), Image.Resampling.LANCZOS)
        flat = torch.frombuffer(bytearray(resized.tobytes()), dtype=torch.uint8)
        return flat.reshape(height, width, image.shape[0]).movedim(-1, 0).to(samples) / 255

    return torch.stack([one(image) for image in samples])


def bislerp(samples: Tensor, width: int, height: int) -> Tensor:
    """Bilinear sampling whose means turn from one cell's channel vector to the next (slerp): for latents (B, C, H, W).

    Lengths are averaged linearly, directions along the arc (Shoemake 1985): detail does not fade as in bilinear.
    """
    wide = _slerp_along(samples.float(), width)
    return _slerp_along(wide.transpose(-1, -2), height).transpose(-1, -2).to(samples.dtype)


def _slerp_along(samples: Tensor, length: int) -> Tensor:
    """Resample the last axis of (B, C, H, W)."""
    old = samples.shape[-1]
    # Pixel centres, as torch has them with align_corners=False.
    position = ((torch.arange(length, device=samples.device) + 0.5) * (old / length) - 0.5).clamp(0, old - 1)
    left = position.floor().long()
    right = (left + 1).clamp(max=old - 1)
    return slerp(samples[..., left], samples[..., right], position - left)


def slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """The way from a to b, vectors along axis 1 of (B, C, ...), gone by `share` 0..1 (broadcast over the last axis)."""
    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    unit_a, unit_b = (torch.where(n > 0, v / n, torch.zeros_like(v)) for v, n in ((a, length_a), (b, length_b)))
    cosine = (unit_a * unit_b).sum(dim=1, keepdim=True)
    angle = cosine.clamp(-1, 1).acos()
    turned = (((1 - share) * angle).sin() * unit_a + (share * angle).sin() * unit_b) / angle.sin()
    turned = turned * (length_a * (1 - share) + length_b * share)
    turned = torch.where(cosine > 1 - 1e-5, a, turned)  # no arc to speak of
    return torch.where(cosine < 1e-5 - 1, a * (1 - share) + b * share, turned)  # opposite: every arc is as good
