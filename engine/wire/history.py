"""How are jobs written, waiting ones (/queue) and ended ones (/history)?"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from engine.execution.events import NodesCached, Place
from engine.jobs.history import HistoryItem
from engine.jobs.job import SECRETS, Job
from engine.wire.messages import course

# number, prompt_id, prompt, extra_data, outputs_to_execute
QueueItem = tuple[float, str, dict[str, Any], dict[str, Any], list[str]]


class NodePlace(TypedDict):
    """Where a result belongs: the node that ran, the one that shows it, and the expansion it stands in."""

    node_id: str
    display_node: str
    parent_node: str | None
    real_node_id: str


class RunStatus(TypedDict):
    """How a run went."""

    status_str: Literal["success", "error"]
    completed: bool
    messages: Annotated[list[tuple[str, dict[str, Any]]], "the messages of its course: type and data"]


class NodeTimes(TypedDict):
    """When a node was called, in milliseconds since 1970, and for how many seconds."""

    node_id: str
    node_type: str
    start_time: int
    seconds: float


class Timeline(TypedDict):
    """Where a job's time went. What a worker that was lost had done is not known."""

    nodes: Annotated[list[NodeTimes], "in the order in which they began; of very many, the slowest"]
    cached: Annotated[list[str], "nodes whose results were there already"]
    memory_bytes: Annotated[int, "main memory that the worker occupied at the end; 0 if it is not known"]
    device_bytes: Annotated[int, "accelerator memory, likewise"]


class HistoryEntry(TypedDict):
    """An ended job."""

    prompt: Annotated[QueueItem, "number, id, prompt, extra data, ids of its output nodes"]
    outputs: Annotated[dict[str, dict[str, Any]], "node id -> what it shows, such as images"]
    status: RunStatus
    meta: dict[str, NodePlace]
    timeline: Annotated[Timeline, "of this server only; clients of the ecosystem pass it over"]


def queue_item(job: Job) -> QueueItem:
    """Write `[number, prompt_id, prompt, extra_data, outputs_to_execute]`, without the secrets of its client."""
    request = job.request
    extra = {name: value for name, value in request.extra.items() if name not in SECRETS}
    told = {"client_id": job.client} if job.client else {}
    told |= {"worker": job.worker} if job.worker else {}
    extra_data = {**extra, **told, "create_time": job.created_ms}
    return whole(job.number), job.id, dict(request.prompt), extra_data, list(request.targets)


def history_item(item: HistoryItem) -> HistoryEntry:
    """Write an ended job: its prompt, what its nodes show, and how it went."""
    outcome = item.outcome
    success = outcome.status == "success"
    marks = [named for named in map(course, item.events) if named is not None]
    return {
        "prompt": queue_item(item.job),
        "outputs": {node: dict(ui) for node, ui in outcome.outputs.items()},
        "status": {
            "status_str": "success" if success else "error",
            "completed": success,
            "messages": marks,
        },
        "meta": _meta(outcome.places),
        "timeline": _timeline(item),
    }


def _timeline(item: HistoryItem) -> Timeline:
    outcome = item.outcome
    cached = (event.nodes for event in item.events if isinstance(event, NodesCached))
    return {
        "nodes": [
            {"node_id": time.node, "node_type": time.node_type, "start_time": time.began_ms, "seconds": time.seconds}
            for time in outcome.times
        ],
        "cached": [node for nodes in cached for node in nodes],
        "memory_bytes": outcome.memory_bytes,
        "device_bytes": outcome.device_bytes,
    }


def _meta(places: Mapping[str, Place]) -> dict[str, NodePlace]:
    return {
        node: {
            "node_id": node,
            "display_node": place.display,
            "parent_node": place.parent,
            "real_node_id": place.real,
        }
        for node, place in places.items()
    }


def whole(number: float) -> float:
    """Write whole numbers without a decimal point."""
    return int(number) if number.is_integer() else number
