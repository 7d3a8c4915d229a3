"""How did the jobs of the past end?"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
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
    Of several accounts it is the one with the most nodes in its prompts (the most jobs, where those are too many)
    whose oldest goes: nobody's history is pushed out by what others do.
    Where a method takes `of`, it concerns the jobs of that account, and of all if it is None.
    """

    def __init__(
        self,
        longest: int = LONGEST_HISTORY,
        most_nodes: int = MOST_NODES,
        forgotten: Callable[[Collection[str]], None] = lambda job_ids: None,
    ) -> None:
        """Begin without any.

        Args:
            forgotten: told of jobs that are no longer here.
        """
        self._forgotten = forgotten
        self._loaded: asyncio.Event | None = None
        self._items: dict[str, HistoryItem] = {}
        self._longest = longest
        self._most_nodes = most_nodes
        self._nodes = 0
        self._jobs_by_user: Counter[str] = Counter()
        self._nodes_by_user: Counter[str] = Counter()

    def add(self, item: HistoryItem) -> None:
        """Keep a job; of what it was, the prompt, but no longer the graph that was read from it."""
        self._drop(item.job.id)
        request = replace(item.job.request, graph=Graph({}))
        self._enter(replace(item, job=replace(item.job, request=request, earlier={})))
        self._shorten()

    def put_before(self, items: Iterable[HistoryItem]) -> None:
        """Put jobs, oldest first, before those that are here; of an id that is here already, this one counts."""
        later = list(self._items.values())
        for item in later:
            self._drop(item.job.id)
        for item in (*items, *later):
            self._drop(item.job.id)
            self._enter(item)
        self._shorten()

    async def load(self, reading: Awaitable[Iterable[HistoryItem]]) -> None:
        """Take in what was kept of earlier days; `loaded` waits for it."""
        self._loaded = asyncio.Event()
        try:
            self.put_before(await reading)
        finally:
            self._loaded.set()

    async def loaded(self) -> None:
        """Wait until all is here that was kept."""
        if self._loaded is not None:
            await self._loaded.wait()

    def get(self, job_id: str, *, of: str | None = None) -> HistoryItem | None:
        item = self._items.get(job_id)
        return item if item is not None and of in (None, item.job.user) else None

    def items(self, limit: int | None = None, offset: int | None = None, *, of: str | None = None) -> list[HistoryItem]:
        """List items, oldest first: the newest `limit`, or `limit` from number `offset` of the oldest on."""
        items = self._items.values() if of is None else [item for item in self._items.values() if item.job.user == of]
        newest = 0 if limit is None else max(0, len(items) - limit)
        start = newest if offset is None else offset
        return list(islice(items, start, None if limit is None else start + limit))

    def delete(self, job_ids: Collection[str], *, of: str | None = None) -> None:
        found = [job_id for job_id in job_ids if self.get(job_id, of=of) is not None]
        for job_id in found:
            self._drop(job_id)
        if found:
            self._forgotten(found)

    def clear(self, *, of: str | None = None) -> None:
        self.delete(list(self._items), of=of)

    def _shorten(self) -> None:
        forgotten = []
        while len(self._items) > self._longest or (self._nodes > self._most_nodes and len(self._items) > 1):
            oldest = self._first_to_go()
            self._drop(oldest)
            forgotten.append(oldest)
        if forgotten:
            self._forgotten(forgotten)

    def _first_to_go(self) -> str:
        """Name the oldest job of the account that has the most; never the newest of all."""
        counts = self._jobs_by_user if len(self._items) > self._longest else self._nodes_by_user
        [(fullest, _)] = counts.most_common(1)
        newest = next(reversed(self._items))
        of_it = (job for job, item in self._items.items() if item.job.user == fullest and job != newest)
        return next(of_it, next(iter(self._items)))

    def _enter(self, item: HistoryItem) -> None:
        self._items[item.job.id] = item
        nodes = len(item.job.request.prompt)
        self._nodes += nodes
        self._jobs_by_user[item.job.user] += 1
        self._nodes_by_user[item.job.user] += nodes

    def _drop(self, job_id: str) -> bool:
        item = self._items.pop(job_id, None)
        if item is not None:
            nodes = len(item.job.request.prompt)
            self._nodes -= nodes
            self._jobs_by_user[item.job.user] -= 1
            self._nodes_by_user[item.job.user] -= nodes
        return item is not None
