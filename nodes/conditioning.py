"""Nodes that join prompts, and say where, when and how strongly they count."""

from typing import Annotated

from engine import sampling
from engine.graph import Choice, Range, node
from nodes.sockets import LARGEST_SIDE, Conditioning, Mask, Offset, Share, ShareOfRun, Strength

CELL = 8  # pixels a side of one latent cell

AreaSide = Annotated[int, Range(64, LARGEST_SIDE, step=8)]


@node("ConditioningCombine", display_name="Conditioning (Combine)", category="conditioning")
def combine(*, conditioning_1: Conditioning, conditioning_2: Conditioning) -> Conditioning:
    """Let two prompts steer at once: their predictions are averaged wherever both count."""
    return conditioning_1 + conditioning_2


@node("ConditioningAverage", category="conditioning")
def average(
    *, conditioning_to: Conditioning, conditioning_from: Conditioning, conditioning_to_strength: Share = 1.0
) -> Conditioning:
    """Blend the meanings of two prompts into one.

    Args:
        conditioning_from: only its first prompt is used.
        conditioning_to_strength: 1 is conditioning_to alone, 0 conditioning_from alone.
    """
    other = _first(conditioning_from, "conditioning_from")
    share = conditioning_to_strength

    def blend(item: sampling.ConditioningItem) -> sampling.ConditioningItem:
        embedding = item.embedding * share + _of_length(other.embedding, item.embedding.shape[1]) * (1.0 - share)
        pooled = item.pooled
        if pooled is None:
            pooled = other.pooled
        elif other.pooled is not None:
            pooled = pooled * share + other.pooled * (1.0 - share)
        return item.with_(embedding=embedding, pooled=pooled)

    return conditioning_to.map(blend)


@node("ConditioningConcat", display_name="Conditioning (Concat)", category="conditioning")
def concatenate(*, conditioning_to: Conditioning, conditioning_from: Conditioning) -> Conditioning:
    """Append the tokens of a prompt to another's, as one long prompt.

    Args:
        conditioning_from: only its first prompt is used.
    """
    import torch

    tail = _first(conditioning_from, "conditioning_from").embedding
    return conditioning_to.map(lambda item: item.with_(embedding=torch.cat((item.embedding, tail), dim=1)))


@node("ConditioningSetArea", display_name="Conditioning (Set Area)", category="conditioning")
def set_area(
    *,
    conditioning: Conditioning,
    width: AreaSide = 64,
    height: AreaSide = 64,
    x: Offset = 0,
    y: Offset = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt count in a rectangle only.

    Args:
        width: of the rectangle, in pixels.
        x: pixels from the left edge.
        y: pixels from the top edge.
        strength: weight against other prompts that cover the same place.
    """
    area = sampling.Area(height // CELL, width // CELL, y // CELL, x // CELL)
    return conditioning.with_(area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaPercentage", display_name="Conditioning (Set Area with Percentage)", category="conditioning")
def set_relative_area(
    *,
    conditioning: Conditioning,
    width: Share = 1.0,
    height: Share = 1.0,
    x: Share = 0.0,
    y: Share = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt count in a rectangle only, given in shares of the picture.

    Args:
        width: of the rectangle; 1 is the picture's width.
        x: from the left edge.
        y: from the top edge.
        strength: weight against other prompts that cover the same place.
    """
    area = sampling.Area(height, width, y, x, relative=True)
    return conditioning.with_(area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaStrength", category="conditioning")
def set_area_strength(*, conditioning: Conditioning, strength: Strength = 1.0) -> Conditioning:
    """Say how much a prompt counts against others that cover the same place."""
    return conditioning.with_(strength=strength)


@node("ConditioningSetMask", display_name="Conditioning (Set Mask)", category="conditioning")
def set_mask(
    *,
    conditioning: Conditioning,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Annotated[str, Choice(("default", "mask bounds"))],
) -> Conditioning:
    """Let a prompt count where a mask is white.

    Args:
        strength: weight against other prompts that cover the same place.
        set_cond_area: "mask bounds" works on the mask's bounding box alone, which is faster and sees less around it.
    """
    batch = mask if mask.ndim == 3 else mask[None]
    return conditioning.with_(mask=batch, mask_strength=strength, set_area_to_bounds=set_cond_area != "default")


@node("ConditioningSetTimestepRange", category="advanced/conditioning")
def set_timestep_range(*, conditioning: Conditioning, start: ShareOfRun = 0.0, end: ShareOfRun = 1.0) -> Conditioning:
    """Let a prompt count during a part of the run only.

    Args:
        start: 0 is pure noise, where composition is decided.
        end: 1 is the finished picture.
    """
    return conditioning.with_(start_percent=start, end_percent=end)


@node("ConditioningZeroOut", category="advanced/conditioning")
def zero_out(*, conditioning: Conditioning) -> Conditioning:
    """Replace a prompt's meaning by nothing at all, which is less than the empty prompt."""

    def zeroed(item: sampling.ConditioningItem) -> sampling.ConditioningItem:
        pooled = None if item.pooled is None else item.pooled.new_zeros(item.pooled.shape)
        return item.with_(embedding=item.embedding.new_zeros(item.embedding.shape), pooled=pooled)

    return conditioning.map(zeroed)


def _first(conditioning: Conditioning, name: str) -> "sampling.ConditioningItem":
    if not len(conditioning):
        raise ValueError(f"{name} holds no prompt: connect a text encoding node to it.")
    return conditioning[0]


def _of_length(embedding, tokens: int):
    """Cut (B, T, D) to `tokens`, or fill it up with zeros."""
    import torch

    cut = embedding[:, :tokens]
    return torch.nn.functional.pad(cut, (0, 0, 0, tokens - cut.shape[1]))
