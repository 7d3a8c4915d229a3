"""Where are the workflows of the user who asks, and how are their refusals answered?"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NotRequired, TypedDict, TypeVar

from aiohttp import hdrs, web

from engine.documents.contents import NO_FILE, Conflict, NoDocument, TooMuch
from engine.documents.opening import NoRoom
from engine.documents.store import DocumentStore
from engine.server.downloads import file_headers
from engine.server.users import home_of, places_of
from engine.wire.json_text import write_json

T = TypeVar("T")
DATABASE = "workflows.db"  # in the user's folder, beside his files and so out of reach of /userdata


class Current(TypedDict):
    """What is there instead of what a save was to replace; `text` is the whole file."""

    digest: str
    version: int | None
    kind: Literal["save", "restore", "outside"] | None
    author: str
    modified_ms: int
    text: str


class Refused(TypedDict):
    """Why nothing was overwritten: what is there (null if it is gone), and what the writer began with, if known."""

    error: str
    name: NotRequired[str]
    current: NotRequired[Current | None]
    base: NotRequired[str | None]


class Shelf:
    """The stores of all users, each opened when it is first asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()  # guards the table
        self._stores: dict[Path, DocumentStore] = {}

    def store(self, home: Path, database: Path) -> DocumentStore:
        """Give the store of a user's folder."""
        with self._lock:
            if home not in self._stores:
                self._stores[home] = DocumentStore(home, database)
            return self._stores[home]

    def close(self) -> None:
        """Let go of all files."""
        for store in self._stores.values():
            store.close()


SHELF = web.AppKey("shelf", Shelf)


def documents_of(request: web.Request) -> DocumentStore:
    """Give the store of the user who asks."""
    return request.app[SHELF].store(home_of(request), places_of(request).user / DATABASE)


async def ask(request: web.Request, question: Callable[[DocumentStore], T]) -> T:
    """Ask the store of the user who asks, in a thread; what it refuses is an answer in words."""
    try:
        return await asyncio.to_thread(question, documents_of(request))
    except Conflict as conflict:
        raise web.HTTPConflict(text=write_json(_refused(conflict)), content_type="application/json") from None
    except NoDocument as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except NoRoom as error:
        raise web.HTTPInsufficientStorage(text=str(error)) from None
    except TooMuch as error:
        raise web.HTTPRequestEntityTooLarge(0, 0, text=str(error)) from None


def digest_in(request: web.Request, default: str) -> str:
    """Read what a change is to replace: If-Match or ?base= with a digest or "*", or If-None-Match: * for a new name."""
    if "base" in request.query:
        return request.query["base"]
    text = request.headers.get(hdrs.IF_MATCH, "").strip()
    if text:
        digest = text.removeprefix("W/").strip('"')
        if "," in digest:
            raise web.HTTPBadRequest(text=f"If-Match: {text[:200]!r} names several contents; expected one.")
        return digest.encode("ascii", "replace").decode()  # what is no digest is that of no content
    return NO_FILE if request.headers.get(hdrs.IF_NONE_MATCH, "").strip() == "*" else default


def send_content(request: web.Request, body: bytes, name: str, digest: str) -> web.Response:
    """Send a workflow; nothing if the client has it already."""
    tag = f'"{digest}"'
    headers = {**file_headers(name), hdrs.ETAG: tag, hdrs.CACHE_CONTROL: "no-cache"}
    known = [part.strip().removeprefix("W/") for part in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")]
    if tag in known:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def _refused(conflict: Conflict) -> Refused:
    content = conflict.current
    current: Current | None = None
    if content is not None:
        version = content.version
        current = {
            "digest": content.digest,
            "version": version.number if version else None,
            "kind": version.kind if version else None,
            "author": version.author if version else "",
            "modified_ms": content.modified_ms,
            "text": _text(content.body),
        }
    base = None if conflict.base is None else _text(conflict.base)
    return {"error": str(conflict), "name": conflict.name, "current": current, "base": base}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
