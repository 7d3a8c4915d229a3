"""How are results kept by number (--cache-lru N, --cache-none) instead of by size?"""

import threading
from collections import OrderedDict

from engine.execution.cache import NodeOutputs
from engine.execution.keys import ResultKey


class CountedCache:
    """Keeps the `limit` results that were used last; none if it is 0."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[ResultKey, NodeOutputs] = OrderedDict()
        self._lock = threading.Lock()  # guards the entries

    def get(self, key: ResultKey) -> NodeOutputs | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: ResultKey, outputs: NodeOutputs, seconds: float = 0.0) -> None:
        with self._lock:
            self._entries[key] = outputs
            self._entries.move_to_end(key)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
