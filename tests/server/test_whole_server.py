"""A server in a process of its own, spoken to as scripts do: urllib and the `websockets` package."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

from tests.doubles import entry
from tests.server.running import SCRIPT, Server, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends the server by signals")


class WholeServer(Server):
    """One that runs prompts and tells of its worker."""

    def worker_id(self) -> int:
        """Ask a node for the worker's process id."""
        found = self.run({"1": entry("ProcessId", salt=time.time_ns() % 10**9), "2": entry("Show", value=["1", 0])})
        return int(found["outputs"]["2"]["text"][0])

    def run(self, prompt: dict[str, Any]) -> dict[str, Any]:
        prompt_id = self.post("/prompt", {"prompt": prompt})["prompt_id"]
        return self.ended(prompt_id)


def start_whole(folder: Path, *flags: str) -> WholeServer:
    started = start(folder, *flags)
    return WholeServer(started.process, started.address)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WholeServer]:
    server = start_whole(tmp_path)
    yield server
    server.end()


def ended(process_id: int, within_s: float) -> bool:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        stat = Path(f"/proc/{process_id}/stat")
        if Path("/proc/self").exists():
            if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        else:
            try:
                os.kill(process_id, 0)
            except ProcessLookupError:
                return True
        time.sleep(0.02)
    return False


async def read_until_left(socket: Any, prompt_id: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for frame in socket:
            if isinstance(frame, str):
                messages.append(json.loads(frame))
                data = messages[-1]["data"]
                if messages[-1]["type"] == "executing" and data["node"] is None and data["prompt_id"] == prompt_id:
                    return messages
    raise AssertionError("the server closed the socket")


async def test_a_script_queues_listens_and_reads_the_result(server):
    prompt = {
        "1": entry("Constant", value=2),
        "2": entry("ShowProgress", value=["1", 0]),
        "3": entry("SaveText", value=["2", 0], name="result"),
    }
    async with connect(f"ws://{server.address}/ws?clientId=script") as socket:
        hello = json.loads(await socket.recv())
        assert hello == {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "script"}}
        queue = asyncio.to_thread(server.post, "/prompt", {"prompt": prompt, "client_id": "script"})
        prompt_id = (await queue)["prompt_id"]
        messages = await read_until_left(socket, prompt_id)
    history = (await asyncio.to_thread(server.get, f"/history/{prompt_id}"))[prompt_id]
    image = history["outputs"]["3"]["images"][0]
    assert image == {"filename": "result.txt", "subfolder": "", "type": "output"}
    kinds = {message["type"] for message in messages}
    assert kinds >= {"status", "execution_start", "execution_cached", "executing", "progress", "executed"}

    def view() -> bytes:
        address = f"http://{server.address}/view?filename=result.txt&subfolder=&type=output"
        with urllib.request.urlopen(address, timeout=10) as answer:
            data: bytes = answer.read()
            return data

    assert await asyncio.to_thread(view) == b"2"


async def test_a_client_that_vanishes_mid_run_loses_nothing(server):
    await asyncio.to_thread(server.worker_id)
    prompt = {"1": entry("Sleep", seconds=0.5), "2": entry("Show", value=["1", 0])}
    socket = await connect(f"ws://{server.address}/ws?clientId=gone")
    await socket.recv()
    answer = await asyncio.to_thread(server.post, "/prompt", {"prompt": prompt, "client_id": "gone"})
    await asyncio.sleep(0.2)
    socket.transport.abort()
    async with connect(f"ws://{server.address}/ws?clientId=gone") as again:
        first = json.loads(await again.recv())
        now = json.loads(await again.recv())
        assert first["type"] == "status"
        assert (now["type"], now["data"]["node"], now["data"]["prompt_id"]) == ("executing", "1", answer["prompt_id"])
        await read_until_left(again, answer["prompt_id"])
    history = await asyncio.to_thread(server.get, f"/history/{answer['prompt_id']}")
    assert history[answer["prompt_id"]]["status"]["completed"] is True


async def test_a_page_of_a_stranger_gets_no_websocket(server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(f"ws://{server.address}/ws", origin="http://evil.example"):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403
    async with connect(f"ws://{server.address}/ws", origin=f"http://{server.address}"):  # type: ignore[arg-type]
        pass


def test_sigkill_of_the_server_ends_the_worker_within_a_second(server):
    worker = server.worker_id()
    server.post("/prompt", {"prompt": {"1": entry("Doze", seconds=20), "2": entry("Show", value=["1", 0])}})
    time.sleep(0.3)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert ended(worker, 1)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_cleanly_even_at_work(server, sign):
    worker = server.worker_id()
    server.post("/prompt", {"prompt": {"1": entry("Doze", seconds=20), "2": entry("Show", value=["1", 0])}})
    time.sleep(0.3)
    server.process.send_signal(sign)
    assert server.process.wait(timeout=5) == 0
    assert ended(worker, 1)


def test_a_worker_that_dies_fails_its_job_and_no_other(server):
    first = server.worker_id()
    crash = server.run({"1": entry("Constant"), "2": entry("Crash", status=9), "3": entry("Show", value=["2", 0])})
    assert crash["status"]["status_str"] == "error" and not crash["status"]["completed"]
    kind, data = crash["status"]["messages"][-1]
    assert kind == "execution_error" and data["node_id"] == "2" and data["node_type"] == "Crash"
    assert data["exception_type"] == "WorkerDied" and "exit status 9" in data["exception_message"]
    assert "last words" in data["exception_message"]
    assert server.worker_id() != first


def test_a_busy_port_is_said_plainly(server, tmp_path):
    port = server.address.rpartition(":")[2]
    code = (
        f"import main, sys; sys.exit(main.main(['--port', {port!r}, '--base-directory', {str(tmp_path)!r}, '--cpu']))"
    )
    second = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=SCRIPT.parents[2]
    )
    assert second.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in second.stderr and "Traceback" not in second.stderr


def test_answers_while_a_node_computes(server):
    server.worker_id()
    server.post("/prompt", {"prompt": {"1": entry("Doze", seconds=3), "2": entry("Show", value=["1", 0])}})
    time.sleep(0.2)
    slowest_s = 0.0
    for _ in range(20):
        started_s = time.monotonic()
        server.get("/queue")
        slowest_s = max(slowest_s, time.monotonic() - started_s)
    assert slowest_s < 0.5
