"""/jobs: waiting, running and ended jobs in one list."""

from typing import Annotated, Literal, TypedDict

from aiohttp import web

from engine.server.bodies import count_in
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import Services, services_of
from engine.server.users import OfUser, asked_of, may_change
from engine.wire.jobs import CANCELLED, STATUSES, JobDetails, JobSummary, JobView, details, ended, summary, unended

routes = web.RouteTableDef()


class JobsWanted(OfUser, total=False):
    """Which jobs, in which order."""

    status: Annotated[
        str,
        "some of pending, in_progress, completed, failed, and cancelled (a part of failed), with commas between them",
    ]
    workflow_id: Annotated[str, "only those of this workflow"]
    sort_by: Literal["created_at", "execution_duration"]
    sort_order: Annotated[Literal["asc", "desc"], "desc if it is not said"]
    limit: Annotated[int, "at most so many, from 1 on"]
    offset: Annotated[int, "leave out the first ones"]


class Pagination(TypedDict):
    """Which part of all the jobs this is."""

    offset: int
    limit: int | None
    total: int
    has_more: bool


class JobList(TypedDict):
    """A page of jobs."""

    jobs: list[JobSummary]
    pagination: Pagination


SORTED_BY = {"created_at": "create_time", "execution_duration": "duration"}


@routes.get("/jobs")
@described(query=JobsWanted, answer=JobList)
async def list_jobs(request: web.Request) -> web.Response:
    """List jobs: filtered, sorted, and a page of them."""
    wanted = [part.strip().lower() for part in request.query.get("status", "").split(",") if part.strip()]
    unknown = set(wanted) - {*STATUSES, CANCELLED}
    if unknown:
        raise web.HTTPBadRequest(text=f"status={sorted(unknown)[0][:40]!r}: expected some of {', '.join(STATUSES)}.")
    sort_by = request.query.get("sort_by", "created_at")
    order = request.query.get("sort_order", "desc")
    if sort_by not in SORTED_BY or order not in ("asc", "desc"):
        raise web.HTTPBadRequest(text=f"Expected sort_by of {', '.join(SORTED_BY)}, and sort_order asc or desc.")
    offset, limit = count_in(request, "offset") or 0, count_in(request, "limit")
    if limit == 0:
        raise web.HTTPBadRequest(text="limit=0: expected a number from 1 on.")
    workflow = request.query.get("workflow_id")
    await services_of(request).history.loaded()
    views = [view for view in _views(services_of(request), asked_of(request)) if view.is_one_of(wanted)]
    views = [view for view in views if workflow is None or view.workflow_id == workflow]
    views.sort(key=lambda view: getattr(view, SORTED_BY[sort_by]))
    if order == "desc":
        views.reverse()
    page = views[offset:] if limit is None else views[offset : offset + limit]
    pagination: Pagination = {
        "offset": offset, "limit": limit, "total": len(views), "has_more": offset + len(page) < len(views),
    }  # fmt: skip
    listed: JobList = {"jobs": [summary(view) for view in page], "pagination": pagination}
    return json_response(listed)


@routes.get("/jobs/{id}")
@described(answer=JobDetails)
async def get_job(request: web.Request) -> web.Response:
    """Give one job with its outputs and workflow."""
    job_id = request.match_info["id"]
    await services_of(request).history.loaded()
    views = _views(services_of(request), may_change(request))
    view = next((view for view in views if view.job.id == job_id), None)
    if view is None:
        raise web.HTTPNotFound(text=f"There is no job {job_id[:80]!r}.")
    return json_response(details(view))


def _views(services: Services, of: str | None) -> list[JobView]:
    """List the jobs of an account; None for everybody's."""
    queue, started_ms = services.queue, services.dispatcher.started_ms
    running = [unended(job, started_ms(job.id) or job.created_ms) for job in queue.running(of=of)]
    pending = [unended(job, None) for job in queue.pending(of=of)]
    return [*(ended(item) for item in services.history.items(of=of)), *running, *pending]
