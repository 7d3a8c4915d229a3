"""Whatever is submitted, deleted, interrupted and killed, in any order: each job ends exactly once, as promised."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.errors import WorkerDied
from engine.execution.events import Event, NodeStarted, Place, RunInterrupted, RunStarted, RunSucceeded
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import Graph, Node, NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.jobs.bus import EventBus, JobHappened, JobLeft, Notice
from engine.jobs.dispatch import OWN_NODES_FACTOR, Dispatcher, Patience
from engine.jobs.history import History
from engine.jobs.queue import Expected, JobQueue
from engine.jobs.worker import Stage, WorkerDescription

NAMES = ("worker-1", "worker-2")
WORKERS = st.sampled_from(NAMES)
GRAPH = Graph({NodeId("1"): Node(NodeId("1"), "Add")})


class LoopOfOwnTime(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still until it is moved on."""

    now_s = 0.0

    def time(self) -> float:
        return self.now_s

    def settle(self) -> None:
        async def turns() -> None:
            for _ in range(30):
                await asyncio.sleep(0)

        self.run_until_complete(turns())


class PuppetWorker:
    """Runs a job until the test says how it ends."""

    def __init__(self, name: str, began: Callable[["PuppetWorker", str], None]) -> None:
        self.name = name
        self.stage: Stage = "up"
        self.job: str | None = None
        self.cancelled = False
        self.began = began
        self.emit: Callable[[Event], None] = lambda event: None
        self.end: asyncio.Future[Outcome] | None = None

    async def start(self) -> None: ...

    async def describe(self) -> WorkerDescription:
        if self.stage == "dead":
            raise WorkerDied("it cannot start")
        return WorkerDescription((), (), "", 0)

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        return {}

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        assert self.job is None, "one job at a time"
        self.began(self, request.job)
        self.job, self.cancelled, self.emit = request.job, False, emit
        self.end = asyncio.get_running_loop().create_future()
        emit(RunStarted(request.job, 0))
        emit(NodeStarted(request.job, Place.of("1")))
        try:
            return await self.end
        finally:
            self.job = None

    def cancel(self, job: str) -> None:
        assert job == self.job, "only what runs is cancelled"
        self.cancelled = True

    def abandon(self, job: str) -> None:
        assert job == self.job and self.cancelled
        self.die()

    def finish(self) -> None:
        assert self.job is not None and self.end is not None
        last = RunInterrupted(self.job, "1", "Add", ()) if self.cancelled else RunSucceeded(self.job, 0)
        self.emit(last)
        self.end.set_result(Outcome(self.job, "interrupted" if self.cancelled else "success"))

    def die(self) -> None:
        assert self.end is not None
        if not self.end.done():
            self.end.set_exception(WorkerDied("it was killed"))

    async def release(self, *, models: bool, results: bool) -> None: ...

    async def stop(self) -> None: ...


