"""Which job goes to which worker, and what is recorded when it ends?"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import WorkerDied
from engine.execution.events import (
    Event,
    NodeFailed,
    NodesCached,
    NodeStarted,
    Place,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.outcome import NodeError, Outcome
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.jobs.bus import EventBus, JobHappened, JobLeft
from engine.jobs.history import History, HistoryItem
from engine.jobs.job import Job, now_ms
from engine.jobs.queue import JobQueue
from engine.jobs.worker import Worker

log = logging.getLogger(__name__)
LAST_EVENTS = (NodeFailed, RunInterrupted, RunSucceeded)


@dataclass
class Running:
    """A job on a worker, and how far it has come."""

    job: Job
    worker: Worker
    started_ms: int = field(default_factory=now_ms)
    place: Place | None = None
    executed: list[str] = field(default_factory=list)
    course: list[Event] = field(default_factory=list)
    last: Event | None = None


class Dispatcher:
    """Gives each free worker the next job. Used from the server's event loop only."""

    def __init__(self, queue: JobQueue, history: History, bus: EventBus, workers: Sequence[Worker]) -> None:
        self._queue = queue
        self._history = history
        self._bus = bus
        self.workers = tuple(workers)
        self._running: dict[str, Running] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.types_are_known = False

    def start(self) -> None:
        """Begin to hand out jobs."""
        self._tasks = [asyncio.create_task(self._serve(worker), name=f"serve {worker.name}") for worker in self.workers]

    async def stop(self) -> None:
        """Hand out no further job, and end the workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    async def learn_types(self, registry: Registry) -> None:
        """Wait until every worker is up, and add the node types that their packs bring; once.

        Raises:
            WorkerDied: a worker cannot start.
        """
        if self.types_are_known:
            return
        for worker in self.workers:
            for definition in (await worker.describe()).definitions:
                registry.add(definition)
        self.types_are_known = True

    async def check(self, checks: Sequence[OwnCheck]) -> Mapping[NodeId, Sequence[Problem]]:
        """Let the packs' node types check inputs of theirs. Raises WorkerDied."""
        return await self.workers[0].check(checks)

    def interrupt(self, job_id: str | None = None) -> None:
        """Stop the running job of this id, and no other; all that run if there is no id."""
        for running in list(self._running.values()):
            if job_id is None or running.job.id == job_id:
                running.worker.cancel(running.job.id)

    async def release(self, *, models: bool, results: bool) -> None:
        """Let every worker let go of models and results after its present job."""
        await asyncio.gather(*(worker.release(models=models, results=results) for worker in self.workers))

    def at_work(self, client: str) -> list[tuple[Job, Place]]:
        """List the client's running jobs with the node that each of them is at."""
        return [
            (running.job, running.place)
            for running in self._running.values()
            if running.job.client == client and running.place is not None
        ]

    def started_ms(self, job_id: str) -> int | None:
        running = self._running.get(job_id)
        return running.started_ms if running else None

    async def _serve(self, worker: Worker) -> None:
        while True:
            job = await self._queue.take()
            try:
                await self._run(job, worker)
            except Exception:
                log.exception("Job %s was lost by an error of the server itself.", job.id)

    async def _run(self, job: Job, worker: Worker) -> None:
        running = Running(job, worker)
        self._running[job.id] = running

        def emit(event: Event) -> None:
            self._note(running, event)

        outcome: Outcome | None = None
        try:
            outcome = await worker.run(job.request, emit)
        except WorkerDied as error:
            log.error("%s", error)
            outcome = self._died(running, error)
        except Exception as error:
            log.exception("Worker %s failed to run job %s", worker.name, job.id)
            outcome = self._died(running, error)
        finally:
            del self._running[job.id]
            self._finish(running, outcome)

    def _note(self, running: Running, event: Event) -> None:
        """Pass an event on. The last one waits until the history is complete, since clients read it then."""
        if isinstance(event, NodeStarted):
            running.place = event.place
            running.executed.append(event.place.node)
        if isinstance(event, (RunStarted, NodesCached)):
            running.course.append(event)
        if isinstance(event, LAST_EVENTS):
            running.last = event
        else:
            self._bus.publish(JobHappened(running.job, event))

    def _finish(self, running: Running, outcome: Outcome | None) -> None:
        job = running.job
        if outcome is None:  # the server is shutting down
            self._queue.done(job)
            return
        last = running.last
        course = (*running.course, last) if last else tuple(running.course)
        self._history.add(HistoryItem(job, outcome, course, running.started_ms, now_ms()))
        if last is not None:
            self._bus.publish(JobHappened(job, last))
        self._bus.publish(JobLeft(job))
        self._queue.done(job)

    def _died(self, running: Running, error: Exception) -> Outcome:
        """Make of a lost worker what clients expect of a failed run."""
        place = running.place or Place("", "", None, "")
        node = running.job.request.graph.nodes.get(NodeId(place.real))
        node_type = node.type if node else ""
        kind = type(error).__name__
        done = running.executed[:-1]
        if not running.course:
            self._note(running, RunStarted(running.job.id, now_ms()))
        running.last = NodeFailed(running.job.id, place, node_type, done, kind, str(error), (), {}, now_ms())
        failure = NodeError(place.node, node_type, kind, str(error))
        return Outcome(running.job.id, "error", executed=done, error=failure)
