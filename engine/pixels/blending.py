"""How do the colours of two pictures become one? Blend modes, and Porter and Duff's composition by coverage."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Mix = Callable[[Tensor, Tensor], Tensor]


def blend(below: Tensor, above: Tensor, mode: str, share: float) -> Tensor:
    """Mix two pictures of one shape, values in 0..1; `share` of the blended one is shown. See `BLEND_MODES`."""
    return (below * (1 - share) + _BLENDS[mode](below, above) * share).clamp(0, 1)


def _overlay(below: Tensor, above: Tensor) -> Tensor:
    return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))


def _soft_light(below: Tensor, above: Tensor) -> Tensor:
    """W3C Compositing and Blending Level 1, section 10.1.10."""
    lift = torch.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, below.clamp(min=0).sqrt())
    dark = below - (1 - 2 * above) * below * (1 - below)
    light = below + (2 * above - 1) * (lift - below)
    return torch.where(above <= 0.5, dark, light)


_BLENDS: Mapping[str, Mix] = {
    "normal": lambda below, above: above,
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: 1 - (1 - below) * (1 - above),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda below, above: below - above,  # cut at 0: what the first has more
}

# (source, its alpha, destination, its alpha) -> (alpha, colour), the colours premultiplied
Composition = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def compose(
    source: Tensor, source_alpha: Tensor, below: Tensor, below_alpha: Tensor, mode: str
) -> tuple[Tensor, Tensor]:
    """Compose pictures (B, H, W, C) by their alphas (B, H, W, 1): Porter and Duff, "Compositing Digital Images" (1984).

    Returns:
        Colour, no longer multiplied by alpha, and alpha; both cut to 0..1.
    """
    colours = (source * source_alpha, source_alpha, below * below_alpha, below_alpha)
    alpha, colour = _COMPOSITIONS[mode](*colours)
    colour = torch.where(alpha > 1e-5, colour / alpha.clamp(min=1e-5), torch.zeros_like(colour))
    return colour.clamp(0, 1), alpha.clamp(0, 1)


def _union(source_alpha: Tensor, below_alpha: Tensor) -> Tensor:
    return source_alpha + below_alpha - source_alpha * below_alpha


def _lesser_or_greater(choose: Mix) -> Composition:
    def compose_by(s: Tensor, sa: Tensor, d: Tensor, da: Tensor) -> tuple[Tensor, Tensor]:
        return _union(sa, da), (1 - da) * s + (1 - sa) * d + choose(s, d)

    return compose_by


def _compose_overlay(s: Tensor, sa: Tensor, d: Tensor, da: Tensor) -> tuple[Tensor, Tensor]:
    return _union(sa, da), torch.where(2 * d < da, 2 * s * d, sa * da - 2 * (da - d) * (sa - s))


_COMPOSITIONS: Mapping[str, Composition] = {
    "ADD": lambda s, sa, d, da: ((sa + da).clamp(0, 1), (s + d).clamp(0, 1)),
    "CLEAR": lambda s, sa, d, da: (torch.zeros_like(da), torch.zeros_like(d)),
    "DARKEN": _lesser_or_greater(torch.minimum),
    "DST": lambda s, sa, d, da: (da, d),
    "DST_ATOP": lambda s, sa, d, da: (sa, sa * d + (1 - da) * s),
    "DST_IN": lambda s, sa, d, da: (sa * da, d * sa),
    "DST_OUT": lambda s, sa, d, da: ((1 - sa) * da, (1 - sa) * d),
    "DST_OVER": lambda s, sa, d, da: (da + (1 - da) * sa, d + (1 - da) * s),
    "LIGHTEN": _lesser_or_greater(torch.maximum),
    "MULTIPLY": lambda s, sa, d, da: (sa * da, s * d),
    "OVERLAY": _compose_overlay,
    "SCREEN": lambda s, sa, d, da: (_union(sa, da), s + d - s * d),
    "SRC": lambda s, sa, d, da: (sa, s),
    "SRC_ATOP": lambda s, sa, d, da: (da, da * s + (1 - sa) * d),
    "SRC_IN": lambda s, sa, d, da: (sa * da, s * da),
    "SRC_OUT": lambda s, sa, d, da: ((1 - da) * sa, (1 - da) * s),
    "SRC_OVER": lambda s, sa, d, da: (sa + (1 - sa) * da, s + (1 - sa) * d),
    "XOR": lambda s, sa, d, da: ((1 - da) * sa + (1 - sa) * da, (1 - da) * s + (1 - sa) * d),
}
