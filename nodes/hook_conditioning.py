"""Nodes that say where, when and with which hooks prompts count: one prompt, or positive and negative together."""

from typing import Annotated, NamedTuple

from engine import sampling
from engine.graph import Choice, node
from nodes.conditioning import set_mask
from nodes.control import PositiveAndNegative
from nodes.sockets import Conditioning, Hooks, Mask, ShareOfRun, Strength, TimestepsRange

SINGLE = "advanced/hooks/cond single"
PAIR = "advanced/hooks/cond pair"
MaskUse = Annotated[str, Choice(("default", "mask bounds"))]


class Ranges(NamedTuple):
    timesteps_range: TimestepsRange
    before: Annotated[TimestepsRange, "BEFORE_RANGE"]
    after: Annotated[TimestepsRange, "AFTER_RANGE"]


@node("ConditioningTimestepsRange", display_name="Timesteps Range", category="advanced/hooks", experimental=True)
def choose_timesteps(*, start_percent: ShareOfRun = 0.0, end_percent: ShareOfRun = 1.0) -> Ranges:
    """Choose a part of the run, and what lies before and after it.

    Args:
        start_percent: 0 is pure noise, where composition is decided.
        end_percent: 1 is the finished picture.
    """
    return Ranges((start_percent, end_percent), (0.0, start_percent), (end_percent, 1.0))


