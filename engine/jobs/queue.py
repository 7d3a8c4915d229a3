"""Which jobs wait, in which order, and which of them run?"""

import asyncio
import heapq
from collections.abc import Callable, Collection

from engine.errors import EngineError
from engine.execution.outcome import RunRequest
from engine.jobs.job import Job

LONGEST_LINE = 10_000


class QueueFull(EngineError):
    """So many jobs wait already that another one would only eat memory."""


class AlreadyQueued(EngineError):
    """A job of this id waits or runs already."""


class JobQueue:
    """The line of jobs. Everything here is called from the server's event loop only, so there is no lock."""

    def __init__(self, changed: Callable[[], None] = lambda: None, longest: int = LONGEST_LINE) -> None:
        self._changed = changed
        self._longest = longest
        self._line: list[tuple[float, int, str]] = []  # heap of (number, order of arrival, id); may hold deleted ids
        self._pending: dict[str, tuple[int, Job]] = {}
        self._running: dict[str, Job] = {}
        self._arrivals = 0
        self._arrived = asyncio.Event()

    def submit(self, request: RunRequest, *, client: str = "", number: float | None = None, front: bool = False) -> Job:
        """Put a job in the line: at its end, before all others (`front`), or at a place of its own (`number`).

        Raises:
            QueueFull: the line is at its limit.
            AlreadyQueued: a job of this id waits or runs.
        """
        if len(self._pending) >= self._longest:
            raise QueueFull(
                f"{len(self._pending)} jobs are waiting, and {self._longest} is the limit. "
                "Wait until some have run, or clear the queue."
            )
        if request.job in self._pending or request.job in self._running:
            raise AlreadyQueued(f"A job {request.job} is in the queue already. Give each job an id of its own.")
        self._arrivals += 1
        place = float(number) if number is not None else float(-self._arrivals if front else self._arrivals)
        job = Job(place, request, client)
        self._pending[job.id] = (self._arrivals, job)
        heapq.heappush(self._line, (place, self._arrivals, job.id))
        self._arrived.set()
        self._changed()
        return job

    async def take(self) -> Job:
        """Wait for the first job of the line, and count it as running."""
        while True:
            while self._line:
                _, arrival, job_id = heapq.heappop(self._line)
                entry = self._pending.get(job_id)
                if entry is None or entry[0] != arrival:
                    continue  # deleted while it waited
                del self._pending[job_id]
                self._running[job_id] = entry[1]
                return entry[1]
            self._arrived.clear()
            await self._arrived.wait()

    def done(self, job: Job) -> None:
        """Note that a running job has ended."""
        del self._running[job.id]
        self._changed()

    def delete(self, job_ids: Collection[str]) -> None:
        """Take waiting jobs out of the line; those that run, or are unknown, are left alone."""
        found = [job_id for job_id in job_ids if job_id in self._pending]
        for job_id in found:
            del self._pending[job_id]
        if found:
            self._changed()

    def clear(self) -> None:
        """Take all waiting jobs out of the line."""
        self.delete(list(self._pending))

    def running(self) -> list[Job]:
        return list(self._running.values())

    def pending(self) -> list[Job]:
        """List the waiting jobs, the next one first."""
        entries = sorted(self._pending.values(), key=lambda entry: (entry[1].number, entry[0]))
        return [job for _, job in entries]

    def find(self, job_id: str) -> Job | None:
        """Find a job that waits or runs."""
        entry = self._pending.get(job_id)
        return entry[1] if entry is not None else self._running.get(job_id)

    @property
    def remaining(self) -> int:
        """How many jobs wait or run."""
        return len(self._pending) + len(self._running)
