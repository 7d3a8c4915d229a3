"""Nodes that make changes to latents which others apply: to a latent, or (LatentApplyOperationCFG) in each step."""

from typing import Annotated

from engine import pixels
from engine.graph import Range, node
from nodes.sockets import Image, Latent, LatentOperation

TINY = 1e-6


@node("LatentOperationSharpen", category="latent/advanced/operations", experimental=True)
def make_sharpening(
    *,
    sharpen_radius: Annotated[int, Range(1, 31, step=1)] = 9,
    sigma: Annotated[float, Range(0.1, 10.0, step=0.1)] = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, step=0.01)] = 0.1,
) -> LatentOperation:
    """Sharpen where the cells of a latent point, and leave their lengths.

    Args:
        sharpen_radius: how many cells around each one count.
        sigma: the width of the blur that is taken away, in radii.
        alpha: how strongly; 0 changes nothing.
    """
    kernel = pixels.sharpening_kernel(sharpen_radius, sigma, alpha)

    def sharpen(latent: Image, **_: object) -> Image:
        length = latent.norm(dim=1, keepdim=True) + TINY
        return pixels.convolve(latent / length, kernel) * length

    return sharpen


@node("LatentOperationTonemapReinhard", category="latent/advanced/operations", experimental=True)
def make_tonemapping(*, multiplier: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0) -> LatentOperation:
    """Shorten the longest cells of a latent, which high cfg burns (Reinhard et al. 2002, equation 3).

    Args:
        multiplier: how long a cell may become, in units of the mean and five standard deviations.
    """

    def tonemap(latent: Image, **_: object) -> Image:
        length = latent.norm(dim=1, keepdim=True) + TINY * TINY
        axes = tuple(range(1, length.ndim))
        longest = (length.std(dim=axes, keepdim=True) * 5 + length.mean(dim=axes, keepdim=True)) * multiplier
        relative = length / longest
        return latent / length * (relative / (relative + 1) * longest)

    return tonemap


@node("LatentApplyOperation", category="latent/advanced/operations", experimental=True)
def apply(*, samples: Latent, operation: LatentOperation) -> Latent:
    """Apply an operation to latents."""
    return samples.with_(samples=operation(latent=samples.samples))
