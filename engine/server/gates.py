"""Whom does a server let in: everybody, whoever knows its token, or whoever has an account?"""

import asyncio
import hmac
import ipaddress
import logging
import os
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from aiohttp import web

from engine.errors import EngineError
from engine.options import Options
from engine.server.accounts import FIRST_ADMIN, Account, Accounts, accounts_in, with_an_admin
from engine.server.login_page import Asked
from engine.server.users import SINGLE_USER, User, user_of

log = logging.getLogger(__name__)
FEWEST_CHARACTERS = 16  # of a token
KEPT_S = 30 * 24 * 3600  # how long a browser stays logged in
MOST_FAILURES = 10  # within FAILURES_WITHIN_S, from one address
FAILURES_WITHIN_S = 60.0
MOST_ADDRESSES = 10_000  # whose failures are remembered
MOST_DERIVING = 2  # passwords at once; each takes 32 MiB and 0.1 s of a core


class Failures:
    """Counts wrong tries by address, so that guessing takes for ever."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Say how long an address has to wait before it may try again."""
        times = self._recent(address)
        return 0.0 if len(times) < MOST_FAILURES else times[0] + FAILURES_WITHIN_S - self._clock()

    def add(self, address: str) -> None:
        self._recent(address).append(self._clock())

    def take_back(self, address: str) -> None:
        """Take back the last one."""
        times = self._recent(address)
        if times:
            times.pop()

    def _recent(self, address: str) -> deque[float]:
        group = _group(address)
        times = self._times.setdefault(group, deque())
        self._times.move_to_end(group)
        while len(self._times) > MOST_ADDRESSES:
            self._times.popitem(last=False)
        while times and times[0] + FAILURES_WITHIN_S <= self._clock():
            times.popleft()
        return times


class Gate(Protocol):
    """Knows whom to let in.

    Attributes:
        cookie_name: cookies ignore ports, so that each server of a machine has a name of its own for its cookie.
        asks: what it asks for, in words.
        page: what the login page asks for.
    """

    failures: "Failures"
    cookie_name: str
    asks: str
    page: Asked

    def by_cookie(self, cookie: str) -> User | None: ...

    def by_token(self, token: str) -> User | None: ...

    async def by_form(self, form: Mapping[str, str]) -> User | None: ...

    def cookie(self, user: User) -> str:
        """Make the cookie of someone who is let in."""

    def greeting(self, address: str) -> str:
        """Say how to log in; for the one who starts the server."""


class TokenGate:
    """Lets in who shows the server's token; they are all one user.

    Args:
        key: what cookies are made with. It is random even where the user chose the token, so that nobody can guess
            a cookie, whose failures are not counted.
    """

    asks = "This server asks for its token"
    page = Asked.TOKEN

    def __init__(self, token: str, key: str) -> None:
        self._token = token
        self.failures = Failures()
        self._cookie = hmac.new(key.encode(), token.encode(), "sha256").hexdigest()
        self.cookie_name = cookie_name(key)

    def by_cookie(self, cookie: str) -> User | None:
        return SINGLE_USER if _equal(cookie, self._cookie) else None

    def by_token(self, token: str) -> User | None:
        return SINGLE_USER if _equal(token, self._token) else None

    async def by_form(self, form: Mapping[str, str]) -> User | None:
        return self.by_token(form.get("token", "").strip())

    def cookie(self, user: User) -> str:
        return self._cookie

    def greeting(self, address: str) -> str:
        return f"It asks for a token. To log in: {address}/?token={quote(self._token, safe='')}"


class AccountGate:
    """Lets in who has an account: browsers by name and password, programs by the token of an account."""

    asks = "This server has accounts"
    page = Asked.ACCOUNT

    def __init__(self, accounts: Accounts, key: str, clock: Callable[[], float] = time.time) -> None:
        self.accounts = accounts
        self.failures = Failures()
        self.cookie_name = cookie_name(key)
        self._key = key.encode()
        self._clock = clock
        self._deriving = asyncio.Semaphore(MOST_DERIVING)
        self._first_password = with_an_admin(accounts)

    def by_cookie(self, cookie: str) -> User | None:
        told, _, mark = cookie.rpartition(".")
        name, _, until = told.partition(".")
        account = self.accounts.get(name)
        if account is None or not _equal(mark, self._mark(told, account)):
            return None
        return _user(account) if self._clock() < int(until) else None

    def by_token(self, token: str) -> User | None:
        account = self.accounts.by_token(token)
        return None if account is None else _user(account)

    async def by_form(self, form: Mapping[str, str]) -> User | None:
        name, password = form.get("name", "").strip().lower(), form.get("password", "")
        async with self._deriving:
            account = await asyncio.to_thread(self.accounts.by_password, name, password)
        return None if account is None else _user(account)

    def cookie(self, user: User) -> str:
        account = self.accounts.get(user.id)
        assert account is not None
        told = f"{account.id}.{int(self._clock()) + KEPT_S}"
        return f"{told}.{self._mark(told, account)}"

    def greeting(self, address: str) -> str:
        if self._first_password is None:
            return f"It has accounts. To log in: {address}/login"
        return (
            f"It has accounts. To log in: {address}/login as {FIRST_ADMIN!r} with the password "
            f"{self._first_password} (shown only now; change it there)"
        )

    def _mark(self, told: str, account: Account) -> str:
        return hmac.new(self._key, f"{told}.{account.epoch}".encode(), "sha256").hexdigest()


def _user(account: Account) -> User:
    return User(account.id, account.is_admin)


GATE = web.AppKey("gate", Gate)  # of the application, where it has one


def has_left(request: web.Request) -> bool:
    """Say whether the account of a request was removed since the request began."""
    gate = request.app.get(GATE)
    return isinstance(gate, AccountGate) and gate.accounts.get(user_of(request).id) is None


def cookie_name(key: str) -> str:
    """Name the cookie of the server that has this key."""
    return f"weft-login-{hmac.new(key.encode(), b'name', 'sha256').hexdigest()[:8]}"


def make_gate(options: Options, user: Path) -> Gate | None:
    """Make the gate of a server, or None where everybody who can reach it may use it.

    Raises:
        EngineError: the token is too short, or token or accounts cannot be kept in the user folder.
    """
    if options.multi_user:
        return AccountGate(accounts_in(user), _kept_token(user / "login-token"))
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
    return TokenGate(token, key)


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def _equal(shown: str, right: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode())


def _group(address: str) -> str:
    """Give the addresses that one attacker has: an IPv4 address, or a /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))
