"""/weft/models: all model files, what they say of themselves, and how they look."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal, Required, TypedDict
from urllib.parse import quote

from aiohttp import web

from engine.errors import BadFile
from engine.files.places import OLD_FOLDER_NAMES, Places, inside
from engine.files.references import FileRef, resolve
from engine.server.bodies import count_in, read_body
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.model_shelf import About, ModelFile, ModelShelf, model_files
from engine.server.routes.gallery import MAKING
from engine.server.thumbnails import choose_picture, chosen_picture, pictures_beside
from engine.server.users import places_of, shown_paths

routes = web.RouteTableDef()
SHELF = web.AppKey("what is known of models", ModelShelf)


class KindInfo(TypedDict):
    """A kind of models, and the folders in which they are searched; with accounts only admins see their paths."""

    name: str
    folders: list[str]


class ModelInfo(TypedDict):
    """A model file; times in milliseconds since 1970."""

    kind: str
    name: str
    root: Annotated[int, "which of the kind's folders it lies in, from 0"]
    size: Annotated[int, "bytes"]
    modified_ms: int
    picture: Annotated[str | None, "where the picture beside it is, or the one that the user chose"]


class Models(TypedDict):
    """All models of all kinds."""

    kinds: list[KindInfo]
    models: list[ModelInfo]


class ModelOf(TypedDict, total=False):
    """Which model."""

    kind: Required[str]
    name: Required[str]
    root: Annotated[int, "which of the kind's folders; the first that holds a file of this name if it is not said"]


class Tag(TypedDict):
    """A word of the captions that a model was trained on."""

    tag: str
    count: Annotated[int, "how often it stood there; 0 if that is not known"]


class _Place(TypedDict):
    """Which model file it is."""

    kind: str
    name: str
    root: int
    path: Annotated[str, "where it lies; empty for accounts that are no admins"]


class AboutModel(_Place):
    """What a model file says of itself; texts are empty where it says nothing."""

    size: int
    modified_ms: int
    picture: Annotated[str | None, "where its picture is: chosen, beside it, or in it"]
    has_chosen_picture: bool
    family: Annotated[str, "which models it is one of, or for, as its weights' names and sizes tell"]
    title: str
    author: str
    description: str
    license: str
    usage: str
    architecture: str
    base: str
    resolution: str
    triggers: str
    rank: str
    tags: list[Tag]
    types: Annotated[dict[str, float], "number type -> share of the bytes"]
    numbers: Annotated[int, "how many numbers the weights hold"]
    metadata: Annotated[dict[str, str], "what its header holds; long values are cut"]
    sha256: Annotated[str, "empty until /weft/models/hash was asked for it"]
    problem: Annotated[str, "why its header cannot be read"]


class Hash(TypedDict):
    """The SHA-256 of a file, in hexadecimal."""

    sha256: str


class ShownBy(TypedDict, total=False):
    """A picture of the user, as /view takes it."""

    filename: Required[str]
    subfolder: str
    type: Literal["output", "temp", "input"]


@routes.get("/weft/models")
@described(answer=Models)
async def list_models(request: web.Request) -> web.Response:
    """List the model files of all kinds."""
    places = places_of(request)
    found = await asyncio.to_thread(
        lambda: [_info(each) for kind in places.model_roots for each in model_files(places, kind)]
    )
    kinds: list[KindInfo] = [
        {"name": kind, "folders": shown_paths(request, paths)} for kind, paths in places.model_roots.items()
    ]
    told: Models = {"kinds": kinds, "models": found}
    return json_response(told)


@routes.get("/weft/models/about")
@described(query=ModelOf, answer=AboutModel)
async def about_model(request: web.Request) -> web.Response:
    """Say what a model file says of itself. Of a safetensors file only the header is read, of others nothing."""
    asked, shelf = _Asked(request), request.app[SHELF]
    root, path = await asked.found()
    (shown_path,) = shown_paths(request, [path])
    place: _Place = {"kind": asked.kind, "name": asked.name, "root": root, "path": ""}
    if shown_path == str(path):
        place["path"] = shown_path
    about = await shelf.about(path)
    return json_response(await asyncio.to_thread(_told, asked.places, place, path, about, shelf.known_digest(path)))


@routes.post("/weft/models/hash")
@described(query=ModelOf, answer=Hash)
async def hash_model(request: web.Request) -> web.Response:
    """Add up the SHA-256 of a model file. It reads the whole file once, and is remembered until that changes."""
    _, path = await _Asked(request).found()
    told: Hash = {"sha256": await request.app[SHELF].digest(path)}
    return json_response(told)


@routes.put("/weft/models/picture")
@described(query=ModelOf, body=ShownBy, answer=None, status=204)
async def put_picture(request: web.Request) -> web.Response:
    """Show a model by one of the user's pictures, for this user; a small copy of it is kept in the user's folder."""
    asked = _Asked(request)
    await asked.found()
    body = await read_body(request)
    texts = [body.get("filename", ""), body.get("subfolder", ""), body.get("type", "output")]
    if not all(isinstance(text, str) for text in texts) or not texts[0]:
        raise web.HTTPBadRequest(text='Expected {"filename": ..., "subfolder": ..., "type": "output"}.')
    name, subfolder, area = texts
    asked.places.area(area)
    picture = resolve(asked.places, FileRef.of(f"{subfolder}/{name}" if subfolder else name, area))
    if not picture.is_file():
        raise web.HTTPNotFound(text=f"There is no file {name[:200]!r} in the {area} folder.")
    try:
        async with request.app[MAKING]:
            await asyncio.to_thread(choose_picture, asked.places, asked.kind, asked.name, picture)
    except BadFile as error:
        raise web.HTTPUnsupportedMediaType(text=str(error).replace(str(picture), picture.name)) from None
    return web.Response(status=204)


@routes.delete("/weft/models/picture")
@described(query=ModelOf, answer=None, status=204)
async def delete_picture(request: web.Request) -> web.Response:
    """Show a model again by the picture beside it or in it."""
    asked = _Asked(request)
    chosen = chosen_picture(asked.places, asked.kind, asked.name)
    await asyncio.to_thread(chosen.unlink, missing_ok=True)
    return web.Response(status=204)


class _Asked:
    """The model that a request names. Raises HTTPNotFound for an unknown kind."""

    def __init__(self, request: web.Request) -> None:
        kind = request.query.get("kind", "")
        self.places: Places = places_of(request)
        self.kind, self.name = OLD_FOLDER_NAMES.get(kind, kind), request.query.get("name", "")
        self._root = count_in(request, "root")
        if self.kind not in self.places.model_roots:
            raise web.HTTPNotFound(text=f"There is no model folder {kind[:80]!r}; GET /weft/models lists them.")

    async def found(self) -> tuple[int, Path]:
        """Give the number of the folder that holds it, and its path. Raises BadReference, HTTPNotFound."""
        return await asyncio.to_thread(self._found)

    def _found(self) -> tuple[int, Path]:
        suffixes = self.places.suffixes_of(self.kind)
        for number, root in enumerate(self.places.model_folder(self.kind)):
            path = inside(root, self.name, links_may_leave=True)
            is_model = not suffixes or path.suffix.lower() in suffixes
            if self._root in (None, number) and is_model and path.is_file():
                return number, path
        raise web.HTTPNotFound(text=f"There is no model {self.name[:200]!r} in the folder {self.kind!r}.")


def _info(file: ModelFile) -> ModelInfo:
    return {
        "kind": file.kind, "name": file.name, "root": file.root, "size": file.size, "modified_ms": file.modified_ms,
        "picture": None if file.picture_ms is None else _picture(file.kind, file.root, file.name, file.picture_ms),
    }  # fmt: skip


def _picture(kind: str, root: int, name: str, changed_ms: int) -> str:
    return f"/api/experiment/models/preview/{quote(kind, safe='')}/{root}/{quote(name, safe='')}?v={changed_ms}"


def _shown_ms(path: Path, chosen: Path) -> int | None:
    """Say when the picture was changed that was chosen for a model or lies beside it; None if there is none."""
    pictures = [chosen, *(path.with_name(name) for name in pictures_beside(path.name))]
    return next((picture.stat().st_mtime_ns // 1_000_000 for picture in pictures if picture.is_file()), None)


def _told(places: Places, place: _Place, path: Path, about: About, digest: str) -> AboutModel:
    state, facts = path.stat(), about.facts
    changed_ms = state.st_mtime_ns // 1_000_000
    chosen = chosen_picture(places, place["kind"], place["name"])
    shown_ms = _shown_ms(path, chosen) or (changed_ms if about.has_picture else None)
    picture = None if shown_ms is None else _picture(place["kind"], place["root"], place["name"], shown_ms)
    return {
        **place,
        "size": state.st_size,
        "modified_ms": changed_ms,
        "picture": picture,
        "has_chosen_picture": chosen.is_file(),
        "family": about.family,
        "title": facts.title,
        "author": facts.author,
        "description": facts.description,
        "license": facts.license,
        "usage": facts.usage,
        "architecture": facts.architecture,
        "base": facts.base,
        "resolution": facts.resolution,
        "triggers": facts.triggers,
        "rank": facts.rank,
        "tags": [{"tag": tag, "count": count} for tag, count in facts.tags],
        "types": dict(facts.types),
        "numbers": facts.numbers,
        "metadata": dict(facts.metadata),
        "sha256": digest,
        "problem": about.problem,
    }
