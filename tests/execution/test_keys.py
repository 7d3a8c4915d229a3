"""Result keys are the same everywhere, and differ whenever a result might."""

from pathlib import Path

from engine.execution.keys import result_keys
from engine.files.places import Places
from engine.graph import Graph, InputSpec, Link, Node, NodeDefinition, Registry

GIVE = NodeDefinition("Give", "Give", "test", inputs=(InputSpec("value", "INT"), InputSpec("x", "*", required=False)))
PLACES = Places.under(Path("nowhere"))


def key(definition=GIVE, **inputs):
    graph = Graph({"n": Node("n", "Give", inputs)})
    return result_keys(graph, ["n"], Registry([definition]), PLACES)["n"]


def test_a_key_is_pinned_so_that_results_kept_on_disk_stay_valid():
    assert key(value=1) == "fc955b1ded2db433bef4e2b0051ebeaa92b096d4adcb9ba1d6b701ea2bc57685"


def test_whatever_may_change_a_result_changes_its_key():
    from dataclasses import replace

    keys = [
        key(value=1),
        key(value=1.5),
        key(value="1"),
        key(value=True),
        key(value=1, x=None),
        key(replace(GIVE, version=2), value=1),
    ]
    assert len(set(keys)) == len(keys)


def test_a_link_counts_as_the_sources_key_and_its_output():
    def end(first, output):
        nodes = {"a": Node("a", "Give", {"value": first}), "b": Node("b", "Give", {"value": Link("a", output)})}
        return result_keys(Graph(nodes), ["a", "b"], Registry([GIVE]), PLACES)["b"]

    assert len({end(1, 0), end(2, 0), end(1, 1)}) == 3
