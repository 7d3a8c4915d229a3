"""How do jobs and their ends stand on the disk? As JSON: no pickle is ever read from a file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, astuple, fields
from functools import cached_property
from typing import Any

from engine.execution.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodesCached,
    Place,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.outcome import NodeError, NodeTime, Outcome, RunRequest
from engine.graph.nodes import Graph, NodeId
from engine.jobs.history import HistoryItem
from engine.jobs.job import SECRETS, Job

COURSE: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in (RunStarted, NodesCached, NodeFailed, RunInterrupted, RunSucceeded)
}
Submitted = tuple[str, str, str]  # what is said of a job, its prompt, what came beside it
FileRow = tuple[str, str, int, str, str, str]  # node, kind, position, type, subfolder, filename


def write(value: Any) -> str:
    """Write JSON; what JSON cannot hold is written as its text, names that are no texts are left out."""
    return json.dumps(value, default=_plain, skipkeys=True, separators=(",", ":"))


class KeptJson(Mapping[str, Any]):
    """A JSON object that is read when it is first looked into: of a long history that is little."""

    def __init__(self, text: str, length: int) -> None:
        self._text = text
        self._length = length

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = json.loads(self._text)
        self._text = ""
        return content

    def __getitem__(self, name: str) -> Any:
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return self._length


def write_job(job: Job) -> Submitted:
    """Write a job as it was handed in, without the secrets of its client."""
    request = job.request
    extra = {name: value for name, value in request.extra.items() if name not in SECRETS}
    about = {
        "number": job.number,
        "client": job.client,
        "user": job.user,
        "worker": job.worker,
        "created_ms": job.created_ms,
        "targets": list(request.targets),
        "metadata": request.metadata,
        "lengths": [len(request.prompt), len(extra)],
    }
    return write(about), write(request.prompt), write(extra)


def write_graph(graph: Graph) -> str:
    """Write a graph as rows, which are read faster than objects."""
    return write(graph.__getstate__())


def read_job(job_id: str, submitted: Submitted, graph_rows: str = "[]", *, number: float | None = None) -> Job:
    """Read a job; `number` overrules the place that it had when it was handed in."""
    about, prompt, extra = submitted
    found = json.loads(about)
    graph = Graph({})
    graph.__setstate__(json.loads(graph_rows))
    nodes, further = found["lengths"]
    request = RunRequest(
        job=job_id,
        graph=graph,
        targets=[NodeId(target) for target in found["targets"]],
        prompt=KeptJson(prompt, nodes),
        extra=KeptJson(extra, further),
        metadata=found["metadata"],
        client=found["client"],
        user=found.get("user", ""),  # jobs of versions without accounts have none
    )
    place = found["number"] if number is None else number
    return Job(float(place), request, found["client"], found["worker"], found["created_ms"])


def write_end(item: HistoryItem) -> str:
    """Write how a job ended."""
    outcome = item.outcome
    found = {
        "status": outcome.status,
        "outputs": outcome.outputs,
        "places": {node: asdict(place) for node, place in outcome.places.items()},
        "executed": list(outcome.executed),
        "error": asdict(outcome.error) if outcome.error else None,
        "events": [{"kind": type(event).__name__, **_fields_of(event)} for event in item.events],
        "times": [astuple(time) for time in outcome.times],
        "memory": [outcome.memory_bytes, outcome.device_bytes],
        "started_ms": item.started_ms,
        "ended_ms": item.ended_ms,
    }
    return write(found)


def read_item(job_id: str, submitted: Submitted, end: str) -> HistoryItem:
    """Read a job that has ended."""
    found = json.loads(end)
    outcome = Outcome(
        job_id,
        found["status"],
        found["outputs"],
        {node: Place(**place) for node, place in found["places"].items()},
        found["executed"],
        NodeError(**found["error"]) if found["error"] else None,
        tuple(NodeTime(*time) for time in found["times"]),
        *found["memory"],
    )
    events = tuple(_read_event(event) for event in found["events"])
    return HistoryItem(read_job(job_id, submitted), outcome, events, found["started_ms"], found["ended_ms"])


def write_shown(event: NodeFinished) -> str:
    """Write what a node has to show."""
    return write({"place": asdict(event.place), "ui": event.ui})


def read_shown(job_id: str, body: str) -> NodeFinished:
    """Read what a node had to show."""
    found = json.loads(body)
    return NodeFinished(job_id, Place(**found["place"]), found["ui"])


def files_of(node: str, ui: Mapping[str, Any]) -> Iterator[FileRow]:
    """Yield the files that a node shows, for the index of outputs; a node's own values may be of any form."""
    for kind, shown in ui.items():
        for position, entry in enumerate(shown if isinstance(shown, (list, tuple)) else ()):
            name = entry.get("filename") if isinstance(entry, Mapping) else None
            if isinstance(name, str) and name:
                folder, area = entry.get("subfolder") or "", entry.get("type") or "output"
                yield node, str(kind), position, str(area), str(folder), name


def _fields_of(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)}


def _read_event(found: dict[str, Any]) -> Event:
    kind = COURSE[found.pop("kind")]
    if "place" in found:
        found["place"] = Place(**found["place"])
    return kind(**found)


def _plain(value: object) -> Any:
    return asdict(value) if isinstance(value, Place) else str(value)
