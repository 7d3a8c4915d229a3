"""Starts the whole program, as `python main.py` does, on folders of its own, and speaks to it as HTTP allows.

Every attempt of its processes to reach another host is refused and written down (see sitecustomize.py in `watched/`).
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TINY = ROOT / "models" / "checkpoints" / "weft-tiny.safetensors"
START_S = 60.0
PATIENCE_S = 30.0
SECRET = "the secret beside the folders"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in small letters
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_clear(self) -> bool:
        """Say whether it is a refusal that the server foresaw."""
        return 400 <= self.status < 500 and b"Traceback" not in self.body


class Site:
    """The program in a process of its own. `outside` is the folder around its base folder; it holds a secret.

    Args:
        token: is asked for, and sent with every request; empty for none.
        light: without torch and the nodes that ship; with those of tests/doubles.py and the hostile pack.
    """

    def __init__(self, outside: Path, *flags: str, token: str = "", light: bool = False) -> None:
        self._small = (
            {"1": node("Constant", value=1), "2": node("Show", value=["1", 0])}
            if light
            else {"1": node("PrimitiveInt", value=1), "2": node("PreviewAny", source=["1", 0])}
        )
        self._login = {"Authorization": f"Bearer {token}"} if token else {}
        self.outside = outside
        self.base = outside / "base"
        self.tried = outside / "tried.txt"
        (outside / "secret.txt").write_text(SECRET, encoding="utf-8")
        models = self.base / "models" / "checkpoints"
        models.mkdir(parents=True)
        (models / TINY.name).symlink_to(TINY) if os.name != "nt" else shutil.copy(TINY, models)
        shutil.copytree(HERE / "pack", self.base / "custom_nodes" / "hostile")
        self._log = (outside / "server.log").open("ab")
        program = str(HERE / "light_server.py") if light else "main.py"
        self.process = subprocess.Popen(
            [sys.executable, program, "--cpu", "--port", "0", "--base-directory", str(self.base), *flags],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env={
                **os.environ, "PYTHONUNBUFFERED": "1", "WATCHED_TO": str(self.tried),
                "PYTHONPATH": str(HERE / "watched"), "WEFT_TOKEN": token,
            },
        )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"GUI go to: https?://(\S+):(\d+)", line):
                self.host, self.port = found[1], int(found[2])
                return
        raise AssertionError(f"the server ended with {self.process.wait()}:\n{self.log()[-2000:]}")

    def log(self) -> str:
        return (self.outside / "server.log").read_text("utf-8", "replace")

    def end(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request exactly as it is written: the path is not encoded, no header but Host and length is added."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            sent = {**self._login, **(headers or {})}
            named = {name.lower() for name in sent}
            connection.putrequest(method, path, skip_host="host" in named, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body is not None and "content-length" not in named:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send bytes that are no request any library would write; gives the beginning of the answer."""
        with socket.create_connection((self.host, self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(data)
            return connection.recv(65536)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, value: Any) -> Answer:
        """Send JSON, as scripts do."""
        return self.ask("POST", path, json.dumps(value).encode())

    def upload(self, data: bytes, name: str, route: str = "/upload/image", **texts: str) -> Answer:
        """Send a file as a form; the name goes out as it is, but for the quotes that would end it."""
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode("utf-8", "replace")
            for key, text in texts.items()
        ]
        shown = name.replace('"', "%22").encode("utf-8", "replace")
        head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="' + shown + b'"\r\n\r\n'
        body = b"".join(parts) + head + data + b"\r\n--b--\r\n"
        return self.ask("POST", route, body, {"Content-Type": "multipart/form-data; boundary=b"})

    def run(self, prompt: Mapping[str, Any], within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Queue a prompt that must be accepted, and give its history once it has ended."""
        answer = self.post("/prompt", {"prompt": prompt})
        assert answer.status == 200, answer.body[:2000]
        return self.ended(answer.json["prompt_id"], within_s)

    def ended(self, job: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            found = self.get(f"/history/{job}").json
            if found:
                ended: dict[str, Any] = found[job]
                return ended
            time.sleep(0.02)
        raise TimeoutError(f"{job} has not ended: {self.log()[-3000:]}")

    def still_works(self) -> None:
        """Check that the next job runs."""
        ended = self.run(self._small)
        assert ended["status"]["completed"] is True, ended["status"]

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Give what lies in and around the server's folders, but what it writes by itself: path -> content."""
        own = {"server.log", "tried.txt", "tried.watching"}
        return {
            path.relative_to(self.outside).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
            for path in _walk(self.outside)
            if path.name not in own and ".db" not in path.name and path.stat().st_size < 2**20
        }  # fmt: skip

    def attempts(self) -> list[str]:
        """List what its processes tried to reach outside of this machine."""
        return self.tried.read_text("utf-8").splitlines() if self.tried.exists() else []


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def error_of(ended: Mapping[str, Any]) -> dict[str, Any]:
    """Give the execution_error of a job that failed."""
    messages = dict(ended["status"]["messages"])
    assert "execution_error" in messages, ended["status"]
    error: dict[str, Any] = messages["execution_error"]
    return error


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def encoded(text: str) -> str:
    """Write every byte but letters and digits as %XX, slashes and dots too."""
    data = text.encode("utf-8", "replace")
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}" for byte in data)
