"""A server as a launcher starts it: `python main.py` with flags, in a process and folders of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.protocol.client import Client

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`main.py` in `folder`: its packs partly in custom_nodes, partly found through extra paths."""

    def __init__(self, folder: Path, *flags: str, expects: str = "ProbeInt") -> None:
        self.folder = folder
        self.base = folder / "base"
        self.trace = folder / "trace.jsonl"
        self.log_path = folder / "server.log"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._flags = flags
        self._expects = expects
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start and wait until the packs' nodes are known."""
        if not self.base.exists():
            shutil.copytree(
                HERE / "packs" / "own", self.base / "custom_nodes", ignore=shutil.ignore_patterns("__pycache__")
            )
        extra = self.folder / "extra.yaml"
        extra.write_text(f"probe:\n  base_path: {HERE / 'packs'}\n  custom_nodes: extra\n", encoding="utf-8")
        command = [sys.executable, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(self.port)]
        command += ["--base-directory", str(self.base), "--extra-model-paths-config", str(extra), *self._flags]
        environment = {**os.environ, "PROBE_TRACE": str(self.trace), "PYTHONUNBUFFERED": "1"}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def client(self, client_id: str | None = None, flags: dict[str, Any] | None = None) -> Client:
        return Client(self.address, client_id, flags)

    def traced(self, tag: str) -> list[dict[str, Any]]:
        """Give what nodes wrote down under a tag that begins so, in order."""
        if not self.trace.exists():
            return []
        lines = [json.loads(line) for line in self.trace.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["tag"].startswith(tag)]

    def wait_for_trace(self, tag: str, what: str, within_s: float = 20.0) -> dict[str, Any]:
        """Wait until a node has written this down."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for line in self.traced(tag):
                if line["what"] == what:
                    return line
            time.sleep(0.02)
        raise TimeoutError(f"no {what!r} of {tag!r} within {within_s} s; there is {self.traced(tag)}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}:\n{self.log()[-4000:]}")
            if self._knows(self._expects):
                return
            time.sleep(0.05)
        self.stop()
        raise TimeoutError(f"{self._expects} was not there after {START_S} s:\n{self.log()[-4000:]}")

    def _knows(self, class_type: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/object_info/{class_type}", timeout=5) as response:
                return class_type in json.load(response)
        except (OSError, urllib.error.URLError, json.JSONDecodeError):
            return False
