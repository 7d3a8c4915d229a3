"""What is a hook? A change of weights that belongs to prompts, not to the model, its strength scheduled over a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from engine.sampling.noise_levels import NoiseLevels

Interpolation = Literal["linear", "ease_in", "ease_out", "ease_in_out"]


@dataclass(frozen=True)
class HookKeyframe:
    """From this share of the run on (0..1), a hook's strength is multiplied by `strength`, until the next keyframe."""

    start_percent: float
    strength: float


@dataclass(frozen=True, eq=False)
class Hook:
    """A change of weights for those prompts that carry it. Compared by identity.

    Attributes:
        change: what changes, such as a LoRA (models.HookedChange): sampling only tells one from another.
        strength_model, strength_clip: how strongly the network and the text encoder change; 0: not at all.
        keyframes: by `start_percent`; before the first one its strength holds; none: 1 throughout.
    """

    change: object
    strength_model: float
    strength_clip: float
    keyframes: tuple[HookKeyframe, ...] = ()

    def multiplier(self, percent: float) -> float:
        """The keyframes' strength at a share of the run, 0..1."""
        reached = [frame.strength for frame in self.keyframes if frame.start_percent <= percent]
        return reached[-1] if reached else self.keyframes[0].strength if self.keyframes else 1.0


Hooks = tuple[Hook, ...]


class ActiveHook(NamedTuple):
    """A hook, and how strongly it changes what it changes now."""

    hook: Hook
    strength: float


@dataclass(frozen=True, eq=False)
class PlacedHook:
    """A hook on the levels of a model.

    Attributes:
        turns: (the highest level at which it holds, strength), from the highest level down.
    """

    hook: Hook
    turns: tuple[tuple[float, float], ...]

    def at(self, sigma: float) -> ActiveHook:
        """The hook as it changes the network at a level."""
        reached = [strength for start, strength in self.turns if sigma <= start]
        return ActiveHook(self.hook, reached[-1] if reached else self.turns[0][1])


def place_hooks(hooks: Hooks, levels: NoiseLevels) -> tuple[PlacedHook, ...]:
    """Hooks with their keyframes where they lie on a model's levels."""
    return tuple(_placed(hook, levels) for hook in hooks if hook.strength_model != 0.0)


def _placed(hook: Hook, levels: NoiseLevels) -> PlacedHook:
    frames = hook.keyframes or (HookKeyframe(0.0, 1.0),)
    turns = ((levels.at_percent(frame.start_percent), hook.strength_model * frame.strength) for frame in frames)
    return PlacedHook(hook, tuple(turns))


def active_hooks(hooks: Sequence[PlacedHook], sigma: float) -> tuple[ActiveHook, ...]:
    """Those hooks that change something at a level."""
    return tuple(active for active in (hook.at(sigma) for hook in hooks) if active.strength != 0.0)


def join_hooks(*groups: Iterable[Hook]) -> Hooks:
    """All hooks of some groups in their order; of those that carry the same change only the last one counts."""
    found: dict[int, Hook] = {}
    for hook in (hook for group in groups for hook in group):
        found[id(hook.change)] = hook
    return tuple(found.values())


def with_keyframes(hooks: Hooks, keyframes: tuple[HookKeyframe, ...]) -> Hooks:
    """The same hooks, their strengths scheduled by these keyframes and no others."""
    return tuple(replace(hook, keyframes=keyframes) for hook in hooks)


def add_keyframes(old: tuple[HookKeyframe, ...], *new: HookKeyframe) -> tuple[HookKeyframe, ...]:
    """Keyframes by their beginning; of those that begin at one place the one that was added last counts."""
    by_start = {frame.start_percent: frame for frame in (*old, *new)}
    return tuple(by_start[start] for start in sorted(by_start))


def spread_keyframes(strengths: Sequence[float], start: float, end: float) -> tuple[HookKeyframe, ...]:
    """A keyframe for each strength, evenly from one share of the run to another, both included."""
    last = max(len(strengths) - 1, 1)
    return tuple(
        HookKeyframe(start + (end - start) * index / last, strength) for index, strength in enumerate(strengths)
    )


def interpolate(start: float, end: float, count: int, method: Interpolation) -> list[float]:
    """`count` values from start to end: evenly, quadratically eased at one end, or by a cosine eased at both."""
    shares = [index / max(count - 1, 1) for index in range(count)]
    if method == "ease_in":
        shares = [share**2 for share in shares]
    elif method == "ease_out":
        shares = [1 - (1 - share) ** 2 for share in shares]
    elif method == "ease_in_out":
        shares = [(1 - math.cos(math.pi * share)) / 2 for share in shares]
    return [start + (end - start) * share for share in shares]
