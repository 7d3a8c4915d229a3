"""/weft/trash: workflows that were deleted, for 30 days."""

from typing import Annotated, Any, Literal, TypedDict

from aiohttp import web

from engine.documents.keeper import KEPT_IN_TRASH_MS
from engine.documents.ledger import digest_of
from engine.server.described import described
from engine.server.documents import ask, send_content
from engine.server.middleware import json_response

routes = web.RouteTableDef()


class TrashedInfo(TypedDict):
    """A deleted workflow; times in milliseconds since 1970."""

    id: int
    name: str
    deleted_ms: int
    deleted_by: Annotated[Literal["user", "outside"], "outside: another program removed its file"]
    forgotten_ms: Annotated[int, "when it goes for good"]
    size: int
    versions: int


class Revived(TypedDict):
    """The name that a workflow has again: another one if its own was taken meanwhile."""

    name: str


@routes.get("/weft/trash")
@described(answer=list[TrashedInfo])
async def list_trash(request: web.Request) -> web.Response:
    """List the deleted workflows, last deleted first."""
    trash: list[TrashedInfo] = [
        {
            "id": each.id, "name": each.name, "deleted_ms": each.deleted_ms, "deleted_by": each.deleted_by,
            "forgotten_ms": each.deleted_ms + KEPT_IN_TRASH_MS, "size": each.size, "versions": each.versions,
        }
        for each in await ask(request, lambda documents: documents.trashed())
    ]  # fmt: skip
    return json_response(trash)


@routes.get("/weft/trash/{id:[0-9]{1,15}}")
@described(answer=dict[str, Any])
async def get_trashed(request: web.Request) -> web.Response:
    """Send the last content of a deleted workflow."""
    body = await ask(request, lambda documents: documents.trashed_body(int(request.match_info["id"])))
    return send_content(request, body, "deleted.json", digest_of(body))


@routes.post("/weft/trash/{id:[0-9]{1,15}}/restore")
@described(answer=Revived)
async def restore_trashed(request: web.Request) -> web.Response:
    """Take a workflow out of the trash, with its versions."""
    told: Revived = {"name": await ask(request, lambda documents: documents.revive(int(request.match_info["id"])))}
    return json_response(told)


@routes.delete("/weft/trash/{id:[0-9]{1,15}}")
@described(answer=None, status=204)
async def purge_trashed(request: web.Request) -> web.Response:
    """Forget a deleted workflow and its versions for good."""
    await ask(request, lambda documents: documents.purge(int(request.match_info["id"])))
    return web.Response(status=204)
