"""How can graphs be run inside the server's own process (tests, debuggers)?"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from engine.execution.events import Event
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.jobs.pack_reports import Said
from engine.jobs.worker import Stage, WorkerBegan, WorkerDescription, WorkerEnded
from engine.worker.checks import OpenQuestion
from engine.worker.link import plain
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Workshop

log = logging.getLogger(__name__)


class InProcessWorker:
    """A worker on one thread of this process. What crashes here takes the server with it."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.name = setup.name
        self.said: Callable[[Said], None] = lambda said: None
        self.lived: Callable[[WorkerBegan | WorkerEnded], None] = lambda news: None  # it has no process of its own
        self._setup = setup
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)
        self._workshop: Workshop | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._job: str | None = None
        self._cancelled: str | None = None  # a job that was cancelled before the workshop stood

    @property
    def stage(self) -> Stage:
        return "starting" if self._workshop is None else "up"

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.submit(self._build)

    async def describe(self, *, anew: bool = False) -> WorkerDescription:
        workshop = await self._soon(self._build)
        return await asyncio.to_thread(workshop.describe, anew=anew)

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        workshop = self._workshop or await self._soon(self._build)
        loop = asyncio.get_running_loop()
        question = OpenQuestion(checks)

        def answer(node: NodeId, problems: Sequence[Problem]) -> None:
            loop.call_soon_threadsafe(question.take, node, problems)

        workshop.check(checks, answer)
        return await question.answers(within_s)

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        loop = asyncio.get_running_loop()
        forward = _Forwarding(loop, emit)

        def work() -> Outcome:
            workshop = self._build()
            if self._cancelled == request.job:
                workshop.interrupt(request.job)
            outcome: Outcome = plain(workshop.run(request, forward.take))
            return outcome

        self._job = request.job
        try:
            return await loop.run_in_executor(self._thread, work)
        except asyncio.CancelledError:
            self.cancel(request.job)
            raise
        finally:
            self._job = None

    def cancel(self, job: str) -> None:
        if job != self._job:
            return
        self._cancelled = job
        if self._workshop is not None:
            self._workshop.interrupt(job)

    def abandon(self, job: str) -> None:
        if job == self._job:
            log.warning("A thread cannot be ended: job %s holds up the others until its node returns.", job)

    async def release(self, *, models: bool, results: bool) -> None:
        self._thread.submit(lambda: self._build().release(models=models, results=results))

    async def stop(self) -> None:
        if self._job is not None:
            self.cancel(self._job)
        self._thread.submit(self._close)  # behind the job that is ending
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._workshop is not None:
            self._workshop.close()

    def _pass_on(self, said: Said) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.said, plain(said))

    async def _soon(self, function: Callable[[], Workshop]) -> Workshop:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def _build(self) -> Workshop:
        """Make the workshop the first time; only ever on the worker's own thread."""
        if self._workshop is None:
            self._workshop = Workshop(self._setup)
            self._workshop.pass_on(self._pass_on)
        return self._workshop


class _Forwarding:
    """Passes events from the worker's threads to the event loop, all that have come at one turn of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, emit: Callable[[Event], None]) -> None:
        self._loop = loop
        self._emit = emit
        self._events: deque[Event] = deque()
        self._lock = threading.Lock()  # guards the one below
        self._is_announced = False

    def take(self, event: Event) -> None:
        self._events.append(plain(event))
        with self._lock:
            announced, self._is_announced = self._is_announced, True
        if not announced:
            self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            self._is_announced = False
        while self._events:
            self._emit(self._events.popleft())
