"""What does a trivial node cost, from POST /prompt to the last websocket message, in the real server?

    python -m benchmarks.executor [--port N] [--sizes 1000,10000,100000] [--rounds N]

Starts `main.py` with a pack of its own, and follows chains of trivial nodes by websocket: nothing cached ("cold") and
all cached. Beside it, in the same run and the same client, two peers: a bare Python loop that calls the same method as
often, and a bare aiohttp server that takes the same prompt and sends the very same frames. On a machine shared with
others the fastest of the rounds is the one to read, and the CPU time (of server and worker together), which others
disturb less: by it the claim is judged that the cost grows linearly.
"""

import argparse
import asyncio
import json
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.startup import ROOT, cpu_seconds, free_port

COLD_MS, CACHED_MS, SMALL_MS = 0.3, 0.05, 20.0  # per node, per node, and the whole of a small cached prompt
SMALL = 20  # nodes; a usual text-to-image workflow has 7 to 20
LINEAR_WITHIN = 1.5  # how much dearer a node may be in the largest chain than in the smallest; others use the machine
WAIT_S = 2.0
WIDTHS = (7, 7, 9, 8, 8, 11, 8, 6)  # of the table's columns
PACK = '''
import asyncio

class Step:
    """Adds to a number."""
    RETURN_TYPES, FUNCTION, CATEGORY = ("NUMBER",), "go", "benchmark"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"by": ("INT", {"default": 1})}, "optional": {"number": ("NUMBER",)}}

    def go(self, by, number=0):
        return (number + by,)

class Wait:
    RETURN_TYPES, FUNCTION, CATEGORY = ("NUMBER",), "go", "benchmark"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"salt": ("INT", {"default": 1}), "seconds": ("FLOAT", {"default": 1.0})}}

    async def go(self, salt, seconds):
        await asyncio.sleep(seconds)
        return (salt,)

class Show:
    RETURN_TYPES, FUNCTION, CATEGORY, OUTPUT_NODE = (), "go", "benchmark", True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"number": ("NUMBER",)}}

    def go(self, number):
        return {"ui": {"text": [str(number)]}}

NODE_CLASS_MAPPINGS = {"BenchStep": Step, "BenchWait": Wait, "BenchShow": Show}
'''
PEER = """
import asyncio, json, pickle, sys
from aiohttp import web

kept = pickle.load(open(sys.argv[2], "rb"))
sockets, tasks = {}, []

async def ws(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    sockets[request.query["clientId"]] = socket
    await socket.receive()
    return socket

async def send(name):
    for text in kept[name]:
        await sockets[name].send_str(text)

async def prompt(request):
    name = json.loads(await request.read())["client_id"]
    tasks.append(asyncio.create_task(send(name)))
    return web.json_response({"prompt_id": "peer", "number": 1, "node_errors": {}})

app = web.Application(client_max_size=2**30)
app.add_routes([web.get("/ws", ws), web.post("/prompt", prompt)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


@dataclass(frozen=True)
class Followed:
    """A prompt that ran: seconds from the request to the last message, the server's CPU seconds, and the messages."""

    seconds: float
    cpu_s: float
    texts: list[str]

    def of(self, kind: str) -> list[dict[str, Any]]:
        messages = (json.loads(text) for text in self.texts)
        return [message["data"] for message in messages if message["type"] == kind]


def chain(length: int, salt: int, kind: str = "pack") -> dict[str, Any]:
    """Make a prompt of `length` nodes in a row; another `salt` makes all results new."""
    names = {"pack": ("BenchStep", "by", "number", "BenchShow", "number")}
    names["native"] = ("PrimitiveInt", "value", "value", "PreviewAny", "source")
    step, literal, link, show, shown = names[kind]
    prompt: dict[str, Any] = {"0": {"class_type": step, "inputs": {literal: salt}}}
    for index in range(1, length - 1):
        inputs = {literal: 1, link: [str(index - 1), 0]}
        prompt[str(index)] = {"class_type": step, "inputs": inputs}
    prompt["show"] = {"class_type": show, "inputs": {shown: [str(length - 2), 0]}}
    return prompt


