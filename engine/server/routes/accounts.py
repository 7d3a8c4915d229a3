"""/users: who may log in."""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from aiohttp import web

from engine.server.accounts import Accounts, BadAccount, NoAccount, Role
from engine.server.bodies import read_body
from engine.server.described import described
from engine.server.gates import GATE, AccountGate
from engine.server.login import tried
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.users import admins_only, user_of
from engine.server.written import written
from engine.wire.json_text import kind_of

routes = web.RouteTableDef()


class Me(TypedDict):
    """The account that asks."""

    id: str
    role: Role


class Users(TypedDict):
    """Where users' things are kept, and who they are; a server of a single user names nobody."""

    storage: Literal["server"]
    migrated: NotRequired[bool]
    users: NotRequired[Annotated[dict[str, str], "id -> name: all for an admin, else the one that asks"]]
    roles: NotRequired[Annotated[dict[str, Role], "id -> role, of the same accounts"]]
    me: NotRequired[Me]


class NewAccount(TypedDict):
    """An account to be."""

    username: Annotated[str, "2 to 32 of a-z, 0-9, - and _, beginning with a letter"]
    password: Annotated[str, "10 characters or more"]
    role: NotRequired[Role]


class ChangeAccount(TypedDict, total=False):
    """What to change."""

    password: Annotated[str, "the new one; it ends all sessions of the account"]
    current: Annotated[str, "the present password, where somebody changes his own"]
    role: Annotated[Role, "for admins"]


class Token(TypedDict):
    """What programs of an account show, as `Authorization: Bearer TOKEN`; told only once."""

    token: str


@routes.get("/users")
@described(answer=Users)
async def get_users(request: web.Request) -> web.Response:
    """Say who has an account, as far as it is the asking user's business."""
    me = user_of(request)
    if not services_of(request).options.multi_user:
        alone: Users = {"storage": "server", "migrated": True}
        return json_response(alone)
    accounts = [account for account in _gate(request).accounts.all() if me.is_admin or account.id == me.id]
    told: Users = {
        "storage": "server",
        "users": {account.id: account.id for account in accounts},
        "roles": {account.id: account.role for account in accounts},
        "me": {"id": me.id, "role": "admin" if me.is_admin else "user"},
    }
    return json_response(told)


@routes.post("/users")
@described(body=NewAccount, answer=str)
async def post_users(request: web.Request) -> web.Response:
    """Make an account; gives its id."""
    accounts = _accounts(request)
    admins_only(request, "make accounts")
    body = await read_body(request)
    name, password, role = (_text_in(body, part) for part in ("username", "password", "role"))
    if name is None or password is None:
        raise web.HTTPBadRequest(text="Expected an object with username and password.")
    account = await _carried_out(accounts.add, name, password, role or "user")
    await asyncio.to_thread(services_of(request).places.of_owner(account.id).make)
    return json_response(account.id)


@routes.post("/users/{id}")
@described(body=ChangeAccount, answer=None)
async def change_account(request: web.Request) -> web.StreamResponse:
    """Change the password of one's own account, or, as an admin, password and role of any."""
    accounts, name = _accounts(request), request.match_info["id"]
    is_own = user_of(request).id == name
    body = await read_body(request)
    password, current, role = (_text_in(body, part) for part in ("password", "current", "role"))
    if not is_own or role is not None:
        admins_only(request, "change the accounts of others, and roles")
    if password is not None and is_own:
        form = {"name": name, "password": current or ""}
        found = await tried(_gate(request), request, partial(_gate(request).by_form, form))
        if isinstance(found, web.Response):
            return found if found.status == 429 else _wrong_current()
    await _carried_out(partial(accounts.change, name, password=password, role=role))
    await _end_sessions(request, name)
    return web.Response()


@routes.delete("/users/{id}")
@described(answer=None, status=204)
async def delete_account(request: web.Request) -> web.Response:
    """Remove an account and its waiting and running jobs; its files and its history stay."""
    accounts, name = _accounts(request), request.match_info["id"]
    admins_only(request, "remove accounts")
    await _carried_out(accounts.remove, name)
    services = services_of(request)
    services.queue.clear(of=name)
    services.dispatcher.interrupt(of=name)
    await _end_sessions(request, name)
    await written(services)  # or its jobs would run after a kill
    return web.Response(status=204)


@routes.post("/users/{id}/token")
@described(answer=Token)
async def make_token(request: web.Request) -> web.Response:
    """Make a token for an account's programs; an earlier one counts no more."""
    accounts, name = _accounts(request), request.match_info["id"]
    _own_or_admin(request, name)
    token: Token = {"token": await _carried_out(accounts.new_token, name)}
    await _end_sessions(request, name)  # somebody may listen by the earlier one
    return json_response(token)


@routes.delete("/users/{id}/token")
@described(answer=None, status=204)
async def drop_token(request: web.Request) -> web.Response:
    """Let the token of an account's programs count no more."""
    accounts, name = _accounts(request), request.match_info["id"]
    _own_or_admin(request, name)
    await _carried_out(accounts.drop_token, name)
    await _end_sessions(request, name)
    return web.Response(status=204)


def _wrong_current() -> web.Response:
    return json_response({"error": "current: that is not your present password."}, 403)


def _gate(request: web.Request) -> AccountGate:
    gate = request.app[GATE]
    assert isinstance(gate, AccountGate)
    return gate


def _accounts(request: web.Request) -> Accounts:
    if not services_of(request).options.multi_user:
        raise web.HTTPBadRequest(text="This server has a single user. Accounts need --multi-user.")
    return _gate(request).accounts


def _own_or_admin(request: web.Request, name: str) -> None:
    if user_of(request).id != name:
        admins_only(request, "change the accounts of others")


def _text_in(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise web.HTTPBadRequest(text=f"{name}: expected a text, found {kind_of(value)}.")


async def _carried_out(act: Any, *arguments: Any) -> Any:
    """Change the accounts, on a thread of its own; what cannot be done is answered with 400 or 404."""
    try:
        return await asyncio.to_thread(act, *arguments)
    except NoAccount as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except BadAccount as error:
        raise web.HTTPBadRequest(text=str(error)) from None


async def _end_sessions(request: web.Request, name: str) -> None:
    """End the websockets of an account that may do other things now than when they were opened."""
    for client in services_of(request).clients.of_user(name):
        client.abort()
