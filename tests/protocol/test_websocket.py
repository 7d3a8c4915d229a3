"""What goes over the websocket, in which order, and to whom."""

import json
import struct

import pytest

from tests.protocol.client import Client, Graph, Message, fresh
from tests.protocol.serving import Server


def simple(value: int) -> Graph:
    graph = Graph()
    graph.show(graph.add("ProbeInt", value=value))
    return graph


def test_the_server_speaks_first(server: Server) -> None:
    client = server.client()
    hello = client.open()
    client.close()
    assert hello.type == "status"
    assert hello.data["status"] == {"exec_info": {"queue_remaining": 0}}
    assert hello.data["sid"] == client.id


def test_a_client_without_an_id_gets_one(server: Server) -> None:
    client = server.client()
    client.id = ""
    hello = client.open()
    client.close()
    assert hello.data["sid"]


def test_feature_flags_are_answered(server: Server) -> None:
    with server.client(flags={"supports_preview_metadata": True}) as client:
        answer = client.until("feature_flags")
    assert answer.data["supports_preview_metadata"] is True
    assert isinstance(answer.data["max_upload_size"], int)
    assert answer.data == client.get("/features").json


def test_the_order_of_a_run(client: Client) -> None:
    run = client.run(simple(fresh()))
    order = [kind for kind in run.order if kind != "progress_state"]
    assert order == [
        "execution_start",
        "execution_cached",
        "executing",
        "executing",
        "executed",
        "execution_success",
        "executing",
    ]


def test_the_order_of_a_run_that_is_all_cached(client: Client) -> None:
    graph = simple(fresh())
    client.run(graph)
    run = client.run(graph)
    order = [kind for kind in run.order if kind != "progress_state"]
    assert order == ["execution_start", "execution_cached", "executed", "execution_success", "executing"]


