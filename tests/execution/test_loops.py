"""Loops by expansion: each round costs the same, leaves nothing behind, and repeats nothing from outside the loop."""

import threading

import pytest

from engine.execution import RunRequest
from engine.execution.cache import BoundedCache
from engine.execution.events import NodeStarted
from engine.execution.graph_run import GraphRun
from engine.graph import Expansion, InputSpec, Link, NodeDefinition, NodeResult, OutputSpec, Runs
from engine.worker.counted_cache import CountedCache
from tests.execution.runner import Runner, graph_of

ran = []


def define(name, function, inputs="", **more):
    specs = tuple(InputSpec(part.strip("@"), "*", raw_link="@" in part) for part in inputs.split())
    options = {"runs": Runs.ALONE, "outputs": (OutputSpec("0", "*"),), **more}
    return NodeDefinition(name, name, "test", inputs=specs, function=function, **options)


def give(value):
    ran.append(value)
    return value


def count_down(left, total):
    """Expand into an addition and itself."""
    if left == 0:
        return total
    nodes = {"sum": ("Add", {"a": total, "b": 1}), "next": ("Count", {"left": left - 1, "total": Link("sum", 0)})}
    return Expansion(graph_of(nodes), [Link("next", 0)])


def repeat(left, total, outside):
    """Expand into a body that takes a value from outside the loop, by the link that was handed in, and itself."""
    if left == 0:
        return total
    nodes = {
        "sum": ("Add", {"a": total, "b": outside}),
        "next": ("Repeat", {"left": left - 1, "total": Link("sum", 0), "outside": outside}),
    }
    return Expansion(graph_of(nodes), [Link("next", 0)])


def nested(left, inner, total):
    """Each round runs a whole inner loop, whose body takes a value of this round's graph."""
    if left == 0:
        return total
    nodes = {
        "own": ("Give", {"value": left * 1000}),
        "loop": ("Repeat", {"left": inner, "total": total, "outside": Link("own", 0)}),
        "next": ("Nested", {"left": left - 1, "inner": inner, "total": Link("loop", 0)}),
    }
    return Expansion(graph_of(nodes), [Link("next", 0)])


def all_cached(left):
    """Each round brings nodes of which nothing has to run."""
    if left == 0:
        return 0
    nodes = {"idle": ("Give", {"value": 7}), "next": ("Idle", {"left": left - 1})}
    return Expansion(graph_of(nodes), [Link("next", 0)])


DEFINITIONS = [
    define("Give", give, "value"),
    define("Add", lambda a, b: a + b, "a b"),
    define("Show", lambda value: NodeResult(ui={"text": [str(value)]}), "value", outputs=(), is_target=True),
    define("Count", count_down, "left total"),
    define("Repeat", repeat, "left total outside@"),
    define("Nested", nested, "left inner total"),
    define("Idle", all_cached, "left"),
]
LOOPS = {
    "count": lambda rounds: {"loop": ("Count", {"left": rounds, "total": 0})},
    "repeat": lambda rounds: {
        "out": ("Give", {"value": 5}),
        "loop": ("Repeat", {"left": rounds, "total": 0, "outside": Link("out", 0)}),
    },
    "nested": lambda rounds: {"loop": ("Nested", {"left": rounds, "inner": 3, "total": 0})},
    "idle": lambda rounds: {"out": ("Give", {"value": 7}), "loop": ("Idle", {"left": rounds})},
}
CACHES = {"bytes": lambda: BoundedCache(2**20), "three": lambda: CountedCache(3), "none": lambda: CountedCache(0)}
GROWING = (
    "_report._executed",  # which nodes ran is part of the outcome
    "_report._times",  # of MOST_TIMES nodes at most
    "_report.progress._ended",  # since the last message: emptied by the clock, not by rounds
)


def tables(part, path="", seen=None):
    """Give the length of every container that our objects hold, by the path to it."""
    seen = set() if seen is None else seen
    if id(part) in seen:
        return {}
    seen.add(id(part))
    if isinstance(part, (dict, list, set)) or type(part).__name__ == "deque":
        return {path: len(part)}
    if not type(part).__module__.startswith("engine.execution"):
        return {}
    found = {}
    for name in getattr(part, "__dict__", {}):
        if name != "_around":  # the cache, which is bounded by itself
            found |= tables(getattr(part, name), f"{path}.{name}".strip("."), seen)
    return found


def largest_tables(rounds, loop, cache):
    """Run a loop; give the largest size that each table had at the start of any node."""
    runner = Runner(DEFINITIONS, cache=CACHES[cache]())
    graph = graph_of({**LOOPS[loop](rounds), "show": ("Show", {"value": Link("loop", 0)})})
    largest = {}

    def look(event):
        if isinstance(event, NodeStarted):
            for path, size in tables(run).items():
                largest[path] = max(size, largest.get(path, 0))

    request = RunRequest("job", graph, ("show",))
    run = GraphRun(runner.executor._around, request, look, threading.Event())
    outcome = run.run()
    runner.executor.close()
    assert outcome.status == "success", outcome.error
    return {path: size for path, size in largest.items() if path not in GROWING}


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("loop", LOOPS)
def test_no_table_of_a_run_grows_with_the_rounds(loop, cache):
    small, large = largest_tables(12, loop, cache), largest_tables(60, loop, cache)
    assert {"_graph._nodes", "_plan._missing", "_held._outputs", "_reader._keys"} <= small.keys()
    assert large == small


@pytest.mark.parametrize("cache", CACHES)
def test_what_a_loop_takes_from_outside_runs_once_whatever_is_cached(cache):
    ran.clear()
    runner = Runner(DEFINITIONS, cache=CACHES[cache]())
    outcome = runner.run(**LOOPS["repeat"](20), show=("Show", {"value": Link("loop", 0)}))
    runner.executor.close()
    assert outcome.outputs["show"] == {"text": ["100"]}
    assert ran == [5]


@pytest.mark.parametrize("cache", CACHES)
def test_an_inner_loop_takes_what_stands_in_the_outer_ones_round_once_per_round(cache):
    ran.clear()
    runner = Runner(DEFINITIONS, cache=CACHES[cache]())
    outcome = runner.run(**LOOPS["nested"](4), show=("Show", {"value": Link("loop", 0)}))
    runner.executor.close()
    assert outcome.outputs["show"] == {"text": [str(3 * 10_000)]}
    assert ran == [4000, 3000, 2000, 1000]


def test_results_that_no_loop_can_ask_for_are_let_go_as_before():
    """What is held beyond its direct users is held for nodes that see links, and for no others."""
    nodes = {"a": ("Give", {"value": 1})}
    nodes |= {"b": ("Add", {"a": Link("a", 0), "b": 1}), "c": ("Add", {"a": Link("b", 0), "b": 1})}
    runner = Runner(DEFINITIONS, cache=CountedCache(0))
    held = {}

    def look(event):
        if isinstance(event, NodeStarted):
            held[event.place.node] = set(run._held._outputs)

    request = RunRequest("job", graph_of({**nodes, "show": ("Show", {"value": Link("c", 0)})}), ("show",))
    run = GraphRun(runner.executor._around, request, look, threading.Event())
    assert run.run().status == "success"
    runner.executor.close()
    assert held == {"a": set(), "b": {"a"}, "c": {"b"}, "show": {"c"}}
