"""/object_info: what nodes there are."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from engine.graph.definition import NodeDefinition
from engine.server.middleware import json_response
from engine.server.services import Services, services_of
from engine.wire.object_info import object_info

routes = web.RouteTableDef()


@routes.get("/object_info")
async def get_all(request: web.Request) -> web.Response:
    """Describe every node type."""
    services = services_of(request)
    return json_response(await asyncio.to_thread(_describe, services, list(services.registry.values())))


@routes.get("/object_info/{node_type}")
async def get_one(request: web.Request) -> web.Response:
    """Describe one node type; {} if there is none of this name."""
    services = services_of(request)
    definition = services.registry.get(request.match_info["node_type"])
    found = [] if definition is None else [definition]
    return json_response(await asyncio.to_thread(_describe, services, found))


def _describe(services: Services, definitions: Iterable[NodeDefinition]) -> dict[str, Any]:
    """List folders and all; not on the event loop."""
    return {definition.type: object_info(definition, services.places) for definition in definitions}


@routes.get("/extensions")
async def extensions(request: web.Request) -> web.Response:
    """List the scripts that packs bring for the editor: none, as long as no packs are loaded."""
    return json_response([])
