"""Nodes that make changes of weights for single prompts (hooks), and say how strong they are in the course of a run."""

import logging
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from engine import models, patches, sampling
from engine.execution import NodeContext
from engine.graph import Choice, More, Range, Several, node
from nodes import fingerprints
from nodes.loaders import Checkpoint
from nodes.lora import LoraName
from nodes.sockets import Floats, HookKeyframes, Hooks, ShareOfRun, TextEncoder

HookStrength = Annotated[float, Range(-20.0, 20.0, step=0.01)]
EasedStrength = Annotated[float, Range(0.0, 10.0, step=0.001)]
NumbersInTurn = Annotated[Floats, More({"default": -1, "min": -1, "step": 0.001, "forceInput": True})]

_log = logging.getLogger(__name__)


class Keyframes(NamedTuple):
    hook_kf: Annotated[HookKeyframes, "HOOK_KF"]


def _inputs(letters: str) -> Several:
    return Several(tuple(f"hooks_{letter}" for letter in letters), Hooks | None)


@node(
    "CreateHookLora",
    display_name="Create Hook LoRA",
    category="advanced/hooks/create",
    experimental=True,
    fingerprint=fingerprints.of_model_file("loras", "lora_name"),
)
def create_lora_hook(
    *,
    lora_name: LoraName,
    strength_model: HookStrength = 1.0,
    strength_clip: HookStrength = 1.0,
    prev_hooks: Hooks | None = None,
    context: NodeContext,
) -> Hooks:
    """Make a LoRA that is not loaded into a model but given to some of its prompts.

    Args:
        lora_name: a file in models/loras, made for the same kind of model.
        strength_model: how strongly it changes the model wherever it denoises with a prompt that has this hook.
        strength_clip: how strongly it changes a text encoder that has this hook (SetClipHooks).
        prev_hooks: further hooks, which act together with it.
    """
    if strength_model == 0 and strength_clip == 0:
        return prev_hooks or ()
    lora = patches.load_lora(context.places.model_path("loras", lora_name))
    hook = sampling.Hook(patches.LoraChange(lora), strength_model, strength_clip)
    return sampling.join_hooks(prev_hooks or (), (hook,))


@node(
    "CreateHookLoraModelOnly",
    display_name="Create Hook LoRA (MO)",
    category="advanced/hooks/create",
    experimental=True,
    fingerprint=fingerprints.of_model_file("loras", "lora_name"),
)
def create_lora_hook_for_model(
    *,
    lora_name: LoraName,
    strength_model: HookStrength = 1.0,
    prev_hooks: Hooks | None = None,
    context: NodeContext,
) -> Hooks:
    """Make a LoRA that is given to some of a model's prompts, and leaves the text encoder as it is.

    Args:
        lora_name: a file in models/loras, made for the same kind of model.
        strength_model: how strongly it changes the model wherever it denoises with a prompt that has this hook.
        prev_hooks: further hooks, which act together with it.
    """
    return create_lora_hook(
        lora_name=lora_name, strength_model=strength_model, strength_clip=0.0, prev_hooks=prev_hooks, context=context
    )


