"""/queue, /interrupt and /free: see and change what waits and runs."""

from typing import Annotated, TypedDict

from aiohttp import web

from engine.server.bodies import ids_in, read_body
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.wire.history import QueueItem, queue_item

routes = web.RouteTableDef()


class Line(TypedDict):
    """What runs and what waits."""

    queue_running: list[QueueItem]
    queue_pending: Annotated[list[QueueItem], "the next one first"]


class Withdraw(TypedDict, total=False):
    """Which waiting jobs to take out of the line."""

    clear: Annotated[bool, "all of them"]
    delete: Annotated[list[str], "those of these ids; unknown ones, and those that run, are left alone"]


class Stop(TypedDict, total=False):
    """Which job to stop."""

    prompt_id: Annotated[str | None, "this job and no other; without an id, whatever runs"]


class LetGo(TypedDict, total=False):
    """What to let go of."""

    unload_models: bool
    free_memory: Annotated[bool, "cached results, and models"]


@routes.get("/queue")
@described(answer=Line)
async def get_queue(request: web.Request) -> web.Response:
    """List what runs and what waits, the next one first."""
    queue = services_of(request).queue
    running = [queue_item(job) for job in queue.running()]
    pending = [queue_item(job) for job in queue.pending()]
    line: Line = {"queue_running": running, "queue_pending": pending}
    return json_response(line)


@routes.post("/queue")
@described(body=Withdraw, answer=None)
async def post_queue(request: web.Request) -> web.Response:
    """Take waiting jobs out of the line."""
    queue = services_of(request).queue
    body = await read_body(request)
    deleted = ids_in(body, "delete")
    if body.get("clear"):
        queue.clear()
    queue.delete(deleted)
    return web.Response()


@routes.post("/interrupt")
@described(body=Stop, answer=None)
async def interrupt(request: web.Request) -> web.Response:
    """Stop what runs; with an id, that job and no other."""
    body = await read_body(request)
    job_id = body.get("prompt_id")
    services_of(request).dispatcher.interrupt(None if job_id in (None, "") else str(job_id))
    return web.Response()


@routes.post("/free")
@described(body=LetGo, answer=None)
async def free(request: web.Request) -> web.Response:
    """Have the workers let go of models and results after their present jobs."""
    body = await read_body(request)
    results = bool(body.get("free_memory"))
    models = bool(body.get("unload_models")) or results
    if models or results:
        await services_of(request).dispatcher.release(models=models, results=results)
    return web.Response()
