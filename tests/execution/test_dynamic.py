"""Blocked values, lazy inputs and expansions: what a run does that its graph does not show beforehand."""

import asyncio
import threading
import time
import tracemalloc

import pytest

from engine.execution import RunRequest
from engine.execution.cache import BoundedCache
from engine.execution.events import NodeBlocked, NodeFailed, NodeFinished, NodesCached, NodeStarted, RunSucceeded
from engine.graph import (
    Blocked,
    Expansion,
    InputSpec,
    Link,
    NodeDefinition,
    NodeResult,
    OutputSpec,
    Runs,
    Undeclared,
)
from engine.worker.counted_cache import CountedCache
from tests.execution.runner import Runner, graph_of

calls = []


def define(name, function, inputs="", outputs=1, **more):
    """Define a node type; an input written `name?` is optional, `name~` lazy, `name@` takes the raw link."""
    specs = [
        InputSpec(part.strip("?~@"), "*", required="?" not in part, lazy="~" in part, raw_link="@" in part)
        for part in inputs.split()
    ]
    given = more.pop("outputs_are_lists", False)
    return NodeDefinition(
        name,
        name,
        "test",
        inputs=tuple(specs),
        outputs=tuple(OutputSpec(str(index), "*", is_list=given) for index in range(outputs)),
        function=function,
        is_async=asyncio.iscoroutinefunction(function),
        **{"runs": Runs.ALONE, **more},
    )


def give(value=1):
    calls.append(("Give", value))
    return value


def count_down(left, total, context):
    """Expand into itself until nothing is left."""
    if left == 0:
        return total
    graph = graph_of(
        {
            "sum": ("Add", {"a": total, "b": left}),
            "next": ("CountDown", {"left": left - 1, "total": Link("sum", 0)}),
        }
    )
    return Expansion(graph, [Link("next", 0)])


def twice_shown(value):
    graph = graph_of({"add": ("Add", {"a": value, "b": value}), "shown": ("Show", {"value": Link("add", 0)})})
    return Expansion(graph, [Link("add", 0), "plain"], ui={"note": ["expanded"]})


def closes_circle(other):
    return Expansion(graph_of({"n": ("Give", {"value": Link("after", 0)})}), [Link("n", 0)])


def carry(value):
    return Expansion(graph_of({"n": ("Unpack", {"box": Box(value)})}), [Link("n", 0)])


class Box:
    """A value that JSON cannot hold."""

    def __init__(self, value):
        self.value = value


async def nap(value, seconds):
    await asyncio.sleep(seconds)
    return value


def definitions():
    switch = define(
        "Switch",
        lambda which, on_true, on_false: on_true if which else on_false,
        "which on_true~ on_false~",
        wanted_inputs=lambda which, on_true, on_false: ["on_true" if which else "on_false"],
    )

    async def want(which, on_true, on_false):
        await asyncio.sleep(0)
        return ["on_true"] if on_true is None else ["on_false"] if on_false is None else []

    return [
        define("Give", give, "value"),
        define("Add", lambda a, b: a + b, "a b"),
        define("Show", lambda value: NodeResult(ui={"text": [str(value)]}), "value", 0, is_target=True),
        define("Fail", lambda value: 1 / 0, "value"),
        define("List", lambda count: list(range(count)), "count", outputs_are_lists=True),
        define("Total", lambda values: sum(values), "values", takes_lists=True),
        define("BlockOdd", lambda value, reason=None: Blocked(reason) if value % 2 else value, "value reason?"),
        switch,
        define(
            "Both",
            lambda which, on_true, on_false: (on_true, on_false),
            "which on_true~ on_false~",
            1,
            wanted_inputs=want,
        ),
        define("CountDown", count_down, "left total", wants_context=True),
        define("Twice", twice_shown, "value", 2),
        define("Raw", lambda value: value, "value@"),
        define("Any", lambda **inputs: sorted(inputs.items()), "", undeclared=Undeclared.LINKS),
        define("Self", lambda context: context.node_id, "", wants_context=True, is_personal=True),
        define("Nap", nap, "value seconds"),
        define("Circle", closes_circle, "other"),
        define("Carry", carry, "value"),
        define("Unpack", lambda box: box.value, "box"),
    ]


