"""Who may use a server that other machines can reach? Whoever knows its token.

Programs send it as `Authorization: Bearer TOKEN`. Browsers send it once, in the form of the login page or as
`/?token=TOKEN`, and get a cookie. Listening on loopback alone asks nobody for a token.
"""

import hmac
import ipaddress
import logging
import os
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from engine.errors import EngineError
from engine.options import Options
from engine.server.login_page import login_page
from engine.server.middleware import json_response

log = logging.getLogger(__name__)
FEWEST_CHARACTERS = 16  # of a token
KEPT_S = 30 * 24 * 3600  # how long a browser stays logged in
MOST_FAILURES = 10  # within FAILURES_WITHIN_S, from one address
FAILURES_WITHIN_S = 60.0
MOST_ADDRESSES = 10_000  # whose failures are remembered
LARGEST_FORM_BYTES = 16 * 1024


class Failures:
    """Counts wrong tokens by address, so that guessing takes for ever."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Say how long an address has to wait before it may try again."""
        times = self._recent(address)
        return 0.0 if len(times) < MOST_FAILURES else times[0] + FAILURES_WITHIN_S - self._clock()

    def add(self, address: str) -> None:
        self._recent(address).append(self._clock())

    def _recent(self, address: str) -> deque[float]:
        group = _group(address)
        times = self._times.setdefault(group, deque())
        self._times.move_to_end(group)
        while len(self._times) > MOST_ADDRESSES:
            self._times.popitem(last=False)
        while times and times[0] + FAILURES_WITHIN_S <= self._clock():
            times.popleft()
        return times


class Gate:
    """Knows the token, and who has shown it.

    Args:
        key: what cookies are made with. It is random even where the user chose the token, so that nobody can guess
            a cookie, whose failures are not counted.
    """

    def __init__(self, token: str, key: str) -> None:
        self.token = token
        self.failures = Failures()
        self._cookie = hmac.new(key.encode(), token.encode(), "sha256").hexdigest()
        # Cookies ignore ports: each server of a machine has a name of its own for its cookie.
        self.cookie_name = f"weft-login-{hmac.new(key.encode(), b'name', 'sha256').hexdigest()[:8]}"

    def is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())

    def has_cookie(self, request: web.Request) -> bool:
        cookie = request.cookies.get(self.cookie_name, "")
        return hmac.compare_digest(cookie.encode("utf-8", "replace"), self._cookie.encode())

    def try_token(self, request: web.Request, token: str) -> web.Response | None:
        """Check a token that was shown; gives the refusal, or None if it is right."""
        address = request.remote or ""
        wait_s = self.failures.wait_s(address)
        if wait_s > 0:
            seconds = max(1, int(wait_s + 1))
            answer = json_response({"error": f"Too many wrong tokens. Wait {seconds} seconds, then try again."}, 429)
            answer.headers[hdrs.RETRY_AFTER] = str(seconds)
            return answer
        if self.is_right(token):
            return None
        self.failures.add(address)
        log.warning("A wrong token came from %s.", address)
        return unauthorized("That is not this server's token.")

    def let_in(self, request: web.Request, target: str) -> web.Response:
        """Give a browser its cookie, and send it to a page of this server."""
        answer = web.Response(status=303, headers={hdrs.LOCATION: target, hdrs.CACHE_CONTROL: "no-store"})
        secure = request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        answer.set_cookie(
            self.cookie_name, self._cookie, max_age=KEPT_S, httponly=True, samesite="Strict", secure=secure, path="/"
        )
        return answer


def make_gate(options: Options, user: Path) -> Gate | None:
    """Make the gate of a server, or None where everybody who can reach it may use it.

    Raises:
        EngineError: the token is too short, or cannot be kept in the user folder.
    """
    open_to_all = all(is_loopback(host) for host in options.listen)
    if not options.login or (open_to_all and options.token is None):
        if not open_to_all:
            log.warning(
                "NO LOGIN: everybody who can reach %s on port %s can run workflows and read and write files here. "
                "Leave --no-login out to ask for a token.",
                ", ".join(options.listen), options.port,
            )  # fmt: skip
        return None
    key = _kept_token(user / "login-token")
    token = options.token or key
    if len(token) < FEWEST_CHARACTERS:
        raise EngineError(
            f"The token has {len(token)} characters; expected {FEWEST_CHARACTERS} or more. Use a longer one."
        )
    return Gate(token, key)


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def logged_in(gate: Gate) -> Middleware:
    """Make the middleware that lets in who has shown the token, and answers 401 or 429 to others."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/login":
            return await _log_in(gate, request)
        if request.path == "/" and request.method == "GET" and "token" in request.query:
            target = "/" + str(URL.build(query=[pair for pair in request.query.items() if pair[0] != "token"]))
            refusal = gate.try_token(request, request.query["token"])
            return gate.let_in(request, target) if refusal is None else _page(refusal)
        if gate.has_cookie(request):
            return await handler(request)
        kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() == "bearer":
            refusal = gate.try_token(request, token.strip())
            return refusal if refusal is not None else await handler(request)
        refusal = unauthorized(
            "This server asks for its token: send the header 'Authorization: Bearer TOKEN', or log in at /login."
        )
        wants_page = request.method == "GET" and "text/html" in request.headers.get(hdrs.ACCEPT, "")
        return _page(refusal, said="") if wants_page else refusal

    return check


async def _log_in(gate: Gate, request: web.Request) -> web.StreamResponse:
    if request.method in ("GET", "HEAD"):
        return gate.let_in(request, "/") if gate.has_cookie(request) else login_page("", 200)
    if request.method != "POST":
        return json_response({"error": f"/login does not answer to {request.method}: use GET or POST."}, 405)
    if (request.content_length or 0) > LARGEST_FORM_BYTES or request.content_length is None:
        return json_response({"error": f"The form may have {LARGEST_FORM_BYTES} bytes, with a Content-Length."}, 413)
    if request.content_type != "application/x-www-form-urlencoded":
        return json_response(
            {"error": "Expected a form (application/x-www-form-urlencoded) with the field 'token'."}, 415
        )
    form = await request.post()
    refusal = gate.try_token(request, str(form.get("token", "")).strip())
    return gate.let_in(request, "/") if refusal is None else _page(refusal)


def unauthorized(why: str) -> web.Response:
    """Answer 401."""
    answer = json_response({"error": why}, 401)
    answer.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="weft"'
    return answer


def _page(refusal: web.Response, said: str | None = None) -> web.Response:
    """Write a refusal as the login page."""
    texts = {401: "That is not this server's token.", 429: "Too many wrong tokens. Wait a minute, then try again."}
    page = login_page(texts[refusal.status] if said is None else said, refusal.status)
    if hdrs.RETRY_AFTER in refusal.headers:
        page.headers[hdrs.RETRY_AFTER] = refusal.headers[hdrs.RETRY_AFTER]
    return page


def _kept_token(path: Path) -> str:
    """Read the token of earlier starts, or make one; only the user who runs the server can read its file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            path.chmod(0o600)
            token = path.read_text("utf-8").strip()
        else:
            token = secrets.token_urlsafe(32)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(token)
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"The login token cannot be kept in {path}: {error}. Make that folder writable.") from error
    if len(token) < FEWEST_CHARACTERS:
        raise EngineError(f"{path} holds no token, but {len(token)} characters. Remove it; a new one will be made.")
    return token


def _group(address: str) -> str:
    """Give the addresses that one attacker has: an IPv4 address, or a /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))
