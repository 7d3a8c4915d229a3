"""Prompts are read as graphs; what is none is refused, naming the node."""

import pytest

from engine.graph.nodes import Link
from engine.wire import prompt as wire_prompt
from engine.wire.prompt import BadPrompt, read_prompt


def inputs_of(**inputs: object) -> dict[str, object]:
    graph = read_prompt({"1": {"class_type": "A", "inputs": inputs}})
    return dict(next(iter(graph.nodes.values())).inputs)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["3", 1], Link("3", 1)),
        (["12:3", 0], Link("12:3", 0)),
        ([3, 0], Link("3", 0)),
        ({"__value__": ["3", 1]}, ["3", 1]),
        ({"__value__": 5}, 5),
        ({"__value__": 5, "x": 1}, {"__value__": 5, "x": 1}),
        (["a", "b"], ["a", "b"]),
        ([1, 2, 3], [1, 2, 3]),
        (["3", True], ["3", True]),
        (["3", 0.5], ["3", 0.5]),
        ("text", "text"),
        (None, None),
        (True, True),
    ],
)
def test_links_and_literals(written, read):
    assert inputs_of(x=written) == {"x": read}


def test_ids_types_and_titles():
    graph = read_prompt({"12:3": {"class_type": "A", "inputs": {}, "_meta": {"title": "Mine"}, "is_changed": 1}})
    node = graph["12:3"]
    assert (node.id, node.type, node.title) == ("12:3", "A", "Mine")


@pytest.mark.parametrize("meta", [None, 3, {"title": 3}, {}])
def test_odd_titles_are_passed_over(meta):
    assert read_prompt({"1": {"class_type": "A", "_meta": meta}})["1"].title == ""


def test_what_is_wrong_is_named():
    with pytest.raises(BadPrompt) as caught:
        read_prompt({"1": {"class_type": "A"}, "7": {"inputs": {}, "_meta": {"title": "Sum"}}})
    failure = caught.value.failure
    assert failure.kind == "invalid_prompt" and "'7'" in failure.details
    assert failure.facts == {"node_id": "7", "node_title": "Sum"}


def test_too_many_nodes(monkeypatch):
    monkeypatch.setattr(wire_prompt, "MOST_NODES", 2)
    node = {"class_type": "A"}
    with pytest.raises(BadPrompt, match="3 nodes; 2 is the limit"):
        read_prompt({"1": node, "2": node, "3": node})


def test_an_id_without_end():
    with pytest.raises(BadPrompt, match="longer than"):
        read_prompt({"x" * 2000: {"class_type": "A"}})
