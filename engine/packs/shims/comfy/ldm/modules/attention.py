"""`comfy.ldm.modules.attention`: attention as networks of packs call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfy.ldm.util import default, exists
from engine.packs.absent import complete

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["attention_pytorch", "default", "exists", "optimized_attention", "optimized_attention_masked"]


def attention_pytorch(
    q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None, attn_precision: Any = None,
    skip_reshape: bool = False, skip_output_reshape: bool = False, **_options: Any,
) -> Tensor:  # fmt: skip
    """Attend (B, N, heads * D) to (B, M, heads * D); with `skip_reshape` all are (B, heads, N, D) already.

    Args:
        mask: added to, or a bool that chooses among, (N, M); also (B, N, M) and (B, heads, N, M).
        skip_output_reshape: give (B, heads, N, D) instead of (B, N, heads * D).
    """
    from torch.nn.functional import scaled_dot_product_attention

    if not skip_reshape:
        q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (q, k, v))
    if mask is not None and mask.ndim < 4:
        mask = mask[None, None] if mask.ndim == 2 else mask[:, None]
    made = scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return made if skip_output_reshape else made.transpose(1, 2).flatten(-2)


optimized_attention = optimized_attention_masked = attention_pytorch
complete(__name__)
