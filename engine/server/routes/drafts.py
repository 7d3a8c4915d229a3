"""/weft/drafts: work in editors that was not saved yet, by the id of its tab."""

from typing import Any, NotRequired, TypedDict

from aiohttp import web

from engine.documents.ledger import Draft
from engine.server.described import described
from engine.server.documents import ask
from engine.server.downloads import send_bytes
from engine.server.middleware import json_response
from engine.wire.json_text import BadJson, kind_of, read_object

routes = web.RouteTableDef()
ID = "{id:[A-Za-z0-9_-]{1,100}}"
LONGEST_NAME = 255


class DraftBody(TypedDict):
    """A draft: the server keeps all that stands in it, and reads the name and the file that it is of."""

    name: str
    saved_as: NotRequired[str | None]
    workflow: dict[str, Any]


class DraftInfo(TypedDict):
    """A draft in a list; `changed_ms` is when the server was given it."""

    id: str
    name: str
    saved_as: str | None
    changed_ms: int
    size: int


@routes.get("/weft/drafts")
@described(answer=list[DraftInfo])
async def list_drafts(request: web.Request) -> web.Response:
    """List the drafts, last changed first."""
    return json_response([_about(draft) for draft in await ask(request, lambda documents: documents.drafts.listed())])


@routes.get(f"/weft/drafts/{ID}")
@described(answer=dict[str, Any])
async def get_draft(request: web.Request) -> web.Response:
    """Send a draft as it was given."""
    draft_id = request.match_info["id"]
    body = await ask(request, lambda documents: documents.drafts.read(draft_id))
    return send_bytes(body, "application/json", f"{draft_id}.json")


@routes.put(f"/weft/drafts/{ID}")
@described(body=DraftBody, answer=DraftInfo)
async def put_draft(request: web.Request) -> web.Response:
    """Keep a draft, in place of what it was before."""
    body = await request.read()
    told = read_object(body)
    name, saved_as, workflow = told.get("name"), told.get("saved_as"), told.get("workflow")
    if not isinstance(name, str):
        raise BadJson(f"'name' is {kind_of(name)}; expected the text by which the draft is to be known.")
    if not isinstance(saved_as, (str, type(None))):
        raise BadJson(f"'saved_as' is {kind_of(saved_as)}; expected the name of a workflow, or null.")
    if not isinstance(workflow, dict):
        raise BadJson(f"'workflow' is {kind_of(workflow)}; expected an object.")
    known_as, file = _kept_text(name), None if saved_as is None else _kept_text(saved_as)
    draft_id = request.match_info["id"]
    draft = await ask(request, lambda documents: documents.drafts.put(draft_id, known_as, file, body))
    return json_response(_about(draft))


@routes.delete(f"/weft/drafts/{ID}")
@described(answer=None, status=204)
async def delete_draft(request: web.Request) -> web.Response:
    """Forget a draft, if there is one."""
    await ask(request, lambda documents: documents.drafts.drop(request.match_info["id"]))
    return web.Response(status=204)


def _kept_text(text: str) -> str:
    """Give a text that a database can hold: no half of a surrogate pair."""
    return text[:LONGEST_NAME].encode("utf-8", "replace").decode()


def _about(draft: Draft) -> DraftInfo:
    return {
        "id": draft.id, "name": draft.name, "saved_as": draft.saved_as, "changed_ms": draft.changed_ms,
        "size": draft.size,
    }  # fmt: skip
