"""Every other path: the HTTP routes of packs, and 404 where there are none."""

import asyncio

from aiohttp import web

from engine.server.forwarding import Forwarding, NoRoute
from engine.server.services import services_of

FORWARDING = web.AppKey("forwarding", Forwarding)
REST = "/{path:.+}"


async def answer(request: web.Request) -> web.StreamResponse:
    """Have a pack answer what the server does not know itself."""
    try:
        if await asyncio.to_thread(services_of(request).packs.may_exist):
            return await request.app[FORWARDING].answer(request)
    except NoRoute:
        pass
    allowed = await _methods(request)
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound


async def _methods(request: web.Request) -> set[str]:
    """List the methods with which the server itself answers this path."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical != "/{path}":
            allowed |= (await resource.resolve(request))[1]
    return allowed
