"""How long may a client take over a request and its answer, and how many may be connected at once?

A client that takes for ever holds a connection and a file descriptor; some hundreds of them would hold them all. So
whoever has connected says soon what it wants, sends a body at a pace, and when there is no room left, the connection
goes on which nothing has been asked for longest. Long uploads and open websockets are none of these.
"""

import asyncio
import logging
import socket
import ssl
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

log = logging.getLogger(__name__)
SAID_WITHIN_S = 65.0  # a whole head, since the connection or the last answer; longer than proxies keep idle connections
HANDSHAKE_S = 15.0  # of TLS
MOST_CONNECTIONS = 1000
OTHER_FILES = 200  # descriptors that are left for files, the database and workers
FEWEST_CONNECTIONS = 50
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"error":"Too many clients are connected, and all of them at work. Try again soon."}'
)


@dataclass(frozen=True)
class Pace:
    """How slowly a body may arrive: in each span of `span_s` seconds so many bytes, while the server takes them."""

    span_s: float = 30.0
    fewest_bytes: int = 15_000


class Connections:
    """Makes the protocol of each new connection; where there are too many, the one that is idle longest goes."""

    def __init__(self, server: web.Server, most: int | None = None) -> None:
        self._server = server
        self._most = most or room()

    def __call__(self) -> asyncio.Protocol:
        connected = [one for one in self._server.connections if one.connected]  # the oldest first
        if len(connected) >= self._most:
            # aiohttp tells nobody in public which of its connections are between two requests
            idle = next((one for one in connected if not one._request_in_progress), None)
            if idle is None:
                log.warning("%d clients are connected, all of them at work: another one is sent away.", len(connected))
                return _SentAway()
            idle.force_close()
        return self._server()


class _SentAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(FULL)
        transport.close()


def room() -> int:
    """Say how many connections this process has descriptors for."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, files - OTHER_FILES))


async def answer_on(
    runner: web.AppRunner, listener: socket.socket, secure: ssl.SSLContext | None = None, most: int | None = None
) -> asyncio.Server:
    """Answer on a socket that listens already. `secure` makes it https."""
    assert runner.server is not None, "runner.setup() comes first"
    return await asyncio.get_running_loop().create_server(
        Connections(runner.server, most), sock=listener, ssl=secure,
        ssl_handshake_timeout=HANDSHAKE_S if secure else None,
    )  # fmt: skip


def at_a_pace(pace: Pace) -> Middleware:
    """Make the middleware that answers 408 to clients whose body trickles in."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.can_read_body or request.content.is_eof():
            return await handler(request)
        answering = asyncio.ensure_future(handler(request))
        watching = asyncio.create_task(_too_slow(request, pace))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            slowness = watching.result() if watching.done() else None
            if slowness is None or answering.done():
                return await answering
            raise web.HTTPRequestTimeout(text=f"The body comes too slowly: {slowness} Send it again.")
        finally:
            watching.cancel()
            answering.cancel()
            await asyncio.wait({answering})  # what it held is let go of

    return check


async def _too_slow(request: web.Request, pace: Pace) -> str | None:
    """Wait until a body is there, which gives None, or comes too slowly, which is told."""
    content = request.content
    arrived = content.total_bytes
    while not content.is_eof():
        await asyncio.sleep(pace.span_s)
        before, arrived = arrived, content.total_bytes
        transport = request.transport
        is_awaited = isinstance(transport, asyncio.ReadTransport) and transport.is_reading()
        if is_awaited and not content.is_eof() and arrived - before < pace.fewest_bytes:
            return f"{arrived - before} bytes arrived within {pace.span_s:g} s; expected {pace.fewest_bytes} or more."
    return None
