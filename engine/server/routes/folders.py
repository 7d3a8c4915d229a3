"""/models, /embeddings: what lies in the model folders."""

import asyncio
from pathlib import Path
from typing import Annotated, TypedDict

from aiohttp import web

from engine.errors import BadFile, BadReference
from engine.files.places import Places, walk
from engine.server.described import Content, described
from engine.server.downloads import send_bytes
from engine.server.middleware import json_response
from engine.server.routes.gallery import FOR_EVER, MAKING
from engine.server.services import services_of
from engine.server.thumbnails import model_thumbnail
from engine.server.users import places_of, shown_paths, without_folders

routes = web.RouteTableDef()
KEPT_S = 24 * 3600  # how long browsers keep a thumbnail


class ModelKind(TypedDict):
    """A kind of models, and the folders in which they are searched."""

    name: str
    folders: list[str]


class ModelFile(TypedDict):
    """A model file; times in seconds since 1970."""

    name: str
    pathIndex: Annotated[int, "which of the kind's folders it lies in, from 0"]
    size: Annotated[int, "bytes"]
    modified: float
    created: float


class PreviewOf(TypedDict, total=False):
    """Which one."""

    v: Annotated[str, "the time of the picture's change: browsers keep the answer for good"]


@routes.get("/embeddings")
@described(answer=list[str])
async def embeddings(request: web.Request) -> web.Response:
    """List embeddings as prompts name them: without suffix."""
    names = await asyncio.to_thread(services_of(request).places.model_names, "embeddings")
    return json_response([name.rpartition(".")[0] for name in names])


@routes.get("/models")
@described(answer=list[str])
async def kinds(request: web.Request) -> web.Response:
    """List the kinds of models."""
    return json_response(list(services_of(request).places.model_roots))


@routes.get("/models/{folder}")
@described(answer=list[str])
async def models(request: web.Request) -> web.Response:
    """List the models of a kind."""
    places = services_of(request).places
    return json_response(await asyncio.to_thread(places.model_names, _kind(request, places)))


@routes.get("/experiment/models")
@described(answer=list[ModelKind])
async def kinds_with_folders(request: web.Request) -> web.Response:
    """List the kinds of models with their folders."""
    roots = services_of(request).places.model_roots
    return json_response([{"name": kind, "folders": shown_paths(request, paths)} for kind, paths in roots.items()])


@routes.get("/experiment/models/{folder}")
@described(answer=list[ModelFile])
async def models_with_sizes(request: web.Request) -> web.Response:
    """List the models of a kind with size and times."""
    places = services_of(request).places
    kind = _kind(request, places)
    return json_response(await asyncio.to_thread(_listing, places.model_folder(kind), places.suffixes_of(kind)))


@routes.get("/experiment/models/preview/{folder}/{path_index}/{file:.+}")
@described(query=PreviewOf, answer=Content("image/webp"))
async def model_preview(request: web.Request) -> web.Response:
    """Send a model's picture, small: the one that the user chose, the one beside its file, or the one in it."""
    places = places_of(request)
    name, number = request.match_info["file"], request.match_info["path_index"]
    if not (number.isascii() and number.isdigit() and len(number) < 5):
        raise web.HTTPBadRequest(text=f"{number[:40]!r} is no number of a folder: expected 0, 1, ...")
    kind = _kind(request, places)
    try:
        async with request.app[MAKING]:
            picture = await asyncio.to_thread(model_thumbnail, places, kind, int(number), name)
    except BadFile as error:
        raise web.HTTPUnsupportedMediaType(text=without_folders(str(error), places.model_folder(kind))) from None
    if picture is None:
        raise web.HTTPNotFound(text=f"There is no picture beside or in {name[:200]!r}.")
    response = send_bytes(picture, "image/webp", f"{Path(name).stem}.webp")
    response.headers["Cache-Control"] = FOR_EVER if "v" in request.query else f"private, max-age={KEPT_S}"
    return response


def _kind(request: web.Request, places: Places) -> str:
    kind = request.match_info["folder"]
    try:
        places.model_folder(kind)
    except BadReference as error:
        raise web.HTTPNotFound(text=str(error)) from None
    return kind


def _listing(roots: tuple[Path, ...], suffixes: frozenset[str]) -> list[ModelFile]:
    found: list[ModelFile] = []
    for index, root in enumerate(roots):
        for path in walk(root, links_may_leave=True):
            if (not suffixes or path.suffix.lower() in suffixes) and path.is_file():
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
