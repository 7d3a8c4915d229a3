"""/settings: what the user prefers."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.errors import BadFile
from engine.files.saving import write_whole
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.users import places_of
from engine.wire.json_text import BadJson, read_json, read_object

routes = web.RouteTableDef()
LARGEST_BYTES = 5 * 1024 * 1024
_one_writer = threading.Lock()  # keeps two changes of the settings file apart


@routes.get("/settings")
@described(answer=dict[str, Any])
async def get_settings(request: web.Request) -> web.Response:
    """Give all settings."""
    return json_response(await asyncio.to_thread(_read, _file(request)))


@routes.get("/settings/{id}")
@described(answer=Any)
async def get_setting(request: web.Request) -> web.Response:
    """Give one setting; null if it was never set."""
    settings = await asyncio.to_thread(_read, _file(request))
    return json_response(settings.get(request.match_info["id"]))


@routes.post("/settings")
@described(body=dict[str, Any], answer=None)
async def post_settings(request: web.Request) -> web.Response:
    """Set some settings."""
    await asyncio.to_thread(_change, _file(request), read_object(await request.read()))
    return web.Response()


@routes.post("/settings/{id}")
@described(body=Any, answer=None)
async def post_setting(request: web.Request) -> web.Response:
    """Set one setting."""
    changes = {request.match_info["id"]: read_json(await request.read())}
    await asyncio.to_thread(_change, _file(request), changes)
    return web.Response()


def _file(request: web.Request) -> Path:
    """The settings lie beside the user's files, out of reach of /userdata."""
    return places_of(request).user / "settings.json"


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return read_object(path.read_bytes())
    except BadJson as error:
        raise BadFile(f"{path} cannot be read: {error} Correct or remove it.") from error


def _change(path: Path, changes: dict[str, Any]) -> None:
    """Write the settings with some changed; JSON quotes whatever the values hold."""
    with _one_writer:
        text = json.dumps({**_read(path), **changes}, indent=2).encode()
        if len(text) > LARGEST_BYTES:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BYTES, len(text), text="The settings would exceed 5 MB.")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
