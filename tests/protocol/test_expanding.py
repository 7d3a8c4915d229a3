"""Nodes whose result is a graph."""

import pytest

from tests.protocol.client import Client, Graph, fresh


def test_a_chain(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeChain", value=value, links=5))
    assert client.run(graph).shown(shown) == [value + 5]


def test_what_runs_inside_is_shown_at_the_node_outside(client: Client, graph: Graph) -> None:
    chain = graph.add("ProbeChain", value=fresh(), links=3)
    graph.show(chain)
    run = client.run(graph)
    inside = [data for data in run.of("executing") if data["node"] not in (None, *graph)]
    assert len(inside) == 3
    assert {data["display_node"] for data in inside} == {chain.id}
    assert all(data["node"].startswith(f"{chain.id}.") for data in inside)


def test_an_expansion_is_cached(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeChain", value=value, links=3))
    client.run(graph)
    run = client.run(graph)
    assert run.ran == []
    assert run.shown(shown) == [value + 3]


def test_an_equal_expansion_elsewhere_is_cached_too(client: Client, graph: Graph) -> None:
    value = fresh()
    graph.show(graph.add("ProbeChain", value=value, links=3))
    client.run(graph)
    shown = graph.show(graph.add("ProbeAdd", a=graph.add("ProbeChain", value=value, links=3), b=1))
    run = client.run(graph)
    assert len(run.ran) <= 2 + 1  # the sum, its target; a server may ask the second chain for its links again
    assert run.shown(shown) == [value + 4]


def test_an_expansion_that_grows_runs_only_what_is_new(client: Client, graph: Graph) -> None:
    value = fresh()
    chain = graph.add("ProbeChain", value=value, links=3)
    shown = graph.show(chain)
    client.run(graph)
    graph[chain.id]["inputs"]["links"] = 5
    run = client.run(graph)
    assert run.shown(shown) == [value + 5]
    assert len(run.ran) == 4  # the chain, its fourth and fifth link, the target


def test_recursion(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeRecurse", n=25, total=value))
    assert client.run(graph).shown(shown) == [value + 25 * 26 // 2]


def test_recursion_is_shown_at_the_node_outside(client: Client, graph: Graph) -> None:
    recursion = graph.add("ProbeRecurse", n=4, total=fresh())
    shown = graph.show(recursion)
    run = client.run(graph)
    assert {data["display_node"] for data in run.of("executing")} - {None} == {recursion.id, shown.id}


def test_recursion_with_branches(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeTree", depth=4, leaf=value))
    assert client.run(graph).shown(shown) == [16 * value + 32]  # sixteen leaves; each right turn adds one


def test_branches_that_are_equal_run_once(client: Client, graph: Graph) -> None:
    """The tree has 31 nodes of its class, of which only the depth and the leaf differ: 15 are different."""
    tree = graph.add("ProbeTree", depth=4, leaf=fresh())
    graph.show(tree)
    assert len(client.run(graph).ran) <= 1 + 15 + 10


def test_an_expansion_for_each_element(client: Client, graph: Graph) -> None:
    numbers = graph.add("ProbeList", numbers="1,3,5")
    shown = graph.show(graph.add("ProbeMaybeExpand", value=numbers))
    assert client.run(graph).shown(shown) == [101, 103, 105]


def test_some_elements_expand_and_some_do_not(client: Client, graph: Graph) -> None:
    numbers = graph.add("ProbeList", numbers="2,3,4,5,6")
    shown = graph.show(graph.add("ProbeMaybeExpand", value=numbers))
    run = client.run(graph)
    assert run.shown(shown) == [2, 103, 4, 105, 6]
    client.run(graph)
    assert client.run(graph).ran == []


def test_an_element_of_many_gathers_for_a_whole_list(client: Client, graph: Graph) -> None:
    numbers = graph.add("ProbeList", numbers="1,2,3")
    whole = graph.add("ProbeWhole", a=graph.add("ProbeMaybeExpand", value=numbers))
    assert client.run(graph).outputs[whole.id]["a"] == [101, 2, 103]


def test_links_and_values_in_one_result(client: Client, graph: Graph) -> None:
    value = fresh()
    mixed = graph.add("ProbeLinkAndValue", value=graph.add("ProbeInt", value=value))
    shown = [graph.show(mixed.out(index)) for index in range(3)]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[value + 1], [5], [value]]


def test_an_expansion_written_by_hand(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeByHand", value=value))
    assert client.run(graph).shown(shown) == [value + 7]


def test_a_raw_link_arrives_as_a_link(client: Client, graph: Graph) -> None:
    source = graph.add("ProbePair", value=fresh())
    raw = graph.add("ProbeRawLink", value=source.out(1))
    assert client.run(graph).outputs[raw.id] == {"is_link": [True], "link": [source.id, 1]}


def test_what_a_target_inside_shows_is_reported(client: Client, graph: Graph) -> None:
    value = fresh()
    outside = graph.add("ProbeExpandInto", kind="ProbeShow", value=value)
    run = client.run(graph)
    assert {"shown": [value]} in run.displayed[outside.id]


def test_pictures_of_a_target_inside(client: Client, graph: Graph) -> None:
    """PreviewImage within an expansion: the message and the history say at which node it stands."""
    outside = graph.add("ProbeExpandInto", kind="PreviewImage", value=fresh() % 200)
    run = client.run(graph)
    assert run.succeeded
    pictures = [output["images"] for output in run.displayed[outside.id] if "images" in output]
    assert len(pictures) == 1
    entry = client.history(run.prompt_id)
    inner = [node for node, output in entry["outputs"].items() if "images" in output]
    assert len(inner) == 1
    assert entry["meta"][inner[0]]["display_node"] == outside.id
    assert entry["meta"][inner[0]]["node_id"] == inner[0]
    assert "parent_node" in entry["meta"][inner[0]]
    assert "real_node_id" in entry["meta"][inner[0]]


def test_the_ui_of_the_expanding_node_itself(client: Client, graph: Graph) -> None:
    value = fresh()
    outside = graph.add("ProbeExpandInto", kind="ProbeShow", value=value)
    run = client.run(graph)
    assert any(output.get("expanded") == [value] for output in run.displayed[outside.id])


def test_another_node_to_be_shown_at(client: Client, graph: Graph) -> None:
    value = fresh()
    sign = graph.show(graph.add("ProbeInt", value=fresh()), "sign")
    node = graph.add("ProbeShowAs", value=value, shown_as=sign.id)
    graph.show(node)
    run = client.run(graph)
    assert {"shown": [value]} in run.displayed[sign.id]


def test_an_error_inside_names_the_node_outside(client: Client, graph: Graph) -> None:
    value = fresh()
    outside = graph.add("ProbeExpandInto", kind="ProbeRaise", value=value)
    graph.show(outside)
    error = client.run(graph).error
    assert error is not None
    assert error["exception_message"].strip() == f"inside {value}"
    assert error["node_id"] == outside.id  # the editor must be able to mark it
    assert error["exception_type"] == "ValueError"


@pytest.mark.parametrize("kind", ["NobodyKnowsThis", "cycle", "no such output"])
def test_graphs_that_cannot_run(client: Client, graph: Graph, kind: str) -> None:
    outside = graph.add("ProbeExpandInto", kind=kind, value=fresh())
    graph.show(outside)
    run = client.run(graph)
    assert run.error is not None
    assert not run.succeeded
    assert run.error["exception_message"]


@pytest.mark.parametrize("kind", ["NobodyKnowsThis", "cycle", "no such output"])
def test_an_impossible_graph_costs_the_worker_nothing(client: Client, graph: Graph, kind: str) -> None:
    """The nodes' states are still there: nothing has been started anew."""
    counting = Graph()
    counter = counting.add("ProbeCounter", f"counter beside {kind}", trigger=fresh())
    shown = counting.show(counter)
    assert client.run(counting).shown(shown) == [1]
    graph.show(graph.add("ProbeExpandInto", kind=kind, value=fresh()))
    assert client.run(graph).error
    counting[counter.id]["inputs"]["trigger"] = fresh()
    assert client.run(counting).shown(shown) == [2]


def test_a_chain_of_expansions(client: Client, graph: Graph) -> None:
    """What one expansion gives goes into the next one."""
    value = fresh()
    last = graph.add("ProbeInt", value=value)
    for _ in range(4):
        last = graph.add("ProbeChain", value=last, links=2)
    shown = graph.show(last)
    assert client.run(graph).shown(shown) == [value + 8]


def test_a_lazy_branch_that_would_expand_stays_idle(client: Client, graph: Graph) -> None:
    value = fresh()
    idle = graph.add("ProbeRecurse", n=5, total=fresh())
    on = graph.add("ProbeInt", value=value)
    shown = graph.show(graph.add("ProbePick", on=on, off=idle, switch=True))
    run = client.run(graph)
    assert run.shown(shown) == [value]
    assert idle.id not in run.ran
