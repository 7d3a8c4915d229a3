"""Whose request is this, and what may that user see?

A server of a single user asks nobody for a name: everything belongs to that one user, whose id is empty.
"""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from engine.files.places import Places
from engine.server.services import services_of


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


def user_of(request: web.Request) -> User:
    """Say whose request this is."""
    return SINGLE_USER


def places_of(request: web.Request) -> Places:
    """Give the folders of the user who asks: input, output and temp are his own."""
    return services_of(request).places


def home_of(request: web.Request) -> Path:
    """Give the folder of the files of the user who asks, such as `workflows/cat.json`."""
    return places_of(request).user / "default"
