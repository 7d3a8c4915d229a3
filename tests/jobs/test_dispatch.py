"""Jobs reach free workers, and their end is recorded before it is told."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest

from engine.errors import Interrupted, WorkerDied
from engine.execution.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Place,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Graph, Node, NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.jobs.bus import EventBus, JobHappened, JobLeft, Notice
from engine.jobs.dispatch import OWN_NODES_FACTOR, Dispatcher, Patience
from engine.jobs.history import History
from engine.jobs.queue import JobQueue
from engine.jobs.worker import Stage, WorkerDescription


class ScriptedWorker:
    """Ends jobs when it is told to, as it is told to."""

    def __init__(self, name: str = "w") -> None:
        self.name = name
        self.events: Iterable[Event] = (RunStarted("", 0), NodeStarted("", Place.of("1")), RunSucceeded("", 1))
        self.failure: Exception | None = None
        self.go_on = asyncio.Event()
        self.ran: list[str] = []
        self.cancelled: list[str] = []
        self.abandoned: list[str] = []
        self.released: list[tuple[bool, bool]] = []
        self.stopped = False
        self.stage: Stage = "up"
        self.definitions: Sequence[NodeDefinition] = ()

    async def start(self) -> None: ...

    async def describe(self) -> WorkerDescription:
        return WorkerDescription(self.definitions, (), "", 0)

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        self.ran.append(request.job)
        for event in self.events:
            emit(event)
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return Outcome(request.job, "success")

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    def abandon(self, job: str) -> None:
        self.abandoned.append(job)
        self.failure = WorkerDied("it was killed")
        self.go_on.set()

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        return {}

    async def release(self, *, models: bool, results: bool) -> None:
        self.released.append((models, results))

    async def stop(self) -> None:
        self.stopped = True


class Site:
    """A dispatcher with its surroundings, and all that is told."""

    def __init__(self, *workers: ScriptedWorker, grace_s: float = 5.0) -> None:
        self.bus = EventBus()
        self.queue = JobQueue()
        self.history = History()
        self.notices: list[Notice] = []
        self.in_history: list[bool] = []
        self.bus.subscribe(self.hear)
        patience = Patience(cancel_s=grace_s)
        self.dispatcher = Dispatcher(self.queue, self.history, self.bus, workers, patience=patience)

    def hear(self, notice: Notice) -> None:
        self.notices.append(notice)
        if isinstance(notice, (JobHappened, JobLeft)):
            self.in_history.append(self.history.get(notice.job.id) is not None)

    def submit(self, job: str, worker: str = "") -> None:
        graph = Graph({NodeId("1"): Node(NodeId("1"), "Add")})
        self.queue.submit(RunRequest(job, graph, [NodeId("1")]), client="me", worker=worker)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_end_is_told_after_the_history_is_complete():
    worker = ScriptedWorker()
    site = Site(worker)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    assert [type(notice.event) for notice in site.notices if isinstance(notice, JobHappened)] == [
        RunStarted, NodeStarted,
    ]  # fmt: skip
    assert [(job.id, place.node) for job, place in site.dispatcher.at_work("me")] == [("a", "1")]
    assert site.dispatcher.at_work("another") == []
    worker.go_on.set()
    await settle()
    assert site.in_history == [False, False, True, True]
    assert isinstance(site.notices[-1], JobLeft) and site.queue.remaining == 0
    assert [type(event) for event in site.history.items()[0].events] == [RunStarted, RunSucceeded]
    await site.dispatcher.stop()
    assert worker.stopped


async def test_each_free_worker_gets_a_job():
    workers = ScriptedWorker("first"), ScriptedWorker("second")
    site = Site(*workers)
    site.dispatcher.start()
    for job in "abc":
        site.submit(job)
    await settle()
    assert [worker.ran for worker in workers] == [["a"], ["b"]]
    site.dispatcher.interrupt("b")
    assert [worker.cancelled for worker in workers] == [[], ["b"]]
    site.dispatcher.interrupt("c")
    site.dispatcher.interrupt()
    assert [worker.cancelled for worker in workers] == [["a"], ["b", "b"]]
    workers[1].go_on.set()
    await settle()
    assert workers[1].ran == ["b", "c"]
    await site.dispatcher.stop()


@pytest.mark.parametrize("failure", [WorkerDied("it fell over"), RuntimeError("it fell over")])
async def test_a_lost_worker_fails_its_job_at_its_node(failure):
    worker = ScriptedWorker()
    worker.events = (RunStarted("", 0), NodeStarted("", Place.of("1")))
    worker.failure = failure
    worker.go_on.set()
    site = Site(worker)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    item = site.history.items()[0]
    error = item.events[-1]
    assert isinstance(error, NodeFailed) and error.place.node == "1" and error.node_type == "Add"
    assert error.message == "it fell over" and item.outcome.status == "error"
    worker.failure = None
    site.submit("b")
    await settle()
    assert site.history.items()[1].outcome.status == "success"
    await site.dispatcher.stop()


async def test_a_worker_that_could_not_start_still_gives_a_whole_course():
    worker = ScriptedWorker()
    worker.events = ()
    worker.failure = WorkerDied("it never began")
    worker.go_on.set()
    site = Site(worker)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    assert [type(event) for event in site.history.items()[0].events] == [RunStarted, NodeFailed]
    await site.dispatcher.stop()


async def test_a_job_for_one_worker_waits_for_it_while_others_overtake():
    first, second = ScriptedWorker("first"), ScriptedWorker("second")
    site = Site(first, second)
    site.dispatcher.start()
    for job, worker in (("a", "first"), ("b", "first"), ("c", ""), ("d", "")):
        site.submit(job, worker)
    await settle()
    assert (first.ran, second.ran) == (["a"], ["c"])
    assert [job.id for job in site.queue.pending()] == ["b", "d"]
    assert [(view.name, view.state, view.job) for view in site.dispatcher.views()] == [
        ("first", "running", "a"), ("second", "running", "c"),
    ]  # fmt: skip
    second.go_on.set()
    await settle()
    assert second.ran == ["c", "d"] and [job.id for job in site.queue.pending()] == ["b"]
    first.go_on.set()
    await settle()
    assert first.ran == ["a", "b"]
    assert {view.state for view in site.dispatcher.views()} == {"idle"}
    await site.dispatcher.stop()


async def test_a_cancelled_job_that_does_not_stop_loses_its_worker_and_counts_as_interrupted():
    worker = ScriptedWorker()
    picture = NodeFinished("a", Place.of("0"), {"images": ["saved before"]})
    worker.events = (RunStarted("a", 0), NodeStarted("a", Place.of("0")), picture, NodeStarted("a", Place.of("1")))
    worker.definitions = (NodeDefinition("Add", "Add", "of a pack"),)
    site = Site(worker, grace_s=0.02)
    await site.dispatcher.learn_types(Registry(()))
    site.dispatcher.start()
    site.submit("a")
    await settle()
    site.dispatcher.interrupt("a")
    site.dispatcher.interrupt("a")
    assert worker.cancelled == ["a", "a"] and worker.abandoned == []
    await asyncio.sleep(0.05)
    assert worker.abandoned == ["a"]
    item = site.history.items()[0]
    end = item.events[-1]
    assert isinstance(end, RunInterrupted) and (end.node, end.node_type, list(end.executed)) == ("1", "Add", ["0"])
    assert item.outcome.status == "interrupted" and item.outcome.outputs == {"0": {"images": ["saved before"]}}
    await site.dispatcher.stop()


async def test_a_job_that_ends_in_time_keeps_its_worker():
    worker = ScriptedWorker()
    site = Site(worker, grace_s=0.02)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    site.dispatcher.interrupt("a")
    worker.go_on.set()
    await settle()
    worker.go_on.clear()
    site.submit("b")
    await asyncio.sleep(0.02 * OWN_NODES_FACTOR + 0.05)
    assert worker.abandoned == [] and site.history.items()[0].outcome.status == "success"
    assert worker.ran == ["a", "b"]
    await site.dispatcher.stop()


async def test_a_job_that_was_cancelled_before_it_reached_its_worker():
    worker = ScriptedWorker()
    worker.events, worker.failure = (), Interrupted("cancelled early")
    worker.go_on.set()
    site = Site(worker)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    assert [type(event) for event in site.history.items()[0].events] == [RunStarted, RunInterrupted]
    await site.dispatcher.stop()


async def test_all_workers_let_go_and_all_jobs_are_stopped_where_none_is_named():
    workers = ScriptedWorker("first"), ScriptedWorker("second")
    site = Site(*workers)
    site.dispatcher.start()
    for job in "abc":
        site.submit(job)
    await settle()
    await site.dispatcher.release(models=True, results=False)
    site.dispatcher.interrupt()
    assert [worker.released for worker in workers] == [[(True, False)]] * 2
    assert [worker.cancelled for worker in workers] == [["a"], ["b"]]
    await site.dispatcher.stop()


@pytest.mark.parametrize(
    ("events", "is_short"),
    [
        ((), False),  # the worker still imports what nodes that ship need
        ((RunStarted("a", 0),), True),  # before any node: IS_CHANGED of a pack
        ((RunStarted("a", 0), NodeStarted("a", Place.of("1"))), False),
    ],
)
async def test_how_long_a_cancelled_job_may_go_on(events, is_short):
    worker = ScriptedWorker()
    worker.events = events
    site = Site(worker, grace_s=0.03)
    site.dispatcher.start()
    site.submit("a")
    await settle()
    site.dispatcher.interrupt("a")
    await asyncio.sleep(0.03 * OWN_NODES_FACTOR / 2)
    assert worker.abandoned == (["a"] if is_short else [])
    await asyncio.sleep(0.03 * OWN_NODES_FACTOR)
    assert worker.abandoned == ["a"]
    await site.dispatcher.stop()
