"""What a run leaves behind: results that no cache keeps are gone at once, not when the collector looks next."""

import gc
import weakref
from contextlib import contextmanager

import pytest

from engine.execution import NodeContext
from engine.graph import Expansion, Graph, Link, Node, NodeResult, Runs, Socket, node
from engine.graph.declare import DEFINITION
from tests.execution.runner import Runner

Thing = Socket("THING")
alive: list[weakref.ref] = []


class Large:
    """Stands for a tensor."""

    def __init__(self) -> None:
        alive.append(weakref.ref(self))


class NothingKept:
    """A cache that keeps nothing."""

    def get(self, key):
        return None

    def put(self, key, outputs, seconds=0.0):
        return None

    def clear(self):
        return None


@node("Make", category="test")
def make() -> Thing:
    return Large()


@node("MakeBeside", category="test", runs=Runs.FREELY)
def make_beside() -> Thing:
    return Large()


@node("MakeLater", category="test")
async def make_later() -> Thing:
    return Large()


@node("Pass", category="test")
def pass_on(*, value: Thing, context: NodeContext) -> Thing:
    context.progress(1, 1)
    return value


@node("Unfold", category="test")
def unfold(*, value: Thing) -> Thing:
    return Expansion(Graph({"in": Node("in", "Pass", {"value": value})}), [Link("in", 0)])


@node("Fail", category="test")
def fail(*, value: Thing) -> Thing:
    raise ValueError("it went wrong")


@node("End", category="test", is_target=True)
def end(*, value: Thing) -> NodeResult:
    return NodeResult()


TYPES = [getattr(each, DEFINITION) for each in (make, make_beside, make_later, pass_on, unfold, fail, end)]


@contextmanager
def without_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("maker", ["Make", "MakeBeside", "MakeLater"])
@pytest.mark.parametrize("way", ["Pass", "Unfold", "Fail"])
def test_nothing_waits_for_the_collector(maker, way):
    runner = Runner(TYPES, cache=NothingKept())
    alive.clear()
    with without_collector():
        for _ in range(3):
            outcome = runner.run(
                "end",
                made=(maker, {}),
                way=(way, {"value": Link("made", 0)}),
                end=("End", {"value": Link("way", 0)}),
            )
            assert outcome.status == ("error" if way == "Fail" else "success")
        left = [ref for ref in alive if ref() is not None]
    runner.executor.close()
    assert alive and not left
