"""/metrics: what this server has done so far, for Prometheus."""

import asyncio
import contextlib
import time

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from engine.errors import EngineError
from engine.log_lines import about
from engine.server import exposition
from engine.server.described import Content, described
from engine.server.measures import MEASURES
from engine.server.services import Services, services_of
from engine.server.users import admins_only

routes = web.RouteTableDef()
ASKED = web.AppKey("devices are asked how they are", list[asyncio.Task[None]])
ASK_WITHIN_S = 5.0
NO_ROUTE = "(none)"


@routes.get("/metrics")
@described(answer=Content("text/plain"))
async def metrics(request: web.Request) -> web.Response:
    """Tell the numbers of queue, jobs, nodes, workers, memory and requests in the text format of Prometheus."""
    admins_only(request, "read the metrics")
    services = services_of(request)
    found = exposition.families(services, request.app[MEASURES])
    _ask_devices(services, request.app[ASKED])
    body = await asyncio.to_thread(exposition.text, found)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: exposition.CONTENT_TYPE})


@web.middleware
async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count requests by the pattern of their route: a path may hold what users wrote."""
    began_s = time.perf_counter()
    status = 500
    try:
        with about(user=""):  # whose request it is, the login says; a connection's next one may be another's
            response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical.removeprefix("/api") if resource is not None else NO_ROUTE
        method = request.method if request.method in hdrs.METH_ALL else "(other)"
        request.app[MEASURES].answered(method, route or "/", status, time.perf_counter() - began_s)


def _ask_devices(services: Services, asked: list[asyncio.Task[None]]) -> None:
    """Have the workers with accelerators say how much memory is free: the next scrape tells it, this one waits not."""
    if any(not task.done() for task in asked):
        return
    staff = services.dispatcher.staff

    async def ask() -> None:
        for worker in staff:
            known = staff.last_description(worker)
            if worker.stage == "up" and known and any(stats.type != "cpu" for stats in known.devices):
                with contextlib.suppress(TimeoutError, EngineError):
                    await asyncio.wait_for(staff.describe(worker), ASK_WITHIN_S)

    asked[:] = [asyncio.create_task(ask(), name="ask devices")]
