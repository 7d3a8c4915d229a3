"""A client as the scripts of the ecosystem write it: HTTP and one websocket, and a record of every message."""

import json
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 15.0

_numbers = count(1_000_003, 17)


def fresh() -> int:
    """Give a number that no other case uses, so that nothing of this case is in the server's cache."""
    return next(_numbers)


@dataclass(frozen=True)
class Made:
    """A node of a `Graph`; as an input it stands for its first output."""

    id: str

    def out(self, index: int) -> list[Any]:
        return [self.id, index]


class Graph(dict[str, dict[str, Any]]):
    """A prompt that is being written."""

    def add(self, class_type: str, node_id: str | None = None, **inputs: Any) -> Made:
        made = Made(node_id or str(len(self) + 1))
        values = {name: value.out(0) if isinstance(value, Made) else value for name, value in inputs.items()}
        self[made.id] = {"class_type": class_type, "inputs": values, "_meta": {"title": class_type}}
        return made

    def show(self, value: Any, node_id: str | None = None) -> Made:
        """Add a target that shows the value."""
        return self.add("ProbeShow", node_id, value=value)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Message:
    """A text frame, or a binary one: then `type` is its number and `body` what follows it."""

    type: str | int
    data: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""


class Refused(Exception):
    """The server did not take the prompt."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}: {answer.body[:2000].decode(errors='replace')}")
        self.status = answer.status
        self.error = answer.json["error"]
        self.node_errors = answer.json["node_errors"]

    def kinds(self, node_id: str) -> list[str]:
        return [error["type"] for error in self.node_errors[node_id]["errors"]]

    def only(self, node_id: str) -> dict[str, Any]:
        """Give the one error of a node."""
        (error,) = self.node_errors[node_id]["errors"]
        return error


@dataclass
class Run:
    """What a client heard of one prompt."""

    prompt_id: str
    answer: dict[str, Any]
    messages: list[Message]

    def of(self, kind: str | int) -> list[dict[str, Any]]:
        return [message.data for message in self.messages if message.type == kind]

    @property
    def order(self) -> list[str]:
        return [str(message.type) for message in self.messages]

    @property
    def ran(self) -> list[str]:
        """Ids in the order in which they began; those of expansions as they are."""
        return [data["node"] for data in self.of("executing") if data["node"] is not None]

    @property
    def cached(self) -> set[str]:
        return {node for data in self.of("execution_cached") for node in data["nodes"]}

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        return {data["node"]: data["output"] for data in self.of("executed")}

    @property
    def displayed(self) -> dict[str, list[dict[str, Any]]]:
        """What was shown, by the node it was shown at."""
        shown: dict[str, list[dict[str, Any]]] = {}
        for data in self.of("executed"):
            shown.setdefault(data["display_node"], []).append(data["output"])
        return shown

    @property
    def succeeded(self) -> bool:
        return bool(self.of("execution_success"))

    @property
    def error(self) -> dict[str, Any] | None:
        errors = self.of("execution_error")
        return errors[0] if errors else None

    def shown(self, node: Made) -> list[Any]:
        """Give what a ProbeShow node showed: one value per call."""
        assert self.succeeded, f"the run failed: {self.error}"
        return self.outputs[node.id]["shown"]


class Client:
    """One websocket with an id, and requests beside it."""

    def __init__(self, address: str, client_id: str | None = None, flags: dict[str, Any] | None = None) -> None:
        self.address = address
        self.id = client_id or uuid.uuid4().hex
        self.log: list[Message] = []
        self._socket: ClientConnection | None = None
        self._open = ExitStack()
        self._flags = flags

    def __enter__(self) -> "Client":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> Message:
        """Connect; the server's first message is given back."""
        url = f"ws://{self.address}/ws?clientId={urllib.parse.quote(self.id)}"
        connection = connect(url, max_size=None, max_queue=None, proxy=None, compression=None)
        self._socket = self._open.enter_context(connection)
        if self._flags is not None:
            self.send("feature_flags", self._flags)
        return self.next()

    def close(self) -> None:
        self._open.close()
        self._socket = None

    def send(self, kind: str, data: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps({"type": kind, "data": data}))

    def next(self, timeout_s: float = PATIENCE_S) -> Message:
        """Wait for the next message.

        Raises:
            TimeoutError: none came.
        """
        assert self._socket is not None
        if timeout_s <= 0:
            raise TimeoutError
        frame = self._socket.recv(timeout=timeout_s)
        if isinstance(frame, bytes):
            message = Message(struct.unpack(">I", frame[:4])[0], body=frame[4:])
        else:
            parsed = json.loads(frame)
            message = Message(parsed["type"], parsed["data"])
        self.log.append(message)
        return message

    def until(self, kind: str | int, timeout_s: float = PATIENCE_S, **facts: Any) -> Message:
        """Wait for a message of a type with these facts in its data."""
        deadline = time.monotonic() + timeout_s
        while True:
            message = self.next(deadline - time.monotonic())
            if message.type == kind and all(message.data.get(name) == value for name, value in facts.items()):
                return message

    def waiting(self, for_s: float = 0.2) -> Iterator[Message]:
        """Give the messages that come until none comes for a while."""
        while True:
            try:
                yield self.next(for_s)
            except TimeoutError:
                return

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask the server; a body that is not bytes goes as JSON. A status of 400 and more is an answer too."""
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", sent, headers or {}, method=method)
        if sent is not None and not headers:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                return Answer(response.status, _lower(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read())

    def get(self, path: str, /, **query: Any) -> Answer:
        return self.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path: str, body: Any = None) -> Answer:
        return self.request("POST", path, body)

    def queue(self, graph: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Queue a prompt as this client.

        Raises:
            Refused: the server did not take it.
        """
        answer = self.post("/prompt", {"prompt": graph, "client_id": self.id, **more})
        if answer.status != 200:
            raise Refused(answer)
        return answer.json

    def run(self, graph: dict[str, Any], timeout_s: float = PATIENCE_S, **more: Any) -> Run:
        """Queue a prompt and follow it to its end."""
        answer = self.queue(graph, **more)
        return self.follow(answer, timeout_s)

    def follow(self, answer: dict[str, Any], timeout_s: float = PATIENCE_S) -> Run:
        """Gather the messages of a prompt, previews too, until `executing` with no node.

        Raises:
            TimeoutError: it went on for longer; it has been told to stop, so that the next case finds a free server.
        """
        run = Run(answer["prompt_id"], answer, [])
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                message = self.next(deadline - time.monotonic())
            except TimeoutError as error:
                self.post("/interrupt", {"prompt_id": run.prompt_id})
                raise TimeoutError(f"after {timeout_s} s the last of {run.order[-20:]}") from error
            if isinstance(message.type, int) or message.data.get("prompt_id") == run.prompt_id:
                run.messages.append(message)
            if _ends(message, run.prompt_id):
                return run

    def history(self, prompt_id: str) -> dict[str, Any]:
        """Give a prompt's entry in the history."""
        return self.get(f"/history/{prompt_id}").json[prompt_id]

    def try_until(self, what: Callable[[], Any]) -> Any:
        """Ask again, message by message, until the answer is true."""
        while not (answer := what()):
            self.next()
        return answer


def _ends(message: Message, prompt_id: str) -> bool:
    data = message.data
    return message.type == "executing" and data.get("prompt_id") == prompt_id and data["node"] is None


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