class JobsInAnyOrder(RuleBasedStateMachine):
    """Compares queue and dispatcher with lists of what should be."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = LoopOfOwnTime()
        self.faults: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, fault: self.faults.append(fault))
        self.bus = EventBus()
        self.queue = JobQueue()
        self.history = History()
        self.workers = {name: PuppetWorker(name, self.began) for name in NAMES}
        puppets = list(self.workers.values())
        self.dispatcher = Dispatcher(self.queue, self.history, self.bus, puppets, patience=Patience(1.0, 1.0))
        self.bus.subscribe(self.hear)
        self.line: list[tuple[float, int, str]] = []
        self.wanted: dict[str, str] = {}
        self.running: dict[str, str] = {}  # worker -> job
        self.promised: dict[str, str] = {}  # job -> how it ends
        self.began_as: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.last: Counter[str] = Counter()
        self.checking: list[tuple[ExitStack, Expected]] = []
        self.names = 0
        self.arrivals = 0
        self.run(self._start())

    async def _start(self) -> None:
        self.dispatcher.start()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)
        self.loop.settle()

    def do(self, action: Callable[[], object]) -> None:
        async def act() -> None:
            action()

        self.run(act())

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, JobLeft):
            self.left[notice.job.id] += 1
        elif isinstance(notice, JobHappened) and isinstance(notice.event, (RunInterrupted, RunSucceeded)):
            self.last[notice.job.id] += 1

    def began(self, worker: PuppetWorker, job: str) -> None:
        """A worker begins a job: it is the first of the line that it may take."""
        first = next(place[2] for place in self.line if self.fits(worker, place[2]))
        assert job == first
        self.line = [place for place in self.line if place[2] != job]
        self.running[worker.name] = job
        self.began_as[job] += 1

    def fits(self, worker: PuppetWorker, job: str) -> bool:
        if self.wanted[job]:
            return self.wanted[job] == worker.name
        return worker.stage != "dead" or all(other.stage == "dead" for other in self.workers.values())

    # What may happen

    def add(self, job: str, worker: str, number: float | None, front: bool) -> None:
        self.arrivals += 1
        place = number if number is not None else float(-self.arrivals if front else self.arrivals)
        self.line = sorted([*self.line, (place, self.arrivals, job)])
        self.wanted[job] = worker
        request = RunRequest(job, GRAPH, [NodeId("1")])
        self.do(lambda: self.queue.submit(request, number=number, front=front, worker=worker))

    @rule(worker=st.sampled_from(["", "", *NAMES]), number=st.none() | st.integers(-5, 5), front=st.booleans())
    def submit(self, worker: str, number: int | None, front: bool) -> None:
        self.names += 1
        self.add(f"job {self.names}", worker, number, front)

    @rule(which=st.sets(st.integers(1, 20), max_size=4))
    def delete(self, which: set[int]) -> None:
        jobs = [f"job {number}" for number in which]
        self.line = [place for place in self.line if place[2] not in jobs]
        self.do(lambda: self.queue.delete([*jobs, *jobs, "unknown"]))

    @rule()
    def clear(self) -> None:
        self.line = []
        self.do(self.queue.clear)
        assert all(expected.withdrawn for _, expected in self.checking)

    @rule()
    def begin_check(self) -> None:
        stack = ExitStack()
        self.names += 1
        self.checking.append((stack, stack.enter_context(self.queue.expect(f"job {self.names}"))))

    @precondition(lambda self: self.checking)
    @rule(delete=st.booleans())
    def end_check(self, delete: bool) -> None:
        stack, expected = self.checking.pop(0)
        if delete:
            self.do(lambda: self.queue.delete([expected.job_id]))
            assert expected.withdrawn
        stack.close()
        if not expected.withdrawn:
            self.add(expected.job_id, "", None, False)

    @rule(job=st.integers(1, 20))
    def interrupt(self, job: int) -> None:
        name = f"job {job}"
        self.cancel([name])
        self.do(lambda: self.dispatcher.interrupt(name))

    @rule()
    def interrupt_all(self) -> None:
        self.cancel(list(self.running.values()))
        self.do(self.dispatcher.interrupt)

    def cancel(self, jobs: list[str]) -> None:
        for job in self.running.values():
            if job in jobs:
                self.promised[job] = "interrupted"

    @rule(name=WORKERS)
    def finish(self, name: str) -> None:
        job = self.running.pop(name, None)
        if job is not None:
            self.promised.setdefault(job, "success")
            self.do(self.workers[name].finish)

    @rule(name=WORKERS)
    def die(self, name: str) -> None:
        job = self.running.pop(name, None)
        if job is not None:
            self.promised.setdefault(job, "error")
            self.do(self.workers[name].die)

    @rule()
    def end_and_interrupt_at_once(self) -> None:
        """The job has ended, but its worker's word is still on the way when the cancel comes."""
        for name, job in list(self.running.items()):
            self.promised.setdefault(job, "success")
            del self.running[name]

        def both() -> None:
            for worker in self.workers.values():
                if worker.job is not None:
                    worker.finish()
            self.dispatcher.interrupt()

        self.do(both)

    @rule(within=st.booleans())
    def let_time_pass(self, within: bool) -> None:
        """Cancelled jobs that do not end lose their workers."""
        if not within:
            for name in [name for name, job in self.running.items() if self.promised.get(job) == "interrupted"]:
                del self.running[name]
        self.loop.now_s += 0.0 if within else OWN_NODES_FACTOR + 0.1
        self.loop.settle()

    @rule(name=WORKERS)
    def fail_to_start(self, name: str) -> None:
        """An idle worker dies and cannot start again; jobs for anybody go to the other one."""
        if name not in self.running:
            self.workers[name].stage = "dead"
            self.do(self.dispatcher.staff.came_up)

    @rule(name=WORKERS)
    def come_up(self, name: str) -> None:
        self.workers[name].stage = "up"
        self.do(self.dispatcher.staff.came_up)

    # What must hold

    @invariant()
    def nothing_went_wrong_in_passing(self) -> None:
        assert not self.faults

    @invariant()
    def the_line_is_as_it_should_be(self) -> None:
        assert [job.id for job in self.queue.pending()] == [place[2] for place in self.line]

    @invariant()
    def what_runs_is_what_should(self) -> None:
        assert {view.name: view.job for view in self.dispatcher.views() if view.job} == self.running
        assert sorted(job.id for job in self.queue.running()) == sorted(self.running.values())

    @invariant()
    def no_worker_is_idle_while_there_is_a_job_for_it(self) -> None:
        for name, worker in self.workers.items():
            if name not in self.running:
                assert not any(self.fits(worker, place[2]) for place in self.line)

    @invariant()
    def each_job_ran_at_most_once_and_ended_at_most_once(self) -> None:
        ended = {item.job.id: item for item in self.history.items()}
        assert ended.keys() == self.began_as.keys() - set(self.running.values()) == self.left.keys()
        assert set(self.left.values()) <= {1} and set(self.began_as.values()) <= {1} and set(self.last.values()) <= {1}
        for job, item in ended.items():
            assert item.outcome.status == self.promised[job], job
            assert item.events[0].__class__ is RunStarted and len(item.events) == 2

    def teardown(self) -> None:
        for stack, _ in self.checking:
            stack.close()
        self.loop.run_until_complete(self.dispatcher.stop())
        self.loop.settle()
        self.loop.close()


TestJobsInAnyOrder = JobsInAnyOrder.TestCase
TestJobsInAnyOrder.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
