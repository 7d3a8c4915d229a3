"""Nodes of `async def`: they overlap, fail, time out and are stopped like any other."""

import pytest

from tests.protocol.client import Client, Graph, Refused, fresh
from tests.protocol.serving import Server

WAIT_S = 0.4


def overlap(server: Server, tag: str, count: int) -> bool:
    """Answer whether all had entered before one left."""
    lines = server.traced(tag)
    entered = [line["time"] for line in lines if line["what"] == "enter"]
    left = [line["time"] for line in lines if line["what"] == "leave"]
    assert len(entered) == len(left) == count
    return max(entered) < min(left)


def waits(graph: Graph, class_type: str, tag: str, count: int = 2, seconds: float = WAIT_S) -> list[str]:
    nodes = [graph.add(class_type, value=fresh(), seconds=seconds, tag=f"{tag}{index}") for index in range(count)]
    for node in nodes:
        graph.show(node)
    return [node.id for node in nodes]


def test_one_wait(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeWait", value=value, seconds=0.01, tag=""))
    assert client.run(graph).shown(shown) == [value]


def test_waits_overlap(server: Server, client: Client, graph: Graph) -> None:
    ids = waits(graph, "ProbeWait", "overlap", 3)
    run = client.run(graph)
    assert run.succeeded
    assert set(ids) <= set(run.ran)
    assert overlap(server, "overlap", 3)


def test_a_chain_of_waits_does_not_overlap(server: Server, client: Client, graph: Graph) -> None:
    first = graph.add("ProbeWait", value=fresh(), seconds=0.05, tag="chained0")
    graph.show(graph.add("ProbeWait", value=first, seconds=0.05, tag="chained1"))
    assert client.run(graph).succeeded
    assert [line["what"] for line in server.traced("chained")] == ["enter", "leave", "enter", "leave"]


def test_synchronous_nodes_of_packs_run_one_at_a_time(server: Server, client: Client, graph: Graph) -> None:
    waits(graph, "ProbeSleep", "sleeping", 2, 0.05)
    assert client.run(graph).succeeded
    assert [line["what"] for line in server.traced("sleeping")] == ["enter", "leave", "enter", "leave"]


def test_a_wait_goes_on_while_a_synchronous_node_works(server: Server, client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeWait", value=fresh(), seconds=WAIT_S, tag="beside-wait"))
    graph.show(graph.add("ProbeSleep", value=fresh(), seconds=WAIT_S, tag="beside-sleep"))
    assert client.run(graph).succeeded
    assert overlap(server, "beside", 2)


def test_waits_of_an_expansion_overlap(server: Server, client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeWaitExpand", value=value, seconds=WAIT_S, tag="grown"))
    assert client.run(graph).shown(shown) == [3 * value + 3]
    assert overlap(server, "grown", 3)


def test_waits_of_two_expansions_overlap(server: Server, client: Client, graph: Graph) -> None:
    waits(graph, "ProbeWaitExpand", "both-grown", 2)
    assert client.run(graph).succeeded
    assert overlap(server, "both-grown", 6)


def test_a_wait_for_each_element(client: Client, graph: Graph) -> None:
    numbers = graph.add("ProbeList", numbers="1,2,3")
    shown = graph.show(graph.add("ProbeWait", value=numbers, seconds=0.01, tag=str(fresh())))
    assert client.run(graph).shown(shown) == [1, 2, 3]


def test_waits_of_elements_overlap(server: Server, client: Client, graph: Graph) -> None:
    tag = f"element{fresh()}"
    numbers = graph.add("ProbeList", numbers="1,2,3")
    graph.show(graph.add("ProbeWait", value=numbers, seconds=WAIT_S, tag=tag))
    assert client.run(graph).succeeded
    assert overlap(server, tag, 3)


def test_a_wait_that_gives_a_list(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeWaitList", value=value, seconds=0.0, tag=""))
    assert client.run(graph).shown(shown) == [value, value + 1, value + 2]


def test_a_wait_for_tasks_of_its_own(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeWaitGather", value=value, seconds=0.01, tag=""))
    assert client.run(graph).shown(shown) == [3 * value + 3]


def test_a_target_that_waits(client: Client, graph: Graph) -> None:
    value = fresh()
    target = graph.add("ProbeWaitShow", value=value, seconds=0.01, tag="")
    assert client.run(graph).shown(target) == [value]
    run = client.run(graph)
    assert run.ran == []
    assert run.shown(target) == [value]


def test_a_wait_is_cached(server: Server, client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeWait", value=fresh(), seconds=0.01, tag="cached-wait"))
    client.run(graph)
    assert client.run(graph).ran == []
    assert len(server.traced("cached-wait")) == 2


def test_an_error_while_waiting(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeWaitRaise", value=fresh(), seconds=0.01, tag="here")
    graph.show(failing)
    error = client.run(graph).error
    assert error is not None
    assert error["node_id"] == failing.id
    assert error["exception_type"] == "RuntimeError"
    assert "failed while waiting: here" in error["exception_message"]


def test_a_time_limit(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeWaitTimeout", value=fresh(), seconds=0.05, tag="")
    graph.show(failing)
    error = client.run(graph).error
    assert error is not None
    assert error["node_id"] == failing.id
    assert "Timeout" in error["exception_type"]


def test_one_fails_while_another_waits(server: Server, client: Client, graph: Graph) -> None:
    """The run ends with the error, and does not wait out the other."""
    graph.show(graph.add("ProbeWaitRaise", value=fresh(), seconds=0.1, tag="early"))
    graph.show(graph.add("ProbeWaitCleanup", value=fresh(), seconds=15.0, tag="cut-short"))
    error = client.run(graph, timeout_s=10).error
    assert error is not None
    assert error["node_type"] == "ProbeWaitRaise"
    server.wait_for_trace("cut-short", "cleanup", 5)


def test_two_fail_at_once(client: Client, graph: Graph) -> None:
    waits(graph, "ProbeWaitRaise", "both", 2, 0.05)
    run = client.run(graph)
    assert len(run.of("execution_error")) == 1
    value = fresh()
    whole = Graph()
    shown = whole.show(whole.add("ProbeWait", value=value, seconds=0.0, tag=""))
    assert client.run(whole).shown(shown) == [value]


def test_an_interrupt_reaches_a_wait(server: Server, client: Client, graph: Graph) -> None:
    waiting = graph.add("ProbeWaitLong", value=fresh(), tag="interrupted-wait")
    graph.show(waiting)
    answer = client.queue(graph)
    server.wait_for_trace("interrupted-wait", "enter")
    assert client.post("/interrupt").status == 200
    run = client.follow(answer, timeout_s=5)
    assert run.of("execution_interrupted")[0]["node_id"] == waiting.id
    server.wait_for_trace("interrupted-wait", "cleanup", 5)


def test_an_interrupt_reaches_many_waits(server: Server, client: Client, graph: Graph) -> None:
    for index in range(3):
        graph.show(graph.add("ProbeWaitLong", value=fresh(), tag=f"many-waits{index}"))
    answer = client.queue(graph)
    for index in range(3):
        server.wait_for_trace(f"many-waits{index}", "enter")
    client.post("/interrupt")
    run = client.follow(answer, timeout_s=5)
    assert len(run.of("execution_interrupted")) == 1
    for index in range(3):
        server.wait_for_trace(f"many-waits{index}", "cleanup", 5)


def test_progress_of_a_wait(client: Client, graph: Graph) -> None:
    waiting = graph.add("ProbeWaitProgress", value=fresh(), seconds=0.04, tag="")
    graph.show(waiting)
    told = [data for data in client.run(graph).of("progress") if data["node"] == waiting.id]
    assert told[-1]["value"] == told[-1]["max"] == 4


def test_progress_of_two_waits_is_kept_apart(client: Client, graph: Graph) -> None:
    ids = waits(graph, "ProbeWaitProgress", "apart", 2, 0.2)
    run = client.run(graph)
    for node_id in ids:
        values = [data["value"] for data in run.of("progress") if data["node"] == node_id]
        assert values == sorted(values)
        assert values[-1] == 4


def test_an_asynchronous_check_and_question(client: Client, graph: Graph) -> None:
    value = fresh()
    needed, spare = graph.add("ProbeInt", value=value), graph.add("ProbeInt", value=fresh())
    node = graph.add("ProbeWaitChecked", value=needed, spare=spare, limit=50)
    shown = graph.show(node)
    run = client.run(graph)
    assert run.shown(shown) == [50]
    assert spare.id not in run.ran
    graph[node.id]["inputs"]["limit"] = 100
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.only(node.id)["type"] == "custom_validation_failed"


def test_the_server_answers_while_nodes_work(server: Server, client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeSleep", value=fresh(), seconds=0.3, tag="busy"))
    answer = client.queue(graph)
    server.wait_for_trace("busy", "enter")
    assert client.get("/queue").json["queue_running"][0][1] == answer["prompt_id"]
    assert client.get("/object_info/ProbeInt").status == 200
    assert [line["what"] for line in server.traced("busy")] == ["enter"]  # it answered before the node was done
    assert client.follow(answer).succeeded