@pytest.fixture
def runner():
    calls.clear()
    made = Runner(definitions())
    yield made
    made.executor.close()


def shown(outcome):
    return {node: ui["text"][0] for node, ui in outcome.outputs.items() if "text" in ui}


# Blocked values


def test_what_gets_a_blocked_value_is_skipped_in_silence_and_passes_it_on(runner):
    nodes = {
        "odd": ("BlockOdd", {"value": 1}),
        "add": ("Add", {"a": Link("odd", 0), "b": 1}),
        "show": ("Show", {"value": Link("add", 0)}),
        "other": ("Show", {"value": 7}),
    }
    outcome = runner.run("show", "other", **nodes)
    assert outcome.status == "success"
    assert set(outcome.executed) == {"odd", "other"}
    assert shown(outcome) == {"other": "7"}
    assert set(runner.started) == {"odd", "other"}
    assert not runner.of(NodeBlocked)


def test_a_reason_is_shown_once_at_the_first_node_and_again_in_the_next_run(runner):
    nodes = {
        "odd": ("BlockOdd", {"value": 1, "reason": "odd is out"}),
        "add": ("Add", {"a": Link("odd", 0), "b": 1}),
        "show": ("Show", {"value": Link("add", 0)}),
    }
    for executed in (("odd",), ()):
        outcome = runner.run(**nodes)
        assert [(event.place.node, event.reason) for event in runner.of(NodeBlocked)] == [("add", "odd is out")]
        assert (outcome.status, tuple(outcome.executed)) == ("success", executed)
        assert runner.of(RunSucceeded)


def test_blocked_elements_of_a_list_skip_their_own_calls_only(runner):
    nodes = {
        "list": ("List", {"count": 4}),
        "odd": ("BlockOdd", {"value": Link("list", 0)}),
        "show": ("Show", {"value": Link("odd", 0)}),
        "total": ("Total", {"values": Link("odd", 0)}),
        "show total": ("Show", {"value": Link("total", 0)}),
    }
    outcome = runner.run("show", "show total", **nodes)
    assert outcome.outputs == {"show": {"text": ["0", "2"]}}
    assert "total" not in outcome.executed


# Lazy inputs


def switched(which):
    return {
        "yes": ("Give", {"value": 1}),
        "no": ("Fail", {"value": 1}),
        "switch": ("Switch", {"which": which, "on_true": Link("yes", 0), "on_false": Link("no", 0)}),
        "show": ("Show", {"value": Link("switch", 0)}),
    }


def test_only_the_lazy_input_that_is_wanted_runs(runner):
    outcome = runner.run(**switched(True))
    assert set(outcome.executed) == {"yes", "switch", "show"}
    assert shown(outcome) == {"show": "1"}
    assert runner.of(NodesCached)[0].nodes == []
    assert runner.run(**switched(False)).status == "error"
    assert runner.of(NodeFailed)[0].place.node == "no"


def test_a_wanted_input_that_is_cached_is_taken_from_there(runner):
    runner.run(**switched(True))
    nodes = {**switched(True), "other": ("Give", {"value": 5})}
    nodes["switch"] = ("Switch", {"which": 1, "on_true": Link("yes", 0), "on_false": Link("other", 0)})
    outcome = runner.run(**nodes)
    assert set(outcome.executed) == {"switch", "show"}
    assert runner.of(NodesCached)[0].nodes == ["yes"]


def test_an_async_node_may_want_one_input_after_the_other(runner):
    nodes = switched(True)
    nodes["no"] = ("Give", {"value": 2})
    nodes["switch"] = ("Both", nodes["switch"][1])
    outcome = runner.run(**nodes)
    assert shown(outcome) == {"show": "(1, 2)"}
    assert list(outcome.executed) == ["yes", "no", "switch", "show"]


