"""/weft/clip_pairs: what the editor counts tokens by."""

import asyncio

from aiohttp import web

from engine.errors import EngineError
from engine.files.vocabulary import clip_pairs_path
from engine.server.described import Content, described

routes = web.RouteTableDef()
KEPT_S = 30 * 24 * 3600


@routes.get("/weft/clip_pairs")
@described(answer=Content("text/plain"))
async def clip_pairs(request: web.Request) -> web.Response:
    """Give the byte pairs of CLIP's vocabulary: below a heading one a line, most frequent first; gzip."""
    try:
        packed = await asyncio.to_thread(lambda: clip_pairs_path().read_bytes())
    except EngineError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"private, max-age={KEPT_S}"}
    return web.Response(body=packed, content_type="text/plain", charset="utf-8", headers=headers)
