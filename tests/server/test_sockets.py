"""Who is told what over the websocket, and what a slow, silent, odd or returning client does to the others."""

import asyncio
import base64
import json
import os
import struct
import time
from typing import Any

import pytest

from engine.execution.events import NodeProgress, NodeStarted, NodeText, Place, PreviewImage
from engine.jobs.bus import JobHappened, QueueChanged
from engine.server import clients
from engine.server.clients import Client, Clients
from engine.wire.messages import Frame, message
from tests.doubles import entry, eventually

SHOWN = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


def chain(length: int) -> dict[str, Any]:
    nodes = {"0": entry("Constant", value=0)}
    nodes |= {str(index): entry("Add", a=[str(index - 1), 0]) for index in range(1, length)}
    return {**nodes, "show": entry("Show", value=[str(length - 1), 0])}


# Who is told


async def test_status_goes_to_everybody_and_events_to_the_one_who_asked(site):
    asking, other = await site.listen(), await site.listen()
    await asking.until_left((await site.queue(SHOWN, client_id=asking.id))["prompt_id"])
    await other.until(lambda m: m["data"]["status"]["exec_info"]["queue_remaining"] == 0 and len(other.messages) > 2)
    assert {message["type"] for message in other.messages} == {"status"}


async def test_a_job_of_nobody_is_told_to_nobody(site):
    listener = await site.listen()
    await site.run(SHOWN)
    await listener.until(
        lambda m: m["data"]["status"]["exec_info"]["queue_remaining"] == 0 and len(listener.messages) > 2
    )
    assert {message["type"] for message in listener.messages} == {"status"}


@pytest.mark.parametrize("client_id", [7, 7.5, "ä €\0\n", "a" * 200])
async def test_an_id_of_any_kind_gets_its_messages(site, client_id):
    listener = await site.listen(str(client_id))
    assert await listener.until_left((await site.queue(SHOWN, client_id=client_id))["prompt_id"])


async def test_the_id_may_stand_in_extra_data(site):
    listener = await site.listen()
    answer = await site.queue(SHOWN, extra_data={"client_id": listener.id})
    assert await listener.until_left(answer["prompt_id"])


async def test_two_sockets_of_one_client_id_both_get_the_messages(site):
    first = await site.listen("twin")
    second = await site.listen("twin")
    prompt_id = (await site.queue(SHOWN, client_id="twin"))["prompt_id"]
    assert len(await first.until_left(prompt_id)) == len(await second.until_left(prompt_id)) > 4


async def test_a_client_that_names_no_id_is_told_one(site):
    socket = await site.http.ws_connect("/ws")
    hello = await socket.receive_json()
    assert hello["type"] == "status" and len(hello["data"]["sid"]) == 32


async def test_text_for_a_node_comes_as_a_frame_of_kind_3(site):
    listener = await site.listen("me")
    job = type("SomeJob", (), {"id": "j", "client": "me", "user": ""})()
    site.services.bus.publish(JobHappened(job, NodeText("j", Place.of("12:3"), "42 °C")))
    await listener.until_left((await site.queue(SHOWN, client_id="me"))["prompt_id"])
    assert listener.binary == [struct.pack(">II", 3, 4) + b"12:3" + "42 °C".encode()]


async def test_whoever_comes_again_is_told_which_node_runs(site):
    first = await site.listen("phone")
    prompt_id = (await site.queue(sleeping(1.0), client_id="phone"))["prompt_id"]
    await first.until(lambda m: m["type"] == "executing")
    again = await site.listen("phone")  # before the server has noticed that the first is gone
    await first.socket.close()
    told = await again.until(lambda m: m["type"] != "status")
    assert told == {"type": "executing", "data": {"node": "1", "display_node": "1", "prompt_id": prompt_id}}
    assert [m["type"] for m in again.messages] == ["status", "executing"]
    messages = await again.until_left(prompt_id)
    assert [m["type"] for m in messages if m["type"] != "progress_state"][-3:] == [
        "executed", "execution_success", "executing",
    ]  # fmt: skip
    third = await site.listen("phone")
    await third.socket.send_json({"type": "feature_flags", "data": {}})
    await third.until(lambda m: m["type"] == "feature_flags")
    assert [m["type"] for m in third.messages] == ["status", "feature_flags"]  # nothing runs: nothing is said of it


