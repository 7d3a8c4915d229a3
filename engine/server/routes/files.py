"""/view, /view_metadata: look at files."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal, Required, TypedDict

from aiohttp import web

from engine.errors import BadFile
from engine.files.places import Places, inside
from engine.files.references import FileRef, parse_annotated, resolve
from engine.files.safetensors_header import read_header
from engine.server import pictures
from engine.server.described import Content, described
from engine.server.downloads import send_bytes, send_file
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import places_of, without_folders

routes = web.RouteTableDef()


class Viewed(TypedDict, total=False):
    """Which file, and in which form."""

    filename: Required[Annotated[str, "with its folders or without; it may end in ' [input]', ' [output]', ' [temp]'"]]
    type: Annotated[Literal["input", "output", "temp"], "output if it is not said"]
    subfolder: str
    preview: Annotated[str, "a smaller encoding: 'webp;90' or 'jpeg;80'"]
    channel: Annotated[Literal["rgba", "rgb", "a"], "the colours alone, or the transparency alone"]


class MetadataOf(TypedDict):
    """Which model file."""

    filename: Annotated[str, "below the model folder, ending in .safetensors"]


@routes.get("/view")
@described(query=Viewed, answer=Content("*/*"))
async def view(request: web.Request) -> web.StreamResponse:
    """Send a file of the input, output or temp folder, or a preview or channel of a picture."""
    path = await asyncio.to_thread(_asked_for, request, places_of(request))
    try:
        if "preview" in request.query:
            return send_bytes(*await asyncio.to_thread(pictures.preview, path, request.query["preview"]), path.name)
        channels: dict[str, Literal["rgb", "a"]] = {"rgb": "rgb", "a": "a"}
        channel = channels.get(request.query.get("channel", "rgba"))
        if channel is not None:
            return send_bytes(*await asyncio.to_thread(pictures.channel, path, channel), path.name)
    except BadFile as error:
        raise web.HTTPUnsupportedMediaType(text=str(error)) from None
    return send_file(path)


def _asked_for(request: web.Request, places: Places) -> Path:
    """Find the file. BadReference, for a name that leads outside, is answered with 400."""
    name = request.query.get("filename", "")
    if not name:
        raise web.HTTPBadRequest(text="Say which file: ?filename=NAME&type=output&subfolder=...")
    area = request.query.get("type", "output")
    places.area(area)
    ref = parse_annotated(name, area)  # type: ignore[arg-type]
    subfolder = request.query.get("subfolder", "")
    if subfolder:
        ref = FileRef.of(f"{subfolder}/{ref.name}", ref.type)
    path = resolve(places, ref)
    if not path.is_file():
        raise web.HTTPNotFound(text=f"There is no file {name[:200]!r} in the {ref.type} folder.")
    return path


@routes.get("/view_metadata/{folder}")
@described(query=MetadataOf, answer=dict[str, str])
async def view_metadata(request: web.Request) -> web.Response:
    """Give the `__metadata__` of a safetensors file in a model folder."""
    places = services_of(request).places
    name = request.query.get("filename", "")
    if not name.endswith(".safetensors"):
        raise web.HTTPNotFound(text="Only .safetensors files have metadata: ?filename=NAME.safetensors")
    return json_response(await asyncio.to_thread(_metadata, places, request.match_info["folder"], name))


def _metadata(places: Places, folder: str, name: str) -> dict[str, str]:
    for root in places.model_folder(folder):
        path = inside(root, name, links_may_leave=True)
        if path.is_file():
            try:
                metadata = read_header(path).metadata
            except BadFile as error:
                raise web.HTTPUnsupportedMediaType(text=without_folders(str(error), [root])) from None
            if metadata:
                return dict(metadata)
            raise web.HTTPNotFound(text=f"{name!r} carries no metadata.")
    raise web.HTTPNotFound(text=f"There is no file {name[:200]!r} in the model folder {folder!r}.")
