"""Which requests are let in, and how are errors and headers written?

A web page of a stranger can make a visitor's browser send requests to this server, and a host name of his
can be made to point here ("DNS rebinding"). Browsers say where a request comes from, so such requests are
refused; scripts and plug-ins, which send no Origin, are let in.
"""

import errno
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from engine.errors import BadReference, EngineError
from engine.options import Options
from engine.wire.json_text import BadJson, write_json

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
COMPRESS_ABOVE_BYTES = 1024
LONGEST_LOGGED = 300  # characters of a path
KEPT_HEADERS = (hdrs.ALLOW, hdrs.RETRY_AFTER)  # of an error that is written as JSON


def json_response(value: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(text=write_json(value), status=status, content_type="application/json")


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors with JSON `{"error": text}`; what nobody foresaw is logged and answered with 500."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400 or answer.content_type == "application/json":
            raise
        explained = json_response({"error": answer.text or answer.reason}, answer.status)
        explained.headers.extend({name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers})
        return explained
    except (BadJson, BadReference) as error:
        return json_response({"error": str(error)}, 400)
    except EngineError as error:
        log.warning("%s %s: %r", request.method, _logged_path(request), str(error))
        return json_response({"error": str(error)}, 500)
    except ConnectionResetError:
        raise
    except OSError as error:
        log.exception("%s %s failed", request.method, _logged_path(request))
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        text = f"The file system refused: {error.strerror or error}." + (" Free some space." if full else "")
        return json_response({"error": text}, 507 if full else 500)
    except Exception:
        log.exception("%s %s failed", request.method, _logged_path(request))
        return json_response({"error": "The server failed to answer; its log says why."}, 500)


class Guard:
    """Decides which hosts may be addressed, and which pages may send."""

    def __init__(self, options: Options) -> None:
        self._cors = options.cors_origin
        own = socket.gethostname().lower()
        self._hosts = {"localhost", own, f"{own}.local", *(name.lower() for name in (*options.listen, *options.hosts))}

    def refusal(self, request: web.Request) -> str | None:
        """Say why a request is not let in, or None."""
        host = request.headers.get(hdrs.HOST, "")
        if not self._knows(host):
            return (
                f"This server does not answer to the host name {host[:100]!r}. Use its address or localhost, "
                "or start it with --allow-host NAME."
            )
        upgrade = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        if request.method in SAFE_METHODS and not upgrade:
            return None
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self._may_send(origin, host):
            return (
                f"Requests from pages of {origin[:100]!r} are refused. If you trust that page, start the server "
                "with --enable-cors-header and its origin."
            )
        foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        if origin is None and foreign and self._cors != "*":
            return "Requests from other sites are refused."
        return None

    def answers_origin(self, request: web.Request) -> str | None:
        """Give the Access-Control-Allow-Origin value for a request, if foreign pages are let in."""
        return self._cors

    def _knows(self, host: str) -> bool:
        if self._cors == "*" or "*" in self._hosts:
            return True
        name = _host_name(host)
        return name in self._hosts or name.endswith(".localhost") or _is_address(name)

    def _may_send(self, origin: str, host: str) -> bool:
        if self._cors == "*" or (self._cors and self._cors.rstrip("/").lower() == origin.lower()):
            return True
        parts = urlsplit(origin.lower())
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return False  # "null": a sandboxed page, or a file
        port = ":443" if parts.scheme == "https" else ":80"
        return parts.netloc.removesuffix(port) == host.lower().removesuffix(port)


def guarded(guard: Guard) -> Middleware:
    """Make the middleware that lets requests in, or answers 403."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = guard.refusal(request)
        if reason is not None:
            return json_response({"error": reason}, 403)
        if request.method == "OPTIONS" and guard.answers_origin(request):
            return web.Response()
        return await handler(request)

    return check


@web.middleware
async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress answers that are long text."""
    response = await handler(request)
    if isinstance(response, web.Response) and response.content_type in ("application/json", "text/plain"):
        body = response.body if "Content-Encoding" not in response.headers else None
        if isinstance(body, (bytes, bytearray)) and len(body) > COMPRESS_ABOVE_BYTES:
            response.enable_compression()
    return response


def header_signer(guard: Guard) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make the signal handler that adds the headers every answer has."""

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        origin = guard.answers_origin(request)
        if origin is None:
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            return
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
        if origin != "*":
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Vary"] = "Origin"

    return sign


def _logged_path(request: web.Request) -> str:
    """Give the path as it came, percent signs and all, so that no line break in it forges a line of the log."""
    return ascii(request.rel_url.raw_path[:LONGEST_LOGGED])[1:-1]


def _host_name(host: str) -> str:
    """Give the name in a Host header, without port, brackets and a trailing dot."""
    name = host.lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
