"""Token merging: self-attention over fewer tokens, the most alike merged: ToMe for SD, arXiv:2303.17604."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall

STRIDE = 2  # one token of each 2 x 2 stays (sec. 4.1); the others may merge into one of those

Merge = Callable[[Tensor], Tensor]


@dataclass(eq=False)
class TokenMerging:
    """Merges tokens before each self-attention at full size, and copies the results back behind it.

    Attributes:
        ratio: share of the tokens that merge away, at most 3/4.
    """

    ratio: float
    _unmerge: Merge | None = field(default=None)

    def merge(self, x: Tensor, keys: Tensor, values: Tensor, call: LayerCall) -> tuple[Tensor, Tensor, Tensor]:
        height, width = call.size
        self._unmerge = None
        fewer = int(x.shape[1] * self.ratio)
        if x.shape[1] != height * width or fewer == 0 or min(height, width) < STRIDE:
            return x, keys, values
        merge, self._unmerge = bipartite_matching(x, height, width, fewer)
        return merge(x), merge(keys), merge(values)

    def unmerge(self, out: Tensor, call: LayerCall) -> Tensor:
        unmerge, self._unmerge = self._unmerge, None
        return out if unmerge is None else unmerge(out)


def with_token_merging(model: DiffusionModel, ratio: float) -> DiffusionModel:
    """The model with merged tokens in its largest self-attentions; a ratio of 0 changes nothing."""
    merging = TokenMerging(ratio)
    return model.with_layers(model.layers.with_attention(1, before=merging.merge, after=merging.unmerge))


def bipartite_matching(tokens: Tensor, height: int, width: int, fewer: int) -> tuple[Merge, Merge]:
    """Find which tokens (N, height * width, C) merge: the most alike of the sources, each into its likest destination.

    Returns:
        Functions (N, T, C') -> (N, T - fewer, C') and back; merged tokens are means, and come back as copies.
    """
    destinations, sources = _split(height, width, tokens.device)
    fewer = min(fewer, len(sources))
    unit = tokens.float() / tokens.float().norm(dim=-1, keepdim=True).clamp(min=1e-12)
    likeness, likest = (unit[:, sources] @ unit[:, destinations].transpose(1, 2)).max(dim=-1)
    order = likeness.argsort(dim=-1, descending=True)
    merged, kept = order[:, :fewer], order[:, fewer:]
    into = likest.gather(1, merged)

    def merge(x: Tensor) -> Tensor:
        source = x[:, sources]
        target = x[:, destinations].scatter_reduce(1, _wide(into, x), source.gather(1, _wide(merged, x)), reduce="mean")
        return torch.cat([source.gather(1, _wide(kept, x)), target], dim=1)

    def unmerge(x: Tensor) -> Tensor:
        alone, target = x[:, : kept.shape[1]], x[:, kept.shape[1] :]
        whole = x.new_empty(x.shape[0], len(sources) + len(destinations), x.shape[2])
        whole[:, destinations] = target
        whole.scatter_(1, _wide(sources[kept], x), alone)
        return whole.scatter_(1, _wide(sources[merged], x), target.gather(1, _wide(into, x)))

    return merge, unmerge


def _split(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Numbers of the tokens that stay, the first of each 2 x 2 square, and of all others."""
    is_destination = torch.zeros(height, width, dtype=torch.bool, device=device)
    is_destination[::STRIDE, ::STRIDE] = True
    flat = is_destination.flatten()
    return flat.nonzero().flatten(), (~flat).nonzero().flatten()


def _wide(index: Tensor, x: Tensor) -> Tensor:
    """(N, T) -> (N, T, C) for gather and scatter along the tokens."""
    return index.unsqueeze(-1).expand(-1, -1, x.shape[-1])
