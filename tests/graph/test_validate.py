"""check_graph finds every problem, blames the right node, and lets what is right run."""

import math
import sys
from pathlib import Path
from typing import Annotated

import pytest

from engine.files.places import Places
from engine.graph import Choice, Graph, Link, Node, NodeResult, Range, Registry, Socket, accepts, check_graph, node
from engine.graph.declare import DEFINITION

Image = Socket("IMAGE")
Mask = Socket("MASK")


@node("Make", category="test")
def make(*, size: Annotated[int, Range(1, 64)] = 8, kind: Annotated[str, Choice(("plain", "dots"))] = "plain") -> Image:
    return None


@node("MakeMask", category="test")
def make_mask(*, soft: float = 0.0) -> Mask:
    return None


@node("Keep", category="test")
def keep(*, image: Image, other: Image | None = None) -> Image:
    return image


@node("Save", category="test", is_target=True)
def save(*, image: Image) -> NodeResult:
    return NodeResult()


def no_seven(*, size, places):
    return "seven is unlucky" if size == 7 else None


@node("Checked", category="test", is_target=True, check=no_seven)
def checked(*, size: int) -> NodeResult:
    return NodeResult()


REGISTRY = Registry(getattr(f, DEFINITION) for f in (make, make_mask, keep, save, checked))
PLACES = Places.under(Path("nowhere"))


def graph(**nodes):
    return Graph({name: Node(name, kind, inputs) for name, (kind, inputs) in nodes.items()})


def check(wanted=None, **nodes):
    return check_graph(graph(**nodes), REGISTRY, PLACES, wanted)


def test_a_right_graph_runs_all_its_targets_and_literals_are_read():
    found = check(a=("Make", {"size": "12", "kind": "dots"}), s=("Save", {"image": Link("a", 0)}))
    assert found.failure is None and not found.problems
    assert found.targets == ("s",)
    assert found.graph["a"].inputs["size"] == 12


@pytest.mark.parametrize(
    ("inputs", "kind", "words"),
    [
        ({"kind": "plain"}, "required_input_missing", "size"),
        ({"size": 0, "kind": "plain"}, "value_smaller_than_min", "size"),
        ({"size": 65, "kind": "plain"}, "value_bigger_than_max", "size"),
        ({"size": "many", "kind": "plain"}, "invalid_input_type", "many"),
        ({"size": 8, "kind": "stripes"}, "value_not_in_list", "'stripes' not in"),
        ({"size": Link("zz", 0), "kind": "plain"}, "bad_linked_input", "'zz'"),
        ({"size": Link("m", 3), "kind": "plain"}, "bad_linked_input", "output 3"),
        ({"size": Link("m", 0), "kind": "plain"}, "return_type_mismatch", "MASK"),
    ],
)
def test_each_kind_of_wrong_input_is_named(inputs, kind, words):
    found = check(m=("MakeMask", {"soft": 0.0}), a=("Make", inputs), s=("Save", {"image": Link("a", 0)}))
    problem = found.problems["a"].problems[0]
    assert problem.kind == kind
    assert words in problem.details
    assert found.problems["a"].dependent_targets == ("s",)
    assert found.failure.kind == "prompt_outputs_failed_validation"


def test_a_literal_where_only_a_link_fits_is_refused():
    found = check(s=("Save", {"image": "picture.png"}))
    assert found.problems["s"].problems[0].kind == "invalid_input_type"


def test_all_problems_are_reported_and_what_is_right_still_runs():
    found = check(
        a=("Make", {"size": 0, "kind": "x"}),
        b=("Make", {"size": 8, "kind": "plain"}),
        bad=("Save", {"image": Link("a", 0)}),
        good=("Save", {"image": Link("b", 0)}),
    )
    assert [problem.kind for problem in found.problems["a"].problems] == ["value_smaller_than_min", "value_not_in_list"]
    assert found.targets == ("good",)
    assert found.failure is None


def test_unknown_types_and_absent_targets_fail_the_whole_prompt():
    assert check(x=("Nowhere", {})).failure.kind == "missing_node_type"
    assert check(a=("Make", {"size": 1, "kind": "plain"})).failure.kind == "prompt_no_outputs"
    right = {"a": ("Make", {"size": 1, "kind": "plain"}), "s": ("Save", {"image": Link("a", 0)})}
    assert check(wanted=[], **right).failure.kind == "prompt_no_outputs"
    assert check(wanted=["s"], **right).targets == ("s",)


def test_a_nodes_own_check_is_asked():
    found = check(c=("Checked", {"size": 7}))
    assert found.problems["c"].problems[0].kind == "custom_validation_failed"
    assert "unlucky" in found.problems["c"].problems[0].details
    assert check(c=("Checked", {"size": 8})).failure is None


def test_only_the_nodes_of_a_circle_are_blamed_for_it():
    found = check(
        a=("Keep", {"image": Link("b", 0)}),
        b=("Keep", {"image": Link("a", 0)}),
        s=("Save", {"image": Link("b", 0)}),
    )
    assert set(found.problems) == {"a", "b"}
    problem = found.problems["a"].problems[0]
    assert problem.kind == "dependency_cycle"
    assert "a -> b -> a" in problem.details or "b -> a -> b" in problem.details
    assert found.targets == ()


def test_inputs_that_no_target_needs_are_not_checked():
    found = check(
        a=("Make", {"size": 1, "kind": "plain"}), stray=("Make", {"size": 0}), s=("Save", {"image": Link("a", 0)})
    )
    assert not found.problems


def test_a_chain_of_20000_nodes_is_checked_without_recursion():
    nodes = {"0": ("Make", {"size": 1, "kind": "plain"})}
    nodes |= {str(i): ("Keep", {"image": Link(str(i - 1), 0)}) for i in range(1, 20_000)}
    nodes["end"] = ("Save", {"image": Link("19999", 0)})
    assert sys.getrecursionlimit() < 20_000
    assert check(**nodes).targets == ("end",)


class AnyType(str):
    """What packs write to make a socket that fits all."""

    def __ne__(self, other):
        return False

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [
        ("IMAGE", "IMAGE", True),
        ("IMAGE", "MASK", False),
        ("*", "MASK", True),
        ("IMAGE", "*", True),
        ("IMAGE,MASK", "MASK", True),
        ("IMAGE, MASK", "MASK,IMAGE", True),
        ("IMAGE", "IMAGE,MASK", False),
        (AnyType("X"), "IMAGE", True),
        ("IMAGE", AnyType("X"), True),
    ],
)
def test_accepts(wanted, offered, fits):
    assert accepts(wanted, offered) is fits


def test_numbers_that_are_none_are_refused():
    found = check(c=("Checked", {"size": None}))
    assert found.problems["c"].problems[0].kind == "invalid_input_type"
    found = check(m=("MakeMask", {"soft": math.nan}), s=("Save", {"image": Link("m", 0)}))
    assert found.problems["m"].problems[0].kind == "invalid_input_type"


def test_what_is_listed_of_very_many_faults_has_a_limit():
    count = 3000
    nodes = {"0": ("Make", {"size": 99, "kind": "dots"})}
    for i in range(1, count):
        nodes[str(i)] = ("Keep", {"image": Link(str(i - 1), 0), "other": "no link"})
        nodes[f"save{i}"] = ("Save", {"image": Link(str(i), 0)})
    result = check(**nodes)
    listed = [found.dependent_targets for found in result.problems.values()]
    assert len(listed) == count and result.failure is not None
    assert listed[0][:2] == ("save1", "save2")
    assert sum(map(len, listed)) <= 1_000_000
