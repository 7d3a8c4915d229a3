"""Inputs that are worked out only when their node asks for them."""

import pytest

from tests.protocol.client import Client, Graph, Made, fresh


def two(graph: Graph) -> tuple[Made, Made]:
    return graph.add("ProbeInt", value=fresh()), graph.add("ProbeInt", value=fresh())


@pytest.mark.parametrize("class_type", ["ProbePick", "ProbePickAsync"])
@pytest.mark.parametrize("switch", [True, False])
def test_only_the_chosen_branch_runs(client: Client, graph: Graph, class_type: str, switch: bool) -> None:
    on, off = two(graph)
    pick = graph.add(class_type, on=on, off=off, switch=switch)
    shown = graph.show(pick)
    run = client.run(graph)
    chosen, idle = (on, off) if switch else (off, on)
    assert set(run.ran) == {chosen.id, pick.id, shown.id}
    assert idle.id not in run.cached
    assert run.shown(shown) == [graph[chosen.id]["inputs"]["value"]]


def test_switching_runs_only_the_other_branch(client: Client, graph: Graph) -> None:
    on, off = two(graph)
    pick = graph.add("ProbePick", on=on, off=off, switch=True)
    shown = graph.show(pick)
    client.run(graph)
    graph[pick.id]["inputs"]["switch"] = False
    assert set(client.run(graph).ran) == {off.id, pick.id, shown.id}


def test_an_edit_of_the_idle_branch(client: Client, graph: Graph) -> None:
    on, off = two(graph)
    shown = graph.show(graph.add("ProbePick", on=on, off=off, switch=True))
    client.run(graph)
    graph[off.id]["inputs"]["value"] = fresh()
    run = client.run(graph)
    assert off.id not in run.ran
    assert run.shown(shown) == [graph[on.id]["inputs"]["value"]]


def test_an_error_in_the_idle_branch_is_never_met(client: Client, graph: Graph) -> None:
    on = graph.add("ProbeInt", value=fresh())
    off = graph.add("ProbeRaise", message="not to be reached")
    shown = graph.show(graph.add("ProbePick", on=on, off=off, switch=True))
    assert client.run(graph).shown(shown) == [graph[on.id]["inputs"]["value"]]


@pytest.mark.parametrize(("share", "needs"), [(0.0, "a"), (1.0, "b"), (0.5, "ab")])
def test_a_mix_asks_for_what_it_needs(client: Client, graph: Graph, share: float, needs: str) -> None:
    a, b = two(graph)
    mix = graph.add("ProbeMix", a=a, b=b, share=share)
    shown = graph.show(mix)
    run = client.run(graph)
    wanted = {node.id for name, node in (("a", a), ("b", b)) if name in needs}
    assert set(run.ran) == wanted | {mix.id, shown.id}
    values = graph[a.id]["inputs"]["value"], graph[b.id]["inputs"]["value"]
    assert run.shown(shown) == [values[0] * (1 - share) + values[1] * share]


@pytest.mark.parametrize("first", [-1, 1])
def test_asking_twice(client: Client, graph: Graph, first: int) -> None:
    a, b = graph.add("ProbeInt", value=first * fresh()), graph.add("ProbeInt", value=fresh())
    shown = graph.show(graph.add("ProbeOneByOne", first=a, second=b))
    run = client.run(graph)
    total = graph[a.id]["inputs"]["value"] + (graph[b.id]["inputs"]["value"] if first > 0 else 0)
    assert run.shown(shown) == [total]
    assert (b.id in run.ran) == (first > 0)


def test_an_optional_lazy_input_that_is_not_linked(client: Client, graph: Graph) -> None:
    a = graph.add("ProbeInt", value=-fresh())
    shown = graph.show(graph.add("ProbeOneByOne", first=a))
    assert client.run(graph).shown(shown) == [graph[a.id]["inputs"]["value"]]


def test_a_literal_on_a_lazy_input(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbePick", on=value, off=0, switch=True))
    assert client.run(graph).shown(shown) == [value]


def test_a_whole_branch_stays_idle(client: Client, graph: Graph) -> None:
    """Also what only the idle branch needs."""
    value = fresh()
    on = graph.add("ProbeInt", value=value)
    deep = graph.add("ProbeAdd", a=graph.add("ProbeAdd", a=graph.add("ProbeInt", value=fresh()), b=1), b=2)
    shown = graph.show(graph.add("ProbePick", on=on, off=deep, switch=True))
    run = client.run(graph)
    assert run.shown(shown) == [value]
    assert len(run.ran) == 3


def test_a_branch_that_another_target_needs_runs_all_the_same(client: Client, graph: Graph) -> None:
    on, off = two(graph)
    shown = graph.show(graph.add("ProbePick", on=on, off=off, switch=True))
    direct = graph.show(off)
    run = client.run(graph)
    assert run.shown(direct) == [graph[off.id]["inputs"]["value"]]
    assert run.shown(shown) == [graph[on.id]["inputs"]["value"]]


def test_picks_behind_picks(client: Client, graph: Graph) -> None:
    leaves = [graph.add("ProbeInt", value=fresh()) for _ in range(4)]
    inner = [graph.add("ProbePick", on=leaves[i], off=leaves[i + 1], switch=False) for i in (0, 2)]
    shown = graph.show(graph.add("ProbePick", on=inner[0], off=inner[1], switch=True))
    run = client.run(graph)
    assert run.shown(shown) == [graph[leaves[1].id]["inputs"]["value"]]
    assert {leaf.id for leaf in leaves} & set(run.ran) == {leaves[1].id}
    assert inner[1].id not in run.ran


def test_lists_ask_for_what_any_element_needs(client: Client, graph: Graph) -> None:
    a, b = two(graph)
    shares = graph.add("ProbeFloats", numbers="0,1")
    shown = graph.show(graph.add("ProbeMix", a=a, b=b, share=shares))
    run = client.run(graph)
    assert run.shown(shown) == [graph[a.id]["inputs"]["value"], graph[b.id]["inputs"]["value"]]


def test_a_question_that_raises_fails_the_run(client: Client, graph: Graph) -> None:
    asking = graph.add("ProbeAskRaises", a=graph.add("ProbeInt", value=fresh()))
    graph.show(asking)
    error = client.run(graph).error
    assert error is not None
    assert error["node_id"] == asking.id
    assert "cannot say what I need" in error["exception_message"]
