"""How companions are written: float16, or 8-bit floats with a factor per row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

LARGEST_F8 = 448.0  # of F8_E4M3
LEAST_SCALED = 4096  # numbers: smaller tensors stay float16, where 8 bits would save nothing


def write_weights(path: Path, weights: Mapping[str, Tensor], *, narrow: bool = False) -> None:
    """Write tensors as one file.

    Args:
        narrow: matrices and convolutions as 8-bit floats beside `layer.scale_weight`, one factor a row.

    Raises:
        ValueError: a weight is not finite in float16.
    """
    out: dict[str, Tensor] = {}
    for name, weight in weights.items():
        half = weight.detach().to("cpu", torch.float16).contiguous()
        if not torch.isfinite(half).all():
            raise ValueError(f"float16 cannot hold {name}")
        if narrow and _is_narrowed(name, half):
            out |= _scaled(name, weight.detach().float().cpu())
        else:
            out[name] = half
    if narrow:
        out["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(out, partial, metadata={"format": "pt"})
    partial.replace(path)
    print(f"{path}: {path.stat().st_size} bytes, {len(out)} tensors")


def as_narrow(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as a narrow file keeps them, for a training that is to know; gradients pass as if nothing were rounded
    (arXiv:1308.3432)."""
    return {name: _rounded(weight) if _is_narrowed(name, weight) else weight for name, weight in weights.items()}


def _is_narrowed(name: str, weight: Tensor) -> bool:
    return name.endswith(".weight") and weight.ndim > 1 and weight.numel() >= LEAST_SCALED


def _rounded(weight: Tensor) -> Tensor:
    kept, scale = _scaled("weight", weight.detach()).values()
    return weight + (kept.float() * scale.view(-1, *[1] * (weight.ndim - 1)) - weight).detach()


def _scaled(name: str, weight: Tensor) -> dict[str, Tensor]:
    rows = weight.flatten(1)
    scale = (rows.abs().amax(1, keepdim=True) / LARGEST_F8).clamp(min=1e-12)
    narrow = (rows / scale).to(torch.float8_e4m3fn).view_as(weight).contiguous()
    return {name: narrow, name.removesuffix("weight") + "scale_weight": scale}
