"""How does a module get its weights for as long as it computes, patched or not, and lose them again?"""

from __future__ import annotations

import copy
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor, nn

from engine.models.memory.devices import can_spare
from engine.models.memory.idle_versions import IdleVersions, Label, Version
from engine.models.memory.narrow_weights import narrow_names, widen_while_running
from engine.models.memory.precision import Placement
from engine.models.memory.threads import threads_for
from engine.models.patch import WeightPatch
from engine.models.weights import Weights


class HostedModule:
    """A module whose weights lie in a file, and on its device, in its compute type, only while they are wanted.

    The file is the only original: a patched weight is restored by reading it again, hence to the bit.
    """

    def __init__(self, module: nn.Module, weights: Weights, placement: Placement) -> None:
        """module: built on the meta device, with exactly the weights' names and shapes."""
        self._module = module.requires_grad_(False).eval()
        self._weights = weights
        self._narrow = narrow_names(module) if placement.storage is not None else frozenset()
        if placement.storage is not None:
            widen_while_running(module, placement.dtype)
        self.placement = placement
        self._applied: tuple[WeightPatch, ...] = ()
        self._idle = IdleVersions()
        self._labels: dict[str, Label] = {}  # of the versions that the module carries, where they are hooks'
        self._depth = 0  # how many `holding` are open
        self._takes_turns = False  # whether the outermost of them has seen hooks
        self._is_resident = False
        self._lock = threading.RLock()  # guards the module's weights: held as long as somebody computes with them

    @property
    def weights(self) -> Weights:
        """The originals in the file: read only."""
        return self._weights

    @property
    def module(self) -> nn.Module:
        """The module as it is now, weights there or not: for its structure."""
        return self._module

    @property
    def is_resident(self) -> bool:
        return self._is_resident

    @cached_property
    def nbytes(self) -> int:
        """Bytes that the weights take on the device."""
        return sum(t.numel() * self._type(name).itemsize for name, t in self._module.state_dict().items())

    def _type(self, name: str) -> torch.dtype:
        """The type in which a weight is kept on the device."""
        storage = self.placement.storage
        return storage if storage is not None and name in self._narrow else self.placement.dtype

    @contextmanager
    def holding(
        self, patches: Sequence[WeightPatch] = (), hooks: Mapping[Hashable, WeightPatch] | None = None
    ) -> Iterator[nn.Module]:
        """Have the weights on the device with these patches applied, and no others; afterwards, those of before.

        May be nested; another thread that wants the module waits.

        hooks: further patches, by what they belong to, that take turns with others until the outermost block ends:
            what weights were before and under other hooks is kept where there is room, and they stay as they are
            between two inner blocks, so that only what differs is changed.
        """
        hooks = hooks or {}
        with self._lock:
            before = self._applied
            self._make_resident()
            self._set_patches((*patches, *hooks.values()), hooks)
            self._depth += 1
            self._takes_turns = self._takes_turns or bool(hooks)
            try:
                with threads_for(self.nbytes, self.placement.device):
                    yield self._module
            finally:
                self._depth -= 1
                if self._depth != 1 or not self._takes_turns:
                    self._set_patches(before if self._depth else ())
                if not self._depth:
                    self._takes_turns = False
                    self._idle.clear()

    def release(self) -> None:
        """Give the weights' memory back; they return when the module is held again."""
        with self._lock:
            if self._is_resident:
                empty = {name: torch.empty_like(t, device="meta") for name, t in self._module.state_dict().items()}
                self._module.load_state_dict(empty, strict=True, assign=True)
                self._is_resident = False

    def in_type(self, dtype: torch.dtype) -> HostedModule:
        """The same weights for a module of the same kind that computes in another type; this one lets go of its own."""
        with self._lock:
            self.release()
            module = copy.deepcopy(self._module)  # without weights: small
        return HostedModule(module, self._weights, replace(self.placement, dtype=dtype))

    def _make_resident(self) -> None:
        if self._is_resident:
            return
        with torch.inference_mode(False), torch.no_grad():
            state = {name: self._place(name) for name in self._weights}
            self._module.load_state_dict(state, strict=True, assign=True)
        self._module.requires_grad_(False)
        self._is_resident = True

    def _place(self, name: str) -> Tensor:
        """A copy of one weight where and as it computes; the file's own pages are let go of."""
        weight = self._weights[name]
        memory_format = self._memory_format(weight)
        placed = torch.empty_like(
            weight, dtype=self._type(name), device=self.placement.device, memory_format=memory_format
        )
        placed.copy_(weight)
        self._weights.forget(name)
        return placed

    def _memory_format(self, weight: Tensor) -> torch.memory_format:
        is_image_like = self.placement.channels_last and weight.ndim == 4
        return torch.channels_last if is_image_like else torch.contiguous_format

    def _set_patches(
        self, patches: tuple[WeightPatch, ...], hooks: Mapping[Hashable, WeightPatch] | None = None
    ) -> None:
        """Go from the applied patches to these, of which some are hooks'; if that fails half-way, to none."""
        if patches == self._applied:
            return
        old, new = _by_name(self._applied), _by_name(patches)
        changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
        try:
            with torch.inference_mode(False), torch.no_grad():
                for name in changed:
                    label = tuple(key for key, patch in (hooks or {}).items() if name in patch.weight_names)
                    self._turn(name, old.get(name, ()), new.get(name, ()), label)
            self._applied = patches
        except BaseException:
            self._idle.clear()
            self._labels.clear()
            self._applied = ()
            with torch.inference_mode(False), torch.no_grad():
                for name in old.keys() | new.keys():
                    self._write(name, self._parameter(name).data, ())
            raise

    def _turn(self, name: str, old: tuple[WeightPatch, ...], new: tuple[WeightPatch, ...], label: Label) -> None:
        """Give one weight another version. A version of another label than the one that it has takes its place."""
        parameter, own_label = self._parameter(name), self._labels.get(name, ())
        carried = parameter.data
        ready = self._idle.take(name, new)
        if ready is None:
            ready = carried if label == own_label else self._room_for(name, carried, label)
            self._write(name, ready, new)
        if ready is not carried:
            self._idle.put(name, Version(old, own_label, carried))
            parameter.data = ready
        if label:
            self._labels[name] = label
        else:
            self._labels.pop(name, None)

    def _room_for(self, name: str, carried: Tensor, label: Label) -> Tensor:
        """Memory for a further version of a weight; that of the one that it has where there is none to spare."""
        outdated = self._idle.take_outdated(name, label)
        if outdated is not None:
            return outdated
        return torch.empty_like(carried) if can_spare(self.placement.device, carried.nbytes) else carried

    def _parameter(self, name: str) -> nn.Parameter:
        return self._module.get_parameter(name)

    def _write(self, name: str, weight: Tensor, patches: tuple[WeightPatch, ...]) -> None:
        weight.copy_(self.patched_weight(name, patches))
        self._weights.forget(name)

    def patched_weight(self, name: str, patches: Sequence[WeightPatch] = ()) -> Tensor:
        """One weight as patches leave it: float32 on the device, or the file's own where none is about it."""
        weight = self._weights[name]
        wanted = [patch for patch in patches if name in patch.weight_names]
        if not wanted:
            return weight
        value = weight.to(self.placement.device, torch.float32, copy=True)
        for patch in wanted:
            value = patch.patched(name, value)
        return value


def _by_name(patches: tuple[WeightPatch, ...]) -> dict[str, tuple[WeightPatch, ...]]:
    """Which patches change each weight, in their order."""
    found: dict[str, tuple[WeightPatch, ...]] = {}
    for patch in patches:
        for name in patch.weight_names:
            found[name] = (*found.get(name, ()), patch)
    return found