def test_the_order_of_a_run_that_fails(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeRaise", message=f"broken {fresh()}"))
    run = client.run(graph)
    order = [kind for kind in run.order if kind != "progress_state"]
    assert order == ["execution_start", "execution_cached", "executing", "execution_error", "executing"]


def test_every_message_names_its_prompt(client: Client) -> None:
    run = client.run(simple(fresh()))
    for message in run.messages:
        assert message.data["prompt_id"] == run.prompt_id
    for kind in ("execution_start", "execution_cached", "execution_success"):
        assert run.of(kind)[0]["timestamp"] > 1_600_000_000_000  # milliseconds
    assert run.messages[-1].data["node"] is None


def test_executing_and_executed_name_the_node_shown(client: Client) -> None:
    run = client.run(simple(fresh()))
    for data in run.of("executing")[:-1] + run.of("executed"):
        assert data["display_node"] == data["node"]


def test_status_counts_the_queue(client: Client, other: Client) -> None:
    """Everybody hears it, also those whose prompt it is not."""
    answer = client.queue(simple(fresh()))
    counts = []
    while not counts or counts[-1] > 0:
        message = other.until("status")
        counts.append(message.data["status"]["exec_info"]["queue_remaining"])
    client.follow(answer)
    assert max(counts) >= 1
    assert counts[-1] == 0


def test_a_stranger_hears_nothing_of_a_run(client: Client, other: Client) -> None:
    run = client.run(simple(fresh()))
    own = other.run(simple(fresh()))
    heard = {message.data.get("prompt_id") for message in other.log if message.type != "status"}
    assert run.prompt_id not in heard
    assert own.prompt_id in heard


def test_two_clients_at_once(client: Client, other: Client) -> None:
    first, second = simple(fresh()), simple(fresh())
    answers = client.queue(first), other.queue(second)
    runs = client.follow(answers[0]), other.follow(answers[1])
    assert [run.outputs["2"]["shown"] for run in runs] == [[g["1"]["inputs"]["value"]] for g in (first, second)]
    assert runs[1].prompt_id not in {message.data.get("prompt_id") for message in client.log}


def test_a_prompt_without_a_client(client: Client, other: Client) -> None:
    """Nobody hears its messages; the history has it."""
    answer = client.post("/prompt", {"prompt": simple(fresh())}).json
    other.try_until(lambda: client.get(f"/history/{answer['prompt_id']}").json)
    assert client.history(answer["prompt_id"])["status"]["completed"] is True


def test_the_history_is_complete_before_the_last_message(client: Client) -> None:
    for _ in range(5):
        run = client.run(simple(fresh()))
        entry = client.get(f"/history/{run.prompt_id}").json[run.prompt_id]
        assert entry["status"]["completed"] is True
        assert entry["outputs"]


def test_reconnecting_while_a_node_runs(server: Server, graph: Graph) -> None:
    graph.show(graph.add("ProbeUntilStopped", "endless", value=fresh(), tag="reconnect"))
    first = server.client("somebody who comes back")
    first.open()
    answer = first.queue(graph)
    server.wait_for_trace("reconnect", "enter")
    first.close()
    with server.client(first.id) as again:
        assert again.log[0].type == "status"
        assert again.log[0].data["status"]["exec_info"]["queue_remaining"] == 1
        assert again.until("executing").data["node"] == "endless"
        again.post("/interrupt")
        run = again.follow(answer)
        assert run.of("execution_interrupted")


def test_the_newer_socket_of_an_id_gets_the_messages(server: Server) -> None:
    with server.client("twice here") as _, server.client("twice here") as newer:
        assert newer.run(simple(fresh())).succeeded


def test_previews_of_old_clients(client: Client, graph: Graph) -> None:
    """Event 1: image type, then the image."""
    graph.show(graph.add("ProbeSteps", value=fresh(), steps=2, preview="JPEG"))
    frames = [message for message in client.run(graph).messages if message.type == 1]
    assert frames
    kind, body = struct.unpack(">I", frames[-1].body[:4])[0], frames[-1].body[4:]
    assert kind == 1
    assert body[:3] == b"\xff\xd8\xff"


def test_png_previews(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeSteps", value=fresh(), steps=1, preview="PNG"))
    frames = [message for message in client.run(graph).messages if message.type == 1]
    assert struct.unpack(">I", frames[-1].body[:4])[0] == 2
    assert frames[-1].body[4:12] == b"\x89PNG\r\n\x1a\n"


def with_metadata(message: Message) -> tuple[dict[str, str], bytes]:
    (length,) = struct.unpack(">I", message.body[:4])
    return json.loads(message.body[4 : 4 + length]), message.body[4 + length :]


def test_previews_with_metadata(server: Server, graph: Graph) -> None:
    """Event 4, for those who say that they know it; they get no event 1."""
    steps = graph.add("ProbeSteps", value=fresh(), steps=2, preview="JPEG")
    graph.show(steps)
    with server.client(flags={"supports_preview_metadata": True}) as client:
        client.until("feature_flags")
        run = client.run(graph)
    frames = [message for message in run.messages if message.type == 4]
    assert frames
    assert not [message for message in run.messages if message.type == 1]
    facts, image = with_metadata(frames[-1])
    assert facts["node_id"] == facts["display_node_id"] == facts["real_node_id"] == steps.id
    assert facts["prompt_id"] == run.prompt_id
    assert facts["image_type"] == "image/jpeg"
    assert "parent_node_id" in facts
    assert image[:3] == b"\xff\xd8\xff"


def test_text_of_a_node(client: Client, graph: Graph) -> None:
    """Event 3: the node's id and a text."""
    say = graph.add("ProbeSayText", text=f"words {fresh()} äöü")
    graph.show(say)
    frames = [message for message in client.run(graph).messages if message.type == 3]
    assert len(frames) == 1
    (length,) = struct.unpack(">I", frames[0].body[:4])
    assert frames[0].body[4 : 4 + length].decode() == say.id
    assert frames[0].body[4 + length :].decode() == graph[say.id]["inputs"]["text"]


@pytest.mark.parametrize("noise", ["not json", "[]", '{"type": "unheard of"}', '{"type": "feature_flags"}'])
def test_noise_from_a_client_does_no_harm(server: Server, noise: str) -> None:
    with server.client() as client:
        assert client._socket is not None
        client._socket.send(noise)
        assert client.run(simple(fresh())).succeeded
