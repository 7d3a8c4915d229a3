"""/ws: what happens, as it happens."""

import asyncio
import contextlib
import json
import uuid
from typing import Annotated, Any, TypedDict

from aiohttp import WSMsgType, web

from engine.server.clients import Client
from engine.server.described import described
from engine.server.routes.system import feature_flags
from engine.server.services import Services, services_of
from engine.server.users import user_of
from engine.wire.messages import executing, frames, message

routes = web.RouteTableDef()
LARGEST_MESSAGE_BYTES = 1024 * 1024
LONGEST_ID = 200
HEARTBEAT_S = 30


class ListenAs(TypedDict, total=False):
    """Who listens."""

    clientId: Annotated[str, "what the client calls itself, and its jobs' client_id; a new id if it is absent"]


class BreakableSocket(web.WebSocketResponse):
    """A websocket whose connection can be broken where a polite end would wait for a client that does not read."""

    def abort(self) -> None:
        transport = self._req.transport if self._req is not None else None
        if transport is not None:
            transport.abort()


@routes.get("/ws")
@described(query=ListenAs, answer=None, status=101)
async def listen(request: web.Request) -> web.StreamResponse:
    """Send a client its events until it leaves; one that comes again is told which node runs now."""
    services = services_of(request)
    client_id = request.query.get("clientId", "") or uuid.uuid4().hex
    if len(client_id) > LONGEST_ID:
        raise web.HTTPBadRequest(text=f"clientId is longer than {LONGEST_ID} characters.")
    socket = BreakableSocket(heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_MESSAGE_BYTES, compress=False)
    await socket.prepare(request)
    user = user_of(request).id
    client = Client(client_id, socket, user)
    services.clients.add(client)
    for job, place in services.dispatcher.at_work(client_id, user):
        client.tell(executing(job.id, place))
    for item in services.dispatcher.owed(client_id, user):
        for frame in frames(item.events[-1]):
            client.tell(frame)
        client.tell(executing(item.job.id, None))
    sending = asyncio.create_task(client.send_all())
    try:
        async for incoming in socket:
            if incoming.type is WSMsgType.TEXT:
                _hear(services, client, incoming.data)
    finally:
        services.clients.remove(client)
        sending.cancel()
        await asyncio.wait([sending])
    return socket


def _hear(services: Services, client: Client, text: str) -> None:
    """Take notice of what a client can do. Anything else that clients say is none of the protocol's messages."""
    told: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(text)
    if not isinstance(told, dict) or told.get("type") != "feature_flags":
        return
    flags = told.get("data")
    client.preview_metadata = isinstance(flags, dict) and bool(flags.get("supports_preview_metadata"))
    client.tell(message("feature_flags", feature_flags(services)))
