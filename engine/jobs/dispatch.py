"""Which job goes to which worker, and what is recorded when it ends?"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.errors import Interrupted, WorkerDied
from engine.execution.events import Event, NodeFailed, NodeFinished, Place, RunInterrupted, RunStarted
from engine.execution.outcome import NodeError, Outcome, RunRequest
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.jobs.bus import EventBus, JobHappened, JobLeft
from engine.jobs.database import NotWritten
from engine.jobs.history import History, HistoryItem
from engine.jobs.job import Job, now_ms
from engine.jobs.queue import JobQueue
from engine.jobs.records import files_of
from engine.jobs.running import LAST_EVENTS, Running
from engine.jobs.staff import Staff
from engine.jobs.store import JobStore
from engine.jobs.worker import Worker
from engine.log_lines import about

log = logging.getLogger(__name__)
# Nodes that ship hear a cancel at their next step, and ending the worker costs the loaded models: they get
# this many times as long.
OWN_NODES_FACTOR = 12


@dataclass(frozen=True)
class Patience:
    """How long is waited for the code of packs, in seconds.

    Attributes:
        cancel_s: for a cancelled job to end, before its worker is ended and replaced.
        check_s: for a node type's own check of a node's inputs.
    """

    cancel_s: float = 5.0
    check_s: float = 20.0


@dataclass(frozen=True)
class WorkerView:
    """What a worker does now; `device` is empty until it was up once, `job` is an id."""

    name: str
    device: str
    state: Literal["starting", "idle", "running", "dead"]
    job: str | None


class Dispatcher:
    """Gives each free worker the next job. Used from the server's event loop only."""

    def __init__(
        self,
        queue: JobQueue,
        history: History,
        bus: EventBus,
        workers: Sequence[Worker],
        hire: Callable[[int], Sequence[Worker]] | None = None,
        patience: Patience | None = None,
        store: JobStore | None = None,
    ) -> None:
        """Join the line of jobs to those who run them; `hire` as in `Staff`."""
        self._store = store or JobStore()
        self._owed = list(self._store.restored.interrupted)
        self._queue = queue
        self._history = history
        self._bus = bus
        self._patience = patience or Patience()
        self._running: dict[str, Running] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._of_packs: frozenset[str] = frozenset()  # node types
        self.staff = Staff(workers, hire)
        self.types_are_known = False

    @property
    def workers(self) -> tuple[Worker, ...]:
        return tuple(self.staff)

    def start(self) -> None:
        """Begin to hand out jobs."""
        self.staff.hired = self._serve_with
        self.staff.came_up = self._queue.look_again
        for worker in self.staff:
            self._serve_with(worker)

    async def stop(self) -> None:
        """Hand out no further job, and end the workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.staff.stop()

    async def learn_types(self, registry: Registry) -> None:
        """Wait until a worker is up, and add the node types that its packs bring; once.

        Raises:
            WorkerDied: no worker can start.
        """
        if self.types_are_known:
            return
        definitions = (await self.staff.describe_first()).definitions
        for definition in definitions:
            registry.add(definition)
        self._of_packs = frozenset(definition.type for definition in definitions)
        self.types_are_known = True

    async def read_types_again(self, registry: Registry) -> None:
        """Have packs asked again for the choices of their node types, since files come and go.

        One that cannot say now leaves them as they were.
        """
        worker = self.staff.best_for_checks()
        if self._of_packs and worker.stage == "up":
            with contextlib.suppress(WorkerDied):
                for definition in (await self.staff.describe(worker, anew=True)).definitions:
                    registry.add(definition)

    async def check(self, checks: Sequence[OwnCheck]) -> Mapping[NodeId, Sequence[Problem]]:
        """Let the packs' node types check inputs of theirs. Raises WorkerDied, also if no worker comes up."""
        worker = self.staff.best_for_checks()
        if worker.stage != "up":
            await self.staff.describe_first()
            worker = self.staff.best_for_checks()
        return await worker.check(checks, self._patience.check_s)

    def interrupt(self, job_id: str | None = None, *, of: str | None = None) -> None:
        """Stop the running job of this id, and no other; all that run if there is no id.

        Args:
            of: the account whose jobs may be stopped; None for all.
        """
        for running in list(self._running.values()):
            if job_id in (None, running.job.id) and of in (None, running.job.user):
                running.worker.cancel(running.job.id)
                if running.grace is None:
                    self._allow_grace(running)

    async def release(self, *, models: bool, results: bool) -> None:
        """Let every worker let go of models and results after its present job."""
        await asyncio.gather(*(worker.release(models=models, results=results) for worker in self.staff))

    def views(self) -> list[WorkerView]:
        """Say what each worker does now."""
        jobs = {running.worker.name: running.job.id for running in self._running.values()}
        return [self._view(worker, jobs.get(worker.name)) for worker in self.staff]

    def at_work(self, client: str, user: str = "") -> list[tuple[Job, Place]]:
        """List the client's running jobs with the node that each of them is at."""
        whose = client, user
        mine = [running for running in self._running.values() if (running.job.client, running.job.user) == whose]
        return [(running.job, place) for running in mine if (place := running.place(self._of_packs)) is not None]

    def owed(self, client: str, user: str = "") -> list[HistoryItem]:
        """Give the client's jobs that ended with the server before this one, which nobody could tell it; once."""
        mine = [item for item in self._owed if client and (item.job.client, item.job.user) == (client, user)]
        self._owed = [item for item in self._owed if item not in mine]
        return mine

    def started_ms(self, job_id: str) -> int | None:
        running = self._running.get(job_id)
        return running.started_ms if running else None

    def _view(self, worker: Worker, job: str | None) -> WorkerView:
        if worker.stage == "up":
            state: Literal["starting", "idle", "running", "dead"] = "running" if job else "idle"
        else:
            state = worker.stage
        return WorkerView(worker.name, self.staff.device(worker), state, job)

    def _serve_with(self, worker: Worker) -> None:
        worker.said = self._bus.publish
        worker.lived = self._bus.publish
        task = asyncio.get_running_loop().create_task(self._serve(worker), name=f"serve {worker.name}")
        self._tasks.append(task)

    async def _serve(self, worker: Worker) -> None:
        while True:
            job = await self._queue.take(lambda job: self.staff.may_take(worker, job))
            with about(job=job.id, user=job.user):
                try:
                    await self._run(job, worker)
                except Exception:
                    log.exception("Job %s was lost by an error of the server itself.", job.id)

    async def _run(self, job: Job, worker: Worker) -> None:
        running = Running(job, worker)
        self._running[job.id] = running

        def emit(event: Event) -> None:
            self._note(running, event)

        try:
            self._store.began(job.id, running.started_ms)
            await self._written()
            if running.grace is not None:
                raise Interrupted("The job was cancelled before a worker had it.")
            outcome = await worker.run(_what_is_left(job), emit)
        except asyncio.CancelledError:  # the server is shutting down: the next one finds that the job ran
            self._queue.done(job)
            raise
        except Interrupted:
            outcome = self._stopped(running)
        except WorkerDied as error:
            log.error("%s: %s", worker.name, error)
            outcome = self._died(running, error) if running.grace is None else self._stopped(running)
        except Exception as error:
            log.exception("Worker %s failed to run job %s", worker.name, job.id)
            outcome = self._died(running, error)
        finally:
            if running.grace is not None:
                running.grace.cancel()
            del self._running[job.id]
        await self._finish(running, outcome)

    def _allow_grace(self, running: Running) -> None:
        """Give a cancelled job time to end by itself; little of it where the code of a pack is at work."""
        place = running.place(self._of_packs)
        foreign = running.node_type(place) in self._of_packs if place else bool(running.course)
        after_s = self._patience.cancel_s * (1 if foreign else OWN_NODES_FACTOR)

        def abandon() -> None:
            place = running.place(self._of_packs)
            at = f"node {place.node} ({running.node_type(place)})" if place else "its code"
            with about(job=running.job.id, user=running.job.user):
                log.warning(
                    "Job %s was cancelled %g s ago, but %s does not stop: %s is ended and replaced.",
                    *(running.job.id, after_s, at, running.worker.name),
                )
            running.worker.abandon(running.job.id)

        running.grace = asyncio.get_running_loop().call_later(after_s, abandon)

    def _note(self, running: Running, event: Event) -> None:
        """Pass an event on. The last one waits until the history is complete, since clients read it then."""
        running.note(event)
        if isinstance(event, NodeFinished):
            self._store.node_finished(event)
        if not isinstance(event, LAST_EVENTS):
            self._bus.publish(JobHappened(running.job, event))

    async def _finish(self, running: Running, outcome: Outcome) -> None:
        """Record how a job ended, on the disk before anybody can know of it."""
        job = running.job
        last = running.last
        course = (*running.course, last) if last else tuple(running.course)
        item = HistoryItem(job, _with_earlier(outcome, job), course, running.started_ms, now_ms())
        self._store.ended(item)
        await self._written()
        self._history.add(item)
        if last is not None:
            self._bus.publish(JobHappened(job, last))
        self._queue.done(job)
        self._bus.publish(JobLeft(job))

    async def _written(self) -> None:
        """Wait for the disk. If it fails, jobs go on all the same: it is told, and what they did is kept later."""
        with contextlib.suppress(NotWritten):
            await self._store.written()

    def _stopped(self, running: Running) -> Outcome:
        """Make the end of a job whose worker did not live to tell that it was interrupted."""
        place, node_type, done = self._whereabouts(running)
        running.last = RunInterrupted(running.job.id, place.node, node_type, done, now_ms())
        return _outcome(running, "interrupted", done)

    def _died(self, running: Running, error: Exception) -> Outcome:
        """Make of a lost worker what clients expect of a failed run."""
        place, node_type, done = self._whereabouts(running)
        kind = type(error).__name__
        running.last = NodeFailed(running.job.id, place, node_type, done, kind, str(error), (), {}, now_ms())
        return _outcome(running, "error", done, NodeError(place.node, node_type, kind, str(error)))

    def _whereabouts(self, running: Running) -> tuple[Place, str, list[str]]:
        """Give the node at which a lost job was, its type, and the nodes that had run; make sure that it began."""
        if not running.course:
            self._note(running, RunStarted(running.job.id, now_ms()))
        place = running.place(self._of_packs) or Place("", "", None, "")
        return place, running.node_type(place), [node for node in running.executed if node != place.node]


