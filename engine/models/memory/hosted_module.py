"""How does a module get its weights for as long as it computes, patched or not, and lose them again?"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor, nn

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
    def holding(self, patches: Sequence[WeightPatch] = ()) -> Iterator[nn.Module]:
        """Have the weights on the device with these patches applied, and no others; afterwards, those of before.

        May be nested; another thread that wants the module waits.
        """
        with self._lock:
            before = self._applied
            self._make_resident()
            self._set_patches(tuple(patches))
            try:
                with threads_for(self.nbytes, self.placement.device):
                    yield self._module
            finally:
                self._set_patches(before)

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

    def _set_patches(self, patches: tuple[WeightPatch, ...]) -> None:
        """Go from the applied patches to these; if that fails half-way, to none."""
        if patches == self._applied:
            return
        changed = _names(self._applied) | _names(patches)
        try:
            self._write(changed, patches)
            self._applied = patches
        except BaseException:
            self._write(changed, ())
            self._applied = ()
            raise

    def _write(self, names: set[str], patches: tuple[WeightPatch, ...]) -> None:
        parameters = dict(self._module.named_parameters())
        with torch.inference_mode(False), torch.no_grad():
            for name in sorted(names):
                parameters[name].copy_(self.patched_weight(name, patches))
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


def _names(patches: tuple[WeightPatch, ...]) -> set[str]:
    return {name for patch in patches for name in patch.weight_names}
