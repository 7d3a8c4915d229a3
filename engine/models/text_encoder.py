"""What does the CLIP socket carry? A text encoder that turns prompts into conditioning, as one immutable value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import WeightPatch
from engine.models.text_encoders.chunks import Token, cut_into_chunks, no_embeddings, read_runs
from engine.models.text_encoders.clip import FIRST_VECTOR_ID, run_clip
from engine.models.text_encoders.clip_config import ClipConfig
from engine.models.text_encoders.embeddings import FindEmbedding, read_embedding
from engine.models.weight_names import WeightNames
from engine.sampling.conditioning import Conditioning, ConditioningItem

LAST_LAYER = -1
CHUNKS_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """Encodes prompts with CLIP. Copies made by `with_...` share the weights.

    Attributes:
        names: what other programs call its weights.
        stop_at_layer: the hidden layer whose output is used: -1 the last, -2 the one before it, ...
        find_embedding: where `embedding:name` is looked up; None: nowhere.
    """

    hosted: HostedModule
    config: ClipConfig
    names: WeightNames
    stop_at_layer: int = LAST_LAYER
    weight_patches: tuple[WeightPatch, ...] = ()
    find_embedding: FindEmbedding | None = None

    def with_patch(self, patch: WeightPatch) -> TextEncoder:
        """The same encoder with some weights changed."""
        return replace(self, weight_patches=(*self.weight_patches, patch))

    def with_clip_skip(self, stop_at_clip_layer: int) -> TextEncoder:
        """The same encoder, stopped at an earlier layer: -1 the last, -2 ...; with fewer layers than that, the last.

        Raises:
            ValueError: the layer is not counted from the end.
        """
        if stop_at_clip_layer >= 0:
            raise ValueError(f"Layers are counted from the end: -1 is the last one, not {stop_at_clip_layer}.")
        is_there = -stop_at_clip_layer <= self.config.layers
        return replace(self, stop_at_layer=stop_at_clip_layer if is_there else LAST_LAYER)

    def with_embeddings(self, find: FindEmbedding) -> TextEncoder:
        """The same encoder, told where the files of `embedding:name` are found."""
        return replace(self, find_embedding=find)

    def conditioning(self, text: str) -> Conditioning:
        """A prompt as the CONDITIONING socket carries it."""
        embedding, pooled = self.encode(text)
        return Conditioning((ConditioningItem(embedding, pooled),))

    def encode(self, text: str) -> tuple[Tensor, Tensor]:
        """Encode a prompt with weights and embeddings.

        Returns:
            Its embedding (1, 77 n, D) for n chunks, and the pooled one (1, D) of the first chunk; float32 on the CPU.

        Raises:
            BadReference, BadFile: an embedding is missing or does not fit.
        """
        chunks = cut_into_chunks(read_runs(text, self._read_embedding), self.config.positions)
        weights = torch.tensor([[token.weight for token in chunk] for chunk in chunks])
        is_weighted = bool((weights != 1.0).any())
        empty = cut_into_chunks([], self.config.positions) if is_weighted else []
        hidden, pooled = self._run([*chunks, *empty])
        if is_weighted:
            hidden = _weigh(hidden[:-1], hidden[-1:], weights)
        return hidden.flatten(0, 1)[None], pooled[:1]

    def _read_embedding(self, name: str) -> Tensor:
        if self.find_embedding is None:
            return no_embeddings(name)
        return read_embedding(name, self.find_embedding, self.config.width)

    def _run(self, chunks: Sequence[Sequence[Token]]) -> tuple[Tensor, Tensor]:
        """(N, T, D) hidden states and (N, D) pooled ones, float32 on the CPU."""
        given = [token for chunk in chunks for token in chunk if token.vector is not None]
        numbers = {id(token): FIRST_VECTOR_ID + i for i, token in enumerate(given)}
        rows = [[numbers.get(id(token), token.id) for token in chunk] for chunk in chunks]
        vectors = {numbers[id(token)]: token.vector for token in given if token.vector is not None}
        with torch.no_grad(), self.hosted.holding(self.weight_patches) as encoder:
            ids = torch.tensor(rows, device=self.hosted.placement.device)
            run = partial(run_clip, encoder, vectors=vectors, stop_at_layer=self.stop_at_layer)
            parts = [run(part) for part in ids.split(CHUNKS_AT_ONCE)]
        hidden, pooled = (torch.cat([part[i].float().cpu() for part in parts]) for i in range(2))
        return hidden, pooled


def _weigh(hidden: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Scale each token's difference to the same place of the empty prompt: hidden (N, T, D), weights (N, T)."""
    return torch.where((weights == 1.0)[..., None], hidden, empty + (hidden - empty) * weights[..., None])
