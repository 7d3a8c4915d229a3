"""/models, /embeddings: what lies in the model folders."""

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.errors import BadReference
from engine.files.places import WEIGHT_SUFFIXES, Places, walk
from engine.server.middleware import json_response
from engine.server.services import services_of

routes = web.RouteTableDef()


@routes.get("/embeddings")
async def embeddings(request: web.Request) -> web.Response:
    """List embeddings as prompts name them: without suffix."""
    names = await asyncio.to_thread(services_of(request).places.model_names, "embeddings")
    return json_response([name.rpartition(".")[0] for name in names])


@routes.get("/models")
async def kinds(request: web.Request) -> web.Response:
    """List the kinds of models."""
    return json_response(list(services_of(request).places.model_roots))


@routes.get("/models/{folder}")
async def models(request: web.Request) -> web.Response:
    """List the models of a kind."""
    places = services_of(request).places
    return json_response(await asyncio.to_thread(places.model_names, _kind(request, places)))


@routes.get("/experiment/models")
async def kinds_with_folders(request: web.Request) -> web.Response:
    """List the kinds of models with their folders."""
    roots = services_of(request).places.model_roots
    return json_response([{"name": kind, "folders": [str(path) for path in paths]} for kind, paths in roots.items()])


@routes.get("/experiment/models/{folder}")
async def models_with_sizes(request: web.Request) -> web.Response:
    """List the models of a kind with size and times."""
    places = services_of(request).places
    return json_response(await asyncio.to_thread(_listing, places.model_folder(_kind(request, places))))


def _kind(request: web.Request, places: Places) -> str:
    kind = request.match_info["folder"]
    try:
        places.model_folder(kind)
    except BadReference as error:
        raise web.HTTPNotFound(text=str(error)) from None
    return kind


def _listing(roots: tuple[Path, ...]) -> list[dict[str, Any]]:
    found = []
    for index, root in enumerate(roots):
        for path in walk(root):
            if path.suffix.lower() in WEIGHT_SUFFIXES and path.is_file():
                about = path.stat()
                found.append(
                    {
                        "name": path.relative_to(root).as_posix(),
                        "pathIndex": index,
                        "size": about.st_size,
                        "modified": about.st_mtime,
                        "created": about.st_ctime,
                    }
                )
    return found
