"""/weft/workflows: saved workflows with their versions; nobody overwrites what he has not seen."""

from typing import Annotated, Any, Literal, Required, TypedDict

from aiohttp import hdrs, web

from engine.documents.contents import NO_FILE, Saved
from engine.documents.ledger import Version
from engine.errors import BadReference
from engine.server.bodies import switch_in
from engine.server.described import described
from engine.server.documents import Refused, ask, digest_in, documents_of, send_content
from engine.server.middleware import json_response
from engine.wire.json_text import read_object

routes = web.RouteTableDef()
LONGEST_AUTHOR = 100


class WorkflowInfo(TypedDict):
    """A workflow: its newest content's SHA-256, and which of its versions that is (0 if that is not known yet)."""

    name: str
    digest: str
    size: int
    modified_ms: int
    version: int
    versions: int


class Workflows(TypedDict):
    """All workflows; the notice says what is wrong with the keeping of versions, and is empty if all is well."""

    workflows: list[WorkflowInfo]
    notice: str


class VersionInfo(TypedDict):
    """A content that a workflow had."""

    version: int
    digest: str
    size: int
    created_ms: int
    kind: Annotated[
        Literal["save", "restore", "outside"], "saved, restored from an earlier one, written by another program"
    ]
    author: str


class Versions(TypedDict):
    """A workflow's versions, newest first; `version` is the present one."""

    name: str
    digest: str
    version: int
    versions: list[VersionInfo]


class SavedInfo(TypedDict):
    """What came of a save."""

    name: str
    digest: str
    version: int
    modified_ms: int
    notice: str


class Saving(TypedDict, total=False):
    """What a save is to replace, and who saves. The header If-Match says the former as well."""

    base: Annotated[str, "digest of the content that was seen; * for whatever is there; empty for a new name"]
    by: Annotated[str, "who saves, shown beside the version"]


class Moving(TypedDict, total=False):
    """Where to."""

    to: Required[Annotated[str, "the new name"]]
    overwrite: Annotated[bool, "move a workflow of that name to the trash, or answer 409"]


class Restoring(TypedDict, total=False):
    """Which version, and what it is to replace."""

    version: Required[int]
    base: Annotated[str, "digest of the content that was seen; whatever is there if it is not said"]
    by: str


CONFLICT = {409: Refused}


@routes.get("/weft/workflows")
@described(answer=Workflows)
async def list_workflows(request: web.Request) -> web.Response:
    """List the saved workflows."""
    listed: list[WorkflowInfo] = [
        {
            "name": each.name, "digest": each.digest, "size": each.size, "modified_ms": each.modified_ms,
            "version": each.version, "versions": each.versions,
        }
        for each in await ask(request, lambda documents: documents.listed())
    ]  # fmt: skip
    told: Workflows = {"workflows": listed, "notice": documents_of(request).notice}
    return json_response(told)


@routes.get("/weft/workflows/{name:[^/]+}")
@described(answer=dict[str, Any])
async def get_workflow(request: web.Request) -> web.Response:
    """Send a workflow as it was saved. Its ETag is the digest that a save of it names. Slashes in names are %2F."""
    content = await ask(request, lambda documents: documents.read(request.match_info["name"]))
    return send_content(request, content.body, content.name, content.digest)


@routes.put("/weft/workflows/{name:[^/]+}")
@described(query=Saving, body=dict[str, Any], answer=SavedInfo, refusals=CONFLICT)
async def put_workflow(request: web.Request) -> web.Response:
    """Save a workflow as a further version.

    What it is to replace is named by its digest, in If-Match or `base`; without either the name must be free. Where
    something else is there the answer is 409 with that, and nothing is overwritten.
    """
    name, body = _file_name(request.match_info["name"]), await request.read()
    if not body.strip():
        raise web.HTTPBadRequest(text="The body is empty. Expected a workflow, which is a JSON object.")
    read_object(body)
    expected, author = digest_in(request, NO_FILE), request.query.get("by", "")[:LONGEST_AUTHOR]
    return _told(request, await ask(request, lambda documents: documents.save(name, body, expected, author=author)))


@routes.delete("/weft/workflows/{name:[^/]+}")
@described(query=Saving, answer=None, status=204, refusals=CONFLICT)
async def delete_workflow(request: web.Request) -> web.Response:
    """Move a workflow to the trash."""
    expected = digest_in(request, "*")
    await ask(request, lambda documents: documents.delete(request.match_info["name"], expected))
    return web.Response(status=204)


@routes.post("/weft/workflows/{name:[^/]+}/move")
@described(query=Moving, answer=None, status=204, refusals=CONFLICT)
async def move_workflow(request: web.Request) -> web.Response:
    """Rename a workflow; its versions go along."""
    to, overwrite = _file_name(request.query.get("to", "")), switch_in(request, "overwrite")
    await ask(request, lambda documents: documents.move(request.match_info["name"], to, overwrite=overwrite))
    return web.Response(status=204)


@routes.get("/weft/workflows/{name:[^/]+}/versions")
@described(answer=Versions)
async def list_versions(request: web.Request) -> web.Response:
    """List the versions of a workflow."""
    content, versions = await ask(request, lambda documents: documents.versions(request.match_info["name"]))
    told: Versions = {
        "name": content.name,
        "digest": content.digest,
        "version": content.version.number if content.version else 0,
        "versions": [_about(version) for version in versions],
    }
    return json_response(told)


@routes.get("/weft/workflows/{name:[^/]+}/versions/{number:[0-9]{1,15}}")
@described(answer=dict[str, Any])
async def get_version(request: web.Request) -> web.Response:
    """Send a version of a workflow."""
    name, number = request.match_info["name"], int(request.match_info["number"])
    version, body = await ask(request, lambda documents: documents.version(name, number))
    return send_content(request, body, name, version.digest)


@routes.post("/weft/workflows/{name:[^/]+}/restore")
@described(query=Restoring, answer=SavedInfo, refusals=CONFLICT)
async def restore_version(request: web.Request) -> web.Response:
    """Make a version the present content again, as a further version."""
    name, number = request.match_info["name"], request.query.get("version", "")
    if not (number.isascii() and number.isdigit()) or len(number) > 15:
        raise web.HTTPBadRequest(text=f"version={number[:40]!r}: expected the number of a version.")
    expected, author = digest_in(request, "*"), request.query.get("by", "")[:LONGEST_AUTHOR]
    saved = await ask(request, lambda documents: documents.restore(name, int(number), expected, author))
    return _told(request, saved)


def _file_name(name: str) -> str:
    """Refuse names that no list would show."""
    last = name.replace("\\", "/").rpartition("/")[2]
    if not last.lower().endswith(".json") or last.startswith("."):
        raise BadReference(f"{name[:80]!r} is no name for a workflow. Use one such as 'cat.json' or 'cats/cat.json'.")
    return name


def _told(request: web.Request, saved: Saved) -> web.Response:
    told: SavedInfo = {
        "name": saved.name, "digest": saved.digest, "version": saved.version.number,
        "modified_ms": saved.modified_ms, "notice": documents_of(request).notice,
    }  # fmt: skip
    answer = json_response(told)
    answer.headers[hdrs.ETAG] = f'"{saved.digest}"'
    return answer


def _about(version: Version) -> VersionInfo:
    return {
        "version": version.number, "digest": version.digest, "size": version.size,
        "created_ms": version.created_ms, "kind": version.kind, "author": version.author,
    }  # fmt: skip
