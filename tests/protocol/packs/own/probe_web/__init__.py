"""A pack with scripts for the editor and routes of its own."""

from aiohttp import web
from server import PromptServer

WEB_DIRECTORY = "./js"
NODE_CLASS_MAPPINGS: dict[str, type] = {}


@PromptServer.instance.routes.get("/probe/hello")
async def hello(request):
    return web.json_response({"hello": request.query.get("name", "nobody")})


@PromptServer.instance.routes.post("/probe/echo")
async def echo(request):
    return web.json_response(await request.json(), status=201)
