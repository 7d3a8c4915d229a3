"""Only plain data and our own messages cross between server and worker."""

import io
import os
import pickle
import threading
from collections import UserDict
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.events import NodeFinished, NodeProgress, Place, PreviewImage
from engine.execution.outcome import RunRequest
from engine.graph.definition import InputSpec, NodeDefinition, Runs
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.graph.widgets import NumberWidget
from engine.jobs.worker import Cancel, Happened, Run
from engine.worker.link import LENGTH, BrokenLink, FrameReader, PipeEnd, body_length, decode, encode, plain
from engine.worker.setup import WorkerSetup
from tests.doubles import setup_in

GRAPH = Graph({NodeId("1"): Node(NodeId("1"), "Add", {"a": Link(NodeId("0"), 1), "b": 2})})


class Text(str):
    pass


class Odd:
    def __repr__(self) -> str:
        return "<odd>"


class Scalar:
    ndim = 0

    def item(self) -> float:
        return 0.5


@dataclass(frozen=True)
class Foreign:
    x: int = 1


@pytest.mark.parametrize(
    "message",
    [
        Cancel("a"),
        Run(RunRequest("a", GRAPH, [NodeId("1")], {"1": {}}, {"extra_pnginfo": {}})),
        Happened(NodeProgress("a", Place.of("1"), 1, 2, PreviewImage("JPEG", b"\0\1"))),
        NodeDefinition("A", "A", "c", (InputSpec("x", "INT", widget=NumberWidget("INT", 1)),), runs=Runs.FREELY),
    ],
)
def test_messages_arrive_as_they_were_sent(message):
    frame = encode(message)
    assert body_length(frame[: LENGTH.size]) == len(frame) - LENGTH.size
    assert decode(frame[LENGTH.size :]) == message
    assert plain(message) == message


def test_the_set_up_arrives(tmp_path):
    setup = setup_in(tmp_path)
    received = decode(encode(setup)[LENGTH.size :])
    assert isinstance(received, WorkerSetup) and received == setup and isinstance(received.places.input, Path)


@pytest.mark.parametrize("hostile", [os.system, Foreign(), Odd(), eval, UserDict()])
def test_what_is_not_ours_is_not_read(hostile):
    with pytest.raises(BrokenLink, match=r"may not cross|cannot be read"):
        decode(pickle.dumps(Happened(hostile)))  # type: ignore[arg-type]


class Call:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.getcwd, ()


def test_a_pickle_that_calls_is_not_run():
    with pytest.raises(BrokenLink, match="getcwd may not cross"):
        decode(pickle.dumps(Call()))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("engine.graph.own_check", "asyncio.base_events.events.subprocess.Popen"),
        ("engine.options", "argparse.FileType"),
        ("engine.options", "Path"),
        ("engine.jobs.worker", "Protocol"),
        ("pathlib", "Path.home"),
        ("builtins", "set.union"),
    ],
)
def test_no_way_leads_through_what_our_modules_import(module, name):
    text = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name))
    with pytest.raises(BrokenLink, match="may not cross"):
        decode(b"\x80\x04" + text + b"\x93.")  # STACK_GLOBAL, which follows dots


@pytest.mark.parametrize("body", [b"", b"not a pickle", b"\x80\x05"])
def test_what_is_no_message_is_refused(body):
    with pytest.raises(BrokenLink):
        decode(body)


@given(st.lists(st.text(max_size=300), max_size=8), st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_messages_arrive_in_order_however_the_bytes_are_cut(texts, sizes):
    stream = b"".join(encode(Cancel(text)) for text in texts)
    reader = FrameReader()
    received: list[object] = []
    for size in cycle(sizes):
        if not stream:
            break
        received += reader.feed(stream[:size])
        stream = stream[size:]
    assert received == [Cancel(text) for text in texts]


def test_what_came_before_a_broken_frame_is_still_read():
    reader = FrameReader()
    frames = reader.feed(encode(Cancel("a")) + b"\xff" * 8)
    assert next(frames) == Cancel("a")
    with pytest.raises(BrokenLink, match="out of step"):
        next(frames)


def test_a_senseless_length_is_refused():
    with pytest.raises(BrokenLink, match="out of step"):
        body_length(b"\xff" * 8)


@pytest.mark.parametrize(
    ("value", "crossed"),
    [
        (Text("a"), "a"),
        (Odd(), "<odd>"),
        (Scalar(), 0.5),
        ({Text("k"): [Odd()]}, {"k": ["<odd>"]}),
        ({1}, [1]),
        ((1, Odd()), (1, "<odd>")),
        (Foreign(3), "Foreign(x=3)"),
        (UserDict(a=1), {"a": 1}),
    ],
)
def test_foreign_values_become_plain(value, crossed):
    result = plain(value)
    assert result == crossed and type(result) is type(crossed)
    assert plain(Happened(NodeFinished("j", Place.of("1"), {"x": value}))).event.ui == {"x": crossed}


def test_a_circle_does_not_hang():
    circle: list[object] = []
    circle.append(circle)
    assert "..." in str(plain(circle))


def test_frames_of_several_threads_do_not_mix():
    out = io.BytesIO()
    end = PipeEnd(io.BytesIO(), out)
    threads = [threading.Thread(target=lambda: [end.send(Cancel("x" * 1000)) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = PipeEnd(io.BytesIO(out.getvalue()), io.BytesIO())
    assert [reader.receive() for _ in range(400)] == [Cancel("x" * 1000)] * 400
    with pytest.raises(EOFError):
        reader.receive()
