"""What were a module's weights under other patches? Kept while modules change often, so that going back is free."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from torch import Tensor

from engine.models.patch import WeightPatch

Label = tuple[Hashable, ...]


@dataclass(frozen=True, eq=False)
class Version:
    """One weight under some patches.

    Attributes:
        patches: those that change this weight.
        label: whose version it is; of each label a weight has one version, (): without hooks.
    """

    patches: tuple[WeightPatch, ...]
    label: Label
    tensor: Tensor


class IdleVersions:
    """Versions of weights that the module does not carry now."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[Label, Version]] = {}

    def take(self, name: str, patches: tuple[WeightPatch, ...]) -> Tensor | None:
        """A weight under exactly these patches, if it is here; no longer here afterwards."""
        versions = self._by_name.get(name, {})
        label = next((label for label, version in versions.items() if version.patches == patches), None)
        return None if label is None else versions.pop(label).tensor

    def take_outdated(self, name: str, label: Label) -> Tensor | None:
        """The memory of a label's version, to be written anew."""
        version = self._by_name.get(name, {}).pop(label, None)
        return None if version is None else version.tensor

    def put(self, name: str, version: Version) -> None:
        self._by_name.setdefault(name, {})[version.label] = version

    def clear(self) -> None:
        self._by_name.clear()