def two_waits(salt: int) -> dict[str, Any]:
    prompt: dict[str, Any] = {}
    for index in range(2):
        prompt[f"wait {index}"] = {"class_type": "BenchWait", "inputs": {"salt": salt + index, "seconds": WAIT_S}}
        prompt[f"show {index}"] = {"class_type": "BenchShow", "inputs": {"number": [f"wait {index}", 0]}}
    return prompt


class Client:
    """One websocket client of a server, ours or the peer's."""

    def __init__(self, session: aiohttp.ClientSession, port: int, process_id: int) -> None:
        self._session = session
        self._process_id = process_id
        self._base = f"http://127.0.0.1:{port}"

    async def follow(self, prompt: dict[str, Any], name: str = "bench") -> Followed:
        """Hand in a prompt; wait for the message that its job has left the queue."""
        body = json.dumps({"prompt": prompt, "client_id": name})
        async with self._session.ws_connect(f"{self._base}/ws?clientId={name}", max_msg_size=0) as listening:
            texts: list[str] = []
            before_s = family_cpu_seconds(self._process_id)
            started_s = time.perf_counter()
            async with self._session.post(f"{self._base}/prompt", data=body) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"The prompt was refused: {(await answer.text())[:2000]}")
            while True:
                text = (await listening.receive()).data
                if not isinstance(text, str):
                    continue  # a preview
                texts.append(text)
                if '"executing"' in text and '"node":null' in text.replace(" ", ""):
                    seconds = time.perf_counter() - started_s
                    return Followed(seconds, family_cpu_seconds(self._process_id) - before_s, texts)


def family_cpu_seconds(process_id: int) -> float:
    """CPU time of a process and its children (a server and its workers); 0 where there is no /proc."""
    children = (path.read_text() for path in Path(f"/proc/{process_id}/task").glob("*/children"))
    ids = [process_id, *(int(child) for text in children for child in text.split())]
    return sum(cpu_seconds(each) for each in ids)


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[int]:
    """Run a server process until the block ends; the block begins when it listens, with its id."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        try:
            while process.poll() is None and not _listens(port):
                time.sleep(0.05)
            if process.poll() is not None:
                raise RuntimeError(f"The server on port {port} ended:\n{log.read_text()[-2000:]}")
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def loop_seconds(length: int) -> float:
    """Call the pack's method as often as the chain does, and do nothing else."""
    space: dict[str, Any] = {}
    exec(PACK, space)
    step, number = space["Step"](), 0
    started_s = time.perf_counter()
    for _ in range(length):
        (number,) = step.go(by=1, number=number)
    return time.perf_counter() - started_s


@dataclass(frozen=True)
class Row:
    """A prompt as it ran here and at the peer, seconds of the fastest round."""

    title: str
    nodes: int
    prompt: dict[str, Any]
    best: Followed

    @property
    def ms_per_node(self) -> float:
        return self.best.seconds / self.nodes * 1e3

    @property
    def cpu_ms_per_node(self) -> float:
        return self.best.cpu_s / self.nodes * 1e3


async def measure(client: Client, title: str, sizes: list[int], rounds: int, kind: str) -> list[Row]:
    """Follow each chain cold, then cached, and keep the fastest."""
    rows = []
    for size in sizes:
        cold, cached = [], []
        for salt in range(rounds if size <= 10_000 else 1):
            prompt = chain(size, 1000 * size + salt, kind)  # no part of it ran before
            cold.append(await client.follow(prompt))
            cached += [await client.follow(prompt) for _ in range(3)]
        _check(cold[0], cached[0], size)
        for state, runs in (("cold", cold), ("cached", cached)):
            best = min(runs, key=lambda run: run.seconds)
            cpu_s = sum(run.cpu_s for run in runs) / len(runs)  # its clock ticks are coarse
            rows.append(Row(f"{title} {state}", size, prompt, replace(best, cpu_s=cpu_s)))
    return rows


def _check(cold: Followed, cached: Followed, size: int) -> None:
    """Make sure that what was timed is what the rows say."""
    ran = [data["node"] for data in cold.of("executing")[:-1]]
    assert len(ran) == size, f"{len(ran)} nodes ran, not {size}"
    assert cached.of("executing")[:-1] == [], "the second run was to be cached"
    assert len(cached.of("execution_cached")[0]["nodes"]) == size
    assert cached.of("executed")[0]["output"] == cold.of("executed")[0]["output"]


