"""How did the jobs of the past end?"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from engine.execution.events import Event
from engine.execution.outcome import Outcome
from engine.jobs.job import Job

LONGEST_HISTORY = 10_000


@dataclass(frozen=True)
class HistoryItem:
    """A job that has ended.

    Attributes:
        events: those that mark its course: started, cached, and how it ended.
        started_ms, ended_ms: milliseconds since 1970.
    """

    job: Job
    outcome: Outcome
    events: tuple[Event, ...]
    started_ms: int
    ended_ms: int


class History:
    """Ended jobs in the order in which they ended; beyond `longest`, the oldest are forgotten."""

    def __init__(self, longest: int = LONGEST_HISTORY) -> None:
        self._items: dict[str, HistoryItem] = {}
        self._longest = longest

    def add(self, item: HistoryItem) -> None:
        self._items.pop(item.job.id, None)
        self._items[item.job.id] = item
        while len(self._items) > self._longest:
            del self._items[next(iter(self._items))]

    def get(self, job_id: str) -> HistoryItem | None:
        return self._items.get(job_id)

    def items(self, limit: int | None = None, offset: int | None = None) -> list[HistoryItem]:
        """List items, oldest first: the newest `limit`, or `limit` from number `offset` of the oldest on."""
        newest = 0 if limit is None else max(0, len(self._items) - limit)
        start = newest if offset is None else offset
        return list(islice(self._items.values(), start, None if limit is None else start + limit))

    def delete(self, job_ids: Collection[str]) -> None:
        for job_id in job_ids:
            self._items.pop(job_id, None)

    def clear(self) -> None:
        self._items.clear()
