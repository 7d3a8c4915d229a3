"""Where inside a U-Net may a patch take part? In its attention, and between its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeVar

from torch import Tensor

Part = Literal["input", "middle", "output"]
Which = Literal[1, 2]  # attention of tokens to each other (attn1), or to the prompt (attn2)
P = TypeVar("P")


@dataclass(frozen=True)
class LayerPlace:
    """Which block of which part of the network, and which transformer block within it."""

    part: Part
    block: int
    index: int = 0


@dataclass(frozen=True, eq=False)
class LayerCall:
    """What a layer patch is told.

    Attributes:
        sigma: (N,) the level of each sample.
        prompts: which of the guider's prompts (0: the positive one) each equal share of the N samples is for.
        size: (height, width) of the latent that the network was given.
        heads: of the attention; 0 between blocks.
    """

    place: LayerPlace
    sigma: Tensor
    prompts: tuple[int, ...]
    size: tuple[int, int]
    heads: int = 0


class AttentionInput(Protocol):
    """Changes what an attention reads."""

    def __call__(self, x: Tensor, keys: Tensor, values: Tensor, call: LayerCall) -> tuple[Tensor, Tensor, Tensor]:
        """x (N, T, C) asks; keys and values (N, S, D) answer: all three before their projections."""


class AttentionFunction(Protocol):
    """Stands in the place of softmax attention."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, call: LayerCall) -> Tensor:
        """q (N, T, C), k and v (N, S, C), all heads side by side -> (N, T, C), before the last projection."""


class AttentionOutput(Protocol):
    """Changes what an attention gives, after its last projection."""

    def __call__(self, out: Tensor, call: LayerCall) -> Tensor:
        """(N, T, C) -> (N, T, C)."""


class BetweenAttentions(Protocol):
    """Changes what a transformer block has made of the tokens when they have attended to each other."""

    def __call__(self, x: Tensor, call: LayerCall) -> Tensor:
        """(N, T, C) -> (N, T, C)."""


class BlockOutput(Protocol):
    """Changes what a block of the encoder gives."""

    def __call__(self, x: Tensor, call: LayerCall) -> Tensor:
        """(N, C, h, w) -> the same, perhaps of another size."""


class SkipJoin(Protocol):
    """Changes what a block of the decoder reads."""

    def __call__(self, x: Tensor, skip: Tensor, call: LayerCall) -> tuple[Tensor, Tensor]:
        """x (N, C, h, w) from the block before, skip (N, C', h, w) from the encoder."""


@dataclass(frozen=True, eq=False)
class LayerPatches:
    """Everything that takes part inside a network, in the order in which it was added.

    Attributes:
        attention_inputs, attention_outputs: by which attention they change.
        attention_functions: by attention and place; the last one set for a place counts. Without a place: for all that
            have none of their own.
        between_attentions: change the tokens between a transformer block's two attentions.
        after_block: change what a block of the encoder gives, before it is kept for the decoder.
        after_skip: the same, after it was kept.
        joins: change what each block of the decoder reads.
    """

    attention_inputs: Mapping[Which, tuple[AttentionInput, ...]] = field(default_factory=dict)
    attention_functions: Mapping[tuple[Which, LayerPlace | None], AttentionFunction] = field(default_factory=dict)
    attention_outputs: Mapping[Which, tuple[AttentionOutput, ...]] = field(default_factory=dict)
    between_attentions: tuple[BetweenAttentions, ...] = ()
    after_block: tuple[BlockOutput, ...] = ()
    after_skip: tuple[BlockOutput, ...] = ()
    joins: tuple[SkipJoin, ...] = ()

    def with_attention(
        self, which: Which, *, before: AttentionInput | None = None, after: AttentionOutput | None = None
    ) -> LayerPatches:
        """These patches, and what changes the input or output of all attentions of one kind."""
        patches = self
        if before is not None:
            patches = replace(patches, attention_inputs=_added(patches.attention_inputs, which, before))
        if after is not None:
            patches = replace(patches, attention_outputs=_added(patches.attention_outputs, which, after))
        return patches

    def with_function(self, which: Which, place: LayerPlace | None, function: AttentionFunction) -> LayerPatches:
        """These patches, and a function in the place of one attention, or of all (None)."""
        return replace(self, attention_functions={**self.attention_functions, (which, place): function})

    def with_between(self, change: BetweenAttentions) -> LayerPatches:
        """These patches, and what changes the tokens between the two attentions of all transformer blocks."""
        return replace(self, between_attentions=(*self.between_attentions, change))

    def with_blocks(
        self,
        *,
        after_block: BlockOutput | None = None,
        after_skip: BlockOutput | None = None,
        join: SkipJoin | None = None,
    ) -> LayerPatches:
        """These patches, and what takes part between blocks."""
        return replace(
            self,
            after_block=self.after_block if after_block is None else (*self.after_block, after_block),
            after_skip=self.after_skip if after_skip is None else (*self.after_skip, after_skip),
            joins=self.joins if join is None else (*self.joins, join),
        )


def _added(patches: Mapping[Which, tuple[P, ...]], which: Which, patch: P) -> dict[Which, tuple[P, ...]]:
    return {**patches, which: (*patches.get(which, ()), patch)}


@dataclass(frozen=True, eq=False)
class PatchedCall:
    """The patches of one call of a network, and what they are told of it."""

    patches: LayerPatches
    call: LayerCall

    def at(self, part: Part, block: int) -> PatchedCall:
        """The same at a block."""
        return PatchedCall(self.patches, replace(self.call, place=LayerPlace(part, block)))

    def within(self, index: int, heads: int) -> PatchedCall:
        """The same at one transformer block of it."""
        place = replace(self.call.place, index=index)
        return PatchedCall(self.patches, replace(self.call, place=place, heads=heads))

    def change_inputs(self, which: Which, x: Tensor, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        keys = values = source
        for patch in self.patches.attention_inputs.get(which, ()):
            x, keys, values = patch(x, keys, values, self.call)
        return x, keys, values

    def function(self, which: Which) -> AttentionFunction | None:
        functions = self.patches.attention_functions
        return functions.get((which, self.call.place)) or functions.get((which, None))

    def change_output(self, which: Which, out: Tensor) -> Tensor:
        for patch in self.patches.attention_outputs.get(which, ()):
            out = patch(out, self.call)
        return out

    def between_attentions(self, x: Tensor) -> Tensor:
        for patch in self.patches.between_attentions:
            x = patch(x, self.call)
        return x

    def after_block(self, x: Tensor) -> Tensor:
        for patch in self.patches.after_block:
            x = patch(x, self.call)
        return x

    def after_skip(self, x: Tensor) -> Tensor:
        for patch in self.patches.after_skip:
            x = patch(x, self.call)
        return x

    def join(self, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        for patch in self.patches.joins:
            x, skip = patch(x, skip, self.call)
        return x, skip
