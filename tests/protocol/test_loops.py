"""Loops that packs build by expansion."""

import pytest

from tests.protocol.client import Client, Graph, Made, fresh


def counting(graph: Graph, times: int, start: int) -> tuple[Made, Made, Made]:
    """Add a `for` loop whose body adds 1: the opening node, the body, the closing node."""
    opening = graph.add("ProbeForOpen", times=times, v1=start)
    body = graph.add("ProbeAdd", a=opening.out(2), b=1)
    return opening, body, graph.add("ProbeForClose", loop=opening.out(0), v1=body)


@pytest.mark.parametrize("times", [1, 2, 7])
def test_for(client: Client, graph: Graph, times: int) -> None:
    value = fresh()
    _, _, end = counting(graph, times, value)
    shown = graph.show(end)
    assert client.run(graph).shown(shown) == [value + times]


def test_while(client: Client, graph: Graph) -> None:
    """Doubles a number until it is over a limit."""
    opening = graph.add("ProbeWhileOpen", v0=1, v1=fresh())
    doubled = graph.add("ProbeAdd", a=opening.out(1), b=opening.out(1))
    again = graph.add("ProbeMore", a=1000, than=doubled)
    end = graph.add("ProbeWhileClose", loop=opening.out(0), again=again, v0=doubled, v1=opening.out(2))
    shown = graph.show(end)
    assert client.run(graph).shown(shown) == [1024]


def test_two_values_in_one_loop(client: Client, graph: Graph) -> None:
    """Fibonacci's numbers."""
    opening = graph.add("ProbeForOpen", times=10, v1=0, v2=1)
    added = graph.add("ProbeAdd", a=opening.out(2), b=opening.out(3))
    end = graph.add("ProbeForClose", loop=opening.out(0), v1=opening.out(3), v2=added)
    shown = [graph.show(end.out(index)) for index in (0, 1)]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[55], [89]]


def test_the_round_is_known_inside(client: Client, graph: Graph) -> None:
    opening = graph.add("ProbeForOpen", times=4)
    gathered = graph.add("ProbeGather", value=opening.out(1), gathered=opening.out(2))
    end = graph.add("ProbeForClose", loop=opening.out(0), v1=gathered)
    shown = graph.show(graph.add("ProbeGathered", gathered=end))
    assert client.run(graph).shown(shown) == [4, 3, 2, 1]


def test_what_stands_outside_runs_once(client: Client, graph: Graph) -> None:
    outside = graph.add("ProbeInt", value=fresh())
    opening = graph.add("ProbeForOpen", times=5, v1=0)
    body = graph.add("ProbeAdd", a=opening.out(2), b=outside)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    run = client.run(graph)
    assert run.shown(shown) == [5 * graph[outside.id]["inputs"]["value"]]
    assert run.ran.count(outside.id) == 1


def test_a_loop_in_a_loop(client: Client, graph: Graph) -> None:
    value = fresh()
    outer = graph.add("ProbeForOpen", times=3, v1=value)
    inner = graph.add("ProbeForOpen", times=4, v1=outer.out(2))
    body = graph.add("ProbeAdd", a=inner.out(2), b=1)
    inner_end = graph.add("ProbeForClose", loop=inner.out(0), v1=body)
    shown = graph.show(graph.add("ProbeForClose", loop=outer.out(0), v1=inner_end))
    assert client.run(graph).shown(shown) == [value + 12]


def test_two_loops_one_after_the_other(client: Client, graph: Graph) -> None:
    value = fresh()
    _, _, first = counting(graph, 3, value)
    opening = graph.add("ProbeForOpen", times=2, v1=first)
    body = graph.add("ProbeAdd", a=opening.out(2), b=10)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    assert client.run(graph).shown(shown) == [value + 3 + 20]


def test_a_target_inside_shows_every_round(client: Client, graph: Graph) -> None:
    value = fresh()
    opening = graph.add("ProbeForOpen", times=3, v1=value)
    inside = graph.show(graph.add("ProbeAdd", a=opening.out(2), b=1))
    graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=inside))
    run = client.run(graph)
    assert run.succeeded
    assert [output["shown"] for output in run.displayed[inside.id]] == [[value + 1], [value + 2], [value + 3]]


def test_a_loop_is_cached(client: Client, graph: Graph) -> None:
    value = fresh()
    _, _, end = counting(graph, 4, value)
    shown = graph.show(end)
    client.run(graph)
    run = client.run(graph)
    assert run.ran == []
    assert run.shown(shown) == [value + 4]


def test_an_edit_after_the_loop_leaves_the_loop_alone(client: Client, graph: Graph) -> None:
    value = fresh()
    opening, body, end = counting(graph, 4, value)
    after = graph.add("ProbeAdd", a=end, b=1)
    shown = graph.show(after)
    client.run(graph)
    graph[after.id]["inputs"]["b"] = 2
    run = client.run(graph)
    assert run.shown(shown) == [value + 6]
    assert run.ran == [after.id, shown.id]
    assert {opening.id, body.id} & set(run.ran) == set()


def test_an_edit_inside_the_loop(client: Client, graph: Graph) -> None:
    value = fresh()
    _, body, end = counting(graph, 4, value)
    shown = graph.show(end)
    client.run(graph)
    graph[body.id]["inputs"]["b"] = 3
    assert client.run(graph).shown(shown) == [value + 12]


def test_a_lazy_switch_inside_a_loop(client: Client, graph: Graph) -> None:
    """Adds 1 while more than two rounds are left, then 100."""
    value = fresh()
    opening = graph.add("ProbeForOpen", times=5, v1=value)
    early = graph.add("ProbeMore", a=opening.out(1), than=2)
    one = graph.add("ProbeAdd", a=opening.out(2), b=1)
    hundred = graph.add("ProbeAdd", a=opening.out(2), b=100)
    body = graph.add("ProbePick", on=one, off=hundred, switch=early)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    assert client.run(graph).shown(shown) == [value + 3 + 200]


def test_an_expansion_inside_a_loop(client: Client, graph: Graph) -> None:
    value = fresh()
    opening = graph.add("ProbeForOpen", times=3, v1=value)
    body = graph.add("ProbeChain", value=opening.out(2), links=2)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    assert client.run(graph).shown(shown) == [value + 6]


def test_an_asynchronous_node_inside_a_loop(client: Client, graph: Graph) -> None:
    value = fresh()
    opening = graph.add("ProbeForOpen", times=3, v1=value)
    waited = graph.add("ProbeWait", value=opening.out(2), seconds=0.01, tag="")
    body = graph.add("ProbeAdd", a=waited, b=1)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    assert client.run(graph).shown(shown) == [value + 3]


def test_an_error_in_a_round(client: Client, graph: Graph) -> None:
    """The node that the user sees is named, not the copy."""
    opening = graph.add("ProbeForOpen", times=3, v1=fresh())
    failing = graph.add("ProbeRaise", message="in a round", value=opening.out(2))
    graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=failing))
    error = client.run(graph).error
    assert error is not None
    assert error["node_id"] == failing.id
    assert error["exception_message"].strip() == "in a round"


def test_many_rounds(client: Client, graph: Graph) -> None:
    value = fresh()
    _, _, end = counting(graph, 200, value)
    shown = graph.show(end)
    assert client.run(graph).shown(shown) == [value + 200]


def test_copies_inside_a_loop_belong_to_their_original(client: Client, graph: Graph) -> None:
    _, body, end = counting(graph, 3, fresh())
    graph.show(end)
    run = client.run(graph)
    assert len([data for data in run.of("executing") if data["display_node"] == body.id]) == 3
