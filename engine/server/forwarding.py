"""How do requests that the server does not know reach the routes of packs, which are answered inside a worker?

Bodies flow through as they come, in both directions; websockets too. The server's own guards have let the request in
before it comes here, and what the server knows itself never comes here at all. The login stays with the server: packs
are not told by which token or cookie somebody was let in.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from engine.errors import WorkerDied
from engine.jobs.dispatch import Dispatcher
from engine.jobs.pack_reports import PackSite
from engine.jobs.worker import Worker, WorkerDescription
from engine.server.users import user_of

log = logging.getLogger(__name__)
SECRET_HEADER = "X-Weft-Secret"  # the same names as in engine/packs/site.py
NO_ROUTE_HEADER = "X-Weft-No-Route"
PROMPT_PATH = "/.weft/prompt"
# Of one connection, not of the message (RFC 9110, 7.6.1), or written anew for this one.
NOT_PASSED_ON = frozenset(
    name.lower()
    for name in (
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Expect", "Date", "Server", "X-Forwarded-For", SECRET_HEADER, NO_ROUTE_HEADER,
    )
)  # fmt: skip
NO_BODY = frozenset({204, 304})
USER_HEADER = "comfy-user"  # whose request it is, where there are accounts; what clients write there counts nowhere
LOGIN_COOKIES = "weft-login"  # how the names of the login's cookies begin, those of other servers of this machine too
CHUNK_BYTES = 2**16
NOTICED_TRIES, NOTICED_EVERY_S = 100, 0.02  # to see that a process has ended, once its connections were cut


@dataclass(frozen=True)
class Waiting:
    """How long packs are waited for, in seconds.

    Attributes:
        start_s: for a worker that loads its packs, or is replaced.
        connect_s: for the worker to take a request.
        answer_s: for a route to begin its answer, once the request is sent; what follows may take any time.
        prompt_s: for packs to change a prompt.
    """

    start_s: float = 60.0
    connect_s: float = 5.0
    answer_s: float = 300.0
    prompt_s: float = 20.0


class NoRoute(Exception):
    """No pack answers this path."""


class _CutOff(Exception):
    """The connection to a worker ended before it answered."""


@dataclass
class Forwarding:
    """Passes requests on to the packs' application in a worker. Used from the server's event loop only.

    Attributes:
        opens_gate: says whether a text is a token that lets clients in; None where nobody is asked for one.
    """

    dispatcher: Dispatcher
    largest_body: int
    waiting: Waiting = field(default_factory=Waiting)
    opens_gate: Callable[[str], bool] | None = None
    _sessions: dict[str, aiohttp.ClientSession] = field(default_factory=dict)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Have a pack answer.

        Raises:
            NoRoute: none does.
            web.HTTPException: 413, 502, 503 or 504; the text says why.
        """
        if request.path.lstrip("/").startswith("."):
            raise NoRoute
        if (request.content_length or 0) > self.largest_body:
            raise web.HTTPRequestEntityTooLarge(self.largest_body, request.content_length or 0)
        worker = self.dispatcher.staff.best_for_checks()
        try:
            return await self._answered_by(worker, request)
        except _CutOff as error:
            await _until_noticed(worker)  # or the next request would go to the same process
            text = f"The worker ended while a pack's route was to answer ({error}); a new one takes its place."
            raise web.HTTPBadGateway(text=text) from None

    async def _answered_by(self, worker: Worker, request: web.Request) -> web.StreamResponse:
        site = await self._site(worker)
        try:
            return await self._pass_on(request, site)
        except aiohttp.ClientConnectorError:
            log.info("%s does not answer for its packs; asking where it does now.", worker.name)
        site = await self._site(worker, again=True)
        try:
            return await self._pass_on(request, site)
        except aiohttp.ClientConnectorError:
            raise _unavailable("it has just ended") from None

    async def changed_prompt(self, body: bytes) -> bytes:
        """Let packs change what came to POST /prompt; if that fails it stays as it was, and the log says why."""
        try:
            site = await self._site(self.dispatcher.staff.best_for_checks())
        except (NoRoute, web.HTTPServiceUnavailable):
            return body  # it will not be run either, as long as no worker is up
        if not site.changes_prompts:
            return body
        url, headers = self._url(site, PROMPT_PATH), {SECRET_HEADER: site.secret}
        timeout = aiohttp.ClientTimeout(total=self.waiting.prompt_s)
        try:
            async with self._session(site).post(url, data=body, headers=headers, timeout=timeout) as answer:
                changed = await answer.read()
                if answer.status == 200 and isinstance(json.loads(changed), dict):
                    return changed
                log.error("Packs could not change a prompt: their application answered %s.", answer.status)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.error("Packs could not change a prompt, which stays as it was: %r", error)
        return body

    async def _site(self, worker: Worker, *, again: bool = False) -> PackSite:
        """Say where a worker answers for its packs; waits until it is up. Raises NoRoute if it never does."""
        staff = self.dispatcher.staff
        description = None if again else staff.last_description(worker)
        if description is None or worker.stage != "up":
            try:
                description = await asyncio.wait_for(self._described(worker), self.waiting.start_s)
            except TimeoutError:
                raise _unavailable("it is still starting") from None
            except WorkerDied as error:
                raise _unavailable(str(error)) from None
        if description.brought.site is None:
            raise NoRoute
        return description.brought.site

    async def _described(self, worker: Worker) -> WorkerDescription:
        """Ask a worker; if its process is just ending, ask the next one."""
        with contextlib.suppress(WorkerDied):
            return await self.dispatcher.staff.describe(worker)
        return await self.dispatcher.staff.describe(worker)

    async def _pass_on(self, request: web.Request, site: PackSite) -> web.StreamResponse:
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await self._join_sockets(request, site)
        body = _Body(request, self.largest_body) if request.can_read_body else None
        headers = self._headers(request, site)
        if hdrs.CONTENT_ENCODING in headers:  # aiohttp has unpacked it already
            headers.popall(hdrs.CONTENT_ENCODING)
            headers.popall(hdrs.CONTENT_LENGTH, None)
        sending = asyncio.ensure_future(
            self._session(site).request(
                request.method,
                self._url(site, self._path(request)),
                headers=headers,
                data=None if body is None else body.chunks(),
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        )
        answer = await self._begun(sending, body)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(answer.close)
            if NO_ROUTE_HEADER in answer.headers:
                raise NoRoute
            return await _copied(request, answer)

    async def _begun(
        self, sending: "asyncio.Future[aiohttp.ClientResponse]", body: "_Body | None"
    ) -> aiohttp.ClientResponse:
        """Wait until an answer begins. The body may take its time; after it, the route may not."""
        try:
            if body is not None:
                sent = asyncio.ensure_future(body.sent.wait())
                both: set[asyncio.Future[Any]] = {sending, sent}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                sent.cancel()
            return await asyncio.wait_for(sending, self.waiting.answer_s)
        except TimeoutError:
            text = f"The pack's route did not begin to answer within {self.waiting.answer_s:g} s."
            raise web.HTTPGatewayTimeout(text=text) from None
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, ConnectionError) as error:
            if body is not None and body.too_large is not None:
                raise body.too_large from None
            raise _CutOff(repr(error)) from None
        finally:
            sending.cancel()

    async def _join_sockets(self, request: web.Request, site: PackSite) -> web.StreamResponse:
        """Open a websocket to the pack, then one to the client, and pass on what each says."""
        asked = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
        protocols = tuple(part.strip() for part in asked.split(",") if part.strip())
        headers = self._headers(request, site)
        for name in [name for name in headers if name.lower().startswith("sec-websocket-")]:
            headers.popall(name, None)
        url = self._url(site, self._path(request))
        try:
            inner = await asyncio.wait_for(
                self._session(site).ws_connect(
                    url, headers=headers, protocols=protocols, max_msg_size=self.largest_body
                ),
                self.waiting.answer_s,
            )
        except aiohttp.WSServerHandshakeError as error:
            if error.headers is not None and NO_ROUTE_HEADER in error.headers:
                raise NoRoute from None
            raise web.HTTPBadGateway(text=f"The pack's route opens no websocket: it answered {error.status}.") from None
        except TimeoutError:
            raise web.HTTPGatewayTimeout(text="The pack's route opens no websocket in time.") from None
        chosen = (inner.protocol,) if inner.protocol else ()
        outer = web.WebSocketResponse(protocols=chosen, max_msg_size=self.largest_body)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(inner.close)
            await outer.prepare(request)
            stack.push_async_callback(outer.close)
            ways = {asyncio.ensure_future(_hand_over(inner, outer)), asyncio.ensure_future(_hand_over(outer, inner))}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        return outer

    def _session(self, site: PackSite) -> aiohttp.ClientSession:
        session = self._sessions.get(site.address)
        if session is None:
            kind, _, name = site.address.partition(":")
            connector: aiohttp.BaseConnector = (
                aiohttp.UnixConnector(path=f"\0{name}", force_close=True, limit=0)
                if kind == "unix"
                else aiohttp.TCPConnector(force_close=True, limit=0)
            )
            session = self._sessions[site.address] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.waiting.connect_s),
            )
            session._retry_connection = False  # or a GET that ended the worker would be sent to the next one, too
        return session

    def _headers(self, request: web.Request, site: PackSite) -> Any:
        headers = request.headers.copy()
        for name in [name for name in headers if name.lower() in NOT_PASSED_ON]:
            headers.popall(name, None)
        for name in _named_in(request.headers.getall(hdrs.CONNECTION, [])):
            headers.popall(name, None)
        for cookies in headers.popall(hdrs.COOKIE, []):
            if kept := _without_login(cookies):
                headers.add(hdrs.COOKIE, kept)
        if self.opens_gate is not None and headers.get(hdrs.AUTHORIZATION, "").lower().startswith("bearer "):
            headers.popall(hdrs.AUTHORIZATION)
        headers.popall(USER_HEADER, None)
        if user := user_of(request).id:
            headers[USER_HEADER] = user
        headers[SECRET_HEADER] = site.secret
        if request.remote:
            headers["X-Forwarded-For"] = request.remote
        return headers

    def _path(self, request: web.Request) -> str:
        """Give path and query as they came; a token of the login, which has no business there, is left out."""
        if self.opens_gate is None or not any(map(self.opens_gate, request.query.getall("token", []))):
            return request.rel_url.raw_path_qs
        kept = [(name, value) for name, value in request.query.items() if name != "token" or not self.opens_gate(value)]
        return request.rel_url.with_query(kept).raw_path_qs

    def _url(self, site: PackSite, path: str) -> URL:
        host = "packs" if site.address.startswith("unix:") else site.address
        return URL(f"http://{host}{path}", encoded=True)


