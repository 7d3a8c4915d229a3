"""Types that are more than one name, and inputs that nobody declared."""

import pytest

from tests.protocol.client import Client, Graph, Refused, fresh


@pytest.mark.parametrize(
    ("class_type", "inputs"), [("ProbeInt", {"value": 3}), ("ProbeText", {"text": "x"}), ("ProbeFloat", {"value": 0.5})]
)
def test_anything_goes_into_a_wildcard(
    client: Client, graph: Graph, class_type: str, inputs: dict[str, object]
) -> None:
    shown = graph.show(graph.add(class_type, **inputs))
    assert client.run(graph).shown(shown) == list(inputs.values())


def test_a_plain_star_takes_and_gives_anything(client: Client, graph: Graph) -> None:
    value = fresh()
    through = graph.add("ProbeStarIn", value=graph.add("ProbeInt", value=value))
    shown = graph.show(graph.add("ProbeAdd", a=through, b=1))
    assert client.run(graph).shown(shown) == [value + 1]


def test_a_wildcard_output_goes_into_any_input(client: Client, graph: Graph) -> None:
    value = fresh()
    through = graph.show(graph.add("ProbeInt", value=value))  # its output is a wildcard
    shown = graph.show(graph.add("ProbeAdd", a=through, b=1))
    assert client.run(graph).shown(shown) == [value + 1]


@pytest.mark.parametrize(("class_type", "value"), [("ProbeInt", 3), ("ProbeFloat", 2.5)])
def test_a_union_takes_each_of_its_members(client: Client, graph: Graph, class_type: str, value: float) -> None:
    shown = graph.show(graph.add("ProbeUnionIn", value=graph.add(class_type, value=value)))
    assert client.run(graph).shown(shown) == [value]


def test_a_union_refuses_others(client: Client, graph: Graph) -> None:
    union = graph.add("ProbeUnionIn", value=graph.add("ProbeText", text="x"))
    graph.show(union)
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.kinds(union.id) == ["return_type_mismatch"]


def test_a_union_output_goes_where_all_of_it_is_accepted(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeUnionIn", value=graph.add("ProbeUnionOut", value=value).out(0)))
    assert client.run(graph).shown(shown) == [value]


def test_a_union_output_of_which_a_part_is_refused(client: Client, graph: Graph) -> None:
    union = graph.add("ProbeUnionIn", value=graph.add("ProbeUnionOut", value=1).out(1))
    graph.show(union)
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.kinds(union.id) == ["return_type_mismatch"]


def test_a_type_of_ones_own(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeOwnTypeIn", thing=graph.add("ProbeOwnType", value=value)))
    assert client.run(graph).shown(shown) == [value]


def test_a_literal_where_only_a_link_can_go(client: Client, graph: Graph) -> None:
    """A type without a widget cannot be written down, but nothing can say so before the node runs."""
    thing = graph.add("ProbeOwnTypeIn", thing="no thing")
    graph.show(thing)
    try:
        error = client.run(graph).error
    except Refused as refused:
        assert thing.id in refused.node_errors
    else:
        assert error is not None
        assert error["node_id"] == thing.id


def test_undeclared_links_reach_the_function(client: Client, graph: Graph) -> None:
    """The function takes `**kwargs`, the node declares none of the names."""
    value = fresh()
    sources = [graph.add("ProbeInt", value=value + index) for index in range(3)]
    total = graph.add("ProbeUndeclared", first=sources[0], second=sources[1], third=sources[2])
    shown = graph.show(total)
    run = client.run(graph)
    assert run.shown(shown) == [3 * value + 3]
    graph[sources[2].id]["inputs"]["value"] = fresh()
    assert set(client.run(graph).ran) == {sources[2].id, total.id, shown.id}


def test_names_of_a_dict_that_holds_all_names(client: Client, graph: Graph) -> None:
    value = fresh()
    total = graph.add("ProbeAnyNames", one=graph.add("ProbeInt", value=value), two=graph.add("ProbeInt", value=value))
    shown = graph.show(total)
    assert client.run(graph).shown(shown) == [2 * value]


def test_outputs_without_end(client: Client, graph: Graph) -> None:
    """RETURN_TYPES that answer for every index."""
    value = fresh()
    endless = graph.add("ProbeEndless", value=value)
    shown = graph.show(graph.add("ProbeAdd", a=endless.out(3), b=0))
    assert client.run(graph).shown(shown) == [value + 3]


def test_types_by_their_names_in_comfy_types(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeTyped", a=value, b=0.5, c=graph.add("ProbeInt", value=1)))
    assert client.run(graph).shown(shown) == [value + 1.5]


def test_choices_are_told_as_lists(client: Client) -> None:
    choice = client.get("/object_info/ProbeChoice").json["ProbeChoice"]["input"]
    assert choice["required"]["colour"][0] == ["red", "green", "blue"]
    assert choice["required"]["colour"][1]["default"] == "green"
    assert choice["optional"]["size"][0] in ("COMBO", ["small", "large"])
    if choice["optional"]["size"][0] == "COMBO":
        assert choice["optional"]["size"][1]["options"] == ["small", "large"]
