"""Who may use a server that other machines can reach? Whoever knows its token, or (--multi-user) has an account.

Programs send a token as `Authorization: Bearer TOKEN`. Browsers log in once, by the form of the login page or by
`/?token=TOKEN`, and get a cookie; not by the token of an account, since a link from elsewhere would then log them in
as whoever made it. Listening on loopback alone asks nobody, unless there are accounts.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from engine.server.gates import KEPT_S, Gate
from engine.server.login_page import Asked, login_page
from engine.server.login_words import ENGLISH
from engine.server.middleware import json_response
from engine.server.users import User, let_through

log = logging.getLogger(__name__)
LARGEST_FORM_BYTES = 16 * 1024
LONGEST_TARGET = 2000  # characters
OWN_PATH = re.compile(r"/(?![/\\])[!-~]*")  # as requests have it: no blanks, no controls
USER_HEADER = "Comfy-User"  # where clients of the ecosystem say which account they mean
WRONG = {Asked.TOKEN: ENGLISH.wrong_token, Asked.ACCOUNT: ENGLISH.wrong_account}  # what programs are told


def logged_in(gate: Gate) -> Middleware:
    """Make the middleware that lets in who has shown who he is, and answers 401 or 429 to others."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/login":
            return await _log_in(gate, request)
        if request.path == "/logout" and request.method == "POST":
            return _log_out(gate)
        is_link = request.path == "/" and request.method == "GET" and "token" in request.query
        if is_link and gate.page is Asked.TOKEN:
            target = "/" + str(URL.build(query=[pair for pair in request.query.items() if pair[0] != "token"]))
            found = await tried(gate, request, partial(_shown, gate, request.query["token"]))
            return _let_in(gate, request, target, found) if isinstance(found, User) else _page(gate, request, found)
        user = gate.by_cookie(request.cookies.get(gate.cookie_name, ""))
        kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if user is None and kind.lower() == "bearer":
            found = await tried(gate, request, partial(_shown, gate, token.strip()))
            if not isinstance(found, User):
                return found
            user = found
        if user is not None:
            return forged(request, user) or await handler(let_through(request, user))
        refusal = unauthorized(f"{gate.asks}: send the header 'Authorization: Bearer TOKEN', or log in at /login.")
        wants_page = request.method == "GET" and "text/html" in request.headers.get(hdrs.ACCEPT, "")
        if not wants_page:
            return refusal
        return login_page(request, gate.page, refusal.status, target=_own_path(request.raw_path))

    return check


def forged(request: web.Request, user: User) -> web.Response | None:
    """Refuse a request that claims to be another account's, as clients of the ecosystem can say it."""
    claimed = request.headers.get(USER_HEADER, user.id)
    if not user.id or claimed == user.id:
        return None
    text = f"The header {USER_HEADER} names {claimed[:40]!r}, and you are logged in as {user.id!r}. Leave it out."
    return json_response({"error": text}, 403)


async def tried(gate: Gate, request: web.Request, trial: Callable[[], Awaitable[User | None]]) -> User | web.Response:
    """Check what was shown; gives whose it is, or the refusal. Each try counts as a failure until it is none."""
    address = request.remote or ""
    wait_s = gate.failures.wait_s(address)
    if wait_s > 0:
        seconds = max(1, int(wait_s + 1))
        answer = json_response({"error": f"Too many wrong tries. Wait {seconds} seconds, then try again."}, 429)
        answer.headers[hdrs.RETRY_AFTER] = str(seconds)
        return answer
    gate.failures.add(address)
    user = await trial()
    if user is not None:
        gate.failures.take_back(address)
        return user
    log.warning("A wrong login came from %s.", address)
    return unauthorized(WRONG[gate.page])


async def _shown(gate: Gate, token: str) -> User | None:
    return gate.by_token(token)


async def _log_in(gate: Gate, request: web.Request) -> web.StreamResponse:
    if request.method in ("GET", "HEAD"):
        user = gate.by_cookie(request.cookies.get(gate.cookie_name, ""))
        return login_page(request, gate.page, 200) if user is None else _let_in(gate, request, "/", user)
    if request.method != "POST":
        return json_response({"error": f"/login does not answer to {request.method}: use GET or POST."}, 405)
    if (request.content_length or 0) > LARGEST_FORM_BYTES or request.content_length is None:
        return json_response({"error": f"The form may have {LARGEST_FORM_BYTES} bytes, with a Content-Length."}, 413)
    if request.content_type != "application/x-www-form-urlencoded":
        return json_response({"error": f"Expected a form (application/x-www-form-urlencoded) {gate.page.value}."}, 415)
    form = {name: str(value) for name, value in (await request.post()).items()}
    found = await tried(gate, request, partial(gate.by_form, form))
    target = _own_path(form.get("next", "/"))
    return _let_in(gate, request, target, found) if isinstance(found, User) else _page(gate, request, found, target)


def _own_path(path: str) -> str:
    """Give a path where a login may lead to: of this server, since `//host` and `/\\host` are addresses of others."""
    return path if len(path) <= LONGEST_TARGET and OWN_PATH.fullmatch(path) else "/"


def _let_in(gate: Gate, request: web.Request, target: str, user: User) -> web.Response:
    """Give a browser its cookie, and send it to a page of this server."""
    answer = web.Response(status=303, headers={hdrs.LOCATION: target, hdrs.CACHE_CONTROL: "no-store"})
    secure = request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    cookie = gate.cookie(user)
    answer.set_cookie(
        gate.cookie_name, cookie, max_age=KEPT_S, httponly=True, samesite="Strict", secure=secure, path="/"
    )
    return answer


def _log_out(gate: Gate) -> web.Response:
    answer = web.Response(status=204)
    answer.del_cookie(gate.cookie_name, path="/")
    return answer


def unauthorized(why: str) -> web.Response:
    """Answer 401."""
    answer = json_response({"error": why}, 401)
    answer.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="weft"'
    return answer


def _page(gate: Gate, request: web.Request, refusal: web.Response, target: str = "/") -> web.Response:
    """Write the refusal of a try as the login page."""
    page = login_page(request, gate.page, refusal.status, target=target, refused=refusal.status)
    if hdrs.RETRY_AFTER in refusal.headers:
        page.headers[hdrs.RETRY_AFTER] = refusal.headers[hdrs.RETRY_AFTER]
    return page
