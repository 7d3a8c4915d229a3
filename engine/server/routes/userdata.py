"""/userdata: the user's own files, saved workflows (workflows/*.json) before all.

What is written below workflows/ becomes a version, and what is deleted there goes to the trash (see /weft/workflows).
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, NotRequired, Required, TypedDict

from aiohttp import hdrs, web

from engine.documents.contents import ANY, NO_FILE
from engine.errors import BadReference
from engine.files.places import inside, walk
from engine.files.saving import make_folder, write_new, write_whole
from engine.server.bodies import switch_in
from engine.server.described import Content, described
from engine.server.documents import ask, digest_in, documents_of, send_content
from engine.server.downloads import send_file
from engine.server.middleware import json_response
from engine.server.users import home_of

routes = web.RouteTableDef()


class FileInfo(TypedDict):
    """A user's file; times in milliseconds since 1970."""

    path: str
    size: int
    modified: int
    created: int


class Entry(TypedDict):
    """A file or folder; size and times are those of files."""

    name: str
    path: str
    type: Literal["file", "directory"]
    size: NotRequired[int]
    modified: NotRequired[int]
    created: NotRequired[int]


class Listed(TypedDict, total=False):
    """Which folder, and in which form."""

    dir: Required[str]
    recurse: Annotated[bool, "also what is in its folders"]
    full_info: Annotated[bool, "with sizes and times"]
    split: Annotated[bool, "each path followed by its parts"]


class Folder(TypedDict, total=False):
    """Which folder."""

    path: Annotated[str, "the user's whole folder if it is absent"]


class Store(TypedDict, total=False):
    """How to store a file."""

    overwrite: Annotated[bool, "replace a file of this name (true if it is not said), or answer 409"]
    full_info: Annotated[bool, "answer with size and times"]


@routes.get("/userdata")
@described(query=Listed, answer=list[str] | list[list[str]] | list[FileInfo])
async def list_files(request: web.Request) -> web.Response:
    """List a folder: names, `full_info` objects, or (`split`) lists of path and its parts."""
    name = request.query.get("dir", "")
    if not name:
        raise web.HTTPBadRequest(text="Say which folder: ?dir=workflows")
    folder = _path(request, name)
    if not folder.is_dir():
        raise web.HTTPNotFound(text=f"There is no folder {name[:200]!r}.")
    recurse, full, split = (switch_in(request, part) for part in ("recurse", "full_info", "split"))
    return json_response(await asyncio.to_thread(_listing, folder, recurse, full, split))


@routes.get("/v2/userdata")
@described(query=Folder, answer=list[Entry])
async def list_entries(request: web.Request) -> web.Response:
    """List files and folders in a folder."""
    name = request.query.get("path", "")
    folder = _path(request, name) if name else home_of(request)
    if name and not folder.is_dir():
        raise web.HTTPNotFound(text=f"There is no folder {name[:200]!r}.")
    return json_response(await asyncio.to_thread(_entries, folder.resolve(), home_of(request).resolve()))


@routes.get("/userdata/{file:.+}")
@described(answer=Content("*/*"))
async def get_file(request: web.Request) -> web.StreamResponse:
    """Send a file. The ETag of a workflow is the digest that If-Match of a save may name."""
    path = _existing(request, request.match_info["file"])
    workflow = _workflow(request, path)
    if workflow is None:
        return send_file(path)
    content = await ask(request, lambda documents: documents.read(workflow))
    return send_content(request, content.body, path.name, content.digest)


@routes.post("/userdata/{file:[^/]+}/move/{dest:.+}")
@described(query=Store, answer=str | FileInfo)
async def move_file(request: web.Request) -> web.Response:
    """Rename a file; answers 409 where that would replace another one and `overwrite` is false."""
    source = _existing(request, request.match_info["file"])
    target = _path(request, request.match_info["dest"])
    overwrite = switch_in(request, "overwrite", True)
    workflow, to = _workflow(request, source), _workflow(request, target)
    if workflow is not None and to is not None:
        await ask(request, lambda documents: documents.move(workflow, to, overwrite=overwrite))
    elif workflow is not None:  # it leaves its versions in the trash
        content = await ask(request, lambda documents: documents.read(workflow))
        await asyncio.to_thread(_store, target, content.body, overwrite)
        await ask(request, lambda documents: documents.delete(workflow, content.digest))
    elif to is not None:
        data = await asyncio.to_thread(source.read_bytes)
        await ask(request, lambda documents: documents.save(to, data, ANY if overwrite else NO_FILE))
        await asyncio.to_thread(source.unlink)
    else:
        await asyncio.to_thread(_move, source, target, overwrite)
    return _told(request, target)


