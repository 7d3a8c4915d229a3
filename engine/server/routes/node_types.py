"""/object_info: what nodes there are."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from engine.errors import WorkerDied
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.services import Services, services_of
from engine.server.users import places_of
from engine.wire.object_info import NodeInfo, object_info

log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.get("/object_info")
@described(answer=dict[str, NodeInfo])
async def get_all(request: web.Request) -> web.Response:
    """Describe every node type."""
    services = services_of(request)
    await _know_packs(services)
    await services.dispatcher.read_types_again(services.registry)
    return json_response(await asyncio.to_thread(_describe, places_of(request), list(services.registry.values())))


@routes.get("/object_info/{node_type}")
@described(answer=dict[str, NodeInfo])
async def get_one(request: web.Request) -> web.Response:
    """Describe one node type; {} if there is none of this name."""
    services = services_of(request)
    node_type = request.match_info["node_type"]
    if node_type not in services.registry:
        await _know_packs(services)
    await services.dispatcher.read_types_again(services.registry)
    definition = services.registry.get(node_type)
    found = [] if definition is None else [definition]
    return json_response(await asyncio.to_thread(_describe, places_of(request), found))


async def _know_packs(services: Services) -> None:
    """Where there are packs, wait until they are loaded: their node types are part of the answer."""
    if services.dispatcher.types_are_known or not await asyncio.to_thread(services.packs.may_exist):
        return
    try:
        await services.dispatcher.learn_types(services.registry)
    except WorkerDied as error:
        log.warning("The answer lacks the packs' node types: %s", error)


def _describe(places: Places, definitions: Iterable[NodeDefinition]) -> dict[str, Any]:
    """List folders and all; not on the event loop."""
    return {definition.type: object_info(definition, places) for definition in definitions}