def test_a_source_shared_with_a_lazy_branch_runs_once(runner):
    nodes = {
        "first": ("Give", {"value": 3}),
        "show first": ("Show", {"value": Link("first", 0)}),
        "lazy": ("Add", {"a": Link("first", 0), "b": 1}),
        "which": ("Add", {"a": Link("first", 0), "b": 0}),
        "switch": ("Switch", {"which": Link("which", 0), "on_true": Link("lazy", 0), "on_false": 0}),
        "show": ("Show", {"value": Link("switch", 0)}),
    }
    bare = Runner(definitions(), cache=CountedCache(0))
    outcome = bare.run("show first", "show", **nodes)
    bare.executor.close()
    assert shown(outcome)["show"] == "4"
    assert calls == [("Give", 3)]


def test_twins_with_lazy_inputs_both_end(runner):
    nodes = {**switched(True), "switch 2": switched(True)["switch"]}
    nodes["show 2"] = ("Show", {"value": Link("switch 2", 0)})
    outcome = runner.run("show", "show 2", **nodes)
    assert shown(outcome) == {"show": "1", "show 2": "1"}


# Expansions


def test_an_expansion_runs_in_place_with_the_callers_prefix_and_place(runner):
    nodes = {"one": ("Give", {"value": 4}), "7": ("Twice", {"value": Link("one", 0)})}
    nodes["show"] = ("Show", {"value": Link("7", 0)})
    nodes["show 2"] = ("Show", {"value": Link("7", 1)})
    outcome = runner.run("show", "show 2", **nodes)
    assert shown(outcome) == {"show": "8", "show 2": "plain", "7.0.shown": "8"}
    assert outcome.outputs["7"] == {"note": ["expanded"]}
    place = outcome.places["7.0.shown"]
    assert (place.display, place.parent, place.real) == ("7", "7", "7")
    inner = next(event.place for event in runner.of(NodeStarted) if event.place.node == "7.0.add")
    assert (inner.display, inner.parent, inner.real) == ("7", "7", "7")
    assert runner.run("show", "show 2", **nodes).executed == ()


def test_nodes_of_an_expansion_are_cached_one_by_one(runner):
    runner.run(n=("CountDown", {"left": 3, "total": 0}), show=("Show", {"value": Link("n", 0)}))
    outcome = runner.run(n=("CountDown", {"left": 4, "total": -4}), show=("Show", {"value": Link("n", 0)}))
    assert shown(outcome) == {"show": "6"}
    assert sum(name.endswith(".sum") for name in outcome.executed) == 1  # then it goes on as before


def test_values_that_json_cannot_hold_are_keyed_by_where_they_come_from(runner):
    nodes = {"list": ("List", {"count": 2}), "n": ("Carry", {"value": Link("list", 0)})}
    first = runner.run(**nodes, show=("Show", {"value": Link("n", 0)}))
    assert first.outputs["show"] == {"text": ["0", "1"]}
    nodes["list"] = ("List", {"count": 3})
    second = runner.run(**nodes, show=("Show", {"value": Link("n", 0)}))
    assert second.outputs["show"] == {"text": ["0", "1", "2"]}
    assert runner.run(**nodes, show=("Show", {"value": Link("n", 0)})).executed == ()


def test_an_error_in_an_expansion_points_at_the_users_node(runner):
    fails = define("Into", lambda: Expansion(graph_of({"bad": ("Fail", {"value": 1})}), [Link("bad", 0)]))
    runner = Runner([*definitions(), fails])
    outcome = runner.run(n=("Into", {}), show=("Show", {"value": Link("n", 0)}))
    runner.executor.close()
    assert (outcome.error.node, outcome.error.node_type) == ("n.0.bad", "Fail")
    assert runner.of(NodeFailed)[0].place.real == "n"


