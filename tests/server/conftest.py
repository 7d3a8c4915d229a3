"""A server on the nodes of tests/doubles.py, in this process or in one of its own."""

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer

import main
from engine.files.places import Places
from engine.jobs.worker import Worker
from engine.options import Options, read_options
from engine.server.app import build_app
from engine.server.log_book import LogBook
from engine.server.services import Services
from engine.worker import InProcessWorker, ProcessWorker, WorkerSetup
from tests import doubles

DOUBLES = "tests.doubles:equip"


def in_process(options: Options, places: Places, log_book: LogBook, number: int) -> Worker:
    return InProcessWorker(WorkerSetup(places, equipment=DOUBLES, number=number))


def in_own_process(options: Options, places: Places, log_book: LogBook, number: int) -> Worker:
    return ProcessWorker(WorkerSetup(places, equipment=DOUBLES, number=number), echo=log_book.worker_printed)


@dataclass
class Listener:
    """An open websocket, and what came over it."""

    socket: Any
    id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    binary: list[bytes] = field(default_factory=list)

    async def until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 20) -> dict[str, Any]:
        """Read until a message fits."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.socket.receive()
                if isinstance(message.data, bytes):
                    self.binary.append(message.data)
                    continue
                assert message.data is not None and isinstance(message.data, str), f"the socket closed: {message}"
                self.messages.append(message.json())
                if wanted(self.messages[-1]):
                    return self.messages[-1]

    async def until_left(self, prompt_id: str) -> list[dict[str, Any]]:
        """Read until a prompt has ended; give the messages about it."""

        def left(message: dict[str, Any]) -> bool:
            data = message["data"]
            return message["type"] == "executing" and data["node"] is None and data["prompt_id"] == prompt_id

        await self.until(left)
        return [message for message in self.messages if message["data"].get("prompt_id") == prompt_id]


@dataclass
class Site:
    """A running server and a client of it."""

    http: TestClient[Any, Any]
    services: Services

    async def listen(self, client_id: str | None = None) -> Listener:
        client_id = client_id or uuid.uuid4().hex
        socket = await self.http.ws_connect(f"/ws?clientId={quote(client_id)}")
        listener = Listener(socket, client_id)
        await listener.until(lambda message: message["type"] == "status")
        return listener

    async def queue(self, prompt: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Queue a prompt, which must be accepted."""
        data = io.BytesIO(json.dumps({"prompt": prompt, **more}).encode())
        answer = await self.http.post("/prompt", data=data)
        body: dict[str, Any] = await answer.json()
        assert answer.status == 200, body
        return body

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def run(self, prompt: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Queue a prompt, and give its history once it has ended."""
        prompt_id = (await self.queue(prompt, **more))["prompt_id"]
        async with asyncio.timeout(30):
            while not (found := await self.get(f"/history/{prompt_id}")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        history: dict[str, Any] = found[prompt_id]
        return history


OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def open_site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    """Open servers that are closed with the test."""
    clients: list[TestClient[Any, Any]] = []

    async def open_one(*flags: str, make_worker: main.MakeWorker = in_process) -> Site:
        options = read_options(flags, tmp_path)
        services = main.build_services(options, main.find_places(options), doubles.definitions(), make_worker)
        client = TestClient(TestServer(build_app(services)))
        await client.start_server()
        clients.append(client)
        return Site(client, services)

    yield open_one
    for client in clients:
        await client.close()


@pytest.fixture
async def site(open_site: OpenSite) -> Site:
    return await open_site()


@pytest.fixture
async def process_site(open_site: OpenSite) -> Site:
    return await open_site(make_worker=in_own_process)
