"""The queue: who is next, what is waiting, what is taken out again."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.protocol.client import Client, Graph, Refused, Run, fresh
from tests.protocol.serving import Server


@dataclass
class Held:
    """A server whose only worker is busy until `let_go`."""

    client: Client
    answer: dict[str, object]
    done: list[Run] = field(default_factory=list)

    def let_go(self) -> Run:
        if not self.done:
            self.client.post("/interrupt", {"prompt_id": self.answer["prompt_id"]})
            self.done.append(self.client.follow(self.answer))
        return self.done[0]


@pytest.fixture
def held(server: Server, client: Client) -> Iterator[Held]:
    graph, tag = Graph(), f"held{fresh()}"
    graph.show(graph.add("ProbeUntilStopped", value=fresh(), tag=tag))
    held = Held(client, client.queue(graph))
    server.wait_for_trace(tag, "enter")
    yield held
    client.post("/queue", {"clear": True})
    held.let_go()


def simple(value: int) -> Graph:
    graph = Graph()
    graph.show(graph.add("ProbeInt", value=value))
    return graph


def pending(client: Client) -> list[str]:
    """Ids of the waiting prompts, the next one first."""
    return [item[1] for item in sorted(client.get("/queue").json["queue_pending"])]


def test_an_answer_names_the_prompt(client: Client) -> None:
    answer = client.queue(simple(fresh()))
    assert set(answer) >= {"prompt_id", "number", "node_errors"}
    assert uuid.UUID(answer["prompt_id"])
    assert answer["node_errors"] == {}
    client.follow(answer)


def test_numbers_rise(client: Client) -> None:
    runs = [client.run(simple(fresh())) for _ in range(2)]
    assert runs[1].answer["number"] > runs[0].answer["number"]


def test_what_runs_and_what_waits(held: Held) -> None:
    graph = simple(fresh())
    extra = {"extra_pnginfo": {"workflow": {"id": "mine"}}}
    answer = held.client.queue(graph, extra_data=extra)
    queue = held.client.get("/queue").json
    (running,), (waiting,) = queue["queue_running"], queue["queue_pending"]
    assert running[1] == held.answer["prompt_id"]
    number, prompt_id, prompt, extra_data, outputs = waiting[:5]
    assert (number, prompt_id) == (answer["number"], answer["prompt_id"])
    assert prompt["1"]["class_type"] == "ProbeInt"
    assert prompt["1"]["inputs"] == graph["1"]["inputs"]
    assert extra_data["extra_pnginfo"] == extra["extra_pnginfo"]
    assert extra_data["client_id"] == held.client.id
    assert outputs == ["2"]


def test_prompt_tells_how_many_there_are(held: Held) -> None:
    held.client.queue(simple(fresh()))
    assert held.client.get("/prompt").json == {"exec_info": {"queue_remaining": 2}}


def test_they_run_in_order(held: Held) -> None:
    answers = [held.client.queue(simple(fresh())) for _ in range(3)]
    assert pending(held.client) == [answer["prompt_id"] for answer in answers]
    held.let_go()
    for answer in answers:
        assert held.client.follow(answer).succeeded


def test_to_the_front(held: Held) -> None:
    first, second = held.client.queue(simple(fresh())), held.client.queue(simple(fresh()), front=True)
    assert pending(held.client) == [second["prompt_id"], first["prompt_id"]]
    assert second["number"] < 0
    held.let_go()
    assert held.client.follow(second).succeeded
    assert held.client.follow(first).succeeded


def test_a_number_of_ones_own(held: Held) -> None:
    late = held.client.queue(simple(fresh()), number=1e9)
    middle = held.client.queue(simple(fresh()), number=5e8)
    assert late["number"] == 1e9
    assert pending(held.client) == [middle["prompt_id"], late["prompt_id"]]


def test_one_is_taken_out(held: Held) -> None:
    keep, drop = held.client.queue(simple(fresh())), held.client.queue(simple(fresh()))
    answer = held.client.post("/queue", {"delete": [drop["prompt_id"]]})
    assert answer.status == 200
    assert pending(held.client) == [keep["prompt_id"]]
    held.let_go()
    assert held.client.follow(keep).succeeded
    assert held.client.get(f"/history/{drop['prompt_id']}").json == {}


def test_taking_out_what_is_not_there(held: Held) -> None:
    keep = held.client.queue(simple(fresh()))
    assert held.client.post("/queue", {"delete": [str(uuid.uuid4())]}).status == 200
    assert pending(held.client) == [keep["prompt_id"]]


def test_all_are_taken_out(held: Held) -> None:
    for _ in range(3):
        held.client.queue(simple(fresh()))
    assert held.client.post("/queue", {"clear": True}).status == 200
    queue = held.client.get("/queue").json
    assert queue["queue_pending"] == []
    assert len(queue["queue_running"]) == 1  # what runs is left alone


def test_a_prompt_id_of_ones_own(client: Client) -> None:
    prompt_id = str(uuid.uuid4())
    run = client.run(simple(fresh()), prompt_id=prompt_id)
    assert run.prompt_id == prompt_id
    assert client.history(prompt_id)["status"]["completed"]


@pytest.mark.parametrize("prompt_id", ["not a uuid", "5", "ABCDEFAB-0000-4000-8000-000000000000"])
def test_ids_that_are_none(client: Client, prompt_id: str) -> None:
    with pytest.raises(Refused) as caught:
        client.queue(simple(fresh()), prompt_id=prompt_id)
    assert caught.value.status == 400


def test_only_some_targets(client: Client) -> None:
    value = fresh()
    graph = Graph()
    source = graph.add("ProbeInt", value=value)
    wanted, left = graph.show(source), graph.show(graph.add("ProbeAdd", a=source, b=1))
    run = client.run(graph, partial_execution_targets=[wanted.id])
    assert run.shown(wanted) == [value]
    assert set(run.ran) == {source.id, wanted.id}
    assert left.id not in run.outputs
    assert client.history(run.prompt_id)["prompt"][4] == [wanted.id]


def test_only_some_targets_beside_an_invalid_one(client: Client) -> None:
    """What is not wanted is not looked at."""
    graph = Graph()
    wanted = graph.show(graph.add("ProbeInt", value=fresh()))
    graph.show(graph.add("ProbeSmall", value=0))
    run = client.run(graph, partial_execution_targets=[wanted.id])
    assert run.succeeded
    assert run.answer["node_errors"] == {}


def test_targets_that_are_none(client: Client) -> None:
    graph = Graph()
    source = graph.add("ProbeInt", value=fresh())
    graph.show(source)
    with pytest.raises(Refused) as caught:
        client.queue(graph, partial_execution_targets=[source.id])
    assert caught.value.error["type"] == "prompt_no_outputs"
