"""How is an event written as the protocol's messages and binary frames?"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.execution.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeMessage,
    NodeProgress,
    NodeProgressState,
    NodeRetried,
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
from engine.wire.json_text import write_json

PREVIEW, TEXT, PREVIEW_WITH_METADATA = 1, 3, 4  # event types that binary frames begin with
IMAGE_TYPES = {"JPEG": 1, "PNG": 2}


@dataclass(frozen=True)
class Frame:
    """One websocket frame: text as `str`, binary as `bytes`.

    Attributes:
        preview_of: (job, node) whose newest preview this is; while it waits, a newer one may take its place.
    """

    data: str | bytes
    preview_of: tuple[str, str] | None = None


def message(kind: str, data: dict[str, Any]) -> Frame:
    """Make a text frame `{"type": kind, "data": data}`."""
    return Frame(write_json({"type": kind, "data": data}))


def status(remaining: int, client: str | None = None) -> Frame:
    """Say how many jobs wait or run; the first message to a client also tells it its id."""
    sid = {} if client is None else {"sid": client}
    return message("status", {"status": {"exec_info": {"queue_remaining": remaining}}, **sid})


def said(kind: str | int, data: Any) -> Frame:
    """Write what a pack says outside of any run; a number begins a binary frame."""
    if isinstance(kind, int):
        return Frame(struct.pack(">I", kind) + data)
    return message(kind, data)


def logged(lines: Sequence[tuple[str, str]]) -> Frame:
    """Tell (time, text) of what was logged, in the form of /internal/logs/raw."""
    return message("logs", {"entries": [{"t": time, "m": text} for time, text in lines], "size": None})


def executing(job: str, place: Place | None) -> Frame:
    """Say which node runs now; None says that the job has ended and left the queue."""
    if place is None:
        return message("executing", {"node": None, "display_node": None, "prompt_id": job})
    return message("executing", {"node": place.node, "display_node": place.display, "prompt_id": job})


def course(event: Event) -> tuple[str, dict[str, Any]] | None:
    """Give (type, data) of an event that marks a run's course: these are kept in the history, too."""
    match event:
        case RunStarted():
            return "execution_start", {"prompt_id": event.job, "timestamp": event.timestamp_ms}
        case NodesCached():
            data = {"nodes": list(event.nodes), "prompt_id": event.job, "timestamp": event.timestamp_ms}
            return "execution_cached", data
        case RunSucceeded():
            return "execution_success", {"prompt_id": event.job, "timestamp": event.timestamp_ms}
        case RunInterrupted():
            return "execution_interrupted", _interrupted(event)
        case NodeFailed():
            return "execution_error", _failed(event)
        case _:
            return None


def frames(event: Event) -> list[Frame]:
    """Write an event, without its preview."""
    named = course(event)
    if named is not None:
        return [message(*named)]
    match event:
        case NodeStarted():
            return [executing(event.job, event.place)]
        case NodeProgress():
            data = {"value": event.value, "max": event.maximum, "prompt_id": event.job, "node": event.place.node}
            return [message("progress", data)]
        case ProgressStates():
            states = {state.place.node: _state(event.job, state) for state in event.nodes}
            return [message("progress_state", {"prompt_id": event.job, "nodes": states})]
        case NodeText():
            node = event.place.node.encode("utf-8", "replace")
            return [Frame(struct.pack(">II", TEXT, len(node)) + node + event.text.encode("utf-8", "replace"))]
        case NodeMessage():
            return [message(event.kind, dict(event.data))]
        case NodeBlocked():
            return [message("execution_error", _blocked(event))]
        case NodeFinished():
            place = event.place
            data = {"node": place.node, "display_node": place.display, "output": event.ui, "prompt_id": event.job}
            return [message("executed", data)]
        case NodeRetried():
            return []  # the protocol has no word for it
        case _:
            raise AssertionError(f"no message for {type(event).__name__}: add a case here")


def preview_frame(event: NodeProgress, preview: PreviewImage, *, with_metadata: bool) -> Frame:
    """Write the preview of a step; with metadata for clients that have said they read it.

    A JPEG shows work in progress, of which the newest is enough. Clients take a PNG for a finished picture, so each
    of them is a message of its own.
    """
    replaceable = (event.job, event.place.node) if preview.format == "JPEG" else None
    data = _with_metadata(event, preview) if with_metadata else _plain(preview)
    return Frame(data, replaceable)


def _plain(preview: PreviewImage) -> bytes:
    return struct.pack(">II", PREVIEW, IMAGE_TYPES[preview.format]) + preview.data


def _with_metadata(event: NodeProgress, preview: PreviewImage) -> bytes:
    about = {
        "node_id": event.place.node,
        "display_node_id": event.place.display,
        "parent_node_id": event.place.parent,
        "real_node_id": event.place.real,
        "prompt_id": event.job,
        "image_type": f"image/{preview.format.lower()}",
    }
    text = write_json(about).encode()
    return struct.pack(">II", PREVIEW_WITH_METADATA, len(text)) + text + preview.data


def _state(job: str, state: NodeProgressState) -> dict[str, Any]:
    return {
        "value": state.value,
        "max": state.maximum,
        "state": state.state,
        "node_id": state.place.node,
        "prompt_id": job,
        "display_node_id": state.place.display,
        "parent_node_id": state.place.parent,
        "real_node_id": state.place.real,
    }


def _interrupted(event: RunInterrupted) -> dict[str, Any]:
    return {
        "prompt_id": event.job,
        "node_id": event.node,
        "node_type": event.node_type,
        "executed": list(event.executed),
        "timestamp": event.timestamp_ms,
        **({"reason": event.reason} if event.reason else {}),
    }


def _blocked(event: NodeBlocked) -> dict[str, Any]:
    return {
        "prompt_id": event.job,
        "node_id": event.place.real,
        "node_type": event.node_type,
        "executed": list(event.executed),
        "exception_message": f"Execution Blocked: {event.reason}",
        "exception_type": "ExecutionBlocked",
        "traceback": [],
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": event.timestamp_ms,
    }


def _failed(event: NodeFailed) -> dict[str, Any]:
    return {
        "prompt_id": event.job,
        "node_id": event.place.real,
        "node_type": event.node_type,
        "executed": list(event.executed),
        "exception_message": event.message,
        "exception_type": event.exception_type,
        "traceback": list(event.traceback),
        "current_inputs": dict(event.inputs),
        "current_outputs": list(event.executed),
        "timestamp": event.timestamp_ms,
    }
