"""/upload/image, /upload/mask: bring in files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Required, TypedDict

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from engine.errors import BadFile
from engine.files.images import check_picture_size
from engine.files.places import Places
from engine.files.references import FileRef, existing
from engine.files.saving import write_whole
from engine.server import pictures, uploads
from engine.server.described import Content, described
from engine.server.measures import MEASURES
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import places_of
from engine.wire.json_text import read_object

routes = web.RouteTableDef()
CHUNK_BYTES = 256 * 1024
LONGEST_FIELD_BYTES = 64 * 1024
FILE_FIELDS = ("image", "file")


class UploadForm(TypedDict, total=False):
    """A file, and where it goes."""

    image: Required[Annotated[bytes, "the file, with its name"]]
    type: Annotated[Literal["input", "output", "temp"], "input if it is not said"]
    subfolder: str
    overwrite: Annotated[Literal["true", "false"], "replace a file of this name; else this one gets a number"]


class MaskForm(UploadForm, total=False):
    """A picture whose transparency goes over another one."""

    original_ref: Required[Annotated[str, "JSON: {filename, subfolder, type} of the other picture"]]


class Stored(TypedDict):
    """Where a file is now."""

    name: str
    subfolder: str
    type: Literal["input", "output", "temp"]


@dataclass
class Form:
    """What came: the texts by name, and the file that was written to `path`."""

    path: Path
    filename: str = ""
    size: int = 0
    texts: dict[str, str] = field(default_factory=dict)


@routes.post("/upload/image")
@described(body=Content("multipart/form-data", UploadForm), answer=Stored)
async def upload_image(request: web.Request) -> web.Response:
    """Store a file as it is."""
    places = places_of(request)
    async with _received(request, places) as form:
        try:
            await asyncio.to_thread(check_picture_size, form.path)
        except BadFile as error:
            text = str(error).replace(form.path.name, ascii(form.filename[:80]))
            raise web.HTTPRequestEntityTooLarge(0, 0, text=text) from None
        ref = await asyncio.to_thread(_keep, places, form)
    return _told(ref)


@routes.post("/upload/mask")
@described(body=Content("multipart/form-data", MaskForm), answer=Stored)
async def upload_mask(request: web.Request) -> web.Response:
    """Store the picture that `original_ref` names, with the alpha of the uploaded one."""
    places = places_of(request)
    async with _received(request, places) as form:
        try:
            ref = await asyncio.to_thread(_keep_masked, places, form)
        except BadFile as error:
            raise web.HTTPUnsupportedMediaType(text=str(error)) from None
    return _told(ref)


@asynccontextmanager
async def _received(request: web.Request, places: Places) -> AsyncIterator[Form]:
    """Stream a multipart form to disk; the file is gone afterwards unless it was moved to its place."""
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(text="Expected a multipart form with the file in its field 'image'.")
    form = Form(await asyncio.to_thread(uploads.spool_path, places))
    try:
        await _read_form(request, form, services_of(request).options.max_upload_bytes)
        if not form.filename:
            raise web.HTTPBadRequest(text="The form has no file: send it in the field 'image', with a file name.")
        yield form
        request.app[MEASURES].uploaded(form.size)
    finally:
        form.path.unlink(missing_ok=True)


async def _read_form(request: web.Request, form: Form, limit_bytes: int) -> None:
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise web.HTTPBadRequest(text="The form holds a part without a name, or a form within the form.")
            if part.name in FILE_FIELDS:
                form.filename = part.filename or ""
                form.size = await _spool(part, form.path, limit_bytes)
            else:
                form.texts[part.name] = (await _short(part)).decode("utf-8", "replace")
    except (ValueError, HttpProcessingError) as error:  # the second one: a part's headers
        raise web.HTTPBadRequest(text=f"The form cannot be read: {str(error)[:500]}.") from None


async def _spool(part: BodyPartReader, path: Path, limit_bytes: int) -> int:
    size = 0
    with await asyncio.to_thread(path.open, "wb") as file:
        while chunk := await part.read_chunk(CHUNK_BYTES):
            size += len(chunk)
            if size > limit_bytes:
                raise web.HTTPRequestEntityTooLarge(
                    limit_bytes, size, text=f"The file is larger than {limit_bytes // 2**20} MB (--max-upload-size)."
                )
            await asyncio.to_thread(file.write, chunk)
    return size


async def _short(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > LONGEST_FIELD_BYTES:
            raise web.HTTPBadRequest(text=f"The field {part.name!r} is longer than {LONGEST_FIELD_BYTES} bytes.")
    return bytes(data)


def _keep(places: Places, form: Form) -> FileRef:
    ref = uploads.place_for(places, form.filename, form.texts.get("type", "input"), form.texts.get("subfolder", ""))
    return uploads.keep(places, form.path, ref, overwrite=_overwrites(form))


def _keep_masked(places: Places, form: Form) -> FileRef:
    asked = read_object(form.texts.get("original_ref", ""))
    name, area = str(asked.get("filename", "")), asked.get("type", "output")
    subfolder = str(asked.get("subfolder") or "")
    places.area(str(area))
    original = existing(places, FileRef.of(f"{subfolder}/{name}" if subfolder else name, area))
    write_whole(form.path, pictures.masked(original, form.path))
    return _keep(places, form)


def _overwrites(form: Form) -> bool:
    return form.texts.get("overwrite", "").lower() in ("true", "1")


def _told(ref: FileRef) -> web.Response:
    stored: Stored = {"name": ref.filename, "subfolder": ref.subfolder, "type": ref.type}
    return json_response(stored)
