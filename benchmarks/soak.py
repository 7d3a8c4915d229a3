"""Does memory stay flat over thousands of jobs, in the server and in its worker?

    python -m benchmarks.soak [JOBS]

Starts `main.py` in folders of its own, and has it make and save small pictures, no two alike, in eight stages, a client
listening. After each stage the history is cleared and the resident memory of both processes is printed: what is kept on
purpose (history up to its limit, results up to --cache-memory) has gone or is full by then, so that what still grows
from the second half of the stages on is lost memory.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.startup import ROOT, free_port

STAGES = 8
AT_ONCE = 50  # jobs that wait at a time
FLAT_WITHIN_MB = 20.0  # over the second half of the stages: the noise of allocators


def prompt(number: int) -> dict[str, Any]:
    image = {"width": 64, "height": 64, "batch_size": 1, "color": number}
    return {
        "1": {"class_type": "EmptyImage", "inputs": image},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "soak"}},
    }


def resident_mb(process_id: int) -> float:
    """Give the resident memory of a process (Linux)."""
    status = Path(f"/proc/{process_id}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


def worker_of(process_id: int) -> int:
    """Find the child that uses most memory: its other ones only watch."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return max(map(int, children), key=resident_mb)


async def run_stage(http: aiohttp.ClientSession, left: dict[str, int], jobs: range) -> None:
    """Hand in jobs, and wait until all have ended."""
    for number in jobs:
        while left["remaining"] >= AT_ONCE:  # noqa: ASYNC110 (the count comes over a socket)
            await asyncio.sleep(0.01)
        async with http.post("/prompt", json={"prompt": prompt(number), "client_id": "soak"}) as answer:
            assert answer.status == 200, await answer.text()
            left["remaining"] += 1
    while left["remaining"]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def listen(http: aiohttp.ClientSession, left: dict[str, int]) -> None:
    """Hear everything, and keep count of what remains."""
    async with http.ws_connect("/ws?clientId=soak") as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT and (told := message.json())["type"] == "status":
                left["remaining"] = told["data"]["status"]["exec_info"]["queue_remaining"]


async def soak(address: str, process_id: int, jobs: int) -> list[tuple[float, float]]:
    """Run the stages; gives the memory of server and worker after each, in MB."""
    found = []
    async with aiohttp.ClientSession(address) as http:
        left = {"remaining": 0}
        listening = asyncio.create_task(listen(http, left))
        each = jobs // STAGES
        for stage in range(STAGES):
            began_s = time.perf_counter()
            await run_stage(http, left, range(stage * each, (stage + 1) * each))
            seconds = time.perf_counter() - began_s
            async with http.get("/history") as answer:
                ended = await answer.json()
            failed = [item for item in ended.values() if not item["status"]["completed"]]
            assert len(ended) == each and not failed, f"{len(ended)} jobs in the history, {len(failed)} of them failed"
            async with http.post("/history", json={"clear": True}) as answer:
                assert answer.status == 200
            found.append((resident_mb(process_id), resident_mb(worker_of(process_id))))
            server_mb, worker_mb = found[-1]
            print(
                f"{(stage + 1) * each:6d} jobs  server {server_mb:7.1f} MB  worker {worker_mb:7.1f} MB  "
                f"{seconds / each * 1000:5.1f} ms per job",
                flush=True,
            )
        listening.cancel()
    return found


def main(jobs: int) -> int:
    """Print what is found; gives the exit status."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--port", str(port), "--base-directory", folder, "--cpu", "--cache-memory", "0.02"]
        process = subprocess.Popen([sys.executable, str(ROOT / "main.py"), *flags], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            next(line for line in process.stdout if "GUI go to" in line)
            found = asyncio.run(soak(f"http://127.0.0.1:{port}", process.pid, jobs))
        finally:
            process.terminate()
            process.wait()
    grown = [after - before for before, after in zip(found[STAGES // 2 - 1], found[-1], strict=True)]
    flat = max(grown) <= FLAT_WITHIN_MB
    print(f"over the last {jobs // 2} jobs the server grew by {grown[0]:.1f} MB, the worker by {grown[1]:.1f} MB")
    print(f"limit {FLAT_WITHIN_MB:g} MB: {'held' if flat else 'MISSED'}")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
