"""/extensions, /weft/packs and what else packs bring: files for the editor, templates, translations, subgraphs."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict
from urllib.parse import quote

from aiohttp import web

from engine.errors import BadReference, WorkerDied
from engine.files.places import inside
from engine.jobs.pack_reports import BroughtByPacks, PackReport, PackState
from engine.server.described import Content, described
from engine.server.middleware import json_response
from engine.server.routes.editor import TYPES
from engine.server.services import Services, services_of

log = logging.getLogger(__name__)
routes = web.RouteTableDef()
# Where packs keep workflows that show what they can do.
TEMPLATE_FOLDERS = (
    "example_workflows", "example", "examples", "template", "templates", "workflow", "workflows",
)  # fmt: skip
# In WEB_DIRECTORY: modules for this editor (docs/extensions.md); other clients have no use for them.
OWN_EXTENSIONS = "weft"
SUBGRAPHS = "subgraphs"
LOCALES = "locales"
LOCALE_PARTS = ("nodeDefs", "commands", "settings")  # beside main.json, which stands on the top level
LARGEST_LOCALE_BYTES = 16 * 2**20


class PackProblem(TypedDict):
    """Why a pack, or one of its nodes, did not load."""

    summary: str
    advice: Annotated[str, "what to do about it, where that is known"]
    traceback: str


class PackInfo(TypedDict):
    """A pack, and how its loading went."""

    name: str
    path: str
    state: PackState
    node_types: list[str]
    seconds: Annotated[float, "what its import took"]
    has_web: Annotated[bool, "whether it brings files for the editor"]
    troubles: list[PackProblem]


class Packs(TypedDict):
    """The packs of the server."""

    loaded: Annotated[bool, "false as long as no worker has finished loading them"]
    packs: list[PackInfo]


class ExtensionModule(TypedDict):
    """A script by which a pack extends this server's own editor."""

    pack: str
    file: str
    url: str


class ExtensionModules(TypedDict):
    """All such scripts, in the order in which they are loaded."""

    modules: list[ExtensionModule]


class SubgraphInfo(TypedDict):
    """A subgraph that a pack brings for all workflows."""

    source: str
    name: str
    info: dict[str, str]
    data: NotRequired[Annotated[str, "the workflow as JSON text"]]


async def brought_by_packs(services: Services) -> BroughtByPacks:
    """Give what packs brought; where there are packs, this waits until they are loaded."""
    if services.packs.told is None and await asyncio.to_thread(services.packs.may_exist):
        try:
            await services.dispatcher.learn_types(services.registry)
        except WorkerDied as error:
            log.warning("Nothing is known of the packs: %s", error)
    return services.packs.told or BroughtByPacks()


@routes.get("/weft/packs")
@described(answer=Packs)
async def get_packs(request: web.Request) -> web.Response:
    """List the packs with what they brought, and why those failed that did not load."""
    told = services_of(request).packs.told
    packs = [] if told is None else [_info(pack, told) for pack in told.packs]
    answer: Packs = {"loaded": told is not None, "packs": packs}
    return json_response(answer)


@routes.get("/weft/extensions")
@described(answer=ExtensionModules)
async def own_extensions(request: web.Request) -> web.Response:
    """List the modules in WEB_DIRECTORY/weft of the packs that loaded: each extends this server's own editor."""
    told = await brought_by_packs(services_of(request))
    answer: ExtensionModules = {"modules": await asyncio.to_thread(_modules, told)}
    return json_response(answer)


@routes.get("/extensions")
@described(answer=list[str])
async def extensions(request: web.Request) -> web.Response:
    """List the addresses of the scripts that packs bring for the editor."""
    told = await brought_by_packs(services_of(request))
    return json_response(await asyncio.to_thread(_scripts, told))


@routes.get("/extensions/{package}/{file:.+}")
@described(answer=Content("*/*"))
async def extension_file(request: web.Request) -> web.StreamResponse:
    """Send a file that a pack brings for the editor."""
    told = await brought_by_packs(services_of(request))
    return _file(told.web.get(request.match_info["package"]), request.match_info["file"])


@routes.get("/workflow_templates")
@described(answer=dict[str, list[str]])
async def templates(request: web.Request) -> web.Response:
    """List the workflows that packs bring as examples: package -> names, without .json."""
    told = await brought_by_packs(services_of(request))
    return json_response(await asyncio.to_thread(_templates, told))


@routes.get("/workflow_templates/{package}/{file:.+}")
@described(answer=Content("*/*"))
async def template_file(request: web.Request) -> web.StreamResponse:
    """Send an example workflow of a pack, or the picture that lies beside it."""
    told = await brought_by_packs(services_of(request))
    pack = next((pack for pack in _loaded(told) if pack.name == request.match_info["package"]), None)
    for folder in _folders(pack, TEMPLATE_FOLDERS):
        try:
            return _file(folder, request.match_info["file"])
        except web.HTTPNotFound:
            continue
    raise web.HTTPNotFound(text="No pack brings such a template.")


