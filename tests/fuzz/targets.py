"""What is fuzzed by bytes: each function takes any, and raises only where something is wrong.

The same functions run under atheris, which looks at what code they reach, and under the driver of this folder.
"""

import asyncio
import io
import json
import pickletools
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from aiohttp import BodyPartReader, MultipartReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from PIL import Image

from engine.errors import BadFile
from engine.files.images import check_picture_size, read_image
from engine.files.places import Places
from engine.files.safetensors_header import read_header
from engine.graph.registry import Registry
from engine.graph.validate import check_graph
from engine.jobs.worker import Cancel
from engine.options import Options
from engine.server.routes.websocket import _hear
from engine.wire.errors import failed_prompt, failed_validation
from engine.wire.json_text import BadJson, read_object, write_json
from engine.wire.prompt import BadPrompt, refuse_if_huge
from engine.wire.submission import BadSubmission, read_submission
from engine.worker.link import LENGTH, BrokenLink, FrameReader, encode
from tests import doubles
from tests.doubles import entry

Target = Callable[[bytes], None]


@cache
def folder() -> Path:
    """A folder that goes with the process."""
    kept = tempfile.TemporaryDirectory(prefix="weft-fuzz-")
    _kept.append(kept)
    return Path(kept.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


@cache
def places() -> Places:
    made = Places.under(folder())
    made.make()
    return made


@cache
def registry() -> Registry:
    return Registry(doubles.definitions())


def prompt(data: bytes) -> None:
    """POST /prompt from its bytes to the answer, without the queue."""
    try:
        refuse_if_huge(data)
        submission = read_submission(read_object(data))
    except (BadJson, BadSubmission) as error:
        assert str(error)
        return
    except BadPrompt as error:
        json.loads(write_json(failed_prompt(error.failure)))
        return
    validation = check_graph(submission.graph, registry(), places(), submission.targets, None)
    if validation.failure is not None:
        json.loads(write_json(failed_validation(validation)))


def workflow(data: bytes) -> None:
    """A workflow as it travels beside a prompt: read, kept as JSON, and read back the same."""
    try:
        read = read_object(data)
    except BadJson as error:
        assert str(error)
        return
    written = write_json(read)
    assert read_object(written) == json.loads(written)


def websocket_frame(data: bytes) -> None:
    """The text of a client's frame, as the server hears it."""
    told: list[object] = []
    client = SimpleNamespace(preview_metadata=False, tell=told.append)
    services = SimpleNamespace(options=Options(folder()))
    _hear(services, client, data.decode("utf-8", "replace"))  # type: ignore[arg-type]
    assert len(told) <= 1 and isinstance(client.preview_metadata, bool)


def image(data: bytes) -> None:
    """An uploaded picture: its size is looked at, then it is decoded, small ones only."""
    path = folder() / "picture"
    path.write_bytes(data)
    try:
        check_picture_size(path)
        width, height = read_size(data)
        if width * height <= 2**18:
            read_image(path)
    except BadFile as error:
        assert str(error)


def read_size(data: bytes) -> tuple[int, int]:
    """Give width and height as a PNG's header has them; (0, 0) for what is none."""
    return struct.unpack(">II", data[16:24]) if data[:4] == b"\x89PNG" and len(data) >= 24 else (0, 0)


def safetensors_header(data: bytes) -> None:
    path = folder() / "weights.safetensors"
    path.write_bytes(data)
    try:
        header = read_header(path)
    except BadFile as error:
        assert str(path) in str(error)
        return
    assert all(0 <= info.start <= info.end <= len(data) for info in header.tensors.values())


def multipart(data: bytes) -> None:
    """A form, through aiohttp's reader of its parts, as uploads are read."""

    async def read() -> None:
        stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
        stream.feed_data(data)
        stream.feed_eof()
        reader = MultipartReader({"Content-Type": "multipart/form-data; boundary=b"}, stream)
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader):
                assert part.filename is None or isinstance(part.filename, str)
                await part.read()

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asyncio.run(read())
    except FORM_ERRORS:
        return


FORM_ERRORS = (ValueError, HttpProcessingError, RuntimeError, LookupError, AssertionError)


def link(data: bytes) -> None:
    """What a worker gone astray writes to the server: messages of the engine, or BrokenLink, and no call."""
    if _takes_memory(data):
        return  # not contained, and said so in docs/security.md
    reader = FrameReader()
    try:
        for message in reader.feed(data):
            assert type(message).__module__.startswith(("engine.", "builtins", "pathlib"))
    except BrokenLink:
        return


def _takes_memory(data: bytes) -> bool:
    """Say whether a pickle names a place far out in the memo, for which Python's reader makes room at once."""
    at = 0
    while at + LENGTH.size <= len(data):
        body = data[at + LENGTH.size :]
        try:
            if any("PUT" in code.name and argument > 10_000 for code, argument, _ in pickletools.genops(body)):
                return True
        except (ValueError, TypeError, IndexError, struct.error):  # it ends in the midst of something
            if any(int.from_bytes(body[n + 1 : n + 5], "little") > 10_000 for n in range(len(body)) if body[n] == 0x72):
                return True
        at += LENGTH.size + min(LENGTH.unpack(data[at : at + LENGTH.size])[0], len(data))
    return False


TARGETS: Mapping[str, Target] = {
    each.__name__: each for each in (prompt, workflow, websocket_frame, image, safetensors_header, multipart, link)
}


def seeds(name: str) -> Sequence[bytes]:
    """Give what a target takes in earnest; mutations begin there."""
    graph = {"1": entry("Constant"), "2": entry("Add", a=["1", 0]), "3": entry("Show", value=["2", 0])}
    header = json.dumps({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}, "__metadata__": {"x": "y"}})
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\ndata\r\n--b--\r\n'
    submitted = {"prompt": graph, "client_id": "me", "number": -1, "extra_data": {"extra_pnginfo": {"workflow": {}}}}
    drawn = {
        "nodes": [{"id": 1, "pos": [0, 0], "widgets_values": [1]}],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
        "version": 0.4,
    }
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    found: dict[str, list[bytes]] = {
        "prompt": [json.dumps(submitted).encode(), json.dumps({"prompt": {}}).encode()],
        "workflow": [json.dumps(drawn).encode()],
        "websocket_frame": [json.dumps(flags).encode(), b"{}"],
        "image": [_png(3, 2), _png(13_000, 13_000)],
        "safetensors_header": [struct.pack("<Q", len(header)) + header.encode() + bytes(4)],
        "multipart": [part, part.replace(b"filename", b"filename*")],
        "link": [encode(Cancel("job")), encode(Cancel("a")) + encode(Cancel("b"))],
    }
    return found[name]


def _png(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (3, 2)).save(made, "png")
    data = bytearray(made.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)
