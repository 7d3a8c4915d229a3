"""How do tokens attend to each other, as fast as the processor at hand can do it? (arXiv:1706.03762, Eq. 1)"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS_PER_THREAD = 256  # their scores, a few MB, stay in the cache between the two products


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax(q k^T / sqrt(D)) v: q (N, heads, T, D), k and v (N, heads, S, D) -> (N, T, heads * D)."""
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and _products_beat_fused_attention():
        return _attend_by_products(q, k, v).flatten(2)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


@cache
def _products_beat_fused_attention() -> bool:
    """Whether torch's fused attention cannot use the CPU's bfloat16 instructions, which its matrix products do.

    It uses AMX but not AVX512-BF16: without AMX, the way below took 0.24 s where the fused one took 0.61
    (4096 tokens, 16 heads of 40, one thread of a Zen 5), at the same error of a whole network.
    """
    return not getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()


def _attend_by_products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Head by head, some rows at a time -> (N, T, heads, D)."""
    batch, heads, length, width = q.shape
    out = torch.empty(batch, length, heads, width, dtype=q.dtype, device=q.device)
    rows = ROWS_PER_THREAD * torch.get_num_threads()
    q = q * width**-0.5
    for sample in range(batch):
        for head in range(heads):
            keys, values = k[sample, head].t(), v[sample, head]
            for start in range(0, length, rows):
                scores = torch.mm(q[sample, head, start : start + rows], keys)
                out[sample, start : start + rows, head] = torch.mm(torch.softmax(scores, dim=-1), values)
    return out