@pytest.mark.parametrize(
    ("expansion", "words"),
    [
        (Expansion(graph_of({"a": ("Nothing", {})}), [Link("a", 0)]), "no node type 'Nothing'"),
        (Expansion(graph_of({"a": ("Add", {"a": Link("b", 0), "b": 1}), "b": ("Add", {"a": Link("a", 0), "b": 1})}),
                   [Link("a", 0)]), "depends on itself"),
        (Expansion(graph_of({}), [Link("elsewhere", 0)]), "neither in it nor in the running graph"),
        (Expansion(graph_of({}), []), "gave 0 outputs"),
    ],
)  # fmt: skip
def test_a_wrong_expansion_is_an_error_of_its_node(expansion, words):
    runner = Runner([*definitions(), define("Into", lambda: expansion)])
    outcome = runner.run(n=("Into", {}), show=("Show", {"value": Link("n", 0)}))
    runner.executor.close()
    assert outcome.status == "error"
    assert words in outcome.error.message


def test_an_expansion_that_closes_a_circle_is_an_error_not_a_hang(runner):
    nodes = {"circle": ("Circle", {"other": 1}), "after": ("Add", {"a": Link("circle", 0), "b": 1})}
    outcome = runner.run(**nodes, show=("Show", {"value": Link("after", 0)}))
    assert outcome.error.exception_type == "DependsOnItself"


def test_ids_that_bear_their_callers_prefix_stand_as_they_are_and_others_lead_outside():
    def into(value, context):
        nodes = {"7.0.0.1": ("Add", {"a": Link("1", 0), "b": Link("7.0.0.2", 0)}), "7.0.0.2": ("Give", {"value": 5})}
        return Expansion(graph_of(nodes), [Link("7.0.0.1", 0)])

    runner = Runner([*definitions(), define("Into", into, "value@", wants_context=True)])
    nodes = {
        "1": ("Give", {"value": 30}),
        "7": ("Into", {"value": Link("1", 0)}),
        "show": ("Show", {"value": Link("7", 0)}),
    }
    outcome = runner.run(**nodes)
    runner.executor.close()
    assert shown(outcome) == {"show": "35"}
    assert set(outcome.executed) == {"1", "7", "7.0.0.1", "7.0.0.2", "show"}


def test_prefixed_ids_that_two_calls_share_are_told_apart():
    def into(value):
        return Expansion(graph_of({"n.0.0.1": ("Add", {"a": value, "b": 10})}), [Link("n.0.0.1", 0)])

    runner = Runner([*definitions(), define("Into", into, "value")])
    nodes = {"list": ("List", {"count": 3}), "n": ("Into", {"value": Link("list", 0)})}
    outcome = runner.run(**nodes, show=("Show", {"value": Link("n", 0)}))
    runner.executor.close()
    assert outcome.outputs["show"] == {"text": ["10", "11", "12"]}


def test_a_list_expands_once_per_element(runner):
    nodes = {"list": ("List", {"count": 3}), "n": ("Twice", {"value": Link("list", 0)})}
    outcome = runner.run(**nodes, show=("Show", {"value": Link("n", 0)}))
    assert outcome.outputs["show"] == {"text": ["0", "2", "4"]}


