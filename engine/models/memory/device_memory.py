"""Which models' weights are on a device, and which go when another needs the room?"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import torch

from engine.models.memory.devices import free_bytes
from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import WeightPatch

DEFAULT_RESERVE_BYTES = 512 * 1024**2  # for what a step needs beside the weights, and for other programs


class Holdable(Protocol):
    """A DiffusionModel, TextEncoder, Vae or ControlNet."""

    @property
    def hosted(self) -> HostedModule: ...
    @property
    def weight_patches(self) -> Sequence[WeightPatch]: ...


class DeviceMemory:
    """Keeps models on their devices between uses, least recently used first to go."""

    def __init__(self, reserve_bytes: int = DEFAULT_RESERVE_BYTES) -> None:
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()  # guards _recent and _in_use
        self._recent: list[weakref.ref[HostedModule]] = []  # the last one was used last
        self._in_use: list[HostedModule] = []

    @contextmanager
    def hold(self, *models: Holdable) -> Iterator[None]:
        """Have these models' weights on their devices, patched; restored to the bit afterwards.

        Their functions work outside of such a block too, but then bring and patch the weights for each call.
        """
        with ExitStack() as stack:
            for model in models:
                stack.enter_context(self._using(model.hosted))
                stack.enter_context(model.hosted.holding(model.weight_patches))
            yield

    @contextmanager
    def _using(self, hosted: HostedModule) -> Iterator[None]:
        with self._lock:
            self._in_use.append(hosted)
            alive = (ref for ref in self._recent if ref() not in (None, hosted))
            self._recent = [*alive, weakref.ref(hosted)]
        try:
            self._make_room(hosted)
            yield
        finally:
            with self._lock:
                self._in_use.remove(hosted)

    def _make_room(self, hosted: HostedModule) -> None:
        device = hosted.placement.device
        if hosted.is_resident or free_bytes(device) is None:
            return
        for other in self._idle():
            if (free_bytes(device) or 0) >= hosted.nbytes + self._reserve_bytes:
                return
            if other.is_resident and other.placement.device == device:
                other.release()

    def _idle(self) -> list[HostedModule]:
        with self._lock:
            modules = (ref() for ref in self._recent)
            return [module for module in modules if module is not None and module not in self._in_use]

    def release(self) -> None:
        """Give back the memory of every model that is not in use."""
        for hosted in self._idle():
            hosted.release()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