@routes.post("/userdata/{file:.+}")
@described(query=Store, body=Content("*/*"), answer=str | FileInfo)
async def post_file(request: web.Request) -> web.Response:
    """Store a file, whole or not at all; answers 409 where one is there and `overwrite` is false.

    A workflow becomes a further version. With If-Match it replaces only the content of that ETag, or answers 409.
    """
    target = _path(request, request.match_info["file"])
    data, overwrite = await request.read(), switch_in(request, "overwrite", True)
    workflow = _workflow(request, target)
    if workflow is None:
        await asyncio.to_thread(_store, target, data, overwrite)
        return _told(request, target)
    expected = digest_in(request, ANY if overwrite else NO_FILE)
    saved = await ask(request, lambda documents: documents.save(workflow, data, expected))
    answer = _told(request, target)
    answer.headers[hdrs.ETAG] = f'"{saved.digest}"'
    return answer


@routes.delete("/userdata/{file:.+}")
@described(answer=None, status=204)
async def delete_file(request: web.Request) -> web.Response:
    """Remove a file. A workflow goes to the trash."""
    path = _existing(request, request.match_info["file"])
    workflow = _workflow(request, path)
    if workflow is None:
        await asyncio.to_thread(path.unlink)
    else:
        await ask(request, lambda documents: documents.delete(workflow, digest_in(request, ANY)))
    return web.Response(status=204)


def _path(request: web.Request, name: str) -> Path:
    """Find a user's file. BadReference is answered with 400."""
    path = inside(home_of(request), name)
    if path == home_of(request).resolve() or name.rstrip("/\\") != name:
        raise BadReference(f"{name[:80]!r} names no file.")
    return path


def _workflow(request: web.Request, path: Path) -> str | None:
    """Give the name of the workflow that a file is; None for other files."""
    return documents_of(request).name_of(path)


def _existing(request: web.Request, name: str) -> Path:
    path = _path(request, name)
    if not path.is_file():
        raise web.HTTPNotFound(text=f"There is no file {name[:200]!r}.")
    return path


def _told(request: web.Request, path: Path) -> web.Response:
    root = home_of(request).resolve()
    full = switch_in(request, "full_info")
    return json_response(_about(path, root) if full else path.relative_to(root).as_posix())


def _about(path: Path, root: Path) -> FileInfo:
    about = path.stat()
    return {
        "path": path.relative_to(root).as_posix(),
        "size": about.st_size,
        "modified": int(about.st_mtime * 1000),
        "created": int(about.st_ctime * 1000),
    }


def _listing(folder: Path, recurse: bool, full: bool, split: bool) -> Sequence[object]:
    files: Iterable[Path] = walk(folder) if recurse else sorted(path for path in folder.iterdir() if path.is_file())
    if full:
        return [_about(path, folder) for path in files]
    names = [path.relative_to(folder).as_posix() for path in files]
    return [[name, *name.split("/")] for name in names] if split else names


def _entries(folder: Path, root: Path) -> list[Entry]:
    if not folder.is_dir():
        return []
    entries: list[Entry] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            entries.append({"name": path.name, "path": path.relative_to(root).as_posix(), "type": "directory"})
        elif path.is_file():
            entries.append({"name": path.name, "type": "file", **_about(path, root)})
    return entries


def _store(target: Path, data: bytes, overwrite: bool) -> None:
    make_folder(target.parent)
    if target.is_dir():
        raise BadReference(f"{target.name!r} is a folder: use another name for the file.")
    try:
        if overwrite:
            write_whole(target, data)
        else:
            write_new(target, data)
    except FileExistsError:
        raise _taken(target) from None


def _move(source: Path, target: Path, overwrite: bool) -> None:
    make_folder(target.parent)
    if target.is_dir():
        raise BadReference(f"{target.name!r} is a folder: use another name for the file.")
    if not overwrite:
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            raise _taken(target) from None
    source.replace(target)


def _taken(target: Path) -> web.HTTPConflict:
    return web.HTTPConflict(text=f"There is a file {target.name!r} already. Use another name, or overwrite it.")
