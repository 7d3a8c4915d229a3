"""How is a job written in the list of jobs (/api/jobs)?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict, get_args

from engine.execution.events import NodeFailed
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job, now_ms
from engine.wire.history import RunStatus, Timeline, history_item, queue_item, whole
from engine.wire.messages import course

JobStatus = Literal["pending", "in_progress", "completed", "failed"]
STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)
# A further word for a part of those that failed: newer clients ask for it, none is told it as a status.
CANCELLED = "cancelled"
MEDIA = ("images", "gifs", "video", "audio")


class JobSummary(TypedDict):
    """A job wherever it stands. Times are milliseconds since 1970."""

    id: str
    status: JobStatus
    priority: Annotated[float, "its place in the line: the smallest runs first"]
    create_time: int
    execution_start_time: int | None
    execution_end_time: int | None
    execution_error: Annotated[dict[str, Any] | None, "the data of the message execution_error that ended it"]
    outputs_count: Annotated[int, "how many files its nodes show"]
    preview_output: Annotated[dict[str, Any] | None, "the file that stands for it: filename, subfolder, type, nodeId"]
    workflow_id: str | None


class JobWorkflow(TypedDict):
    """What was handed in."""

    prompt: dict[str, Any]
    extra_data: dict[str, Any]
    outputs_to_execute: list[str]


class JobDetails(JobSummary):
    """A job with what was handed in and what came of it."""

    outputs: dict[str, dict[str, Any]]
    execution_status: RunStatus | None
    timeline: Timeline | None
    workflow: JobWorkflow


@dataclass(frozen=True)
class JobView:
    """A job wherever it stands. Times are milliseconds since 1970."""

    job: Job
    status: JobStatus
    started_ms: int | None = None
    item: HistoryItem | None = None

    @property
    def create_time(self) -> int:
        return self.job.created_ms

    @property
    def duration(self) -> int:
        if self.started_ms is None:
            return 0
        return (self.item.ended_ms if self.item else now_ms()) - self.started_ms

    def is_one_of(self, wanted: Collection[str]) -> bool:
        """Say whether the job is among those that a client asks for by their status; all are where it names none."""
        was_cancelled = self.item is not None and self.item.outcome.status == "interrupted"
        return not wanted or self.status in wanted or (was_cancelled and CANCELLED in wanted)

    @property
    def workflow(self) -> Mapping[str, Any]:
        info = self.job.request.extra.get("extra_pnginfo")
        workflow = info.get("workflow") if isinstance(info, dict) else None
        return workflow if isinstance(workflow, dict) else {}

    @property
    def workflow_id(self) -> str | None:
        found = self.workflow.get("id")
        return found if isinstance(found, str) else None


def unended(job: Job, started_ms: int | None) -> JobView:
    """View a job that waits (no start) or runs."""
    return JobView(job, "pending" if started_ms is None else "in_progress", started_ms)


def ended(item: HistoryItem) -> JobView:
    """View a job of the past."""
    names: dict[str, JobStatus] = {"success": "completed", "error": "failed", "interrupted": "failed"}
    return JobView(item.job, names[item.outcome.status], item.started_ms, item)


def summary(view: JobView) -> JobSummary:
    """Write a job for the list."""
    item = view.item
    files = _files(item) if item else []
    return {
        "id": view.job.id,
        "status": view.status,
        "priority": whole(view.job.number),
        "create_time": view.create_time,
        "execution_start_time": view.started_ms,
        "execution_end_time": item.ended_ms if item else None,
        "execution_error": _error(item),
        "outputs_count": len(files),
        "preview_output": _best(files),
        "workflow_id": view.workflow_id,
    }


def details(view: JobView) -> JobDetails:
    """Write a job with all there is."""
    item = history_item(view.item) if view.item else None
    _, _, prompt, extra, targets = queue_item(view.job)
    return {
        **summary(view),
        "outputs": item["outputs"] if item else {},
        "execution_status": item["status"] if item else None,
        "timeline": item["timeline"] if item else None,
        "workflow": {"prompt": prompt, "extra_data": extra, "outputs_to_execute": targets},
    }


def _files(item: HistoryItem) -> list[dict[str, Any]]:
    """List the files that the job's nodes show, in their order; a node's own values may be of any form."""
    return [
        {**entry, "nodeId": node, "mediaType": kind}
        for node, ui in item.outcome.outputs.items()
        for kind in MEDIA
        if isinstance(shown := ui.get(kind), (list, tuple))
        for entry in shown
        if isinstance(entry, dict)
    ]


def _best(files: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Choose what stands for a job: the first file that was saved, else the first that was shown."""
    saved = (entry for entry in files if entry.get("type") == "output")
    return next(saved, next(iter(files), None))


def _error(item: HistoryItem | None) -> dict[str, Any] | None:
    """Give the data of the `execution_error` that ended the job."""
    last = item.events[-1] if item is not None and item.events else None
    named = course(last) if isinstance(last, NodeFailed) else None
    return named[1] if named else None
