"""Lists on the wires: nodes called once per element, and nodes that take or give whole lists."""

import pytest

from tests.protocol.client import Client, Graph


def listed(graph: Graph, numbers: str) -> list[object]:
    return graph.add("ProbeList", numbers=numbers).out(0)


def test_called_once_per_element(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeAdd", a=listed(graph, "1,2,3"), b=10))
    assert client.run(graph).shown(shown) == [11, 12, 13]


@pytest.mark.parametrize(
    ("left", "right", "sums"),
    [
        ("1,2,3", "10,20,30", [11, 22, 33]),
        ("1,2,3", "10,20", [11, 22, 23]),
        ("1", "10,20,30", [11, 21, 31]),
        ("1,2", "10", [11, 12]),
        ("1,2,3,4", "10,20", [11, 22, 23, 24]),
    ],
)
def test_shorter_lists_repeat_their_last(client: Client, graph: Graph, left: str, right: str, sums: list[int]) -> None:
    shown = graph.show(graph.add("ProbeAdd", a=listed(graph, left), b=listed(graph, right)))
    assert client.run(graph).shown(shown) == sums


def test_the_node_begins_once_for_all_elements(client: Client, graph: Graph) -> None:
    added = graph.add("ProbeAdd", a=listed(graph, "1,2,3,4,5"), b=10)
    graph.show(added)
    client.post("/free", {"free_memory": True})
    assert client.run(graph).ran.count(added.id) == 1


def test_a_whole_list(client: Client, graph: Graph) -> None:
    whole = graph.add("ProbeWhole", a=listed(graph, "4,5,6"), b=7)
    run = client.run(graph)
    assert run.outputs[whole.id] == {"a": [4, 5, 6], "b": [7], "me": [whole.id]}


def test_a_whole_list_of_one(client: Client, graph: Graph) -> None:
    whole = graph.add("ProbeWhole", a=graph.add("ProbeInt", value=3))
    assert client.run(graph).outputs[whole.id]["a"] == [3]


def test_a_whole_list_without_its_optional_input(client: Client, graph: Graph) -> None:
    whole = graph.add("ProbeWhole", a=listed(graph, "1,2"))
    assert client.run(graph).outputs[whole.id]["b"] == ["none"]


def test_an_element_for_each_of_many_after_a_whole_list(client: Client, graph: Graph) -> None:
    total = graph.add("ProbeSum", numbers=listed(graph, "1,2,3"))
    shown = graph.show(graph.add("ProbeAdd", a=total, b=listed(graph, "1,2")))
    assert client.run(graph).shown(shown) == [7, 8]


def test_a_whole_list_in_and_a_list_out(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeReverse", numbers=listed(graph, "1,2,3")))
    assert client.run(graph).shown(shown) == [3, 2, 1]


def test_lists_of_every_call_are_joined(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeSplit", value=listed(graph, "1,2")))
    assert client.run(graph).shown(shown) == [1, 10, 2, 20]


def test_results_of_every_call_gather_for_a_whole_list(client: Client, graph: Graph) -> None:
    added = graph.add("ProbeAdd", a=listed(graph, "1,2,3"), b=100)
    whole = graph.add("ProbeWhole", a=added)
    assert client.run(graph).outputs[whole.id]["a"] == [101, 102, 103]


def test_a_list_and_a_number_from_one_node(client: Client, graph: Graph) -> None:
    both = graph.add("ProbeListAndCount", numbers="7,8,9")
    shown = graph.show(graph.add("ProbeAdd", a=both.out(0), b=both.out(1)))
    assert client.run(graph).shown(shown) == [10, 11, 12]


def test_an_empty_list(client: Client, graph: Graph) -> None:
    """A whole-list node gets it; the prompt succeeds."""
    whole = graph.add("ProbeWhole", a=listed(graph, ""))
    assert client.run(graph).outputs[whole.id]["a"] == []


def test_a_list_of_one_in_a_value(client: Client, graph: Graph) -> None:
    """A literal list is not a list on the wire: it is one value."""
    shown = graph.show({"__value__": [1, 2, 3]})
    assert client.run(graph).shown(shown) == [[1, 2, 3]]


def test_a_wrapped_list_that_looks_like_a_link(client: Client, graph: Graph) -> None:
    graph.add("ProbeInt", value=1)
    shown = graph.show({"__value__": ["1", 0]})
    assert client.run(graph).shown(shown) == [["1", 0]]


def test_images_of_a_list_are_shown_one_by_one(client: Client, graph: Graph) -> None:
    split = graph.add("ProbeImage", red=1.0, green=0.0, blue=0.0, side=listed(graph, "4,8"), count=1)
    measured = graph.add("ProbeMeasure", image=split)
    output = client.run(graph).outputs[measured.id]
    assert output["shape"] == [1, 4, 4, 3, 1, 8, 8, 3]


def test_rebatch_images(client: Client, graph: Graph) -> None:
    """Native, takes and gives lists: five pictures in batches of two."""
    image = graph.add("ProbeImage", red=0.0, green=0.0, blue=0.0, side=8, count=5)
    batches = graph.add("RebatchImages", images=image, batch_size=2)
    measured = graph.add("ProbeMeasure", image=batches)
    assert client.run(graph).outputs[measured.id]["shape"][::4] == [2, 2, 1]


def test_rebatch_joins_what_came_as_a_list(client: Client, graph: Graph) -> None:
    colours = graph.add("ProbeImage", red=0.0, green=0.0, blue=0.0, side=8, count=listed(graph, "1,2,1"))
    measured = graph.add("ProbeMeasure", image=graph.add("RebatchImages", images=colours, batch_size=4))
    assert client.run(graph).outputs[measured.id]["shape"] == [4, 8, 8, 3]
