"""How are the HTTP routes of packs answered inside the worker?

They live on a small aiohttp application of their own, on an event loop in a thread of its own: a handler that blocks
holds up other packs' routes, but neither runs nor the server. Only the server can use it: each request must show a
secret, which never leaves the two processes.
"""

import asyncio
import hmac
import json
import logging
import secrets
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from engine.jobs.pack_reports import PackSite

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)
SECRET_HEADER = "X-Weft-Secret"
NO_ROUTE_HEADER = "X-Weft-No-Route"  # tells the server that this 404 is nobody's answer
PROMPT_PATH = "/.weft/prompt"  # no pack can have it: the server never forwards names that begin with a dot
START_WITHIN_S = 10.0


def open_site(server: Any) -> PackSite | None:
    """Begin to answer the routes that were collected by `PromptServer.instance`; None if there are none.

    Raises:
        OSError: no address can be had.
    """
    from aiohttp import web

    application: web.Application = server.app
    if not application.router.resources() and not server.on_prompt_handlers:
        return None
    secret = secrets.token_urlsafe(32)
    application.middlewares.insert(0, _only_the_server(secret, server))
    listener, address = _listen()
    started = threading.Event()
    threading.Thread(
        target=_answer, args=(server.loop, application, listener, started), name="packs' routes", daemon=True
    ).start()
    if not started.wait(START_WITHIN_S):
        raise OSError(f"the packs' application did not start within {START_WITHIN_S:g} s")
    return PackSite(address, secret, bool(server.on_prompt_handlers))


def _listen() -> tuple[socket.socket, str]:
    """Open a socket: on Linux one without a file, which goes with the process; elsewhere on the loopback."""
    if sys.platform == "linux":
        name = f"weft-{secrets.token_hex(12)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"\0{name}")
        address = f"unix:{name}"
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    listener.listen(128)
    listener.setblocking(False)
    return listener, address


def _answer(
    loop: asyncio.AbstractEventLoop, application: "web.Application", listener: socket.socket, started: threading.Event
) -> None:
    from aiohttp import web

    asyncio.set_event_loop(loop)

    async def start() -> None:
        runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        started.set()

    try:
        loop.run_until_complete(start())
        loop.run_forever()
    except Exception:
        log.exception("The HTTP routes of packs are not answered any more")


Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


def _only_the_server(secret: str, server: Any) -> Any:
    """Make the middleware that lets only the server in, and explains what handlers raise."""
    from aiohttp import web

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, ""), secret):
            return web.Response(status=403, text="Only Weft's server may ask here.")
        if request.path == PROMPT_PATH:
            return await _changed_prompt(request, server)
        if request.match_info.http_exception is not None:
            return web.Response(status=404, headers={NO_ROUTE_HEADER: "1"})
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("A pack's route failed: %s %s", request.method, request.path)
            text = (
                f"The pack's route {request.path} failed: {type(error).__name__}: {error}. The log has its traceback."
            )
            return web.json_response({"error": text}, status=500)

    return check


async def _changed_prompt(request: "web.Request", server: Any) -> "web.StreamResponse":
    """Let packs change what came to POST /prompt; in a thread, since their handlers are synchronous."""
    from aiohttp import web

    body = await asyncio.to_thread(server.trigger_on_prompt, json.loads(await request.read()))
    return web.Response(text=json.dumps(body), content_type="application/json")
