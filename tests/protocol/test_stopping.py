"""Stopping what runs, and nothing else."""

import uuid

import pytest

from tests.protocol.client import Client, Graph, fresh
from tests.protocol.serving import Server


def endless(class_type: str, tag: str) -> Graph:
    graph = Graph()
    graph.show(graph.add(class_type, "endless", value=fresh(), tag=tag))
    return graph


@pytest.mark.parametrize("class_type", ["ProbeUntilStopped", "ProbeUntilStoppedByProgress"])
def test_an_interrupt(server: Server, client: Client, other: Client, class_type: str) -> None:
    answer = client.queue(endless(class_type, class_type))
    server.wait_for_trace(class_type, "enter")
    assert client.post("/interrupt").status == 200
    run = client.follow(answer, timeout_s=8)
    (interrupted,) = run.of("execution_interrupted")
    assert interrupted["node_id"] == "endless"
    assert interrupted["node_type"] == class_type
    assert interrupted["executed"] == []
    assert not run.succeeded
    assert run.error is None
    assert other.until("execution_interrupted").data["prompt_id"] == run.prompt_id  # everybody is told


def test_an_interrupted_prompt_in_the_history(server: Server, client: Client) -> None:
    answer = client.queue(endless("ProbeUntilStopped", "stopped-history"))
    server.wait_for_trace("stopped-history", "enter")
    client.post("/interrupt")
    run = client.follow(answer)
    status = client.history(run.prompt_id)["status"]
    assert status["completed"] is False
    assert status["status_str"] == "error"
    assert status["messages"][-1][0] == "execution_interrupted"


@pytest.mark.parametrize("body", [None, {}])
def test_an_interrupt_of_whatever_runs(server: Server, client: Client, body: dict[str, str] | None) -> None:
    tag = f"whatever{body}"
    answer = client.queue(endless("ProbeUntilStopped", tag))
    server.wait_for_trace(tag, "enter")
    assert client.post("/interrupt", body).status == 200
    assert client.follow(answer).of("execution_interrupted")


def test_an_interrupt_by_id(server: Server, client: Client) -> None:
    answer = client.queue(endless("ProbeUntilStopped", "by-id"))
    server.wait_for_trace("by-id", "enter")
    assert client.post("/interrupt", {"prompt_id": answer["prompt_id"]}).status == 200
    assert client.follow(answer).of("execution_interrupted")


def test_an_interrupt_of_another_id_stops_nothing(server: Server, client: Client) -> None:
    answer = client.queue(endless("ProbeUntilStopped", "another-id"))
    server.wait_for_trace("another-id", "enter")
    assert client.post("/interrupt", {"prompt_id": str(uuid.uuid4())}).status == 200
    assert client.get("/queue").json["queue_running"][0][1] == answer["prompt_id"]
    assert not list(client.waiting(0.3)) or not [m for m in client.log[-5:] if m.type == "execution_interrupted"]
    client.post("/interrupt", {"prompt_id": answer["prompt_id"]})
    assert client.follow(answer).of("execution_interrupted")


def test_an_interrupt_when_nothing_runs(client: Client, graph: Graph) -> None:
    """It does not wait for the next prompt."""
    assert client.post("/interrupt").status == 200
    value = fresh()
    shown = graph.show(graph.add("ProbeInt", value=value))
    assert client.run(graph).shown(shown) == [value]


def test_an_interrupt_by_the_id_of_a_prompt_that_is_done(client: Client) -> None:
    graph = Graph()
    graph.show(graph.add("ProbeInt", value=fresh()))
    run = client.run(graph)
    assert client.post("/interrupt", {"prompt_id": run.prompt_id}).status == 200
    whole = Graph()
    whole.show(whole.add("ProbeInt", value=fresh()))
    assert client.run(whole).succeeded


def test_the_next_prompt_runs_after_an_interrupt(server: Server, client: Client, graph: Graph) -> None:
    answer = client.queue(endless("ProbeUntilStopped", "before-next"))
    value = fresh()
    shown = graph.show(graph.add("ProbeInt", value=value))
    following = client.queue(graph)
    server.wait_for_trace("before-next", "enter")
    client.post("/interrupt", {"prompt_id": answer["prompt_id"]})
    assert client.follow(answer).of("execution_interrupted")
    assert client.follow(following).shown(shown) == [value]


def test_an_interrupt_keeps_what_was_done(server: Server, client: Client, graph: Graph) -> None:
    source = graph.add("ProbeInt", value=fresh())
    stopped = graph.add("ProbeUntilStopped", value=source, tag="keeps")
    graph.show(stopped)
    answer = client.queue(graph)
    server.wait_for_trace("keeps", "enter")
    client.post("/interrupt")
    interrupted = client.follow(answer).of("execution_interrupted")[0]
    assert interrupted["executed"] == [source.id]
    again = client.queue(graph)
    client.until("execution_cached", prompt_id=again["prompt_id"])
    assert client.log[-1].data["nodes"] == [source.id]
    client.post("/interrupt", {"prompt_id": again["prompt_id"]})
    client.follow(again)
