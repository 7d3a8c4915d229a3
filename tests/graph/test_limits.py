"""Graphs that are very long, very wide or very wrong are answered in full where that is short, and always soon."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from engine.files.places import Places
from engine.graph import Graph, InputSpec, Link, Node, NodeDefinition, OutputSpec, Registry, check_graph, order
from engine.graph.validate import SHOWN_CIRCLE
from engine.wire.errors import failed_validation
from engine.wire.json_text import write_json
from engine.wire.prompt import MOST_NODES, BadPrompt, read_prompt

PLACES = Places.under(Path("nowhere"))
STEP = NodeDefinition(
    "Step",
    "Step",
    "test",
    (InputSpec("a", "N", required=False), InputSpec("b", "N", required=False)),
    (OutputSpec("0", "N"),),
)
NEEDY = NodeDefinition("Needy", "Needy", "test", (InputSpec("x", "N"), InputSpec("a", "N")), (OutputSpec("0", "N"),))
SHOW = NodeDefinition("Show", "Show", "test", (InputSpec("a", "N"),), is_target=True)
REGISTRY = Registry([STEP, NEEDY, SHOW])
LONG = 15_000


def graph_of(rows):
    return Graph(
        {name: Node(name, kind, {key: Link(*link) for key, link in links.items()}) for name, kind, links in rows}
    )


def chain(length, kind="Step"):
    rows = [("0", kind, {})]
    rows += [(str(index), kind, {"a": (str(index - 1), 0)}) for index in range(1, length)]
    return [*rows, ("show", "Show", {"a": (str(length - 1), 0)})]


def checked(rows, within_s=10):
    """Check a graph; gives the result and the answer that a client would get, which must be short."""
    began_s = time.process_time()
    found = check_graph(graph_of(rows), REGISTRY, PLACES)
    answer = write_json(failed_validation(found)) if found.failure is not None else ""
    assert time.process_time() - began_s < within_s
    assert len(answer) < 40_000_000
    return found


def test_a_chain_needs_no_stack():
    assert checked(chain(LONG)).targets == ("show",)
    backwards = graph_of(reversed(chain(LONG)))
    sorted_ids, stuck = order(backwards, ["show"])
    assert sorted_ids == [str(index) for index in range(LONG)] + ["show"] and stuck == []


@pytest.mark.parametrize("length", [1, 2, SHOWN_CIRCLE, LONG])
def test_a_circle_is_named_in_the_direction_of_its_links_and_only_its_nodes_are_to_blame(length):
    rows = chain(length)
    rows[0] = ("0", "Step", {"a": (str(length - 1), 0)})
    rows.insert(0, ("behind", "Step", {"a": ("0", 0)}))
    found = checked([*rows, ("show behind", "Show", {"a": ("behind", 0)})])
    assert found.failure.kind == "prompt_outputs_failed_validation"
    assert found.problems.keys() == {str(index) for index in range(length)}
    for problems in found.problems.values():
        assert problems.dependent_targets == ("show", "show behind")
        assert [problem.kind for problem in problems.problems] == ["dependency_cycle"]
    path = found.problems["0"].problems[0].details.split(":")[0].split(" -> ")
    numbers = [int(part) for part in path if "more" not in part]
    assert len(numbers) == min(length, SHOWN_CIRCLE) + 1 and numbers[0] == numbers[-1]
    shown = numbers[:-1] if length > SHOWN_CIRCLE else numbers
    assert all(after == (before + 1) % length for before, after in pairwise(shown))


def test_a_long_chain_of_faults_is_answered_in_full_and_soon():
    """Each node lacks an input, and all of them lead to the one target."""
    found = checked(chain(LONG, "Needy"))
    assert len(found.problems) == LONG
    assert all(problems.dependent_targets == ("show",) for problems in found.problems.values())


@pytest.mark.parametrize("output", [-1, 1, 10**30])
def test_links_to_outputs_that_there_are_not(output):
    found = checked([("a", "Step", {}), ("b", "Step", {"a": ("a", output)}), ("show", "Show", {"a": ("b", 0)})])
    (problem,) = found.problems["b"].problems
    assert problem.kind == "bad_linked_input"
    assert "Step, which has 1 (from 0)" in problem.details


def test_links_to_nodes_that_there_are_not():
    found = checked([("b", "Step", {"a": ("gone", 0)}), ("show", "Show", {"a": ("b", 0)})])
    (problem,) = found.problems["b"].problems
    assert (problem.kind, "'gone', which is not in the graph" in problem.details) == ("bad_linked_input", True)
    assert found.problems["b"].dependent_targets == ("show",)


def test_more_nodes_than_the_limit_are_refused_without_being_read():
    began_s = time.process_time()
    with pytest.raises(BadPrompt, match=f"1000000 nodes; {MOST_NODES} is the limit"):
        read_prompt(dict.fromkeys(map(str, range(1_000_000)), None))
    assert time.process_time() - began_s < 5


def test_one_node_with_very_many_links():
    rows = [(str(index), "Step", {}) for index in range(LONG)]
    wide = NodeDefinition(
        "Wide", "Wide", "test", tuple(InputSpec(f"i{index}", "N") for index in range(LONG)), is_target=True
    )
    graph = graph_of([*rows, ("wide", "Wide", {f"i{index}": (str(index), 0) for index in range(LONG)})])
    assert check_graph(graph, Registry([STEP, wide]), PLACES).targets == ("wide",)
