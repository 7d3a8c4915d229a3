"""What may run beside what: nodes meet, or would wait for each other in vain. Nothing here measures time."""

import asyncio
import threading

import pytest

from engine.execution.local import FREE_THREADS
from engine.graph import InputSpec, Link, NodeDefinition, NodeResult, OutputSpec, Runs, Undeclared
from tests.execution.runner import Runner

IN_VAIN_S = 10  # nodes that ought to meet wait so long before the test fails


class Meeting:
    """Nodes come to it, and go on when as many are there as were asked for."""

    def __init__(self, size):
        self.size = size
        self.inside, self.most_inside, self.came = 0, 0, []
        self._changed = threading.Condition()

    def enter(self, name):
        with self._changed:
            self.came.append(name)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self._changed.notify_all()

    def leave(self):
        with self._changed:
            self.inside -= 1

    def wait(self):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.came) >= self.size, IN_VAIN_S), f"only {self.came} came"


def definitions(meeting):
    def stay(kind):
        def function(salt, **inputs):
            meeting.enter(kind)
            try:
                meeting.wait()
            finally:
                meeting.leave()
            return salt

        return function

    async def stay_async(salt, **inputs):
        meeting.enter("async")
        try:
            await asyncio.to_thread(meeting.wait)
        finally:
            meeting.leave()
        return salt

    def pass_through(kind):
        def function(salt, **inputs):
            meeting.enter(kind)
            threading.Event().wait(0.002)  # long enough for another thread to come in, if any might
            meeting.leave()
            return salt

        return function

    def define(name, function, runs, **more):
        specs = (InputSpec("salt", "*"),)
        options = {"outputs": (OutputSpec("0", "*"),), "undeclared": Undeclared.ALL, **more}
        return NodeDefinition(name, name, "test", specs, runs=runs, function=function, **options)

    kinds = {"device": Runs.ON_DEVICE, "free": Runs.FREELY, "alone": Runs.ALONE}
    made = [define(kind, stay(kind), runs) for kind, runs in kinds.items()]
    made += [define(f"quick {kind}", pass_through(kind), runs) for kind, runs in kinds.items()]
    made.append(define("async", stay_async, Runs.FREELY, is_async=True))
    show = define("Show", lambda **inputs: NodeResult(ui={"n": [len(inputs)]}), Runs.FREELY, outputs=(), is_target=True)
    return [*made, show]


def run(meeting, kinds):
    """Run nodes of these kinds that depend on one first node and are needed by one target."""
    nodes = {"first": ("quick device", {"salt": -1})}
    nodes |= {f"n{index}": (kind, {"salt": index, "x": Link("first", 0)}) for index, kind in enumerate(kinds)}
    nodes["show"] = ("Show", {"salt": 0, **{f"i{index}": Link(f"n{index}", 0) for index in range(len(kinds))}})
    runner = Runner(definitions(meeting))
    try:
        outcome = runner.run(**nodes)
    finally:
        runner.executor.close()
    assert outcome.status == "success", outcome.error
    return outcome


@pytest.mark.parametrize(
    "kinds",
    [
        ["async", "async"],
        ["async"] * 40,
        ["free", "device"],
        ["device", "free"],
        ["free", "alone"],
        ["alone", "async"],
        ["async", "device", "free"],
        ["free"] * FREE_THREADS,
    ],
    ids=" ".join,
)
def test_these_are_at_work_at_the_same_time(kinds):
    meeting = Meeting(len(kinds) + 1)  # and the first node, which was there before
    run(meeting, kinds)
    assert meeting.most_inside == len(kinds)


@pytest.mark.parametrize("kind", ["device", "alone"])
def test_these_run_one_at_a_time(kind):
    meeting = Meeting(0)
    run(meeting, [f"quick {kind}"] * 20)
    assert meeting.most_inside == 1
    assert meeting.came == ["device"] + [kind] * 20


def test_strangers_do_not_run_beside_device_nodes_since_they_may_use_the_device():
    meeting = Meeting(0)
    run(meeting, ["quick alone", "quick device"] * 10)
    assert meeting.most_inside == 1


def test_no_more_free_nodes_at_once_than_there_are_threads():
    meeting = Meeting(0)
    run(meeting, ["quick free"] * 30)
    assert 1 <= meeting.most_inside <= FREE_THREADS


def test_device_nodes_run_in_the_thread_that_runs_the_graph():
    """Some libraries keep what belongs to a device by thread."""
    threads = []

    def note(salt):
        threads.append(threading.current_thread())
        return salt

    kinds = [Runs.ON_DEVICE, Runs.ALONE, Runs.FREELY]
    made = [
        NodeDefinition(
            kind.value, kind.value, "t", (InputSpec("salt", "*"),), (OutputSpec("0", "*"),), runs=kind, function=note
        )
        for kind in kinds
    ]
    show = NodeDefinition(
        "Show", "Show", "t", is_target=True, undeclared=Undeclared.ALL, function=lambda **inputs: NodeResult()
    )
    runner = Runner([*made, show])
    nodes = {kind.value: (kind.value, {"salt": 1}) for kind in kinds}
    runner.run(**nodes, show=("Show", {kind.value: Link(kind.value, 0) for kind in kinds}))
    runner.executor.close()
    assert threads.count(threading.current_thread()) == 2


def test_a_long_save_does_not_keep_the_next_device_node_from_its_turn():
    """The device goes on along the chain while what hangs off it is still being saved."""
    meeting = Meeting(4)
    runner = Runner(definitions(meeting))
    nodes = {
        "a": ("quick device", {"salt": 0}),
        "save a": ("free", {"salt": 1, "x": Link("a", 0)}),
        "b": ("quick device", {"salt": 2, "x": Link("a", 0)}),
        "c": ("quick device", {"salt": 3, "x": Link("b", 0)}),
        "show": ("Show", {"salt": 0, "x": Link("save a", 0), "y": Link("c", 0)}),
    }
    outcome = runner.run(**nodes)
    runner.executor.close()
    assert outcome.status == "success", outcome.error
    assert meeting.came.count("device") == 3
