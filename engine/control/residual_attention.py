"""Transformer blocks as CLIP's first code has them (arXiv:2103.00020), named as control networks store them."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.layers.attention import attend

HEADS = 8  # shapes do not tell: all published networks have as many


class QuickGelu(nn.Module):
    """arXiv:1606.08415, Eq. 3: the sigmoid approximation."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class JoinedAttention(nn.Module):
    """Multi-head attention of tokens to themselves, its three projections stored as one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        joined = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in joined.chunk(3, dim=-1))
        return self.out_proj(attend(q, k, v))


class ResidualAttentionBlock(nn.Module):
    """Attention and a hidden layer, each beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = JoinedAttention(width)
        self.ln_2 = nn.LayerNorm(width)
        layers = {
            "c_fc": nn.Linear(width, 4 * width),
            "gelu": QuickGelu(),
            "c_proj": nn.Linear(4 * width, width),
        }
        self.mlp = nn.Sequential(OrderedDict(layers))

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))
