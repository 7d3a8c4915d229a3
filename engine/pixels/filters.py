"""How is a picture blurred, sharpened and searched for edges, or its shapes grown? Images are (B, H, W, C) in 0..1."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def gaussian_kernel(radius: int, sigma: float) -> Tensor:
    """(2 radius + 1)² weights that sum to 1. `sigma` is in units of half the kernel's side, whatever the radius."""
    along = torch.linspace(-1, 1, 2 * radius + 1)
    squared_distance = along[:, None] ** 2 + along[None, :] ** 2
    weights = torch.exp(-squared_distance / (2 * sigma**2))
    return weights / weights.sum()


def convolve(planes: Tensor, kernel: Tensor) -> Tensor:
    """Each plane of (B, C, H, W) with one odd kernel, the border mirrored (repeated where that is too narrow)."""
    margin, channels = kernel.shape[-1] // 2, planes.shape[1]
    mirrors = margin < min(planes.shape[-2:])
    padded = pad(planes, (margin,) * 4, mode="reflect" if mirrors else "replicate")
    weights = kernel.to(planes).expand(channels, 1, *kernel.shape)
    return conv2d(padded, weights, groups=channels)


def blur(images: Tensor, radius: int, sigma: float) -> Tensor:
    """Gaussian blur; see `gaussian_kernel`."""
    return convolve(images.movedim(-1, 1), gaussian_kernel(radius, sigma)).movedim(1, -1)


def sharpening_kernel(radius: int, sigma: float, strength: float) -> Tensor:
    """Unsharp masking as one kernel: the picture, and 10 times `strength` of what a blur takes away."""
    kernel = -10 * strength * gaussian_kernel(radius, sigma)
    kernel[radius, radius] += 1 - kernel.sum()
    return kernel


def sharpen(images: Tensor, radius: int, sigma: float, strength: float) -> Tensor:
    """Unsharp masking, cut to 0..1; see `sharpening_kernel`."""
    return convolve(images.movedim(-1, 1), sharpening_kernel(radius, sigma, strength)).movedim(1, -1).clamp(0, 1)


def edges(images: Tensor, low: float, high: float) -> Tensor:
    """Canny's edges (1986): white lines on black, three channels. Needs low <= high, both in 0..1."""
    from kornia.filters import canny

    _, found = canny(images[..., :3].movedim(-1, 1), low, high)
    return found.movedim(1, -1).expand(-1, -1, -1, 3).to(images)


def morph(images: Tensor, operation: str, kernel_size: int) -> Tensor:
    """Grey morphology (Serra 1982) with a square of `kernel_size` pixels; see `MORPHOLOGY`."""
    planes = images.movedim(-1, 1)
    return _morphology(operation)(planes, torch.ones(kernel_size, kernel_size).to(planes)).movedim(1, -1)


def _morphology(operation: str) -> Callable[[Tensor, Tensor], Tensor]:
    from kornia import morphology

    return {  # type: ignore[no-any-return]
        "erode": morphology.erosion,
        "dilate": morphology.dilation,
        "open": morphology.opening,
        "close": morphology.closing,
        "gradient": morphology.gradient,
        "bottom_hat": morphology.bottom_hat,
        "top_hat": morphology.top_hat,
    }[operation]


def to_yuv(images: Tensor) -> Tensor:
    """RGB -> Y, Cb, Cr (ITU-R BT.601), all in 0..1: (B, H, W, 3)."""
    from kornia.color import rgb_to_ycbcr

    return rgb_to_ycbcr(images[..., :3].movedim(-1, 1)).movedim(1, -1)


def from_yuv(planes: Tensor) -> Tensor:
    """Y, Cb, Cr -> RGB, (B, H, W, 3) cut to 0..1."""
    from kornia.color import ycbcr_to_rgb

    return ycbcr_to_rgb(planes.movedim(-1, 1)).movedim(1, -1).clamp(0, 1)
