"""Whose request is this, and what may that user see?

A server of a single user asks nobody for a name: everything belongs to that one user, whose id is empty.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

from aiohttp import web

from engine.files.places import Places
from engine.log_lines import about_user
from engine.server.services import services_of

EVERYBODY = "*"


@dataclass(frozen=True)
class User:
    """Who sends requests.

    Attributes:
        id: the name of the account; empty on a server of a single user.
        is_admin: sees and changes what belongs to others, and what belongs to nobody, such as the log.
    """

    id: str
    is_admin: bool


SINGLE_USER = User("", True)
_USER = web.RequestKey("user", User)  # where a request keeps who sent it


class OfUser(TypedDict, total=False):
    """Whose jobs it is about."""

    user: Annotated[str, "for admins of a server with accounts: the jobs of this one, or * for everybody's"]


def let_through(request: web.Request, user: User) -> web.Request:
    """Note whose request it is."""
    request[_USER] = user
    about_user(user.id)
    return request


def user_of(request: web.Request) -> User:
    """Say whose request this is."""
    user: User | None = request.get(_USER)
    if user is not None:
        return user
    if services_of(request).options.multi_user:
        raise web.HTTPUnauthorized(text="This server has accounts: log in at /login.")
    return SINGLE_USER


def asked_of(request: web.Request) -> str | None:
    """Say whose jobs a request is about: the user's own, or those that an admin asks for with ?user=NAME.

    Gives None for everybody's (?user=*).
    """
    user = user_of(request)
    name = request.query.get("user", user.id)
    if name == user.id:
        return name
    admins_only(request, "see what others do")
    return None if name == EVERYBODY else name


def may_change(request: web.Request) -> str | None:
    """Say of whom the jobs may be that a request names by id: of the user alone; for an admin of anybody (None)."""
    user = user_of(request)
    return None if user.is_admin else user.id


def admins_only(request: web.Request, deed: str) -> None:
    """Refuse what only admins may do, which is told in words, with 403."""
    user = user_of(request)
    if not user.is_admin:
        raise web.HTTPForbidden(text=f"Only admins may {deed}, and {user.id!r} is none.")


def places_of(request: web.Request) -> Places:
    """Give the folders of the user who asks: input, output, temp and user are his own, models are everybody's."""
    return services_of(request).places.of_owner(user_of(request).id)


def home_of(request: web.Request) -> Path:
    """Give the folder of the files of the user who asks, such as `workflows/cat.json`."""
    return places_of(request).user / "default"


def shown_paths(request: web.Request, paths: Iterable[Path]) -> list[str]:
    """Name folders of the server: admins see where they lie, others the ends of their names alone."""
    is_admin = user_of(request).is_admin
    return [str(path) if is_admin else "/".join(path.parts[-2:]) for path in paths]


def without_folders(text: str, folders: Iterable[Path]) -> str:
    """Leave out of a message where folders lie: "/disk/models/loras/a.pt is empty" becomes "a.pt is empty"."""
    for folder in folders:
        text = text.replace(f"{folder}{os.sep}", "")
    return text
