"""How did the jobs of the past end?"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import islice

from engine.execution.events import Event
from engine.execution.outcome import Outcome
from engine.graph.nodes import Graph
from engine.jobs.job import Job

LONGEST_HISTORY = 10_000
MOST_NODES = 1_000_000  # of all prompts together, each about a kilobyte with what the editor sends along


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
    """Ended jobs in the order in which they ended.

    Beyond `longest` jobs, or `most_nodes` in their prompts together, the oldest are forgotten; the newest never is.
    """

    def __init__(self, longest: int = LONGEST_HISTORY, most_nodes: int = MOST_NODES) -> None:
        self._items: dict[str, HistoryItem] = {}
        self._longest = longest
        self._most_nodes = most_nodes
        self._nodes = 0

    def add(self, item: HistoryItem) -> None:
        """Keep a job; of what it was, the prompt, but no longer the graph that was read from it."""
        self.delete([item.job.id])
        request = replace(item.job.request, graph=Graph({}))
        self._items[item.job.id] = replace(item, job=replace(item.job, request=request))
        self._nodes += len(request.prompt)
        while len(self._items) > self._longest or (self._nodes > self._most_nodes and len(self._items) > 1):
            self.delete([next(iter(self._items))])

    def get(self, job_id: str) -> HistoryItem | None:
        return self._items.get(job_id)

    def items(self, limit: int | None = None, offset: int | None = None) -> list[HistoryItem]:
        """List items, oldest first: the newest `limit`, or `limit` from number `offset` of the oldest on."""
        newest = 0 if limit is None else max(0, len(self._items) - limit)
        start = newest if offset is None else offset
        return list(islice(self._items.values(), start, None if limit is None else start + limit))

    def delete(self, job_ids: Collection[str]) -> None:
        for job_id in job_ids:
            item = self._items.pop(job_id, None)
            if item is not None:
                self._nodes -= len(item.job.request.prompt)

    def clear(self) -> None:
        self._items.clear()
        self._nodes = 0
