"""/internal: logs and folders."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Required, TypedDict

from aiohttp import web

from engine.server.bodies import read_body
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import admins_only, places_of, shown_paths, user_of

routes = web.RouteTableDef()


class LogLine(TypedDict):
    """What was logged, and when."""

    t: str
    m: str


class RawLogs(TypedDict):
    """The last lines of the log."""

    entries: list[LogLine]
    size: Annotated[dict[str, Any], "columns and rows of the terminal"]


class Subscription(TypedDict, total=False):
    """Who wants log lines."""

    clientId: Required[Annotated[str, "the id given to /ws"]]
    enabled: bool


@routes.get("/internal/logs")
@described(answer=str)
async def logs(request: web.Request) -> web.Response:
    """Give the last lines of the log as one text."""
    admins_only(request, "read the log")
    entries = services_of(request).log_book.entries()
    return json_response("".join(f"{entry.time} - {entry.text}" for entry in entries))


@routes.get("/internal/logs/raw")
@described(answer=RawLogs)
async def raw_logs(request: web.Request) -> web.Response:
    """Give the last lines of the log, each with its time."""
    admins_only(request, "read the log")
    entries = services_of(request).log_book.entries()
    lines: list[LogLine] = [{"t": entry.time, "m": entry.text} for entry in entries]
    logs: RawLogs = {"entries": lines, "size": {"cols": 120, "rows": 50}}
    return json_response(logs)


@routes.patch("/internal/logs/subscribe")
@described(body=Subscription, answer=None)
async def subscribe_logs(request: web.Request) -> web.Response:
    """Tell the sockets of a client each line that is logged from now on (message `logs`), or no longer."""
    body = await read_body(request)
    client_id, enabled = body.get("clientId"), body.get("enabled", True)
    if not isinstance(client_id, str) or not isinstance(enabled, bool):
        raise web.HTTPBadRequest(text='Expected {"clientId": the id given to /ws, "enabled": true or false}.')
    admins_only(request, "read the log")
    for client in services_of(request).clients.of(client_id, user_of(request).id):
        client.wants_logs = enabled
    return web.Response()


@routes.get("/internal/folder_paths")
@described(answer=dict[str, list[str]])
async def folder_paths(request: web.Request) -> web.Response:
    """Say where models of each kind are searched."""
    places = services_of(request).places
    return json_response({kind: shown_paths(request, paths) for kind, paths in places.model_roots.items()})


@routes.get("/internal/files/{type}")
@described(answer=list[str])
async def area_files(request: web.Request) -> web.Response:
    """List the files of the input, output or temp folder, the newest first."""
    folder = places_of(request).area(request.match_info["type"])
    return json_response(await asyncio.to_thread(_newest_first, folder))


def _newest_first(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    return [path.name for path in sorted(files, key=lambda path: -path.stat().st_mtime)]
