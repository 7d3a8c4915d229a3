"""Which results are kept, and which are let go when there are too many?"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.execution.keys import ResultKey

DEFAULT_BUDGET_BYTES = 4 * 2**30
SMALLEST_ENTRY_BYTES = 512  # what an entry costs beside its values


@dataclass(frozen=True)
class NodeOutputs:
    """What a node gave.

    Attributes:
        values: one list per output: the values it gave, of which there are several if it was called per element.
        ui: what the editor shows, if the node shows anything.
    """

    values: tuple[list[Any], ...]
    ui: Mapping[str, Any] = field(default_factory=dict)


class ResultCache(Protocol):
    """Results by key. Safe to use from several threads."""

    def get(self, key: ResultKey) -> NodeOutputs | None: ...

    def put(self, key: ResultKey, outputs: NodeOutputs) -> None: ...

    def clear(self) -> None: ...


class BoundedCache:
    """Keeps the most recently used results up to a number of bytes; the newest is kept whatever its size."""

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._entries: OrderedDict[ResultKey, tuple[NodeOutputs, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()  # guards all of the above

    def get(self, key: ResultKey) -> NodeOutputs | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: ResultKey, outputs: NodeOutputs) -> None:
        size = SMALLEST_ENTRY_BYTES + memory_bytes(outputs.values)
        with self._lock:
            self._drop(key)
            self._entries[key] = (outputs, size)
            self._bytes += size
            while self._bytes > self._budget_bytes and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, key: ResultKey) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self._bytes -= size


def memory_bytes(value: Any, depth: int = 8) -> int:
    """Estimate the bytes a value holds: `nbytes` where it has one (tensors, arrays, models), else its parts'."""
    size = getattr(value, "nbytes", None)
    if isinstance(size, int):
        return size
    if isinstance(value, (bytes, bytearray, str)):
        return len(value)
    if depth == 0:
        return 0
    if isinstance(value, Mapping):
        return sum(memory_bytes(part, depth - 1) for part in value.values())
    if isinstance(value, (list, tuple)):
        return sum(memory_bytes(part, depth - 1) for part in value)
    if hasattr(value, "__dataclass_fields__"):
        return sum(memory_bytes(getattr(value, name), depth - 1) for name in value.__dataclass_fields__)
    return 0
