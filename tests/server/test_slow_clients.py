"""Clients that take for ever: they lose their connection, and nobody else does."""

import asyncio
import io
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import main
from engine.options import read_options
from engine.server import app as application
from engine.server.app import build_app
from engine.server.connections import FEWEST_CONNECTIONS, Pace, answer_on, at_a_pace, room
from engine.server.listening import open_sockets
from tests import doubles
from tests.server.conftest import in_process

HEAD = b"GET /queue HTTP/1.1\r\nHost: 127.0.0.1\r\n"
Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def opened(
    folder: Path, *flags: str, most: int | None = None, said_within_s: float = 5
) -> AsyncIterator[tuple[str, Open]]:
    """The server as main.py starts it; gives its address and what opens a bare connection."""
    options = read_options(flags, folder)
    services = main.build_services(options, main.find_places(options), doubles.definitions(), in_process)
    runner = web.AppRunner(build_app(services), access_log=None, shutdown_timeout=1, keepalive_timeout=said_within_s)
    await runner.setup()
    (listener,) = open_sockets(["127.0.0.1"], 0)
    port = listener.getsockname()[1]
    server = await answer_on(runner, listener, most=most)
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    try:
        yield f"http://127.0.0.1:{port}", connect
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await runner.cleanup()


async def status(address: str, path: str = "/queue", **more: Any) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{address}{path}", **more) as answer:
        await answer.read()
        return answer.status


async def test_heads_that_trickle_in_are_cut_off(tmp_path):
    async with opened(tmp_path, said_within_s=0.4) as (address, connect):
        silent, _ = await connect()
        reader, writer = await connect()
        began = time.monotonic()
        writer.write(HEAD)
        while not reader.at_eof() and time.monotonic() - began < 5:
            writer.write(b"X-More: y\r\n")
            await asyncio.sleep(0.05)
            if reader.at_eof() or writer.is_closing():
                break
            try:
                await asyncio.wait_for(reader.read(1), 0.01)
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert time.monotonic() - began < 3
        assert await asyncio.wait_for(silent.read(), 3) == b""
        assert await status(address) == 200


async def test_where_there_is_no_room_the_idle_go_and_the_busy_stay(tmp_path):
    async with opened(tmp_path, most=8, said_within_s=60) as (address, connect), aiohttp.ClientSession() as session:
        events = await session.ws_connect(f"{address}/ws?clientId=a")
        assert (await events.receive_json())["type"] == "status"
        slow = []
        for _ in range(50):
            reader, writer = await connect()
            writer.write(HEAD)
            slow.append(reader)
            await asyncio.sleep(0)
        assert await status(address) == 200
        assert await status(address) == 200
        await session.post(f"{address}/queue", data=b'{"pause":true}')
        await events.ping()
        assert not events.closed
        await asyncio.sleep(0.1)
        assert sum(reader.at_eof() for reader in slow) >= 40
        await events.close()


async def test_where_all_are_at_work_the_next_one_is_told_so(tmp_path):
    async with opened(tmp_path, most=3) as (address, connect), aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(f"{address}/ws?clientId={number}") for number in range(3)]
        reader, writer = await connect()
        writer.write(HEAD + b"\r\n")
        answer = await asyncio.wait_for(reader.read(), 3)
        assert b" 503 " in answer.split(b"\r\n")[0] and b"Retry-After" in answer and b"Too many clients" in answer
        await sockets[0].close()
        await asyncio.sleep(0.05)
        assert await status(address) == 200
        for each in sockets:
            await each.close()


async def trickle(address: str, sizes: int, pause_s: float, path: str = "/userdata/slow.txt", count: int = 8) -> Any:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * sizes
            await asyncio.sleep(pause_s)

    async with aiohttp.ClientSession() as session, session.post(f"{address}{path}", data=body()) as answer:
        return answer.status, await answer.text()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, a hundred times as fast."""
    monkeypatch.setattr(application, "at_a_pace", lambda _: at_a_pace(Pace(0.3, 150)))


async def test_bodies_that_trickle_in_are_answered_408(tmp_path, quick):
    async with opened(tmp_path) as (address, _):
        for path in ("/userdata/slow.txt", "/prompt", "/queue"):
            code, text = await trickle(address, 1, 0.1, path, count=20)
            assert code == 408 and "too slowly" in text and "150" in text
        assert not list((tmp_path / "user").rglob("slow.txt"))
        assert await status(address) == 200


async def test_a_stranger_cannot_keep_the_login_waiting(tmp_path, quick):
    async with opened(tmp_path, "--token", "correct horse battery") as (_, connect):
        reader, writer = await connect()
        form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="
        writer.write(HEAD.replace(b"GET /queue", b"POST /login") + form)
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)


async def test_a_form_that_trickles_in_leaves_nothing_behind(tmp_path, quick):
    async with opened(tmp_path) as (address, _):

        async def body() -> AsyncIterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
            for _ in range(20):
                yield b"x"
                await asyncio.sleep(0.1)

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        async with aiohttp.ClientSession(headers=headers) as session:
            answer = await session.post(f"{address}/upload/image", data=body())
            assert answer.status == 408
        assert not list((tmp_path / "temp" / ".uploads").iterdir())


async def test_a_long_upload_at_a_fair_pace_arrives(tmp_path, quick):
    async with opened(tmp_path, said_within_s=0.3) as (address, _):
        code, _ = await trickle(address, 200, 0.1, count=12)  # 1.2 s: four spans, and four times the time for heads
        assert code == 200
        assert (tmp_path / "user" / "default" / "slow.txt").stat().st_size == 2400
        data = aiohttp.FormData()
        data.add_field("image", io.BytesIO(b"y" * 3_000_000), filename="big.bin")
        async with aiohttp.ClientSession() as session:
            assert (await session.post(f"{address}/upload/image", data=data)).status == 200


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system does not offer it")
def test_the_system_ends_connections_whose_client_takes_nothing_in():
    (listener,) = open_sockets(["127.0.0.1"], 0)
    with listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)
            taken.settimeout(20)
            began = time.monotonic()
            with pytest.raises(OSError, match="timed out"):
                while True:
                    taken.sendall(b"x" * 2**20)
            assert time.monotonic() - began < 15


def test_there_is_room_for_some():
    assert FEWEST_CONNECTIONS <= room() <= 1000
