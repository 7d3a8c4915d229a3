"""How is an event written as the protocol's messages and binary frames?"""

import struct
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
        droppable: a client that is slow may never get it (previews).
    """

    data: str | bytes
    droppable: bool = False


def message(kind: str, data: dict[str, Any]) -> Frame:
    """Make a text frame `{"type": kind, "data": data}`."""
    return Frame(write_json({"type": kind, "data": data}))


def status(remaining: int, client: str | None = None) -> Frame:
    """Say how many jobs wait or run; the first message to a client also tells it its id."""
    sid = {} if client is None else {"sid": client}
    return message("status", {"status": {"exec_info": {"queue_remaining": remaining}}, **sid})


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


def frames(event: Event, *, preview_metadata: bool) -> list[Frame]:
    """Write an event; `preview_metadata`: this client understands previews that say which node they belong to."""
    named = course(event)
    if named is not None:
        return [message(*named)]
    match event:
        case NodeStarted():
            return [executing(event.job, event.place)]
        case NodeProgress():
            return _progress(event, preview_metadata)
        case ProgressStates():
            states = {state.place.node: _state(event.job, state) for state in event.nodes}
            return [message("progress_state", {"prompt_id": event.job, "nodes": states})]
        case NodeText():
            node = event.place.node.encode()
            return [Frame(struct.pack(">II", TEXT, len(node)) + node + event.text.encode())]
        case NodeMessage():
            return [message(event.kind, dict(event.data))]
        case NodeBlocked():
            return [message("execution_error", _blocked(event))]
        case NodeFinished():
            place = event.place
            data = {"node": place.node, "display_node": place.display, "output": event.ui, "prompt_id": event.job}
            return [message("executed", data)]
        case _:
            raise AssertionError(f"no message for {type(event).__name__}: add a case here")


def _progress(event: NodeProgress, preview_metadata: bool) -> list[Frame]:
    data = {"value": event.value, "max": event.maximum, "prompt_id": event.job, "node": event.place.node}
    told = [message("progress", data)]
    if event.preview is not None:
        told.append(_preview(event, event.preview, preview_metadata))
    return told


def _preview(event: NodeProgress, preview: PreviewImage, with_metadata: bool) -> Frame:
    if not with_metadata:
        return Frame(struct.pack(">II", PREVIEW, IMAGE_TYPES[preview.format]) + preview.data, droppable=True)
    about = {
        "node_id": event.place.node,
        "display_node_id": event.place.display,
        "parent_node_id": event.place.parent,
        "real_node_id": event.place.real,
        "prompt_id": event.job,
        "image_type": f"image/{preview.format.lower()}",
    }
    text = write_json(about).encode()
    return Frame(struct.pack(">II", PREVIEW_WITH_METADATA, len(text)) + text + preview.data, droppable=True)


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
