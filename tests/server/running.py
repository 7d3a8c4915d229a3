"""Starts the program on the nodes of tests/doubles.py in a process of its own, and speaks to it as scripts do."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("doubles_server.py")


@dataclass
class Server:
    """A server that runs, and the way to it."""

    process: subprocess.Popen[str]
    address: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        """As the ecosystem's example script does: JSON, without a content type of its own."""
        request = urllib.request.Request(f"http://{self.address}{path}", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def ended(self, prompt_id: str, within_s: float = 20) -> dict[str, Any]:
        """Wait until a job has ended; gives its history."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            history = self.get(f"/history/{prompt_id}")
            if history:
                found: dict[str, Any] = history[prompt_id]
                return found
            time.sleep(0.02)
        raise TimeoutError(prompt_id)

    def children(self) -> list[int]:
        """List the processes of its workers; none where the system does not tell."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            return [int(found) for found in file.read_text().split()]
        except OSError:
            return []

    def kill_process(self, process_id: int) -> None:
        """Kill one of its workers, if it still lives."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Make sure that it is gone."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def start(folder: Path, *flags: str) -> Server:
    """Start a server on a free port, with its folders below `folder`."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), "--port", "0", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"GUI go to: http://(\S+)", line):
            return Server(process, found[1])
    raise AssertionError(f"the server ended with {process.wait()} before it listened")
