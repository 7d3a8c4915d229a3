"""/gallery: what the jobs made, newest first, with small pictures of it."""

import asyncio
import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Required, TypedDict, get_args
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from engine.errors import BadFile, BadReference
from engine.files.places import Places
from engine.files.references import FileRef, resolve
from engine.jobs.results import Found, Place, Result, Wanted, count_results, find_results
from engine.server.bodies import count_in, switch_in
from engine.server.described import Content, described
from engine.server.downloads import send_bytes
from engine.server.middleware import json_response
from engine.server.services import services_of
from engine.server.small_pictures import SmallPictures
from engine.server.users import places_of, user_of

routes = web.RouteTableDef()
SMALL_PICTURES = web.AppKey("small pictures", SmallPictures)
MAKING = web.AppKey("small pictures that are made at once", asyncio.Semaphore)
MADE_AT_ONCE = 2
FOR_EVER = "private, max-age=31536000, immutable"

Media = Literal["image", "video", "audio", "latent", "model", "text", "other"]
SUFFIXES: dict[Media, tuple[str, ...]] = {
    "image": (".png", ".apng", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".jxl", ".svg"),
    "video": (".mp4", ".m4v", ".webm", ".mov", ".mkv", ".avi"),
    "audio": (".mp3", ".wav", ".flac", ".ogg", ".opus", ".m4a"),
    "latent": (".latent",),
    "model": (".glb", ".gltf", ".obj", ".ply", ".stl", ".fbx", ".safetensors"),
    "text": (".txt", ".json", ".csv", ".md"),
}
NOT_DECODED = (".svg", ".jxl")
TYPES = ("output", "temp")
USUAL_PAGE, LARGEST_PAGE = 60, 500
READ_AT_ONCE = 100
MOST_WORDS, LONGEST_SEARCH = 10, 500


class ResultsWanted(TypedDict, total=False):
    """Which results."""

    limit: Annotated[int, f"at most so many; {USUAL_PAGE} if it is not said, {LARGEST_PAGE} at most"]
    after: Annotated[str, "the `next` of the page before this one"]
    type: Annotated[str, "output or temp; both if it is not said"]
    media: Annotated[str, "some of image, video, audio, latent, model, text, with commas between them"]
    search: Annotated[str, 'words and "phrases" in file names, node types, titles and texts of the prompt, or job ids']
    workflow: Annotated[str, "only what came of the workflow of this id"]
    job: Annotated[str, "only what this job made"]
    missing: Annotated[bool, "list files, too, that are not on the disk any more; they have no size"]


class StoredFile(TypedDict):
    """A file as /view takes it."""

    filename: str
    subfolder: str
    type: str


class GalleryEntry(TypedDict):
    """A file that a job made. Of several jobs that show the same file, the newest counts."""

    file: StoredFile
    media: Media
    kind: Annotated[str, "the name under which its node shows it, such as images"]
    size: Annotated[int | None, "bytes; null if the file is gone"]
    modified: Annotated[int | None, "milliseconds since 1970"]
    created: Annotated[int, "when its job ended, in milliseconds since 1970"]
    job_id: str
    node_id: str
    node_type: Annotated[str, "empty for nodes that another one expanded into"]
    node_title: str
    workflow_id: str
    workflow_at: Annotated[str | None, "where the job tells its workflow: workflow.extra_data.extra_pnginfo.workflow"]
    thumbnail: Annotated[str | None, "where a small picture of it is; null if there is none"]


class ResultList(TypedDict):
    """A page of results, newest first."""

    results: list[GalleryEntry]
    next: Annotated[str | None, "what to give as `after` for the next page; null on the last one"]
    total: Annotated[int | None, "on the first page without search and workflow: how many the index holds"]


class ThumbnailOf(TypedDict, total=False):
    """Which file."""

    filename: Required[str]
    subfolder: str
    type: Literal["output", "temp", "input"]
    v: Annotated[str, "the time of the file's change: browsers keep the answer for good"]


@routes.get("/gallery")
@described(query=ResultsWanted, answer=ResultList)
async def gallery(request: web.Request) -> web.Response:
    """List what the user's jobs made. It is there as long as the job is in the history; files stay when that goes."""
    wanted, store = _wanted(request), services_of(request).store
    limit = min(count_in(request, "limit") or USUAL_PAGE, LARGEST_PAGE)
    place, missing = _place_in(request), switch_in(request, "missing")
    first = place is None and not wanted.words and not wanted.workflow
    total = await count_results(store, wanted) if first else None
    entries: list[GalleryEntry] = []
    while True:
        found = await find_results(store, wanted, place, max(limit - len(entries), READ_AT_ONCE))
        told = await asyncio.to_thread(_entries, found, places_of(request))
        for result, entry in zip(found.results, told, strict=True):
            place = result.place
            if missing or entry["size"] is not None:
                entries.append(entry)
            if len(entries) == limit:
                break
        ended = found.next is None and (not found.results or place == found.results[-1].place)
        if ended or len(entries) == limit:
            break
        place = found.next or place
    further = None if ended or place is None else _cursor(place)
    answer: ResultList = {"results": entries, "next": further, "total": total}
    return json_response(answer)


