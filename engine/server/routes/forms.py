"""/weft/forms: forms that their owners published for everybody whom the server lets in."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, Required, TypedDict, TypeVar

from aiohttp import hdrs, web

from engine.server.bodies import read_body
from engine.server.described import Trouble, described
from engine.server.documents import ask
from engine.server.downloads import file_headers
from engine.server.middleware import json_response
from engine.server.published import ID, NoForm, Published, PublishedForms, TooManyForms
from engine.server.users import OfUser, asked_of, may_change, user_of
from engine.wire.json_text import kind_of, read_object
from engine.wire.workflow_facts import MOST_ID_CHARACTERS

T = TypeVar("T")
routes = web.RouteTableDef()
FORMS = web.AppKey("published forms", PublishedForms)


class FormInfo(TypedDict):
    """A published form."""

    id: Annotated[str, "of its address, form.html?form=ID; whoever is let in and knows it may use the form"]
    owner: str
    workflow: Annotated[str, "the workflow's own id; empty if it has none"]
    name: Annotated[str, "the file that it was taken from"]
    digest: Annotated[str, "SHA-256 of the content that it was taken from"]
    published_ms: int


class Forms(TypedDict):
    """Published forms, the newest first."""

    forms: list[FormInfo]


class Publishing(TypedDict, total=False):
    """What is to be published."""

    workflow: Required[Annotated[str, "the name of a saved workflow that has a form"]]
    digest: Annotated[str, "of the content that was seen; another one is not published"]


class FormContent(TypedDict):
    """A published form."""

    name: Annotated[str, "of the workflow, without folders and .json"]
    workflow: Annotated[dict[str, Any], "as it was when it was published"]


@routes.get("/weft/forms")
@described(query=OfUser, answer=Forms)
async def list_forms(request: web.Request) -> web.Response:
    """List the forms that the user published; admins see those of others, too."""
    owner = asked_of(request)
    listed = await _told(request, lambda forms: forms.listed(owner))
    answer: Forms = {"forms": [_info(form) for form in listed]}
    return json_response(answer)


@routes.post("/weft/forms")
@described(body=Publishing, answer=FormInfo, refusals={409: Trouble})
async def publish(request: web.Request) -> web.Response:
    """Publish the form of a saved workflow as it stands, or publish it anew at the address that it has."""
    body = await read_body(request)
    name, expected = body.get("workflow"), body.get("digest")
    if not isinstance(name, str):
        raise web.HTTPBadRequest(text=f"workflow: expected the name of a saved workflow, found {kind_of(name)}.")
    if not isinstance(expected, str | None):
        raise web.HTTPBadRequest(text=f"digest: expected a text, found {kind_of(expected)}.")
    content = await ask(request, lambda documents: documents.read(name))
    if expected is not None and expected != content.digest:
        raise web.HTTPConflict(text=f"{content.name!r} was saved again since. Look at it, then publish it.")
    workflow = read_object(content.body)
    if not _has_form(workflow):
        raise web.HTTPBadRequest(text=f"{content.name!r} has no form. Choose its fields in the editor (Shift+F) first.")
    own_id, owner = workflow.get("id"), user_of(request).id
    key = own_id[:MOST_ID_CHARACTERS] if isinstance(own_id, str) else ""
    return json_response(
        _info(await _told(request, lambda forms: forms.publish(owner, content.name, key, content.body)))
    )


@routes.get("/weft/forms/{id}")
@described(answer=FormContent)
async def read_form(request: web.Request) -> web.Response:
    """Send a published form, whoever published it."""
    form, workflow = await _told(request, lambda forms: forms.read(_id(request)))
    name = json.dumps(form.name.rpartition("/")[2].removesuffix(".json"))
    headers = {**file_headers("form.json"), hdrs.CACHE_CONTROL: "no-cache"}
    # as it was written: numbers keep all their digits
    return web.Response(body=b'{"name": %s, "workflow": %s}' % (name.encode(), workflow), headers=headers)


@routes.delete("/weft/forms/{id}")
@described(answer=None, status=204)
async def take_back(request: web.Request) -> web.Response:
    """Let a form of the user be published no more; admins may say it of any."""
    owner = may_change(request)
    await _told(request, lambda forms: forms.take_back(_id(request), owner))
    return web.Response(status=204)


async def _told(request: web.Request, question: Callable[[PublishedForms], T]) -> T:
    """Ask in a thread; what is refused is an answer in words."""
    try:
        return await asyncio.to_thread(question, request.app[FORMS])
    except NoForm as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except TooManyForms as error:
        raise web.HTTPConflict(text=str(error)) from None


def _id(request: web.Request) -> str:
    key = request.match_info["id"]
    return key if ID.fullmatch(key) else ""


def _has_form(workflow: dict[str, Any]) -> bool:
    extra = workflow.get("extra")
    weft = extra.get("weft") if isinstance(extra, dict) else None
    form = weft.get("form") if isinstance(weft, dict) else None
    return isinstance(form, dict)


def _info(form: Published) -> FormInfo:
    return {
        "id": form.id, "owner": form.owner, "workflow": form.workflow, "name": form.name,
        "digest": form.digest, "published_ms": form.published_ms,
    }  # fmt: skip
