"""How do hooks become patches of a network or a text encoder?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakKeyDictionary

from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import WeightPatch
from engine.models.weight_names import WeightNames
from engine.sampling.hooks import ActiveHook, Hook


class Hookable(Protocol):
    """A DiffusionModel or TextEncoder."""

    @property
    def hosted(self) -> HostedModule: ...
    @property
    def names(self) -> WeightNames: ...


class HookedChange(ABC):
    """A change of weights that a hook carries.

    Its patch of one module at one strength is always the same object: so a module sees that nothing is to be changed.
    """

    def __init__(self) -> None:
        self._patches: WeakKeyDictionary[HostedModule, dict[float, WeightPatch | None]] = WeakKeyDictionary()

    def patch(self, part: Hookable, strength: float) -> WeightPatch | None:
        """What changes of a model or a text encoder; None: nothing.

        Raises:
            NoMatchingWeights: it is made for another kind of model.
        """
        made = self._patches.setdefault(part.hosted, {})
        if strength not in made:
            made[strength] = self._make(part, strength)
        return made[strength]

    @abstractmethod
    def _make(self, part: Hookable, strength: float) -> WeightPatch | None:
        """The patch; it may not refer to the HostedModule that it is for, which it would keep alive."""


def hook_patches(part: Hookable, hooks: Iterable[ActiveHook]) -> dict[Hook, WeightPatch]:
    """The patches of a model or a text encoder that hooks make now, in their order."""
    found: dict[Hook, WeightPatch] = {}
    for hook, strength in hooks:
        if strength == 0.0:
            continue
        if not isinstance(hook.change, HookedChange):
            raise TypeError(f"A hook carries a models.HookedChange, not a {type(hook.change).__name__}.")
        patch = hook.change.patch(part, strength)
        if patch is not None:
            found[hook] = patch
    return found