def test_a_loop_takes_the_same_memory_per_round_however_long_it_is():
    def peak(rounds):
        runner = Runner(definitions(), cache=BoundedCache(2**20))
        graph = graph_of({"n": ("CountDown", {"left": rounds, "total": 0}), "show": ("Show", {"value": Link("n", 0)})})
        ended = []
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        outcome = runner.executor.run(RunRequest("j", graph, ("show",)), lambda event: ended.append(type(event)))
        used = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        runner.executor.close()
        assert outcome.outputs["show"] == {"text": [str(rounds * (rounds + 1) // 2)]}
        return used / rounds, len(outcome.executed)

    small, _ = peak(300)
    large, executed = peak(900)
    assert executed == 2 * 900 + 2
    assert large < small * 1.2  # bytes per round: ids of executed nodes and the events counted here


# What goes in


def test_raw_links_undeclared_links_and_personal_results(runner):
    nodes = {
        "one": ("Give", {"value": 1}),
        "raw": ("Raw", {"value": Link("one", 0)}),
        "show raw": ("Show", {"value": Link("raw", 0)}),
        "any": ("Any", {"extra": Link("one", 0), "literal": 5}),
        "show any": ("Show", {"value": Link("any", 0)}),
        "self": ("Self", {}),
        "self 2": ("Self", {}),
        "show self": ("Show", {"value": Link("self", 0)}),
        "show self 2": ("Show", {"value": Link("self 2", 0)}),
    }
    found = shown(runner.run("show raw", "show any", "show self", "show self 2", **nodes))
    assert found["show any"] == "[('extra', 1)]"
    assert (found["show self"], found["show self 2"]) == ("self", "self 2")
    assert found["show raw"] == str(Link("one", 0))


# Async


def test_fifty_async_nodes_wait_at_once(runner):
    nodes = {f"nap {i}": ("Nap", {"value": i, "seconds": 0.3}) for i in range(50)}
    nodes |= {f"show {i}": ("Show", {"value": Link(f"nap {i}", 0)}) for i in range(50)}
    began = time.monotonic()
    outcome = runner.run(*(f"show {i}" for i in range(50)), **nodes)
    assert outcome.status == "success"
    assert time.monotonic() - began < 3


def test_the_calls_of_an_async_node_wait_at_once(runner):
    nodes = {"list": ("List", {"count": 20}), "nap": ("Nap", {"value": Link("list", 0), "seconds": 0.2})}
    began = time.monotonic()
    outcome = runner.run(**nodes, show=("Show", {"value": Link("nap", 0)}))
    assert outcome.outputs["show"]["text"] == [str(i) for i in range(20)]
    assert time.monotonic() - began < 2


def test_a_cancel_ends_async_nodes_that_wait(runner):
    threading.Timer(0.1, lambda: runner.executor.interrupt("job 1")).start()
    began = time.monotonic()
    outcome = runner.run(nap=("Nap", {"value": 1, "seconds": 30}), show=("Show", {"value": Link("nap", 0)}))
    assert outcome.status == "interrupted"
    assert time.monotonic() - began < 5


def test_what_async_nodes_hold_in_their_thread_is_left_while_they_wait():
    from contextlib import contextmanager

    inside = []

    class Hold:
        @contextmanager
        def around(self, definition, node_id):
            inside.append(node_id)
            yield
            assert inside.pop() == node_id

    runner = Runner(definitions(), lifecycles=[Hold()])
    nodes = {f"nap {i}": ("Nap", {"value": i, "seconds": 0.05}) for i in range(3)}
    nodes |= {f"show {i}": ("Show", {"value": Link(f"nap {i}", 0)}) for i in range(3)}
    outcome = runner.run("show 0", "show 1", "show 2", **nodes)
    runner.executor.close()
    assert outcome.status == "success"
    assert inside == []
    assert len(runner.of(NodeFinished)) == 3


def test_what_expands_into_ever_more_is_an_error_that_names_the_limit(monkeypatch):
    monkeypatch.setattr("engine.execution.running_graph.MOST_NODES", 100)

    def into(value):
        halves = {"a": ("Into", {"value": 2 * value}), "b": ("Into", {"value": 2 * value + 1})}
        both = ("Add", {"a": Link("a", 0), "b": Link("b", 0)})
        return Expansion(graph_of({**halves, "sum": both}), [Link("sum", 0)])

    runner = Runner([*definitions(), define("Into", into, "value")])
    outcome = runner.run(n=("Into", {"value": 1}), show=("Show", {"value": Link("n", 0)}))
    runner.executor.close()
    assert "more than 100 nodes at once" in outcome.error.message
