"""/settings: what the user prefers."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import user_of
from engine.server.written import written
from engine.wire.json_text import read_json, read_object

routes = web.RouteTableDef()
LARGEST_CHARACTERS = 5 * 1024 * 1024  # of all settings of an account, as JSON


@routes.get("/settings")
@described(answer=dict[str, Any])
async def get_settings(request: web.Request) -> web.Response:
    """Give all settings."""
    return json_response(await _settings(request))


@routes.get("/settings/{id}")
@described(answer=Any)
async def get_setting(request: web.Request) -> web.Response:
    """Give one setting; null if it was never set."""
    return json_response((await _settings(request)).get(request.match_info["id"]))


@routes.post("/settings")
@described(body=dict[str, Any], answer=None)
async def post_settings(request: web.Request) -> web.Response:
    """Set some settings."""
    return await _change(request, read_object(await request.read()))


@routes.post("/settings/{id}")
@described(body=Any, answer=None)
async def post_setting(request: web.Request) -> web.Response:
    """Set one setting."""
    return await _change(request, {request.match_info["id"]: read_json(await request.read())})


async def _settings(request: web.Request) -> dict[str, Any]:
    return await services_of(request).store.settings(user_of(request).id)


async def _change(request: web.Request, changes: Mapping[str, Any]) -> web.Response:
    length = len(json.dumps({**await _settings(request), **changes}))
    if length > LARGEST_CHARACTERS:
        raise web.HTTPRequestEntityTooLarge(LARGEST_CHARACTERS, length, text="The settings would exceed 5 MB.")
    services = services_of(request)
    services.store.change_settings(user_of(request).id, changes)
    await written(services)
    return web.Response()