async def measure_ours(port: int, folder: Path, sizes: list[int], rounds: int) -> tuple[list[Row], float]:
    """Start our server and time everything; gives the rows, and the seconds of two branches that wait."""
    packs = folder / "custom_nodes"
    packs.mkdir()
    (packs / "bench_pack.py").write_text(PACK)
    log = folder / "ours.log"
    command = [sys.executable, str(ROOT / "main.py"), "--port", str(port), "--base-directory", str(folder), "--cpu"]
    with running(command, port, log) as process_id:
        async with aiohttp.ClientSession() as session:
            client = Client(session, port, process_id)
            await client.follow(chain(10, -1))  # waits until the worker is up
            rows = await measure(client, "small", [SMALL], 10 * rounds, "pack")
            rows += await measure(client, "pack", sizes, rounds, "pack")
            rows += await measure(client, "native", sizes[:1], rounds, "native")
            waited = await client.follow(two_waits(0))
    return rows, waited.seconds


async def measure_peer(port: int, folder: Path, rows: list[Row]) -> list[float]:
    """Have a bare server send the same frames; seconds of each row's fastest round."""
    kept, log = folder / "frames.pickle", folder / "peer.log"
    kept.write_bytes(pickle.dumps({str(number): row.best.texts for number, row in enumerate(rows)}))
    with running([sys.executable, "-c", PEER, str(port), str(kept)], port, log) as process_id:
        async with aiohttp.ClientSession() as session:
            client = Client(session, port, process_id)
            return [
                min([(await client.follow(row.prompt, str(number))).seconds for _ in range(3)])
                for number, row in enumerate(rows)
            ]


def report(rows: list[Row], peer: list[float], waited_s: float) -> list[tuple[str, bool]]:
    """Print the table; gives each claim and whether it held."""
    if hasattr(os, "getloadavg"):
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; times in ms")
    heads = ("nodes", "frames", "ours", "per node", "its CPU", "frames only", "loop", "ratio")
    print(f"{'chain':14} " + " ".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    for row, peer_s in zip(rows, peer, strict=True):
        loop_s = loop_seconds(row.nodes) if "cold" in row.title else 0.0
        ratio = row.best.seconds / (peer_s + loop_s)
        print(
            f"{row.title:14} {row.nodes:7} {len(row.best.texts):7} "
            f"{row.best.seconds * 1e3:9.1f} {row.ms_per_node:8.4f} {row.cpu_ms_per_node:8.4f} "
            f"{peer_s * 1e3:11.1f} {loop_s * 1e3:8.2f} {ratio:5.1f}x"
        )
    print(f"two async branches of {WAIT_S:.0f} s each: {waited_s:.2f} s")
    return [*_claims(rows), (f"two branches of {WAIT_S:.0f} s together < {WAIT_S + 0.5} s", waited_s < WAIT_S + 0.5)]


def _claims(rows: list[Row]) -> Iterator[tuple[str, bool]]:
    few = next(row for row in rows if row.title == "small cached")
    yield f"{SMALL} cached nodes, all messages <= {SMALL_MS} ms", few.best.seconds * 1e3 <= SMALL_MS
    for state, limit in (("cold", COLD_MS), ("cached", CACHED_MS)):
        chains = [row for row in rows if row.title == f"pack {state}"]
        yield f"{chains[0].nodes} nodes {state} <= {limit} ms each", chains[0].ms_per_node <= limit
        large, small = (row.cpu_ms_per_node or row.ms_per_node for row in (chains[-1], chains[0]))
        growth = large / small
        text = f"{state}: {chains[-1].nodes} nodes cost {growth:.2f}x per node of {chains[0].nodes}"
        yield text, growth <= LINEAR_WITHIN


async def measured(port: int, sizes: list[int], rounds: int) -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory() as folder:
        rows, waited_s = await measure_ours(port, Path(folder), sizes, rounds)
        peer = await measure_peer(port, Path(folder), rows)
    return report(rows, peer, waited_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    parser.add_argument("--sizes", default="1000,10000,100000", help="nodes of the chains")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (the largest once)")
    said = parser.parse_args()
    sizes = [int(size) for size in said.sizes.split(",")]
    claims = asyncio.run(measured(said.port or free_port(), sizes, said.rounds))
    for text, held in claims:
        print(f"{'held  ' if held else 'MISSED'} {text}")
    return 0 if all(held for _, held in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
