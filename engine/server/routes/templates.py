"""/weft/templates: workflows to begin with, those that ship and those of packs: what they do, need, and look like."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypedDict
from urllib.parse import quote

from aiohttp import web

from engine.errors import BadReference
from engine.files.places import Places, inside
from engine.jobs.pack_reports import BroughtByPacks
from engine.server.described import Content, described
from engine.server.middleware import json_response
from engine.server.routes.editor import TYPES
from engine.server.routes.extensions import TEMPLATE_FOLDERS, brought_by_packs
from engine.server.services import services_of

routes = web.RouteTableDef()
FOLDER = Path(__file__).resolve().parents[3] / "web" / "templates"
INDEX = "index.json"
ADDRESS = "/api/weft/templates"
PICTURE = ".jpg"


class NeededModel(TypedDict):
    """A model file that a template loads."""

    folder: Annotated[str, "below models/"]
    name: str
    page: Annotated[str, "where it is to be had; empty for one that ships"]
    present: bool


class _Words(TypedDict):
    """What the index says of a template."""

    name: str
    title: str
    description: str
    technique: str
    tags: list[str]
    inputs: Annotated[list[str], "pictures that it loads, each in inputs/ beside it"]
    words: Annotated[dict[str, list[str]], "language -> title and description"]


class TemplateInfo(_Words):
    """A workflow to begin with. Of those of packs only name, package, workflow and picture are known."""

    package: Annotated[str, "the pack that brings it; empty for those that ship"]
    models: list[NeededModel]
    workflow: Annotated[str, "address of its workflow"]
    picture: Annotated[str, "address of its picture; empty where there is none"]


class Templates(TypedDict):
    """All templates, those that ship first."""

    templates: list[TemplateInfo]


@routes.get("/weft/templates")
@described(answer=Templates)
async def templates(request: web.Request) -> web.Response:
    """List the templates with what each does, and which of the model files that it needs are there."""
    services = services_of(request)
    told = await brought_by_packs(services)
    answer: Templates = {"templates": await asyncio.to_thread(lambda: [*_shipped(services.places), *_brought(told)])}
    return json_response(answer)


@routes.get("/weft/templates/{file:.+}")
@described(answer=Content("*/*"))
async def template_file(request: web.Request) -> web.StreamResponse:
    """Send the workflow, the prompt or the picture of a template that ships, or a picture that it loads."""
    try:
        path = inside(FOLDER, request.match_info["file"])
    except BadReference:
        raise web.HTTPNotFound(text="No template has such a file.") from None
    if not path.is_file():
        raise web.HTTPNotFound(text="No template has such a file; GET /weft/templates lists them.")
    kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": "no-cache"})


def _shipped(places: Places) -> Iterator[TemplateInfo]:
    for entry in json.loads((FOLDER / INDEX).read_text(encoding="utf-8")):
        words: _Words = entry
        name = words["name"]
        yield {
            **words,
            "package": "",
            "models": [_model(file, places) for file in entry["models"]],
            "workflow": f"{ADDRESS}/{name}.json",
            "picture": f"{ADDRESS}/{name}{PICTURE}" if (FOLDER / f"{name}{PICTURE}").is_file() else "",
        }


def _model(file: Mapping[str, str], places: Places) -> NeededModel:
    try:
        places.model_path(file["folder"], file["name"])
    except BadReference:
        present = False
    else:
        present = True
    return {"folder": file["folder"], "name": file["name"], "page": file.get("from", ""), "present": present}


def _brought(told: BroughtByPacks) -> Iterator[TemplateInfo]:
    for pack in told.packs:
        if pack.state == "failed":
            continue
        found = {path.stem: path for folder in TEMPLATE_FOLDERS for path in (pack.path / folder).glob("*.json")}
        for name, path in sorted(found.items()):
            address = quote(f"/api/workflow_templates/{pack.name}/{name}")
            yield {
                "name": name,
                "package": pack.name,
                "title": name.replace("_", " "),
                "description": "",
                "technique": "",
                "tags": [],
                "models": [],
                "inputs": [],
                "words": {},
                "workflow": f"{address}.json",
                "picture": f"{address}{PICTURE}" if path.with_suffix(PICTURE).is_file() else "",
            }
