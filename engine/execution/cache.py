"""Which results are kept, and which are let go when there are too many?"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.execution.keys import ResultKey

DEFAULT_BUDGET_BYTES = 4 * 2**30
SMALLEST_ENTRY_BYTES = 1024  # what an entry costs beside its values
PLAIN_TYPES = (bool, int, float, complex, type(None))

Part = tuple[int, int]  # (what it is, bytes): parts with the same first number are the same memory
Allocation = Callable[[Any], Part | None]


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

    def put(self, key: ResultKey, outputs: NodeOutputs, seconds: float = 0.0) -> None:
        """Keep a result that took so long to compute; it is not changed afterwards."""

    def clear(self) -> None:
        """Let go of everything that takes up memory."""


class BoundedCache:
    """Keeps the most recently used results up to a number of bytes; the newest is kept whatever its size.

    What several results share (a batch that was passed on, the weights under two patched models) counts once.
    """

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET_BYTES, allocation: Allocation | None = None) -> None:
        """Begin empty.

        Args:
            allocation: gives (address, bytes) of the memory behind a value whose objects may share it, such as views
                of a tensor; None for values that it does not know.
        """
        self._budget_bytes = budget_bytes
        self._allocation = allocation
        self._entries: OrderedDict[ResultKey, tuple[NodeOutputs, dict[int, int]]] = OrderedDict()
        self._uses: dict[int, int] = {}  # part -> how many entries hold it
        self._bytes = 0
        self._lock = threading.Lock()  # guards all of the above

    @property
    def used_bytes(self) -> int:
        return self._bytes

    def get(self, key: ResultKey) -> NodeOutputs | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: ResultKey, outputs: NodeOutputs, seconds: float = 0.0) -> None:
        parts = dict(memory_parts(outputs.values, self._allocation))
        with self._lock:
            self._drop(key)
            self._entries[key] = (outputs, parts)
            self._bytes += SMALLEST_ENTRY_BYTES
            for part, size in parts.items():
                users = self._uses.get(part, 0)
                self._uses[part] = users + 1
                self._bytes += 0 if users else size
            while self._bytes > self._budget_bytes and len(self._entries) > 1:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._uses.clear()
            self._bytes = 0

    def _drop(self, key: ResultKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= SMALLEST_ENTRY_BYTES
        for part, size in entry[1].items():
            self._uses[part] -= 1
            if self._uses[part] == 0:
                del self._uses[part]
                self._bytes -= size


def memory_parts(value: Any, allocation: Allocation | None = None, depth: int = 8) -> Iterator[Part]:
    """Yield the memory that a value holds: `nbytes` where it has one (tensors, arrays, models), else its parts'."""
    if isinstance(value, PLAIN_TYPES):
        return
    known = allocation(value) if allocation is not None else None
    if known is not None:
        yield known
        return
    size = getattr(value, "nbytes", None)
    if isinstance(size, int):
        yield id(value), size
    elif isinstance(value, (bytes, bytearray, str)):
        yield id(value), len(value)
    elif depth > 0:
        for part in _parts_of(value):
            yield from memory_parts(part, allocation, depth - 1)


def memory_bytes(value: Any, allocation: Allocation | None = None) -> int:
    """Estimate how many bytes a value holds; what it holds twice counts once."""
    return sum(dict(memory_parts(value, allocation)).values())


def _parts_of(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value
    elif hasattr(value, "__dataclass_fields__"):
        yield from (getattr(value, name, None) for name in value.__dataclass_fields__)
