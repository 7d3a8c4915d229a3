"""Nodes that mix two models, or two text encoders, weight by weight."""

from typing import Annotated

from engine import patches
from engine.graph import Range, node
from nodes.sockets import Model, Share, TextEncoder

Multiplier = Annotated[float, Range(-10.0, 10.0, step=0.01)]
TEXT_STAYS = (".position_ids", ".logit_scale")  # not learnt as the others are


@node("ModelMergeSimple", category="advanced/model_merging")
def merge(*, model1: Model, model2: Model, ratio: Share = 1.0) -> Model:
    """Mix two models of one kind.

    Args:
        ratio: 1 is model1, 0 is model2.
    """
    return patches.merge(model1, model2, patches.by_ratio(ratio))


@node("ModelMergeBlocks", category="advanced/model_merging")
def merge_blocks(*, model1: Model, model2: Model, input: Share = 1.0, middle: Share = 1.0, out: Share = 1.0) -> Model:
    """Mix two models of one kind, each part of their networks by a ratio of its own.

    Args:
        input: of the encoder, and of what belongs to no part; 1 is model1, 0 is model2.
        middle: of the middle block.
        out: of the decoder.
    """
    ratios = {"": input, "input": input, "middle": middle, "out": out}
    return patches.merge(model1, model2, {part: patches.by_ratio(ratio) for part, ratio in ratios.items()})


@node("ModelMergeAdd", category="advanced/model_merging")
def add(*, model1: Model, model2: Model) -> Model:
    """Add one model's weights to another's: a difference of two to a third."""
    return patches.merge(model1, model2, patches.Shares(1.0, 1.0))


@node("ModelMergeSubtract", category="advanced/model_merging")
def subtract(*, model1: Model, model2: Model, multiplier: Multiplier = 1.0) -> Model:
    """Subtract one model's weights from another's: what was learnt between the two.

    Args:
        multiplier: of the difference.
    """
    return patches.merge(model1, model2, patches.Shares(multiplier, -multiplier))


@node("CLIPMergeSimple", category="advanced/model_merging")
def merge_text(*, clip1: TextEncoder, clip2: TextEncoder, ratio: Share = 1.0) -> TextEncoder:
    """Mix two text encoders of one kind.

    Args:
        ratio: 1 is clip1, 0 is clip2.
    """
    return patches.merge(clip1, clip2, patches.by_ratio(ratio), TEXT_STAYS)


@node("CLIPMergeAdd", category="advanced/model_merging")
def add_text(*, clip1: TextEncoder, clip2: TextEncoder) -> TextEncoder:
    """Add one text encoder's weights to another's."""
    return patches.merge(clip1, clip2, patches.Shares(1.0, 1.0), TEXT_STAYS)


@node("CLIPMergeSubtract", category="advanced/model_merging")
def subtract_text(*, clip1: TextEncoder, clip2: TextEncoder, multiplier: Multiplier = 1.0) -> TextEncoder:
    """Subtract one text encoder's weights from another's.

    Args:
        multiplier: of the difference.
    """
    return patches.merge(clip1, clip2, patches.Shares(multiplier, -multiplier), TEXT_STAYS)
