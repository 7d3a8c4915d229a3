"""/queue, /interrupt and /free: see and change what waits and runs."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from aiohttp import web

from engine.server.bodies import ids_in, read_body
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import OfUser, admins_only, asked_of, may_change
from engine.server.written import written
from engine.wire.history import QueueItem, queue_item
from engine.wire.json_text import kind_of

routes = web.RouteTableDef()


class Line(TypedDict):
    """What runs and what waits."""

    queue_running: list[QueueItem]
    queue_pending: Annotated[list[QueueItem], "the next one first"]
    paused: Annotated[bool, "no further job is begun until someone says so"]
    limit: Annotated[int, "how many jobs may wait"]
    lasting: Annotated[bool, "jobs outlive the server"]
    notice: Annotated[str, "what the user should know of how jobs are kept; empty if all is well"]


class ChangeLine(TypedDict, total=False):
    """What to change in the line."""

    clear: Annotated[bool, "all of them"]
    delete: Annotated[list[str], "those of these ids; unknown ones, and those that run, are left alone"]
    move: Annotated[dict[str, float], "id -> its new place: the smallest number runs first; unknown ids are left alone"]
    pause: Annotated[bool, "begin no further job; what runs goes on. It lasts until resume, also over a restart"]
    resume: Annotated[bool, "begin jobs again"]


class Stop(TypedDict, total=False):
    """Which job to stop."""

    prompt_id: Annotated[str | None, "this job and no other; without an id, whatever runs"]


class LetGo(TypedDict, total=False):
    """What to let go of."""

    unload_models: bool
    free_memory: Annotated[bool, "cached results, and models"]


@routes.get("/queue")
@described(query=OfUser, answer=Line)
async def get_queue(request: web.Request) -> web.Response:
    """List what runs and what waits, the next one first."""
    queue, whose = services_of(request).queue, asked_of(request)
    running = [queue_item(job) for job in queue.running(of=whose)]
    pending = [queue_item(job) for job in queue.pending(of=whose)]
    store = services_of(request).store
    line: Line = {
        "queue_running": running,
        "queue_pending": pending,
        "paused": queue.is_paused,
        "limit": queue.longest,
        "lasting": store.is_lasting,
        "notice": store.notice,
    }
    return json_response(line)


@routes.post("/queue")
@described(query=OfUser, body=ChangeLine, answer=None)
async def post_queue(request: web.Request) -> web.Response:
    """Take waiting jobs out of the line, give them other places, or stop and go on beginning them."""
    queue = services_of(request).queue
    body = await read_body(request)
    deleted = ids_in(body, "delete")
    places = _places_in(body)
    pauses = [word for word in ("pause", "resume") if _said(body, word)]
    if len(pauses) == 2:
        raise web.HTTPBadRequest(text="Expected either pause or resume, found both.")
    if pauses:
        admins_only(request, "pause and resume everybody's jobs")
    mine = may_change(request)
    if body.get("clear"):
        queue.clear(of=asked_of(request))
    queue.delete(deleted, of=mine)
    queue.move(places, of=mine)
    for word in pauses:
        queue.pause(word == "pause")
    await written(services_of(request))
    return web.Response()


def _said(body: Mapping[str, Any], word: str) -> bool:
    value = body.get(word)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise web.HTTPBadRequest(text=f"{word}: expected true or false, found {kind_of(value)}.")


def _places_in(body: Mapping[str, Any]) -> dict[str, float]:
    """Read id -> number, the new places of jobs."""
    found = body.get("move") or {}
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text=f"move: expected an object of ids and numbers, found {kind_of(found)}.")
    for job_id, number in found.items():
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not is_number or abs(number) > 2**53 or not math.isfinite(number):
            raise web.HTTPBadRequest(text=f"move of {job_id[:40]!r}: expected a number within 2^53.")
    return found


@routes.post("/interrupt")
@described(query=OfUser, body=Stop, answer=None)
async def interrupt(request: web.Request) -> web.Response:
    """Stop what runs; with an id, that job and no other."""
    body = await read_body(request)
    job_id = body.get("prompt_id")
    dispatcher = services_of(request).dispatcher
    if job_id in (None, ""):
        dispatcher.interrupt(of=asked_of(request))
    else:
        dispatcher.interrupt(str(job_id), of=may_change(request))
    return web.Response()


@routes.post("/free")
@described(body=LetGo, answer=None)
async def free(request: web.Request) -> web.Response:
    """Have the workers let go of models and results after their present jobs."""
    body = await read_body(request)
    results = bool(body.get("free_memory"))
    models = bool(body.get("unload_models")) or results
    admins_only(request, "have everybody's models and results let go of")
    if models or results:
        await services_of(request).dispatcher.release(models=models, results=results)
    return web.Response()
