"""Outputs that stop what depends on them."""

import pytest

from tests.protocol.client import Client, Graph, fresh


def test_a_block_without_a_message_is_silent(client: Client, graph: Graph) -> None:
    block = graph.add("ProbeBlock", value=fresh(), block=True, message="")
    added = graph.add("ProbeAdd", a=block, b=1)
    shown = graph.show(added)
    run = client.run(graph)
    assert run.succeeded
    assert run.error is None
    assert shown.id not in run.outputs
    assert client.history(run.prompt_id)["outputs"] == {}


def test_no_block_when_the_node_does_not_want_one(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeBlock", value=value, block=False, message=""))
    assert client.run(graph).shown(shown) == [value]


def test_other_targets_run(client: Client, graph: Graph) -> None:
    value = fresh()
    blocked = graph.show(graph.add("ProbeBlock", value=value, block=True, message=""))
    good = graph.show(graph.add("ProbeInt", value=value))
    run = client.run(graph)
    assert run.shown(good) == [value]
    assert blocked.id not in run.outputs


def test_one_output_of_two_is_blocked(client: Client, graph: Graph) -> None:
    value = fresh()
    half = graph.add("ProbeBlockSecond", value=value)
    good, blocked = graph.show(half.out(0)), graph.show(half.out(1))
    run = client.run(graph)
    assert run.shown(good) == [value]
    assert blocked.id not in run.outputs


def test_one_blocked_input_of_two_blocks_the_node(client: Client, graph: Graph) -> None:
    half = graph.add("ProbeBlockSecond", value=fresh())
    shown = graph.show(graph.add("ProbeAdd", a=half.out(0), b=half.out(1)))
    run = client.run(graph)
    assert run.succeeded
    assert shown.id not in run.outputs


def test_a_message_is_an_error_of_the_node_that_it_reached(client: Client, graph: Graph) -> None:
    block = graph.add("ProbeBlock", value=fresh(), block=True, message="this way is closed")
    reached = graph.add("ProbeAdd", a=block, b=1)
    shown = graph.show(reached)
    run = client.run(graph)
    error = run.error
    assert error is not None
    assert "this way is closed" in error["exception_message"]
    assert error["node_id"] == reached.id
    assert shown.id not in run.outputs


def test_a_message_does_not_stop_the_other_targets(client: Client, graph: Graph) -> None:
    value = fresh()
    graph.show(graph.add("ProbeBlock", value=value, block=True, message="closed"))
    good = graph.show(graph.add("ProbeInt", value=value))
    run = client.run(graph)
    assert run.outputs[good.id]["shown"] == [value]
    assert run.error is not None


def test_a_message_is_told_once(client: Client, graph: Graph) -> None:
    """What comes after the node that was reached is skipped silently."""
    last = graph.add("ProbeBlock", value=fresh(), block=True, message="closed")
    for _ in range(4):
        last = graph.add("ProbeAdd", a=last, b=1)
    graph.show(last)
    assert len(client.run(graph).of("execution_error")) == 1


def test_blocked_elements_of_a_list(client: Client, graph: Graph) -> None:
    """The others go on."""
    numbers = graph.add("ProbeBlockOdd", count=6, message="")
    shown = graph.show(graph.add("ProbeAdd", a=numbers, b=fresh() * 0 + 100))
    assert client.run(graph).shown(shown) == [100, 102, 104]


def test_blocked_elements_and_a_whole_list(client: Client, graph: Graph) -> None:
    numbers = graph.add("ProbeBlockOdd", count=3, message="")
    whole = graph.add("ProbeWhole", a=numbers)
    run = client.run(graph)
    assert run.succeeded
    assert whole.id not in run.outputs


def test_a_blocker_instead_of_a_list(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeBlockWhole", value=fresh()))
    run = client.run(graph)
    assert run.succeeded
    assert shown.id not in run.outputs


def test_a_blocker_in_the_result_of_an_expansion(client: Client, graph: Graph) -> None:
    value = fresh()
    half = graph.add("ProbeBlockExpanded", value=value)
    good, blocked = graph.show(half.out(0)), graph.show(half.out(1))
    run = client.run(graph)
    assert run.shown(good) == [value + 1]
    assert blocked.id not in run.outputs


def test_a_blocker_from_inside_an_expansion(client: Client, graph: Graph) -> None:
    value = fresh()
    outside = graph.add("ProbeExpandInto", kind="ProbeBlock", value=value)
    shown = graph.show(outside)
    run = client.run(graph)
    assert run.succeeded
    assert shown.id not in run.outputs


def test_a_block_is_cached(client: Client, graph: Graph) -> None:
    block = graph.add("ProbeBlock", value=fresh(), block=True, message="")
    shown = graph.show(block)
    client.run(graph)
    run = client.run(graph)
    assert run.succeeded
    assert block.id not in run.ran
    assert shown.id not in run.outputs


@pytest.mark.parametrize("switch", [True, False])
def test_a_blocked_branch_of_a_lazy_switch(client: Client, graph: Graph, switch: bool) -> None:
    """It blocks only when it is chosen."""
    value = fresh()
    block = graph.add("ProbeBlock", value=value, block=True, message="")
    on = graph.add("ProbeInt", value=value)
    shown = graph.show(graph.add("ProbePick", on=on, off=block, switch=switch))
    run = client.run(graph)
    assert run.succeeded
    assert run.outputs.get(shown.id) == ({"shown": [value]} if switch else None)


def test_a_blocked_target_in_a_loop(client: Client, graph: Graph) -> None:
    """Blocks in every round but one."""
    value = fresh()
    opening = graph.add("ProbeForOpen", times=3, v1=value)
    early = graph.add("ProbeMore", a=opening.out(1), than=1)
    inside = graph.show(graph.add("ProbeBlock", value=opening.out(1), block=early, message=""))
    body = graph.add("ProbeAdd", a=opening.out(2), b=1)
    shown = graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body))
    run = client.run(graph)
    assert run.shown(shown) == [value + 3]
    assert run.displayed.get(inside.id, []) in ([], [{"shown": [1]}])
