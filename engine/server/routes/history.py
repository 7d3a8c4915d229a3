"""/history: how jobs ended."""

from typing import Annotated, TypedDict

from aiohttp import web

from engine.server.bodies import count_in, ids_in, read_body
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import OfUser, asked_of, may_change
from engine.server.written import written
from engine.wire.history import HistoryEntry, history_item

routes = web.RouteTableDef()


class Page(OfUser, total=False):
    """Which part of the history."""

    max_items: Annotated[int, "at most so many; without offset, the newest"]
    offset: Annotated[int, "from this one on, counted from the oldest"]


class Forget(TypedDict, total=False):
    """Which jobs to forget."""

    clear: Annotated[bool, "all of them"]
    delete: Annotated[list[str], "those of these ids; unknown ones are passed over"]


@routes.get("/history")
@described(query=Page, answer=dict[str, HistoryEntry])
async def get_history(request: web.Request) -> web.Response:
    """Give ended jobs, oldest first: the newest `max_items`, or as many from number `offset` on."""
    history = services_of(request).history
    await history.loaded()
    items = history.items(count_in(request, "max_items"), count_in(request, "offset"), of=asked_of(request))
    return json_response({item.job.id: history_item(item) for item in items})


@routes.get("/history/{prompt_id}")
@described(answer=dict[str, HistoryEntry])
async def get_item(request: web.Request) -> web.Response:
    """Give one ended job, or {} as long as it has not ended."""
    history = services_of(request).history
    await history.loaded()
    item = history.get(request.match_info["prompt_id"], of=may_change(request))
    return json_response({} if item is None else {item.job.id: history_item(item)})


@routes.post("/history")
@described(query=OfUser, body=Forget, answer=None)
async def post_history(request: web.Request) -> web.Response:
    """Forget ended jobs."""
    history = services_of(request).history
    body = await read_body(request)
    deleted = ids_in(body, "delete")
    await history.loaded()
    if body.get("clear"):
        history.clear(of=asked_of(request))
    history.delete(deleted, of=may_change(request))
    await written(services_of(request))
    return web.Response()
