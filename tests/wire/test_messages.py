"""The encoded form of every event, pinned."""

import json
import struct

import pytest

from engine.execution.events import (
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeProgressState,
    NodesCached,
    NodeStarted,
    NodeText,
    Place,
    PreviewImage,
    ProgressStates,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.wire.messages import executing, frames, logged, preview_frame, status

INNER = Place("5.0.2", "5", "5", "2")


@pytest.mark.parametrize(
    ("event", "kind", "data"),
    [
        (RunStarted("j", 7), "execution_start", {"prompt_id": "j", "timestamp": 7}),
        (NodesCached("j", ["1", "2"], 7), "execution_cached", {"nodes": ["1", "2"], "prompt_id": "j", "timestamp": 7}),
        (NodeStarted("j", INNER), "executing", {"node": "5.0.2", "display_node": "5", "prompt_id": "j"}),
        (NodeProgress("j", INNER, 2, 9), "progress", {"value": 2, "max": 9, "prompt_id": "j", "node": "5.0.2"}),
        (
            ProgressStates("j", [NodeProgressState(INNER, "running", 2, 9)]),
            "progress_state",
            {
                "prompt_id": "j",
                "nodes": {
                    "5.0.2": {
                        "value": 2, "max": 9, "state": "running", "node_id": "5.0.2", "prompt_id": "j",
                        "display_node_id": "5", "parent_node_id": "5", "real_node_id": "2",
                    }
                },
            },
        ),
        (
            NodeFinished("j", INNER, {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}),
            "executed",
            {
                "node": "5.0.2", "display_node": "5", "prompt_id": "j",
                "output": {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]},
            },
        ),
        (
            NodeFailed("j", INNER, "Add", ["1"], "ValueError", "no", ["line"], {"a": ["1"]}, 7),
            "execution_error",
            {
                "prompt_id": "j", "node_id": "2", "node_type": "Add", "executed": ["1"], "exception_message": "no",
                "exception_type": "ValueError", "traceback": ["line"], "current_inputs": {"a": ["1"]},
                "current_outputs": ["1"], "timestamp": 7,
            },
        ),
        (
            RunInterrupted("j", "2", "Add", ["1"], 7),
            "execution_interrupted",
            {"prompt_id": "j", "node_id": "2", "node_type": "Add", "executed": ["1"], "timestamp": 7},
        ),
        (RunSucceeded("j", 7), "execution_success", {"prompt_id": "j", "timestamp": 7}),
    ],
)  # fmt: skip
def test_text_frames(event, kind, data):
    (frame,) = frames(event)
    assert isinstance(frame.data, str) and frame.preview_of is None
    assert json.loads(frame.data) == {"type": kind, "data": data}


@pytest.mark.parametrize(("form", "number", "replaceable"), [("JPEG", 1, ("j", "5.0.2")), ("PNG", 2, None)])
def test_a_plain_preview(form, number, replaceable):
    picture = PreviewImage(form, b"bytes")
    frame = preview_frame(NodeProgress("j", INNER, 1, 2, picture), picture, with_metadata=False)
    assert frame.data == struct.pack(">II", 1, number) + b"bytes"
    assert frame.preview_of == replaceable  # clients take a PNG for a finished picture: none may be skipped


def test_a_preview_that_says_where_it_belongs():
    picture = PreviewImage("JPEG", b"bytes")
    binary = preview_frame(NodeProgress("j", INNER, 1, 2, picture), picture, with_metadata=True)
    assert isinstance(binary.data, bytes) and binary.preview_of == ("j", "5.0.2")
    kind, length = struct.unpack(">II", binary.data[:8])
    assert kind == 4 and binary.data[8 + length :] == b"bytes"
    assert json.loads(binary.data[8 : 8 + length]) == {
        "node_id": "5.0.2", "display_node_id": "5", "parent_node_id": "5", "real_node_id": "2",
        "prompt_id": "j", "image_type": "image/jpeg",
    }  # fmt: skip


def test_text_of_a_node():
    (frame,) = frames(NodeText("j", INNER, "42 °C"))
    assert frame.data == struct.pack(">II", 3, 5) + b"5.0.2" + "42 °C".encode()


def test_text_that_is_no_unicode_breaks_nothing():
    (frame,) = frames(NodeText("j", INNER, "\ud800x"))
    assert frame.data.endswith(b"?x")


def test_lines_of_the_log():
    data = {"entries": [{"t": "12:00", "m": "a line\n"}], "size": None}
    assert json.loads(logged([("12:00", "a line\n")]).data) == {"type": "logs", "data": data}


def test_status_and_the_end():
    assert json.loads(status(2).data) == {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 2}}}}
    assert json.loads(status(0, "me").data)["data"]["sid"] == "me"
    end = {"node": None, "display_node": None, "prompt_id": "j"}
    assert json.loads(executing("j", None).data) == {"type": "executing", "data": end}


def test_what_json_cannot_hold_breaks_no_message():
    odd = {"nan": float("nan"), "inf": [float("inf")], "other": object, "lone": "\ud800"}
    (frame,) = frames(NodeFinished("j", INNER, odd))
    assert isinstance(frame.data, str)
    output = json.loads(frame.data)["data"]["output"]
    assert output["nan"] is None and output["inf"] == [None] and "object" in output["other"]
    frame.data.encode()
