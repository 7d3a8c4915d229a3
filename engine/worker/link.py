"""How do messages cross between the server and a worker?

A frame is its length (8 bytes, big-endian) and a pickle. Only the engine's own data classes and plain
Python values are read back, so that a worker gone astray can send nothing that runs code in the server.
"""

import io
import pickle
import struct
import threading
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any, BinaryIO

from engine.errors import EngineError

LENGTH = struct.Struct(">Q")
LARGEST_FRAME = 2**31

# Modules whose classes may cross. Everything else is turned to plain values or text before it is sent.
OUR_MODULES = (
    "engine.execution.events",
    "engine.execution.outcome",
    "engine.graph.definition",
    "engine.graph.dynamic_inputs",
    "engine.graph.nodes",
    "engine.graph.own_check",
    "engine.graph.problems",
    "engine.graph.widgets",
    "engine.jobs.pack_reports",
    "engine.jobs.worker",
    "engine.worker.setup",
    "engine.files.places",
    "engine.options",
)
PLAIN_CLASSES = {
    "pathlib": {"PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path"},
    "pathlib._local": {"PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path"},
    "builtins": {"set", "frozenset", "bytearray", "complex", "range", "slice"},
}


class BrokenLink(EngineError):
    """What came over a link is not one of the messages that may cross."""


def encode(message: object) -> bytes:
    """Make a frame of a message."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def decode(body: bytes | bytearray) -> Any:
    """Read the message in a frame.

    Raises:
        BrokenLink: it holds something that may not cross.
    """
    try:
        return _Reader(io.BytesIO(body)).load()
    except BrokenLink:
        raise
    except Exception as error:
        raise BrokenLink(f"A message between server and worker cannot be read: {error!r}.") from error


def body_length(header: bytes | bytearray) -> int:
    """Read a frame's length.

    Raises:
        BrokenLink: no message is that long, so the two sides are out of step.
    """
    length: int = LENGTH.unpack(header)[0]
    if length > LARGEST_FRAME:
        raise BrokenLink(f"A message of {length} bytes was announced; the two sides are out of step.")
    return length


class FrameReader:
    """Takes bytes as they come, and gives the messages whose frames are complete."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Any]:
        """Yield the messages that end in this chunk. Raises BrokenLink."""
        self._rest += chunk
        begin = 0
        try:
            while len(self._rest) >= begin + LENGTH.size:
                body = begin + LENGTH.size
                end = body + body_length(self._rest[begin:body])
                if len(self._rest) < end:
                    return
                begin = end
                yield decode(self._rest[body:end])
        finally:
            del self._rest[:begin]


def plain(value: Any, depth: int = 50) -> Any:
    """Make a value crossable: our data classes and plain values stay, foreign objects become their text."""
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    if depth == 0:
        return "..."
    names = _our_fields(type(value))  # type: ignore[arg-type]  # classes are hashable
    if names is not None:
        parts_now = ((name, getattr(value, name)) for name in names)
        changed = {name: new for name, old in parts_now if (new := plain(old, depth - 1)) is not old}
        return replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        return {_key(key): plain(part, depth - 1) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = [plain(part, depth - 1) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, (Enum, PurePath)) and type(value).__module__ in (*OUR_MODULES, *PLAIN_CLASSES):
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return _number(value)


@cache
def _our_fields(kind: Hashable) -> tuple[str, ...] | None:
    """Give the fields of one of our data classes; None for everything else."""
    if not isinstance(kind, type) or not is_dataclass(kind) or kind.__module__ not in OUR_MODULES:
        return None
    return tuple(part.name for part in fields(kind))


def _key(key: Any) -> Any:
    return key if type(key) in (str, int, float, bool) or key is None else str(key)


def _number(value: Any) -> Any:
    """Numbers of array libraries offer `item()`; for everything else its text must do."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return plain(item(), 1)
    return repr(value)[:1000]


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name in PLAIN_CLASSES.get(module, ()):
            return super().find_class(module, name)
        if module in OUR_MODULES and "." not in name:  # "asyncio.subprocess.Popen" would lead out of the module
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:  # what it imports is not its own
                return found
        raise BrokenLink(f"{module}.{name} may not cross between server and worker.")


class PipeEnd:
    """The worker's end: blocking reads by one thread, writes by any."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()  # keeps frames of different threads apart

    def receive(self) -> Any:
        """Wait for a message. Raises EOFError when the other side is gone."""
        return decode(self._read(body_length(self._read(LENGTH.size))))

    def send(self, message: object) -> None:
        frame = encode(message)
        with self._lock:
            self._outgoing.write(frame)
            self._outgoing.flush()

    def _read(self, count: int) -> bytes:
        data = self._incoming.read(count)
        if len(data) < count:
            raise EOFError("the server is gone")
        return data