def _outcome(
    running: Running, status: Literal["error", "interrupted"], done: Sequence[str], error: NodeError | None = None
) -> Outcome:
    """Make the outcome of a job from what its worker told while it lived."""
    shown = {node: event.ui for node, event in running.finished.items()}
    places = {node: event.place for node, event in running.finished.items()}
    return Outcome(running.job.id, status, shown, places, done, error)


def _what_is_left(job: Job) -> RunRequest:
    """Leave out the targets whose files an earlier run has saved, so that none is saved twice."""
    kept = {node for node, event in job.earlier.items() if not _shows_temporary_files(event)}
    targets = [target for target in job.request.targets if target not in kept]
    return replace(job.request, targets=targets) if kept else job.request


def _shows_temporary_files(event: NodeFinished) -> bool:
    return any(area == "temp" for _, _, _, area, _, _ in files_of(event.place.node, event.ui))


def _with_earlier(outcome: Outcome, job: Job) -> Outcome:
    """Add what the nodes of an earlier run had shown."""
    if not job.earlier:
        return outcome
    shown = {node: event.ui for node, event in job.earlier.items()}
    places = {node: event.place for node, event in job.earlier.items()}
    return replace(outcome, outputs={**shown, **outcome.outputs}, places={**places, **outcome.places})
