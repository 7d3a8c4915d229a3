"""/queue, /interrupt and /free: see and change what waits and runs."""

from aiohttp import web

from engine.server.bodies import ids_in, read_body
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.wire.history import queue_item

routes = web.RouteTableDef()


@routes.get("/queue")
async def get_queue(request: web.Request) -> web.Response:
    """List what runs and what waits, the next one first."""
    queue = services_of(request).queue
    running = [queue_item(job) for job in queue.running()]
    pending = [queue_item(job) for job in queue.pending()]
    return json_response({"queue_running": running, "queue_pending": pending})


@routes.post("/queue")
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
async def interrupt(request: web.Request) -> web.Response:
    """Stop what runs; with an id, that job and no other."""
    body = await read_body(request)
    job_id = body.get("prompt_id")
    services_of(request).dispatcher.interrupt(None if job_id is None else str(job_id))
    return web.Response()


@routes.post("/free")
async def free(request: web.Request) -> web.Response:
    """Have the workers let go of models and results after their present jobs."""
    body = await read_body(request)
    results = bool(body.get("free_memory"))
    models = bool(body.get("unload_models")) or results
    if models or results:
        await services_of(request).dispatcher.release(models=models, results=results)
    return web.Response()