@node("ConditioningSetProperties", display_name="Cond Set Props", category=SINGLE, experimental=True)
def set_properties(
    *,
    cond_NEW: Conditioning,
    strength: Strength = 1.0,
    set_cond_area: MaskUse,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Conditioning:
    """Say where and when a prompt counts, and with which hooks.

    Args:
        strength: weight of the mask against other prompts that cover the same place; nothing without a mask.
        set_cond_area: "mask bounds" works on the mask's bounding box alone, which is faster and sees less around it.
        mask: the prompt counts where it is white.
        hooks: act on the model wherever it denoises with this prompt, beside those that the prompt has.
        timesteps: the part of the run in which the prompt counts.
    """
    changed = cond_NEW
    if mask is not None:
        changed = set_mask(conditioning=changed, mask=mask, strength=strength, set_cond_area=set_cond_area)
    if timesteps is not None:
        start, end = timesteps
        changed = changed.with_(start_percent=start, end_percent=end)
    return _with_hooks(changed, hooks)


@node("ConditioningSetPropertiesAndCombine", display_name="Cond Set Props Combine", category=SINGLE, experimental=True)
def set_properties_and_combine(
    *,
    cond: Conditioning,
    cond_NEW: Conditioning,
    strength: Strength = 1.0,
    set_cond_area: MaskUse,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Conditioning:
    """Say where and when a prompt counts, and with which hooks, and add it to others.

    Args:
        cond: those that it is added to; they stay as they are.
        strength: weight of the mask against other prompts that cover the same place; nothing without a mask.
        set_cond_area: "mask bounds" works on the mask's bounding box alone, which is faster and sees less around it.
        mask: the new prompt counts where it is white.
        hooks: act on the model wherever it denoises with the new prompt.
        timesteps: the part of the run in which the new prompt counts.
    """
    return cond + set_properties(
        cond_NEW=cond_NEW,
        strength=strength,
        set_cond_area=set_cond_area,
        mask=mask,
        hooks=hooks,
        timesteps=timesteps,
    )


@node("ConditioningSetDefaultCombine", display_name="Cond Set Default Combine", category=SINGLE, experimental=True)
def add_default(*, cond: Conditioning, cond_DEFAULT: Conditioning, hooks: Hooks | None = None) -> Conditioning:
    """Add a prompt that counts only where, and when, no other one does.

    Args:
        cond: prompts with masks, areas or parts of the run.
        cond_DEFAULT: fills what they leave.
        hooks: act on the model wherever it denoises with cond_DEFAULT.
    """
    return cond + _with_hooks(cond_DEFAULT, hooks).with_(is_default=True)


@node("PairConditioningSetProperties", display_name="Cond Pair Set Props", category=PAIR, experimental=True)
def set_pair_properties(
    *,
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    strength: Strength = 1.0,
    set_cond_area: MaskUse,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> PositiveAndNegative:
    """Say where and when a positive and a negative prompt count, and with which hooks.

    Args:
        strength: weight of the mask against other prompts that cover the same place; nothing without a mask.
        set_cond_area: "mask bounds" works on the mask's bounding box alone, which is faster and sees less around it.
        mask: both count where it is white.
        hooks: act on the model wherever it denoises with these prompts, beside those that they have.
        timesteps: the part of the run in which they count.
    """

    def changed(prompt: Conditioning) -> Conditioning:
        return set_properties(
            cond_NEW=prompt,
            strength=strength,
            set_cond_area=set_cond_area,
            mask=mask,
            hooks=hooks,
            timesteps=timesteps,
        )

    return PositiveAndNegative(changed(positive_NEW), changed(negative_NEW))


@node(
    "PairConditioningSetPropertiesAndCombine", display_name="Cond Pair Set Props Combine", category=PAIR,
    experimental=True,
)  # fmt: skip
def set_pair_properties_and_combine(
    *,
    positive: Conditioning,
    negative: Conditioning,
    positive_NEW: Conditioning,
    negative_NEW: Conditioning,
    strength: Strength = 1.0,
    set_cond_area: MaskUse,
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> PositiveAndNegative:
    """Say where and when a positive and a negative prompt count, and with which hooks, and add them to others.

    Args:
        strength: weight of the mask against other prompts that cover the same place; nothing without a mask.
        set_cond_area: "mask bounds" works on the mask's bounding box alone, which is faster and sees less around it.
        mask: the new prompts count where it is white.
        hooks: act on the model wherever it denoises with the new prompts.
        timesteps: the part of the run in which the new prompts count.
    """
    new = set_pair_properties(
        positive_NEW=positive_NEW,
        negative_NEW=negative_NEW,
        strength=strength,
        set_cond_area=set_cond_area,
        mask=mask,
        hooks=hooks,
        timesteps=timesteps,
    )
    return PositiveAndNegative(positive + new.positive, negative + new.negative)


@node("PairConditioningCombine", display_name="Cond Pair Combine", category=PAIR, experimental=True)
def combine_pairs(
    *, positive_A: Conditioning, negative_A: Conditioning, positive_B: Conditioning, negative_B: Conditioning
) -> PositiveAndNegative:
    """Let two pairs of a positive and a negative prompt steer at once."""
    return PositiveAndNegative(positive_A + positive_B, negative_A + negative_B)


@node(
    "PairConditioningSetDefaultCombine", display_name="Cond Pair Set Default Combine", category=PAIR, experimental=True
)
def add_default_pair(
    *,
    positive: Conditioning,
    negative: Conditioning,
    positive_DEFAULT: Conditioning,
    negative_DEFAULT: Conditioning,
    hooks: Hooks | None = None,
) -> PositiveAndNegative:
    """Add a positive and a negative prompt that count only where, and when, no others do.

    Args:
        positive_DEFAULT: fills what the positive prompts leave.
        negative_DEFAULT: fills what the negative prompts leave.
        hooks: act on the model wherever it denoises with these two.
    """
    return PositiveAndNegative(
        add_default(cond=positive, cond_DEFAULT=positive_DEFAULT, hooks=hooks),
        add_default(cond=negative, cond_DEFAULT=negative_DEFAULT, hooks=hooks),
    )


def _with_hooks(conditioning: Conditioning, hooks: Hooks | None) -> Conditioning:
    """The prompts with further hooks."""
    if not hooks:
        return conditioning
    return conditioning.map(lambda item: item.with_(hooks=sampling.join_hooks(item.hooks, hooks)))