class _Body:
    """A request's body on its way; no longer than allowed, whatever its header says."""

    def __init__(self, request: web.Request, largest: int) -> None:
        self._content = request.content
        self._largest = largest
        self.sent = asyncio.Event()
        self.too_large: web.HTTPRequestEntityTooLarge | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._content.iter_any():
            size += len(chunk)
            if size > self._largest:
                self.too_large = web.HTTPRequestEntityTooLarge(self._largest, size)
                raise self.too_large
            yield chunk
        self.sent.set()


async def _copied(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Send on an answer as it comes."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in NOT_PASSED_ON:
            response.headers.add(name, value)
    await response.prepare(request)
    if request.method == "HEAD" or answer.status in NO_BODY:
        return response
    try:
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            await response.write(chunk)
    except aiohttp.ClientError as error:
        log.warning("A pack's answer to %s broke off: %r", request.path, error)
        if request.transport is not None:
            request.transport.abort()  # the client must not take half an answer for a whole one
        return response
    await response.write_eof()
    return response


Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


async def _hand_over(source: Socket, target: Socket) -> None:
    """Pass on what one side says until it leaves."""
    with contextlib.suppress(ConnectionError):
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)


async def _until_noticed(worker: Worker) -> None:
    """Wait until it is known that a worker's process has ended; a process that lives cut one connection only."""
    for _ in range(NOTICED_TRIES):
        if worker.stage != "up":
            return
        await asyncio.sleep(NOTICED_EVERY_S)


def _without_login(cookies: str) -> str:
    """Leave the login's cookies out of a Cookie header; the others stay as they were written."""
    parts = (part.strip() for part in cookies.split(";"))
    return "; ".join(part for part in parts if part and not part.startswith(LOGIN_COOKIES))


def _named_in(values: Iterable[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _unavailable(why: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(
        text=f"The worker that runs the packs cannot answer: {why[:2000]}", headers={"Retry-After": "5"}
    )
