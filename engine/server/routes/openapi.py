"""/openapi.json: these routes, described for clients and generators."""

from typing import Any

from aiohttp import web

from engine.server.described import described
from engine.server.middleware import json_response
from engine.server.openapi import describe_routes
from engine.server.routes.system import WEFT_VERSION

routes = web.RouteTableDef()


@routes.get("/openapi.json")
@described(answer=dict[str, Any])
async def openapi(request: web.Request) -> web.Response:
    """Describe every route as OpenAPI 3.1; made from the routes themselves."""
    return json_response(describe_routes(request.app, WEFT_VERSION))
