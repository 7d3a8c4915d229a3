"""What does the CLIP socket carry? Text encoders that turn prompts into conditioning, as one immutable value."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.hooks import hook_patches
from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import WeightPatch
from engine.models.text_encoders.chunks import Token, cut_into_chunks, read_runs
from engine.models.text_encoders.clip import FIRST_VECTOR_ID, run_clip
from engine.models.text_encoders.clip_config import ClipConfig, ClipUse
from engine.models.text_encoders.embeddings import Embeddings, FindEmbedding
from engine.models.weight_names import WeightNames
from engine.sampling.conditioning import Conditioning, ConditioningItem
from engine.sampling.hooks import ActiveHook, Hooks

CHUNKS_AT_ONCE = 16
Chunks = Sequence[Sequence[Token]]
Prompt = str | Mapping[str, str]  # one for all encoders, or each one's own by the encoder's name

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """Encodes prompts with one CLIP or several. Copies made by `with_...` share the weights.

    Attributes:
        hosted: an nn.ModuleDict of the encoders, by name.
        uses: which encoders there are, in the order in which their outputs are joined, and how they are used.
        names: what other programs call their weights.
        clip_skip: the hidden layer whose output is used: -1 the last, -2 the one before it, ...; None: each
            encoder's usual one.
        find_embedding: where `embedding:name` is looked up; None: nowhere.
        tell: is told what is wrong with a prompt that is encoded all the same.
        hooks: changes of its weights while `conditioning` encodes.
        hooks_reach_prompts: whether what it encodes carries these hooks to the sampler.
        schedules_hooks: whether it encodes once for each part of the run in which its hooks are equally strong; if
            not, once, without regard to their keyframes.
    """

    hosted: HostedModule
    uses: tuple[tuple[ClipUse, ClipConfig], ...]
    names: WeightNames
    clip_skip: int | None = None
    weight_patches: tuple[WeightPatch, ...] = ()
    find_embedding: FindEmbedding | None = None
    tell: Callable[[str], None] = field(default=_log.warning)
    hooks: Hooks = ()
    hooks_reach_prompts: bool = True
    schedules_hooks: bool = False

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
        return replace(self, clip_skip=stop_at_clip_layer)

    def with_embeddings(self, find: FindEmbedding) -> TextEncoder:
        """The same encoder, told where the files of `embedding:name` are found."""
        return replace(self, find_embedding=find)

    def telling(self, tell: Callable[[str], None]) -> TextEncoder:
        """The same encoder, told whom to tell about embeddings that are missing or do not fit."""
        return replace(self, tell=tell)

    def conditioning(self, prompt: Prompt, **extra: Any) -> Conditioning:
        """A prompt as the CONDITIONING socket carries it, with what else models read from it."""
        carried = self.hooks if self.hooks_reach_prompts else ()
        items = []
        for start, end, encoder in self._turns():
            item = ConditioningItem(*encoder.encode(prompt), extra=extra, hooks=carried)
            items.append(item.with_(encoded_start=start, encoded_end=end))
        return Conditioning(tuple(items))

    def with_hooks(self, hooks: Hooks, *, reach_prompts: bool, schedule: bool) -> TextEncoder:
        """The same encoder with these hooks and no others."""
        return replace(self, hooks=hooks, hooks_reach_prompts=reach_prompts, schedules_hooks=schedule)

    def _turns(self) -> Iterator[tuple[float, float, TextEncoder]]:
        """(start, end, the encoder changed by its hooks) for each share of the run in which they stay as they are."""
        if not self.schedules_hooks:
            yield 0.0, 1.0, self._changed([ActiveHook(hook, hook.strength_clip) for hook in self.hooks])
            return
        frames = (frame.start_percent for hook in self.hooks for frame in hook.keyframes)
        turns: list[tuple[float, list[ActiveHook]]] = []
        for start in sorted({0.0, *(start for start in frames if 0.0 < start < 1.0)}):
            active = [ActiveHook(hook, hook.strength_clip * hook.multiplier(start)) for hook in self.hooks]
            if not turns or turns[-1][1] != active:
                turns.append((start, active))
        ends = [*(start for start, _ in turns[1:]), 1.0]
        for (start, active), end in zip(turns, ends, strict=True):
            encoder = self._changed(active)
            yield start, end, encoder if start == 0.0 else encoder.telling(_told_already)

    def _changed(self, hooks: Sequence[ActiveHook]) -> TextEncoder:
        return replace(self, weight_patches=(*self.weight_patches, *hook_patches(self, hooks).values()))

    def encode(self, prompt: Prompt) -> tuple[Tensor, Tensor]:
        """Encode a prompt with weights and embeddings.

        Args:
            prompt: one for all encoders, or each one's own; one that is not named gets the empty prompt.

        Returns:
            Its embedding (1, 77 n, D) for n chunks, D the encoders' widths together, and the last encoder's pooled one
            (1, P) of the first chunk; float32 on the CPU.
        """
        texts = {use.name: prompt if isinstance(prompt, str) else prompt.get(use.name, "") for use, _ in self.uses}
        chunks = {use.name: self._chunks(texts[use.name], use, config) for use, config in self.uses}
        longest = max(len(own) for own in chunks.values())
        with torch.no_grad(), self.hosted.holding(self.weight_patches) as encoders:
            outputs = [
                self._encode(encoders[use.name], _filled(chunks[use.name], longest, use, config), use, config)
                for use, config in self.uses
            ]
        return torch.cat([hidden for hidden, _ in outputs], dim=-1), outputs[-1][1]

    def _chunks(self, text: str, use: ClipUse, config: ClipConfig) -> Chunks:
        embeddings = Embeddings(self.find_embedding, use.name, config.width)
        chunks = cut_into_chunks(read_runs(text, embeddings.read), config.positions, use.pads_with)
        for problem in embeddings.problems:
            self.tell(problem)
        return chunks

    def _encode(self, encoder: nn.Module, chunks: Chunks, use: ClipUse, config: ClipConfig) -> tuple[Tensor, Tensor]:
        """One encoder's (1, 77 n, D) and (1, P)."""
        weights = torch.tensor([[token.weight for token in chunk] for chunk in chunks])
        is_weighted = bool((weights != 1.0).any())
        empty = cut_into_chunks([], config.positions, use.pads_with) if is_weighted else []
        stop_at_layer = self._layer(use, config)
        run = partial(run_clip, stop_at_layer=stop_at_layer, norms_hidden=use.norms_hidden)
        hidden, pooled = self._run(encoder, [*chunks, *empty], run)
        if is_weighted:
            hidden = _weigh(hidden[:-1], hidden[-1:], weights)
        return hidden.flatten(0, 1)[None], pooled[:1]

    def _layer(self, use: ClipUse, config: ClipConfig) -> int | None:
        wanted = use.stop_at_layer if self.clip_skip is None else self.clip_skip
        return wanted if -wanted <= config.layers else None

    def _run(self, encoder: nn.Module, chunks: Chunks, run: Callable[..., Any]) -> tuple[Tensor, Tensor]:
        """(N, T, D) hidden states and (N, P) pooled ones, float32 on the CPU."""
        given = [token for chunk in chunks for token in chunk if token.vector is not None]
        numbers = {id(token): FIRST_VECTOR_ID + i for i, token in enumerate(given)}
        rows = [[numbers.get(id(token), token.id) for token in chunk] for chunk in chunks]
        vectors = {numbers[id(token)]: token.vector for token in given if token.vector is not None}
        ids = torch.tensor(rows, device=self.hosted.placement.device)
        parts = [run(encoder, part, vectors) for part in ids.split(CHUNKS_AT_ONCE)]
        hidden, pooled = (torch.cat([part[i].float().cpu() for part in parts]) for i in range(2))
        return hidden, pooled


def _told_already(_problem: str) -> None:
    """What is wrong with a prompt is the same each time that it is encoded."""


def _filled(chunks: Chunks, count: int, use: ClipUse, config: ClipConfig) -> Chunks:
    """The chunks, and empty ones up to `count`: all encoders give equally many."""
    empty = cut_into_chunks([], config.positions, use.pads_with)
    return [*chunks, *empty * (count - len(chunks))]


def _weigh(hidden: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """Scale each token's difference to the same place of the empty prompt: hidden (N, T, D), weights (N, T)."""
    return torch.where((weights == 1.0)[..., None], hidden, empty + (hidden - empty) * weights[..., None])