@routes.get("/i18n")
@described(answer=dict[str, Any])
async def translations(request: web.Request) -> web.Response:
    """Give the texts that packs bring: language -> texts, those of several packs merged."""
    told = await brought_by_packs(services_of(request))
    return json_response(await asyncio.to_thread(_translations, told))


@routes.get("/global_subgraphs")
@described(answer=dict[str, SubgraphInfo])
async def subgraphs(request: web.Request) -> web.Response:
    """List the subgraphs that packs bring for all workflows, by an id of each."""
    told = await brought_by_packs(services_of(request))
    found = await asyncio.to_thread(lambda: {key: info for key, (_, info) in _subgraphs(told)})
    return json_response(found)


@routes.get("/global_subgraphs/{id}")
@described(answer=SubgraphInfo)
async def subgraph(request: web.Request) -> web.Response:
    """Give a subgraph that a pack brings, with its data."""
    told = await brought_by_packs(services_of(request))
    found = await asyncio.to_thread(lambda: dict(_subgraphs(told)).get(request.match_info["id"]))
    if found is None:
        raise web.HTTPNotFound(text="No pack brings a subgraph of this id; /global_subgraphs lists them.")
    path, info = found
    return json_response({**info, "data": await asyncio.to_thread(path.read_text, encoding="utf-8")})


def _info(pack: PackReport, told: BroughtByPacks) -> PackInfo:
    return {
        "name": pack.name,
        "path": str(pack.path),
        "state": pack.state,
        "node_types": list(pack.node_types),
        "seconds": round(pack.seconds, 3),
        "has_web": pack.name in told.web,
        "troubles": [
            {"summary": trouble.summary, "advice": trouble.advice, "traceback": trouble.traceback}
            for trouble in pack.troubles
        ],
    }


def _scripts(told: BroughtByPacks) -> list[str]:
    return [
        quote(f"/extensions/{package}/{path.relative_to(root).as_posix()}")
        for package, root in told.web.items()
        for path in sorted(root.rglob("*.js"))
        if _is_within(path, root) and path.relative_to(root).parts[0] != OWN_EXTENSIONS
    ]


def _modules(told: BroughtByPacks) -> list[ExtensionModule]:
    """What lies in deeper folders are parts, which the modules import themselves."""
    return [
        {"pack": package, "file": path.name, "url": quote(f"/extensions/{package}/{OWN_EXTENSIONS}/{path.name}")}
        for package, root in told.web.items()
        for path in sorted((root / OWN_EXTENSIONS).glob("*.js"))
        if _is_within(path, root)
    ]


def _is_within(path: Path, root: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(root.resolve())


def _file(root: Path | None, name: str) -> web.FileResponse:
    """Send a file of a pack as what its name says it is; never one outside the folder."""
    if root is None:
        raise web.HTTPNotFound(text="No pack of this name brings files for the editor.")
    try:
        path = inside(root, name)
    except BadReference:
        raise web.HTTPNotFound(text="No pack brings such a file.") from None
    if not path.is_file():
        raise web.HTTPNotFound(text="No pack brings such a file.")
    kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": "no-cache"})


def _loaded(told: BroughtByPacks) -> list[PackReport]:
    return [pack for pack in told.packs if pack.state != "failed"]


def _folders(pack: PackReport | None, names: tuple[str, ...]) -> list[Path]:
    if pack is None or not pack.path.is_dir():
        return []
    return [pack.path / name for name in names if (pack.path / name).is_dir()]


def _templates(told: BroughtByPacks) -> dict[str, list[str]]:
    listed = {
        pack.name: sorted({path.stem for folder in _folders(pack, TEMPLATE_FOLDERS) for path in folder.glob("*.json")})
        for pack in _loaded(told)
    }
    return {package: names for package, names in listed.items() if names}


def _translations(told: BroughtByPacks) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for pack in _loaded(told):
        for folder in _folders(pack, (LOCALES,)):
            for language in sorted(path for path in folder.iterdir() if path.is_dir()):
                texts = dict(_texts(language / "main.json"))
                texts |= {part: found for part in LOCALE_PARTS if (found := _texts(language / f"{part}.json"))}
                merged[language.name] = _merge(merged.get(language.name, {}), texts)
    return merged


def _texts(file: Path) -> dict[str, Any]:
    if not file.is_file() or file.stat().st_size > LARGEST_LOCALE_BYTES:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read as translations: %s", file, error)
        return {}
    return found if isinstance(found, dict) else {}


def _merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _subgraphs(told: BroughtByPacks) -> Iterator[tuple[str, tuple[Path, SubgraphInfo]]]:
    for pack in _loaded(told):
        for folder in _folders(pack, (SUBGRAPHS,)):
            for path in sorted(folder.glob("*.json")):
                key = hashlib.sha256(f"custom_node:{pack.name}/{path.name}".encode()).hexdigest()
                info: SubgraphInfo = {
                    "source": "custom_node",
                    "name": path.stem,
                    "info": {"node_pack": f"custom_nodes.{pack.name}"},
                }
                yield key, (path, info)