@routes.get("/gallery/thumbnail")
@described(query=ThumbnailOf, answer=Content("image/webp"))
async def thumbnail(request: web.Request) -> web.StreamResponse:
    """Give a picture small, as WebP."""
    query, places = request.query, places_of(request)
    name, subfolder, area = query.get("filename", ""), query.get("subfolder", ""), query.get("type", "output")
    places.area(area)
    ref = FileRef.of(f"{subfolder}/{name}" if subfolder else name, area)  # type: ignore[arg-type]
    path = await asyncio.to_thread(_there, places, ref)
    pictures = request.app[SMALL_PICTURES]
    try:
        mark = await asyncio.to_thread(pictures.mark, path)
        headers = {hdrs.ETAG: f'"{mark}"', hdrs.CACHE_CONTROL: FOR_EVER if "v" in query else "private, no-cache"}
        if any(tag.value in (mark, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        async with request.app[MAKING]:
            data = await asyncio.to_thread(pictures.get, path, mark, places.user / "thumbnails")
    except BadFile as error:
        raise web.HTTPUnsupportedMediaType(text=str(error)) from None
    response = send_bytes(data, "image/webp", f"{path.stem}.webp")
    response.headers.update(headers)
    return response


def media_of(filename: str) -> Media:
    """Say what a file is, by the end of its name."""
    name = filename.lower()
    return next((media for media, suffixes in SUFFIXES.items() if name.endswith(suffixes)), "other")


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    media = [part.strip() for part in query.get("media", "").split(",") if part.strip()]
    unknown = [part for part in media if part not in SUFFIXES]
    if unknown:
        raise web.HTTPBadRequest(text=f"media={unknown[0][:40]!r}: expected some of {', '.join(SUFFIXES)}.")
    area = query.get("type", "")
    if area not in ("", *TYPES):
        raise web.HTTPBadRequest(text=f"type={area[:40]!r}: expected one of {', '.join(TYPES)}.")
    search = query.get("search", "")
    words = tuple(phrase or word for phrase, word in re.findall(r'"([^"]+)"|(\S+)', search))
    if len(search) > LONGEST_SEARCH or len(words) > MOST_WORDS:
        raise web.HTTPBadRequest(text=f"search: expected up to {MOST_WORDS} words, {LONGEST_SEARCH} characters in all.")
    suffixes = tuple(suffix for part in media for suffix in SUFFIXES[_media(part)])
    types = (area,) if area else ()
    return Wanted(user_of(request).id, types, suffixes, words, query.get("workflow", ""), query.get("job", ""))


def _media(text: str) -> Media:
    return next(media for media in get_args(Media) if media == text)


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place_in(request: web.Request) -> Place | None:
    """Read `after`. Raises HTTPBadRequest."""
    text = request.query.get("after", "")
    if not text:
        return None
    try:
        read: Any = json.loads(base64.urlsafe_b64decode(text))
        number, node, kind, position = read
        is_place = isinstance(node, str) and isinstance(kind, str) and all(type(n) is int for n in (number, position))
        if is_place and abs(number) < 2**63 and abs(position) < 2**63:
            node.encode(), kind.encode()
            return number, node, kind, position
    except (ValueError, TypeError, RecursionError):
        pass
    raise web.HTTPBadRequest(text=f"after={text[:40]!r}: expected the `next` of another page.")


def _entries(found: Found, places: Places) -> Sequence[GalleryEntry]:
    return [_entry(result, places) for result in found.results]


def _entry(result: Result, places: Places) -> GalleryEntry:
    size, modified = _stat(places, result.type, result.subfolder, result.filename)
    media = media_of(result.filename)
    return {
        "file": {"filename": result.filename, "subfolder": result.subfolder, "type": result.type},
        "media": media,
        "kind": result.kind,
        "size": size,
        "modified": modified,
        "created": result.ended_ms,
        "job_id": result.job,
        "node_id": result.node,
        "node_type": result.node_type,
        "node_title": result.title,
        "workflow_id": result.workflow,
        "workflow_at": f"/api/jobs/{quote(result.job, safe='')}" if result.has_workflow else None,
        "thumbnail": thumbnail_of(places, result.type, result.subfolder, result.filename),
    }


def thumbnail_of(places: Places, area: str, subfolder: str, filename: str) -> str | None:
    """Say where a small picture of a file is; None if it is gone or no picture."""
    size, modified = _stat(places, area, subfolder, filename)
    if media_of(filename) != "image" or size is None or filename.lower().endswith(NOT_DECODED):
        return None
    named = {"filename": filename, "subfolder": subfolder, "type": area, "v": str(modified)}
    return f"/api/gallery/thumbnail?{urlencode(named, quote_via=quote, safe='')}"


def _stat(places: Places, area: str, subfolder: str, filename: str) -> tuple[int | None, int | None]:
    """Give bytes and time of a file; None, None if it is gone, or its name leads outside, as a pack may have it."""
    name = f"{subfolder}/{filename}" if subfolder else filename
    try:
        path = resolve(places, FileRef.of(name, area))  # type: ignore[arg-type]
        found = path.stat()
    except (BadReference, OSError, ValueError):
        return None, None
    return (found.st_size, found.st_mtime_ns // 1_000_000) if path.is_file() else (None, None)


def _there(places: Places, ref: FileRef) -> Path:
    path = resolve(places, ref)
    if not path.is_file():
        raise web.HTTPNotFound(text=f"There is no file {ref.name[:200]!r} in the {ref.type} folder.")
    return path