async def test_log_lines_go_to_those_who_asked(site):
    asking, other = await site.listen(), await site.listen()
    assert (await site.http.patch("/internal/logs/subscribe", json={"clientId": asking.id, "enabled": True})).ok
    site.services.log_book.worker_printed(b"a node said this\n")
    told = await asking.until(lambda m: m["type"] == "logs")
    assert told["data"]["entries"][0]["m"] == "a node said this\n" and told["data"]["size"] is None
    await site.http.patch("/internal/logs/subscribe", json={"clientId": asking.id, "enabled": False})
    site.services.log_book.worker_printed(b"and this\n")
    for listener in (asking, other):
        await listener.until_left((await site.queue(SHOWN, client_id=listener.id))["prompt_id"])
    assert [m["type"] for m in asking.messages].count("logs") == 1
    assert "logs" not in [m["type"] for m in other.messages]
    for body in ({}, {"clientId": 3}, {"clientId": "a", "enabled": "yes"}):
        assert (await site.http.patch("/internal/logs/subscribe", json=body)).status == 400


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"type": "feature_flags"}', "[" * 5000, '{"type": 3}', ""])
async def test_odd_messages_of_clients_are_passed_over(site, text):
    listener = await site.listen()
    await listener.socket.send_str(text)
    await listener.socket.send_bytes(b"\xff\xfe")
    assert await listener.until_left((await site.queue(SHOWN, client_id=listener.id))["prompt_id"])


async def test_a_message_beyond_the_limit_ends_only_its_own_socket(site):
    listener, other = await site.listen(), await site.listen()
    await listener.socket.send_str("x" * (2 * 1024 * 1024))
    assert (await listener.socket.receive()).type.name in ("CLOSE", "CLOSED", "ERROR")
    assert await other.until_left((await site.queue(SHOWN, client_id=other.id))["prompt_id"])


# How much is told


async def test_what_a_run_says_is_linear_in_its_nodes(site):
    """Bytes of all messages, per node, of 500 and of 2,000 nodes."""
    per_node = []
    for length in (500, 2000):
        await site.http.post("/free", json={"free_memory": True})
        listener = await site.listen()
        prompt_id = (await site.queue(chain(length), client_id=listener.id))["prompt_id"]
        messages = await listener.until_left(prompt_id)
        assert sum(told["type"] == "executing" for told in messages) == length + 2
        ended: list[str] = []
        for nodes in (told["data"]["nodes"] for told in messages if told["type"] == "progress_state"):
            ended += [node for node, state in nodes.items() if state["state"] == "finished"]
        assert sorted(ended) == sorted(chain(length))
        per_node.append(sum(len(json.dumps(told)) for told in messages) / length)
    small, large = per_node
    assert large < 1.1 * small and large < 600, per_node


# Clients that are slow


