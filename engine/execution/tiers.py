"""Which results are worth keeping beyond this process, and where do they go?"""

from typing import Protocol

from engine.execution.cache import Allocation, NodeOutputs, ResultCache, memory_bytes
from engine.execution.keys import ResultKey, is_portable

# A result is costly if computing it took much longer than reading it back will: a file is opened and read in about
# 5 ms, and disks give at least 200 MB a second, so this is ten times that.
COSTLY_FROM_S = 0.05
COSTLY_FROM_S_PER_MB = 0.05


class ResultStore(Protocol):
    """Results by key on a slower, larger and longer-lived medium than memory. Safe to use from several threads."""

    def get(self, key: ResultKey) -> NodeOutputs | None:
        """Read a result; None if it is not there, or not to be trusted any more."""

    def put(self, key: ResultKey, outputs: NodeOutputs) -> None:
        """Take a result as it is now, and write it when there is time. What cannot be written is left out."""


class TieredCache:
    """Keeps results in memory, and costly ones in a store as well, from which they come back when asked for."""

    def __init__(self, memory: ResultCache, store: ResultStore, allocation: Allocation | None = None) -> None:
        """Join a memory and a store; `allocation` as in `BoundedCache`."""
        self._memory = memory
        self._store = store
        self._allocation = allocation

    def get(self, key: ResultKey) -> NodeOutputs | None:
        found = self._memory.get(key)
        if found is None and is_portable(key):
            found = self._store.get(key)
            if found is not None:
                self._memory.put(key, found)
        return found

    def put(self, key: ResultKey, outputs: NodeOutputs, seconds: float = 0.0) -> None:
        self._memory.put(key, outputs, seconds)
        if seconds >= COSTLY_FROM_S and is_portable(key) and is_costly(seconds, self._bytes(outputs)):
            self._store.put(key, outputs)

    def clear(self) -> None:
        """Empty the memory; what is stored takes none."""
        self._memory.clear()

    def _bytes(self, outputs: NodeOutputs) -> int:
        return memory_bytes(outputs.values, self._allocation)


def is_costly(seconds: float, size_bytes: int) -> bool:
    """Say whether a result took so long that reading it back from a disk is much quicker."""
    return seconds >= COSTLY_FROM_S + COSTLY_FROM_S_PER_MB * size_bytes / 1e6
