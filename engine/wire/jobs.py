"""How is a job written in the list of jobs (/api/jobs)?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.jobs.history import HistoryItem
from engine.jobs.job import Job, now_ms
from engine.wire.history import history_item, queue_item, whole

STATUSES = ("pending", "in_progress", "completed", "failed")
MEDIA = ("images", "gifs", "video", "audio")


@dataclass(frozen=True)
class JobView:
    """A job wherever it stands. Times are milliseconds since 1970."""

    job: Job
    status: str
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
    names = {"success": "completed", "error": "failed", "interrupted": "failed"}
    return JobView(item.job, names[item.outcome.status], item.started_ms, item)


def summary(view: JobView) -> dict[str, Any]:
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
        "preview_output": files[0] if files else None,
        "workflow_id": view.workflow_id,
    }


def details(view: JobView) -> dict[str, Any]:
    """Write a job with all there is."""
    item = history_item(view.item) if view.item else {"outputs": {}, "status": None}
    _, _, prompt, extra, targets = queue_item(view.job)
    workflow = {"prompt": prompt, "extra_data": extra, "outputs_to_execute": targets}
    return {**summary(view), "outputs": item["outputs"], "execution_status": item["status"], "workflow": workflow}


def _files(item: HistoryItem) -> list[dict[str, Any]]:
    """List what the job's nodes show, in their order."""
    return [
        {**entry, "nodeId": node, "mediaType": kind}
        for node, ui in item.outcome.outputs.items()
        for kind in MEDIA
        for entry in ui.get(kind, ())
        if isinstance(entry, dict)
    ]


def _error(item: HistoryItem | None) -> dict[str, Any] | None:
    if item is None or item.outcome.error is None:
        return None
    error = item.outcome.error
    return {
        "node_id": error.node,
        "node_type": error.node_type,
        "exception_type": error.exception_type,
        "exception_message": error.message,
        "traceback": list(error.traceback),
    }
