"""Which jobs wait, in which order, and which of them run?"""

import asyncio
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.errors import EngineError
from engine.execution.outcome import RunRequest
from engine.jobs.job import Job
from engine.jobs.store import JobStore

LONGEST_LINE = 10_000
Place = tuple[float, int, str]  # number, order of arrival, id


class QueueFull(EngineError):
    """So many jobs wait already that another one would only eat memory."""


class AlreadyQueued(EngineError):
    """A job of this id waits or runs already."""


@dataclass
class Expected:
    """A job that is still being checked; `withdrawn` once it was deleted meanwhile, so that it shall not be queued."""

    job_id: str
    user: str = ""
    withdrawn: bool = False


class JobQueue:
    """The line of jobs. Everything here is called from the server's event loop only, so there is no lock.

    Of several accounts whose jobs wait, each has its turn: numbers order the jobs of one account only. Where a method
    takes `of`, it concerns the jobs of that account, and of all if it is None.
    """

    def __init__(
        self, changed: Callable[[], None] = lambda: None, longest: int = LONGEST_LINE, store: JobStore | None = None
    ) -> None:
        """Begin with the jobs that wait in the store, if there is one.

        Args:
            changed: called whenever the line, or what runs, is another.
            longest: how many jobs may wait.
        """
        self._changed = changed
        self.longest = longest
        self._store = store or JobStore()
        self._line: list[Place] = []  # sorted; one entry for each pending job
        self._pending: dict[str, tuple[Place, Job]] = {}
        self._running: dict[str, Job] = {}
        self._expected: list[Expected] = []
        self._held: set[str] = set()  # jobs that are not on the disk yet
        self._waiting_by_user: Counter[str] = Counter()
        self._turns: dict[str, int] = {}  # account -> when a job of it was last begun, counted in jobs
        self._begun = 0
        self._look_again = asyncio.Event()
        left = self._store.restored
        self._arrivals = left.arrivals
        self._is_paused = left.paused
        for job, arrival in left.pending:
            self._enter(job, arrival)

    @contextmanager
    def expect(self, job_id: str, user: str = "") -> Iterator[Expected]:
        """Let a job be deleted while it is being checked, before it is in the line."""
        expected = Expected(job_id, user)
        self._expected.append(expected)
        try:
            yield expected
        finally:
            self._expected.remove(expected)

    def submit(
        self,
        request: RunRequest,
        *,
        client: str = "",
        number: float | None = None,
        front: bool = False,
        worker: str = "",
        held: bool = False,
    ) -> Job:
        """Put a job in the line: at its end, before all others (`front`), or at a place of its own (`number`).

        Args:
            worker: the name of the one worker that may take it; any if empty.
            held: no worker may take it before it is let go.

        Raises:
            QueueFull: the line is at its limit.
            AlreadyQueued: a job of this id waits or runs.
        """
        if len(self._pending) >= self.longest and self._has_its_share(request.user):
            raise QueueFull(
                f"{len(self._pending)} jobs are waiting, and {self.longest} is the limit (--queue-limit). "
                "Wait until some have run, or clear the queue."
            )
        if request.job in self._pending or request.job in self._running:
            raise AlreadyQueued(f"A job {request.job} is in the queue already. Give each job an id of its own.")
        self._arrivals += 1
        at = float(number) if number is not None else float(-self._arrivals if front else self._arrivals)
        job = Job(at, request, client, worker)
        if held:
            self._held.add(job.id)
        self._enter(job, self._arrivals)
        self._store.queued(job, self._arrivals)
        self._changed()
        self.look_again()
        return job

    def let_go(self, job_id: str) -> None:
        """Let a job that was held be taken."""
        self._held.discard(job_id)
        self.look_again()

    async def take(self, fits: Callable[[Job], bool] = lambda job: True) -> Job:
        """Wait for the first job of the line that fits, and count it as running."""
        while True:
            job = None if self._is_paused else self._next(fits)
            if job is not None:
                self._remove(job.id)
                self._running[job.id] = job
                self._begun += 1
                self._turns[job.user] = self._begun
                return job
            self._look_again.clear()
            await self._look_again.wait()

    def _next(self, fits: Callable[[Job], bool]) -> Job | None:
        """Give the first job that fits, of the account whose last job was begun the longest ago."""
        first: dict[str, Job] = {}
        for _, _, job_id in self._line:
            job = self._pending[job_id][1]
            if job.user not in first and job_id not in self._held and fits(job):
                first[job.user] = job
                if len(first) == len(self._waiting_by_user):
                    break
        return min(first.values(), key=lambda job: self._turns.get(job.user, 0), default=None)

    def look_again(self) -> None:
        """Have those who wait for a job ask again which of them fit."""
        self._look_again.set()

    def done(self, job: Job) -> None:
        """Note that a running job has ended."""
        del self._running[job.id]
        self._changed()

    def delete(self, job_ids: Collection[str], *, of: str | None = None) -> None:
        """Take waiting jobs out of the line; those that run, or are unknown, are left alone."""
        for expected in self._expected:
            if expected.job_id in job_ids and of in (None, expected.user):
                expected.withdrawn = True
        found = [job_id for job_id in job_ids if self._waits(job_id, of)]
        for job_id in dict.fromkeys(found):
            self._remove(job_id)
        if found:
            self._store.withdrawn(found)
            self._changed()

    def clear(self, *, of: str | None = None) -> None:
        """Take all waiting jobs out of the line."""
        self.delete([*self._pending, *(expected.job_id for expected in self._expected)], of=of)

    def move(self, numbers: Mapping[str, float], *, of: str | None = None) -> None:
        """Give waiting jobs other places: the smallest number runs first. Jobs that do not wait are left alone."""
        found = [job_id for job_id in numbers if self._waits(job_id, of)]
        for job_id in found:
            (_, arrival, _), job = self._pending[job_id]
            self._remove(job_id, held=job_id in self._held)
            moved = replace(job, number=float(numbers[job_id]))
            self._enter(moved, arrival)
            self._store.moved(moved)
        if found:
            self._changed()
            self.look_again()

    @property
    def is_paused(self) -> bool:
        """Whether no further job is begun until someone says so."""
        return self._is_paused

    def pause(self, paused: bool = True) -> None:
        """Begin no further job, or do so again; what runs goes on."""
        if paused != self._is_paused:
            self._is_paused = paused
            self._store.paused(paused)
            self._changed()
            self.look_again()

    def running(self, *, of: str | None = None) -> list[Job]:
        return [job for job in self._running.values() if of in (None, job.user)]

    def pending(self, *, of: str | None = None) -> list[Job]:
        """List the waiting jobs, the next one first."""
        jobs = (self._pending[job_id][1] for _, _, job_id in self._line)
        return [job for job in jobs if of in (None, job.user)]

    def find(self, job_id: str) -> Job | None:
        """Find a job that waits or runs."""
        entry = self._pending.get(job_id)
        return entry[1] if entry is not None else self._running.get(job_id)

    @property
    def remaining(self) -> int:
        """How many jobs wait or run."""
        return len(self._pending) + len(self._running)

    def remaining_of(self, user: str) -> int:
        """Say how many jobs of an account wait or run."""
        return self._waiting_by_user[user] + sum(job.user == user for job in self._running.values())

    def _has_its_share(self, user: str) -> bool:
        """Say whether as many jobs of an account wait as its part of the limit, where all that wait had equal parts."""
        accounts = len(self._waiting_by_user) + (user not in self._waiting_by_user)
        return self._waiting_by_user[user] >= self.longest / accounts

    def _waits(self, job_id: str, of: str | None) -> bool:
        entry = self._pending.get(job_id)
        return entry is not None and of in (None, entry[1].user)

    def _enter(self, job: Job, arrival: int) -> None:
        place = (job.number, arrival, job.id)
        self._pending[job.id] = place, job
        self._waiting_by_user[job.user] += 1
        insort(self._line, place)

    def _remove(self, job_id: str, *, held: bool = False) -> None:
        place, job = self._pending.pop(job_id)
        del self._line[bisect_left(self._line, place)]
        self._waiting_by_user[job.user] -= 1
        if not self._waiting_by_user[job.user]:
            del self._waiting_by_user[job.user]
        if not held:
            self._held.discard(job_id)