@node(
    "CreateHookModelAsLora",
    display_name="Create Hook Model as LoRA",
    category="advanced/hooks/create",
    experimental=True,
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def create_model_hook(
    *,
    ckpt_name: Checkpoint,
    strength_model: HookStrength = 1.0,
    strength_clip: HookStrength = 1.0,
    prev_hooks: Hooks | None = None,
    context: NodeContext,
) -> Hooks:
    """Make of a checkpoint what a LoRA is: the difference to the model that samples, for some of its prompts.

    Args:
        ckpt_name: a file in models/checkpoints, of the same kind as the model that samples.
        strength_model: 1 denoises prompts that have this hook with this checkpoint's weights, less with a mixture.
        strength_clip: the same for a text encoder that has this hook (SetClipHooks).
        prev_hooks: further hooks, which act together with it.
    """
    if strength_model == 0 and strength_clip == 0:
        return prev_hooks or ()
    path = context.places.model_path("checkpoints", ckpt_name)
    checkpoint = models.load_checkpoint(path, precision=context.resource(models.Precision))
    change = patches.ModelChange(checkpoint.model, checkpoint.text_encoder)
    return sampling.join_hooks(prev_hooks or (), (sampling.Hook(change, strength_model, strength_clip),))


@node(
    "CreateHookModelAsLoraModelOnly",
    display_name="Create Hook Model as LoRA (MO)",
    category="advanced/hooks/create",
    experimental=True,
    fingerprint=fingerprints.of_model_file("checkpoints", "ckpt_name"),
)
def create_model_hook_for_model(
    *,
    ckpt_name: Checkpoint,
    strength_model: HookStrength = 1.0,
    prev_hooks: Hooks | None = None,
    context: NodeContext,
) -> Hooks:
    """Make of a checkpoint's network what a LoRA is, for some of a model's prompts; the text encoder stays as it is.

    Args:
        ckpt_name: a file in models/checkpoints, of the same kind as the model that samples.
        strength_model: 1 denoises prompts that have this hook with this checkpoint's weights, less with a mixture.
        prev_hooks: further hooks, which act together with it.
    """
    return create_model_hook(
        ckpt_name=ckpt_name, strength_model=strength_model, strength_clip=0.0, prev_hooks=prev_hooks, context=context
    )


@node("CombineHooks2", display_name="Combine Hooks [2]", category="advanced/hooks/combine", experimental=True)
def combine_two(*, hooks: Annotated[Mapping[str, Any], _inputs("AB")]) -> Hooks:
    """Let the hooks of both inputs act together. A hook that comes by both counts once."""
    return sampling.join_hooks(*(group or () for group in hooks.values()))


@node("CombineHooks4", display_name="Combine Hooks [4]", category="advanced/hooks/combine", experimental=True)
def combine_four(*, hooks: Annotated[Mapping[str, Any], _inputs("ABCD")]) -> Hooks:
    """Let the hooks of four inputs act together. A hook that comes by several counts once."""
    return combine_two(hooks=hooks)


@node("CombineHooks8", display_name="Combine Hooks [8]", category="advanced/hooks/combine", experimental=True)
def combine_eight(*, hooks: Annotated[Mapping[str, Any], _inputs("ABCDEFGH")]) -> Hooks:
    """Let the hooks of eight inputs act together. A hook that comes by several counts once."""
    return combine_two(hooks=hooks)


@node(
    "CreateHookKeyframe", display_name="Create Hook Keyframe", category="advanced/hooks/scheduling", experimental=True
)
def create_keyframe(
    *,
    strength_mult: HookStrength = 1.0,
    start_percent: ShareOfRun = 0.0,
    prev_hook_kf: HookKeyframes | None = None,
) -> Keyframes:
    """Say how strong hooks are from a point of the run on.

    Args:
        strength_mult: what the hooks' strength is multiplied by.
        start_percent: 0 is pure noise, 1 the finished picture. Before the first keyframe its strength holds already.
        prev_hook_kf: further keyframes.
    """
    return Keyframes(sampling.add_keyframes(prev_hook_kf or (), sampling.HookKeyframe(start_percent, strength_mult)))


@node(
    "CreateHookKeyframesInterpolated",
    display_name="Create Hook Keyframes Interp.",
    category="advanced/hooks/scheduling",
    experimental=True,
)
def create_eased_keyframes(
    *,
    strength_start: EasedStrength = 1.0,
    strength_end: EasedStrength = 1.0,
    interpolation: Annotated[str, Choice(("linear", "ease_in", "ease_out", "ease_in_out"))],
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 1.0,
    keyframes_count: Annotated[int, Range(2, 100, step=1)] = 5,
    print_keyframes: bool = False,
    prev_hook_kf: HookKeyframes | None = None,
    context: NodeContext,
) -> Keyframes:
    """Let the strength of hooks go from one value to another in the course of the run.

    Args:
        interpolation: how it goes there: evenly, slowly at first (ease_in), slowly at last (ease_out), or both.
        start_percent: where it begins to change; 0 is pure noise.
        end_percent: where it ends; 1 is the finished picture.
        keyframes_count: in how many steps; each costs a change of weights.
        print_keyframes: show the keyframes on the node and in the log.
        prev_hook_kf: further keyframes.
    """
    strengths = sampling.interpolate(strength_start, strength_end, keyframes_count, interpolation)
    return _spread(strengths, start_percent, end_percent, prev_hook_kf, context if print_keyframes else None)


@node(
    "CreateHookKeyframesFromFloats",
    display_name="Create Hook Keyframes From Floats",
    category="advanced/hooks/scheduling",
    experimental=True,
)
def create_keyframes_from_numbers(
    *,
    floats_strength: NumbersInTurn,
    start_percent: ShareOfRun = 0.0,
    end_percent: ShareOfRun = 1.0,
    print_keyframes: bool = False,
    prev_hook_kf: HookKeyframes | None = None,
    context: NodeContext,
) -> Keyframes:
    """Take the strength of hooks from a list of numbers, spread evenly over a part of the run.

    Args:
        floats_strength: what the hooks' strength is multiplied by, one number after the other.
        start_percent: where the first one counts; 0 is pure noise.
        end_percent: where the last one begins to count; 1 is the finished picture.
        print_keyframes: show the keyframes on the node and in the log.
        prev_hook_kf: further keyframes.
    """
    strengths = [floats_strength] if isinstance(floats_strength, (int, float)) else list(floats_strength)
    wrong = next((value for value in strengths if not isinstance(value, (int, float))), None)
    if not strengths or wrong is not None:
        found = "an empty list" if not strengths else f"{wrong!r} in it"
        raise ValueError(f"floats_strength takes a number or a list of numbers; found {found}.")
    return _spread(strengths, start_percent, end_percent, prev_hook_kf, context if print_keyframes else None)


@node("SetHookKeyframes", display_name="Set Hook Keyframes", category="advanced/hooks/scheduling", experimental=True)
def set_keyframes(*, hooks: Hooks, hook_kf: HookKeyframes | None = None) -> Hooks:
    """Let keyframes say how strong hooks are in the course of a run, instead of those that the hooks have.

    Args:
        hook_kf: none: the hooks stay as they are.
    """
    return hooks if hook_kf is None else sampling.with_keyframes(hooks, hook_kf)


@node("SetClipHooks", display_name="Set CLIP Hooks", category="advanced/hooks/clip", experimental=True)
def set_clip_hooks(
    *, clip: TextEncoder, apply_to_conds: bool = True, schedule_clip: bool = False, hooks: Hooks | None = None
) -> TextEncoder:
    """Let a text encoder encode prompts as its hooks change it.

    Args:
        apply_to_conds: give the hooks to the prompts too, so that the model denoises them with these hooks.
        schedule_clip: encode a prompt anew for each keyframe of the hooks, and switch between what comes of it during
            the run. Off: once, with the hooks as strong as they are without keyframes.
        hooks: none: the text encoder stays as it is.
    """
    if hooks is None:
        return clip
    return clip.with_hooks(hooks, reach_prompts=apply_to_conds, schedule=schedule_clip)


def _spread(
    strengths: list[float], start: float, end: float, earlier: HookKeyframes | None, context: NodeContext | None
) -> Keyframes:
    """Keyframes for strengths between two shares of the run, shown where there is a context to show them."""
    frames = sampling.spread_keyframes(strengths, start, end)
    if context is not None:
        text = "\n".join(f"{frame.start_percent:.3f}: {frame.strength:.3f}" for frame in frames)
        _log.info("Hook keyframes:\n%s", text)
        context.show_text(text)
    return Keyframes(sampling.add_keyframes(earlier or (), *frames))