class StuckSocket:
    """A socket whose client reads nothing after the first frame."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.aborted = False
        self.go_on = asyncio.Event()

    async def send_str(self, data: str) -> None:
        self.sent.append(data)
        await self.go_on.wait()

    async def send_bytes(self, data: bytes) -> None:
        await self.send_str(data)  # type: ignore[arg-type]

    async def close(self, *, code: int, message: bytes) -> bool:
        return True

    def abort(self) -> None:
        self.aborted = True


async def test_of_each_nodes_previews_only_the_newest_waits_and_no_message_is_lost():
    known = Clients(lambda user: 0)
    socket = StuckSocket()
    client = Client("slow", socket)
    known.add(client)
    sending = asyncio.create_task(client.send_all())
    await asyncio.sleep(0)
    job = type("SomeJob", (), {"id": "j", "client": "slow", "user": ""})()
    for step in range(100):
        for node in "ab":
            preview = PreviewImage("JPEG", f"{node}{step}".encode())
            known.receive(JobHappened(job, NodeProgress("j", Place.of(node), step, 100, preview)))
        known.receive(JobHappened(job, NodeStarted("j", Place.of(str(step)))))
        finished = PreviewImage("PNG", f"{step}".encode())
        known.receive(JobHappened(job, NodeProgress("j", Place.of("a"), step, 100, finished)))
    socket.go_on.set()
    await asyncio.sleep(0.05)
    texts = [json.loads(data) for data in socket.sent if isinstance(data, str)]
    assert [m["data"]["node"] for m in texts if m["type"] == "executing"] == [str(step) for step in range(100)]
    assert [m["data"]["value"] for m in texts if m["type"] == "progress"] == [s for s in range(100) for _ in range(3)]
    pictures = [data[8:].decode() for data in socket.sent if isinstance(data, bytes) and data[7] == 1]
    assert pictures == ["a99", "b99"]
    final = [data[8:].decode() for data in socket.sent if isinstance(data, bytes) and data[7] == 2]
    assert final == [str(step) for step in range(100)]
    sending.cancel()


async def test_a_client_with_too_much_waiting_is_cut_off_and_others_are_not(monkeypatch, caplog):
    monkeypatch.setattr(clients, "MOST_WAITING_BYTES", 100_000)
    known = Clients(lambda user: 0)
    stuck, fine = StuckSocket(), StuckSocket()
    fine.go_on.set()
    slow, quick = Client("twin", stuck), Client("twin", fine)
    for client in (slow, quick):
        known.add(client)
    sending = [asyncio.create_task(client.send_all()) for client in (slow, quick)]
    job = type("SomeJob", (), {"id": "j", "client": "twin", "user": ""})()
    for step in range(1000):
        known.receive(JobHappened(job, NodeStarted("j", Place.of(str(step)))))
        await asyncio.sleep(0)
    assert stuck.aborted and not fine.aborted
    assert len(fine.sent) == 1001 and "disconnected" in caplog.text
    slow.tell(message("late", {}))  # goes nowhere, and takes no room
    for task in sending:
        task.cancel()


async def test_previews_never_count_against_a_client(monkeypatch):
    monkeypatch.setattr(clients, "MOST_WAITING_BYTES", 100_000)
    socket = StuckSocket()
    client = Client("slow", socket)
    for _ in range(1000):
        client.tell(Frame(b"x" * 10_000, ("j", "1")))
    assert not socket.aborted


async def raw_websocket(site: Any, client_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a websocket by hand, so that nothing is read unless the test reads it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.http.port, limit=2**16)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws?clientId={client_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    return reader, writer


async def test_a_socket_that_is_not_read_costs_the_others_nothing(site, monkeypatch):
    """A real connection whose receiver stalls: the kernel's buffers fill, then messages wait, then it is cut off."""
    monkeypatch.setattr(clients, "MOST_WAITING_BYTES", 4 * 2**20)
    _, writer = await raw_websocket(site, "stalled")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await eventually(lambda: bool(site.services.clients.of("stalled", "")))
    (stalled,) = site.services.clients.of("stalled", "")
    listener = await site.listen("lively")
    big = message("big", {"text": "x" * 2**20})
    for _ in range(4):
        stalled.tell(big)
    await eventually(lambda: stalled._waiting_bytes > 0)  # the kernel takes no more, and the sender waits in the middle

    started = time.monotonic()
    messages = await listener.until_left((await site.queue(chain(200), client_id="lively"))["prompt_id"])
    assert messages[-1]["type"] == "executing" and time.monotonic() - started < 5

    while site.services.clients.of("stalled", ""):  # more than may wait
        stalled.tell(big)
        await asyncio.sleep(0.01)
    assert await listener.until_left((await site.queue(SHOWN, client_id="lively"))["prompt_id"])
    again = await site.listen("stalled")
    assert await again.until_left((await site.queue(SHOWN, client_id="stalled"))["prompt_id"])
    writer.close()


async def test_a_socket_that_is_not_read_does_not_keep_the_server_from_ending(site):
    _, writer = await raw_websocket(site, "stalled")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await eventually(lambda: bool(site.services.clients.of("stalled", "")))
    (stalled,) = site.services.clients.of("stalled", "")
    for _ in range(64):
        stalled.tell(message("big", {"text": "x" * 2**20}))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    await site.http.close()
    assert time.monotonic() - started < 3
    writer.close()


async def test_a_hundred_clients_share_one_written_message(monkeypatch):
    """JSON is written once per event, however many listen."""
    written = []
    monkeypatch.setattr(clients, "frames", lambda event: written.append(event) or [message("x", {})])
    known = Clients(lambda user: 0)
    for _ in range(100):
        known.add(Client("many", StuckSocket()))
    for client in ("many", "none"):
        job = type("J", (), {"id": "j", "client": client, "user": ""})()
        known.receive(JobHappened(job, NodeStarted("j", Place.of("1"))))
    known.receive(QueueChanged(3))
    assert len(written) == 1
