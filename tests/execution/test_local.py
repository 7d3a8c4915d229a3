"""LocalExecutor runs what must run, once, in order; reports it; and ends well whatever a node does."""

import asyncio
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.execution import LocalExecutor, NodeContext, Resources, RunRequest
from engine.execution.events import (
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodesCached,
    NodeStarted,
    ProgressStates,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.files.places import Places
from engine.graph import Graph, Link, Node, NodeResult, Registry, Runs, Socket, node
from engine.graph.declare import DEFINITION

Number = Socket("NUMBER")
PLACES = Places.under(Path("nowhere"))
outside = {"version": 0}


@node("Give", category="test")
def give(*, value: int = 1) -> Number:
    return value


@node("Add", category="test")
def add(*, a: Number, b: Number) -> Number:
    return a + b


@node("Show", category="test", is_target=True, runs=Runs.FREELY)
def show(*, value: Number) -> NodeResult:
    return NodeResult(ui={"text": [str(value)]})


class Renamed(NamedTuple):
    half: Number


@node("Half", category="test")
def halve(*, value: Number) -> Renamed:
    return Renamed(value // 2)


@node("Outside", category="test", fingerprint=lambda *, places: outside["version"])
def from_outside() -> Number:
    return outside["version"]


@node("Always", category="test", fingerprint=lambda *, places: float("nan"))
def always() -> Number:
    return 1


@node("Fail", category="test")
def fail(*, value: Number) -> Number:
    raise ValueError(f"cannot take {value}")


@node("Loop", category="test")
def loop(*, value: Number, context: NodeContext) -> Number:
    for step in range(1000):
        context.progress(step + 1, 1000)
        time.sleep(0.001)
    return value


@node("Sleep", category="test")
async def sleep(*, value: Number, seconds: float = 0.2) -> Number:
    await asyncio.sleep(seconds)
    return value


def registry():
    nodes = (give, add, show, halve, from_outside, always, fail, loop, sleep)
    return Registry(getattr(f, DEFINITION) for f in nodes)


class Runner:
    """An executor, and what it said of the last run."""

    def __init__(self, **options):
        self.executor = LocalExecutor(registry(), PLACES, Resources(), **options)
        self.events = []
        self.jobs = 0

    def run(self, *targets, **nodes):
        self.jobs += 1
        self.events = []
        graph = Graph({name: Node(name, kind, inputs) for name, (kind, inputs) in nodes.items()})
        return self.executor.run(RunRequest(f"job {self.jobs}", graph, targets or ("show",)), self.events.append)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def runner():
    made = Runner()
    yield made
    made.executor.close()


SUM = {
    "a": ("Give", {"value": 2}),
    "b": ("Give", {"value": 3}),
    "sum": ("Add", {"a": Link("a", 0), "b": Link("b", 0)}),
    "show": ("Show", {"value": Link("sum", 0)}),
}


def test_a_graph_runs_in_order_and_shows_its_result(runner):
    outcome = runner.run(**SUM)
    assert outcome.status == "success"
    assert outcome.outputs == {"show": {"text": ["5"]}}
    assert set(outcome.executed) == set(SUM)
    assert list(outcome.executed).index("sum") > list(outcome.executed).index("b")
    kinds = [type(event) for event in runner.events]
    assert kinds[:2] == [RunStarted, NodesCached]
    assert kinds[-1] is RunSucceeded
    assert [event.place.node for event in runner.of(NodeStarted)] == list(outcome.executed)
    assert runner.of(NodeFinished)[0].ui == {"text": ["5"]}
    told = {state.place.node: state.state for event in runner.of(ProgressStates) for state in event.nodes}
    assert told == dict.fromkeys(SUM, "finished")


def test_nothing_changed_runs_nothing_and_shows_it_again(runner):
    runner.run(**SUM)
    outcome = runner.run(**SUM)
    assert outcome.executed == ()
    assert outcome.outputs == {"show": {"text": ["5"]}}
    assert set(runner.of(NodesCached)[0].nodes) == set(SUM)
    assert runner.of(NodeFinished)[0].ui == {"text": ["5"]}
    assert not runner.of(NodeStarted)


def test_only_what_depends_on_a_change_runs_again(runner):
    runner.run(**SUM)
    outcome = runner.run(**{**SUM, "b": ("Give", {"value": 4})})
    assert set(outcome.executed) == {"b", "sum", "show"}
    assert outcome.outputs["show"] == {"text": ["6"]}


def test_other_ids_and_undeclared_inputs_change_no_key(runner):
    runner.run(**SUM)
    renamed = {
        "1": ("Give", {"value": 2, "unknown": 7}),
        "2": ("Give", {"value": 3}),
        "3": ("Add", {"a": Link("1", 0), "b": Link("2", 0)}),
        "show": ("Show", {"value": Link("3", 0)}),
    }
    assert runner.run(**renamed).executed == ()


def test_twins_run_once_and_both_show(runner):
    nodes = {**SUM, "show2": ("Show", {"value": Link("sum", 0)}), "a2": ("Give", {"value": 2})}
    nodes["sum2"] = ("Add", {"a": Link("a2", 0), "b": Link("b", 0)})
    nodes["show3"] = ("Show", {"value": Link("sum2", 0)})
    outcome = runner.run("show", "show2", "show3", **nodes)
    assert len(outcome.executed) == 4
    assert set(outcome.outputs) == {"show", "show2", "show3"}


def test_a_fingerprint_makes_a_node_run_again_when_the_outside_changed(runner):
    nodes = {"o": ("Outside", {}), "show": ("Show", {"value": Link("o", 0)})}
    runner.run(**nodes)
    assert runner.run(**nodes).executed == ()
    outside["version"] += 1
    assert set(runner.run(**nodes).executed) == {"o", "show"}


def test_a_fingerprint_that_is_not_a_number_means_always(runner):
    nodes = {"o": ("Always", {}), "show": ("Show", {"value": Link("o", 0)})}
    runner.run(**nodes)
    assert set(runner.run(**nodes).executed) == {"o", "show"}


def test_an_error_names_its_node_and_keeps_what_was_done(runner):
    nodes = {**SUM, "bad": ("Fail", {"value": Link("sum", 0)}), "show": ("Show", {"value": Link("bad", 0)})}
    outcome = runner.run(**nodes)
    assert outcome.status == "error"
    assert (outcome.error.node, outcome.error.node_type) == ("bad", "Fail")
    assert outcome.error.message == "cannot take 5"
    assert any("test_local" in line for line in outcome.error.traceback)
    failed = runner.of(NodeFailed)[0]
    assert failed.exception_type == "ValueError"
    assert set(failed.executed) == {"a", "b", "sum"}
    assert set(runner.run(**SUM).executed) == {"show"}


def test_cancel_stops_a_node_at_its_next_step(runner):
    nodes = {
        "a": ("Give", {"value": 1}),
        "l": ("Loop", {"value": Link("a", 0)}),
        "show": ("Show", {"value": Link("l", 0)}),
    }
    threading.Timer(0.1, lambda: runner.executor.interrupt("job 1")).start()
    outcome = runner.run(**nodes)
    assert outcome.status == "interrupted"
    assert runner.of(RunInterrupted)[0].node == "l"
    assert 0 < len(runner.of(NodeProgress)) < 1000


def test_cancel_before_the_start_counts_and_no_other_job_is_stopped(runner):
    runner.executor.interrupt("job 2")
    assert runner.run(**SUM).status == "success"
    assert runner.run(**{**SUM, "a": ("Give", {"value": 9})}).status == "interrupted"
    assert runner.run(**{**SUM, "a": ("Give", {"value": 9})}).status == "success"


def test_async_nodes_overlap(runner):
    nodes = {"a": ("Give", {"value": 1})}
    nodes |= {f"s{i}": ("Sleep", {"value": Link("a", 0), "seconds": 0.2 + i / 1e6}) for i in range(3)}
    nodes |= {f"show{i}": ("Show", {"value": Link(f"s{i}", 0)}) for i in range(3)}
    running = []
    runner.run("show0", "show1", "show2", **nodes)
    for event in runner.events:
        if isinstance(event, NodeStarted) and event.place.node.startswith("s"):
            running.append(event.place.node)
    assert set(running[:3]) == {"s0", "s1", "s2"}


def test_lifecycles_are_round_every_call_and_may_translate_errors():
    class Translate:
        def __init__(self):
            self.seen = []

        @contextmanager
        def around(self, definition, node_id):
            self.seen.append(node_id)
            try:
                yield
            except ValueError as error:
                raise MemoryError("translated") from error

    translate = Translate()
    runner = Runner(lifecycles=[translate])
    outcome = runner.run(
        a=("Give", {"value": 1}), bad=("Fail", {"value": Link("a", 0)}), show=("Show", {"value": Link("bad", 0)})
    )
    assert translate.seen == ["a", "bad"]
    assert outcome.error.exception_type == "MemoryError"


def test_a_chain_of_5000_nodes_runs_and_its_messages_stay_linear(runner):
    nodes = {"0": ("Give", {"value": 0}), "one": ("Give", {"value": 1})}
    nodes |= {str(i): ("Add", {"a": Link(str(i - 1), 0), "b": Link("one", 0)}) for i in range(1, 5_000)}
    nodes["show"] = ("Show", {"value": Link("4999", 0)})
    outcome = runner.run(**nodes)
    assert outcome.outputs["show"] == {"text": ["4999"]}
    assert len(outcome.executed) == 5_002
    ended = [state for event in runner.of(ProgressStates) for state in event.nodes if state.state == "finished"]
    assert len(ended) == 5_002


def test_a_node_gets_its_context(runner):
    seen = []

    @node("Look", category="test", is_target=True)
    def look(*, context: NodeContext) -> NodeResult:
        seen.append((context.job, context.node_id, context.prompt, context.extra_pnginfo, context.resource(dict)))
        context.check_cancelled()
        return NodeResult()

    executor = LocalExecutor(Registry([getattr(look, DEFINITION)]), PLACES, Resources({dict: lambda: {"made": 1}}))
    graph = Graph({"n": Node("n", "Look")})
    request = RunRequest("j", graph, ("n",), {"n": {}}, {"extra_pnginfo": {"workflow": 1}})
    assert executor.run(request, lambda event: None).status == "success"
    assert seen == [("j", "n", {"n": {}}, {"workflow": 1}, {"made": 1})]
    executor.release(models=False, results=True)
    executor.run(RunRequest("k", graph, ("n",), {"n": {}}, {"extra_pnginfo": {}}, metadata=False), lambda event: None)
    assert seen[1][2:4] == (None, None)
    executor.close()


def test_an_output_that_a_named_tuple_names_is_the_value_itself(runner):
    half = ("Half", {"value": Link("a", 0)})
    outcome = runner.run(a=("Give", {"value": 6}), half=half, show=("Show", {"value": Link("half", 0)}))
    assert outcome.outputs["show"] == {"text": ["3"]}
