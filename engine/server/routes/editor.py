"""/ and all other paths: the editor's own files, from web/dist or --front-end-root."""

from pathlib import Path

from aiohttp import web

from engine.errors import BadReference
from engine.files.places import inside
from engine.server.described import Content, described
from engine.server.routes import pack_routes
from engine.server.services import Services, services_of

routes = web.RouteTableDef()
BUILT = Path(__file__).resolve().parents[3] / "web" / "dist"
TYPES = {
    ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
    ".svg": "image/svg+xml", ".json": "application/json", ".map": "application/json", ".wasm": "application/wasm",
    ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf", ".png": "image/png", ".ico": "image/x-icon",
    ".jpg": "image/jpeg", ".webp": "image/webp", ".webmanifest": "application/manifest+json", ".txt": "text/plain",
    ".ts": "text/plain",
}  # fmt: skip
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob: data:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Weft</title>
<style>body{font:16px/1.5 system-ui;margin:4rem auto;max-width:40rem;padding:0 1rem}
code{background:#8883;padding:.1em .4em}</style>
<h1>The editor is not built yet</h1>
<p>The server runs, and its API answers. To build the editor, stop the server and run</p><p><code>make run</code></p>
<p>or, where there is no make, run <code>npm ci</code> and <code>npm run build</code> in the folder <code>web</code>,
then start the server again.</p></html>
"""


@routes.get("/")
@described(answer=Content("text/html"))
async def index(request: web.Request) -> web.StreamResponse:
    """Send the editor's page."""
    services = services_of(request)
    page = _root(services) / "index.html"
    if not page.is_file():
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        return web.Response(text=NOT_BUILT, content_type="text/html", headers=headers)
    return _send(page, services)


@routes.get("/{path:.+}")
@described(answer=Content("*/*"))
async def asset(request: web.Request) -> web.StreamResponse:
    """Send a file of the editor, or have a pack answer."""
    services = services_of(request)
    name = request.match_info["path"]
    try:
        path = inside(_root(services), name)
    except BadReference:
        raise web.HTTPNotFound from None
    return _send(path, services) if path.is_file() else await pack_routes.answer(request)


def _root(services: Services) -> Path:
    return services.options.front_end or BUILT


def _send(path: Path, services: Services) -> web.FileResponse:
    """Send a file. Names below assets/ hold a hash of the content, so they can be kept for ever."""
    ours = services.options.front_end is None
    kept = ours and path.parent.name == "assets"
    headers = {
        "Content-Type": TYPES.get(path.suffix.lower(), "application/octet-stream"),
        "Cache-Control": "public, max-age=31536000, immutable" if kept else "no-cache",
    }
    if ours:
        headers["Content-Security-Policy"] = POLICY
    return web.FileResponse(path, headers=headers)
