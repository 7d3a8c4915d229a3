"""/weft/library: the saved workflows in their folders, what they hold, and what they made last."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, TypedDict

from aiohttp import web

from engine.documents.contents import NoDocument
from engine.documents.folders import FolderTaken
from engine.documents.ledger import digest_of
from engine.documents.store import DocumentStore
from engine.jobs.results import newest_results
from engine.jobs.store import NothingKept
from engine.server.described import described
from engine.server.documents import T, ask, documents_of
from engine.server.middleware import json_response
from engine.server.routes.gallery import NOT_DECODED, SUFFIXES, thumbnail_of
from engine.server.services import services_of
from engine.server.users import places_of, user_of
from engine.wire.workflow_facts import WorkflowFacts, facts_of

routes = web.RouteTableDef()
LONGEST_SEARCH, MOST_WORDS = 500, 10
MOST_ASKED = 100  # workflows whose pictures are asked for at once
LOOKED_AT = 4  # of a workflow's newest results, in case files are gone
MOST_KEPT = 20_000  # contents whose facts are kept in memory


class LibraryEntry(TypedDict):
    """A saved workflow, and what it holds."""

    name: str
    digest: str
    size: int
    modified_ms: int
    versions: int
    id: Annotated[str, "the workflow's own id, by which /weft/library/pictures knows it; empty if it has none"]
    nodes: Annotated[int, "how many, with those inside subgraphs"]
    models: Annotated[list[str], "model files that it names, and embeddings as `embedding:name`"]
    named_by: Annotated[dict[str, list[str]], "for each of these the types of the nodes that name it"]


class Library(TypedDict):
    """The saved workflows, and all folders, the empty ones too."""

    folders: list[str]
    workflows: list[LibraryEntry]
    notice: Annotated[str, "what is wrong with the keeping of versions; empty if all is well"]


class Searching(TypedDict, total=False):
    """What is looked for."""

    search: Annotated[str, "words, each of which stands in the name, a node type, a model's name, a title or a text"]


class OfWorkflows(TypedDict, total=False):
    """Which workflows."""

    id: Annotated[str, f"a workflow's own id; said up to {MOST_ASKED} times"]


class FolderMoving(TypedDict):
    """Where to."""

    to: Annotated[str, "the new name, with the folders around it"]


class FolderRemoved(TypedDict):
    """What came of it."""

    trashed: Annotated[int, "workflows that are in the trash now"]
    left: Annotated[int, "files that are no workflows; they stay, and so do their folders"]


class FactsBook:
    """Remembers what contents hold, by their digests. Any thread may ask."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        """Remember so many."""
        self._most = most
        self._lock = threading.Lock()  # guards the table
        self._known: OrderedDict[str, WorkflowFacts] = OrderedDict()

    def facts(self, digest: str, read: Callable[[], bytes]) -> WorkflowFacts:
        """Give the facts of a content, which is read if they are not known yet."""
        with self._lock:
            if digest in self._known:
                self._known.move_to_end(digest)
                return self._known[digest]
        body = read()
        facts = facts_of(body)
        with self._lock:
            self._known[digest_of(body)] = facts
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return facts


FACTS = web.AppKey("facts of workflows", FactsBook)


@routes.get("/weft/library")
@described(query=Searching, answer=Library)
async def library(request: web.Request) -> web.Response:
    """List the saved workflows, or those in which all words stand."""
    search = request.query.get("search", "")
    words = search.casefold().split()
    if len(search) > LONGEST_SEARCH or len(words) > MOST_WORDS:
        raise web.HTTPBadRequest(text=f"search: expected up to {MOST_WORDS} words, {LONGEST_SEARCH} characters in all.")
    book = request.app[FACTS]
    entries = await ask(request, lambda documents: _entries(documents, book, words))
    folders = await ask(request, lambda documents: documents.folders.listed())
    told: Library = {"folders": folders, "workflows": entries, "notice": documents_of(request).notice}
    return json_response(told)


@routes.get("/weft/library/pictures")
@described(query=OfWorkflows, answer=dict[str, str])
async def pictures(request: web.Request) -> web.Response:
    """Say where small pictures are of what workflows made last: id -> address. Those that made none are left out."""
    wanted = request.query.getall("id", [])
    if len(wanted) > MOST_ASKED:
        raise web.HTTPBadRequest(text=f"{len(wanted)} ids: expected {MOST_ASKED} at most. Ask several times.")
    suffixes = [suffix for suffix in SUFFIXES["image"] if suffix not in NOT_DECODED]
    places = places_of(request)
    try:
        found = await newest_results(services_of(request).store, user_of(request).id, wanted, suffixes, LOOKED_AT)
    except NothingKept:
        return json_response({})
    shown = {
        workflow: next((address for file in files if (address := thumbnail_of(places, *file))), None)
        for workflow, files in found.items()
    }
    return json_response({workflow: address for workflow, address in shown.items() if address})


@routes.put("/weft/library/folders/{name:[^/]+}")
@described(answer=None, status=204)
async def make_folder(request: web.Request) -> web.Response:
    """Make a folder. Slashes in names are %2F."""
    await _or_taken(request, lambda documents: documents.folders.make(request.match_info["name"]))
    return web.Response(status=204)


@routes.post("/weft/library/folders/{name:[^/]+}/move")
@described(query=FolderMoving, answer=None, status=204)
async def move_folder(request: web.Request) -> web.Response:
    """Rename a folder, or put it into another one; its workflows keep their versions."""
    name, to = request.match_info["name"], request.query.get("to", "")
    await _or_taken(request, lambda documents: documents.folders.move(name, to))
    return web.Response(status=204)


@routes.delete("/weft/library/folders/{name:[^/]+}")
@described(answer=FolderRemoved)
async def remove_folder(request: web.Request) -> web.Response:
    """Move all workflows of a folder to the trash, and remove it."""
    told: FolderRemoved = await ask(request, lambda documents: _remove(documents, request.match_info["name"]))
    return json_response(told)


async def _or_taken(request: web.Request, question: Callable[[DocumentStore], T]) -> T:
    try:
        return await ask(request, question)
    except FolderTaken as error:
        raise web.HTTPConflict(text=str(error)) from None


def _entries(documents: DocumentStore, book: FactsBook, words: Sequence[str]) -> list[LibraryEntry]:
    entries: list[LibraryEntry] = []
    for each in documents.listed():
        try:
            facts = book.facts(each.digest, partial(documents.peek, each.name))
        except NoDocument:  # deleted since a moment ago
            continue
        name = each.name.casefold()
        if all(word in name or facts.says(word) for word in words):
            named_by: dict[str, list[str]] = {}
            for model, node_type in facts.models:
                named_by.setdefault(model, []).append(node_type)
            entries.append(
                {
                    "name": each.name, "digest": each.digest, "size": each.size, "modified_ms": each.modified_ms,
                    "versions": each.versions, "id": facts.id, "nodes": facts.nodes, "models": list(named_by),
                    "named_by": named_by,
                }
            )  # fmt: skip
    return entries


def _remove(documents: DocumentStore, name: str) -> FolderRemoved:
    folder = documents.folders.known(name)
    inside = [each.name for each in documents.listed() if each.name.startswith(f"{folder}/")]
    for workflow in inside:
        documents.delete(workflow)
    return {"trashed": len(inside), "left": documents.folders.remove(folder)}
