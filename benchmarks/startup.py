"""How long from the start of the process until the server answers, and until its worker is ready?

    python -m benchmarks.startup [RUNS]

Starts `main.py` with empty folders and a free port, and polls. Prints the median and the slowest of the runs in
seconds, beside what the bare interpreter and the import of aiohttp alone take on this machine. No torch may be
in the server's process; what /object_info describes at once is counted. The very first start, which compiles the
program's modules, is printed by itself; the later ones find them compiled, as wherever Python may write beside them.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 0.5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def start_once(folder: str) -> dict[str, float]:
    """Start the server once; seconds until it listens, answers, has described its nodes, and has a worker."""
    port = free_port()
    started_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--port", str(port), "--base-directory", folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )
    try:
        found = {"listens": _until_connected(port) - started_s}
        get(port, "/prompt")
        found["answers"] = time.perf_counter() - started_s
        found["its CPU time"] = cpu_seconds(process.pid)
        found["node types"] = len(get(port, "/object_info"))
        found["described"] = time.perf_counter() - started_s
        while not get(port, "/system_stats")["devices"]:
            time.sleep(0.05)
        found["worker ready"] = time.perf_counter() - started_s
        return found
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(process_id: int) -> float:
    """CPU time a process has used, which other programs on the machine disturb less; 0 where there is no /proc."""
    stat = Path(f"/proc/{process_id}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _until_connected(port: int) -> float:
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10):
                return time.perf_counter()
        except ConnectionRefusedError:
            time.sleep(0.002)


def time_code(code: str) -> float:
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started_s


def main(runs: int) -> int:
    bare = statistics.median(time_code("pass") for _ in range(runs))
    aiohttp = statistics.median(time_code("import aiohttp.web") for _ in range(runs))
    with tempfile.TemporaryDirectory() as folder:
        first = start_once(folder)
        found = [start_once(folder) for _ in range(runs)]
    print(f"interpreter alone {bare:.3f} s, with aiohttp {aiohttp:.3f} s")
    print(f"first start: answers after {first['answers']:.3f} s, its CPU time {first['its CPU time']:.3f} s")
    print(f"{runs} further starts, {found[0]['node types']:.0f} node types")
    for name in ("listens", "answers", "its CPU time", "described", "worker ready"):
        times = [run[name] for run in found]
        print(f"{name:13} median {statistics.median(times):.3f} s, slowest {max(times):.3f} s")
    median = statistics.median(run["answers"] for run in found)
    print(f"limit for the first answer {LIMIT_S} s: {'held' if median <= LIMIT_S else 'MISSED'}")
    return 0 if median <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
