"""Which model files are there, and what is known of one?"""

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from engine.errors import BadFile
from engine.files.model_facts import ModelFacts, facts_of
from engine.files.places import Places, walk
from engine.files.safetensors_header import CheckpointHeader, read_header
from engine.server.thumbnails import CARRIED, CHOSEN, LARGEST_HEADER_BYTES, SAFETENSORS, chosen_picture, pictures_beside

T = TypeVar("T")
MOST_KEPT = 2000  # files of which is remembered what they hold
READ_AT_ONCE_BYTES = 2**22


@dataclass(frozen=True)
class ModelFile:
    """A model file, as a list shows it.

    Attributes:
        root: which of the kind's folders it lies in, from 0.
        picture_ms: when the picture was changed that lies beside it or that the user chose; None if there is none.
    """

    kind: str
    name: str
    root: int
    size: int
    modified_ms: int
    picture_ms: int | None


@dataclass(frozen=True)
class About:
    """What a file says of itself; `problem` says in words why it says nothing, if it should."""

    facts: ModelFacts = field(default_factory=ModelFacts)
    family: str = ""
    has_picture: bool = False
    problem: str = ""


def model_files(places: Places, kind: str) -> Iterator[ModelFile]:
    """Yield the models of a kind, with the pictures of the user whose places these are. Slow: call it in a thread."""
    suffixes, chosen = places.suffixes_of(kind), _changed(places.user / CHOSEN)
    for number, root in enumerate(places.model_folder(kind)):
        for folder, names in _by_folder(root):
            for name in sorted(names):
                if suffixes and os.path.splitext(name)[1].lower() not in suffixes:  # noqa: PTH122 - thousands of them
                    continue
                path = folder / name
                try:
                    found = path.stat()
                except OSError:  # a link that leads nowhere, or gone since a moment ago
                    continue
                inner = path.relative_to(root).as_posix()
                picture_ms = chosen.get(chosen_picture(places, kind, inner).name) if chosen else None
                beside = pictures_beside(name, names)
                if picture_ms is None and beside:
                    picture_ms = _changed_ms(folder / beside[0])
                changed_ms = found.st_mtime_ns // 1_000_000
                yield ModelFile(kind, inner, number, found.st_size, changed_ms, picture_ms)


class ModelShelf:
    """Remembers what files hold, as long as they do not change."""

    def __init__(self, tell_family: Callable[[CheckpointHeader], str]) -> None:
        """Begin with nothing; `tell_family` names a family by a header, and gives "" where it knows none."""
        self._tell_family = tell_family
        self._abouts: _Kept[About] = _Kept()
        self._digests: _Kept[str] = _Kept()
        self._reading = asyncio.Semaphore(1)  # a large header takes much memory as long as it is read
        self._adding_up = asyncio.Semaphore(1)  # two files at once would only wait for the same disk

    async def about(self, path: Path) -> About:
        """Say what a file says of itself. Raises OSError where it cannot be looked at."""
        async with self._reading:
            return await asyncio.to_thread(self._abouts.get, path, lambda: self._read(path))

    def known_digest(self, path: Path) -> str:
        """Give the SHA-256 of a file if it was added up before, else "". Raises OSError."""
        return self._digests.known(path) or ""

    async def digest(self, path: Path) -> str:
        """Add up the SHA-256 of a file, which takes seconds for each GB. Raises OSError."""
        async with self._adding_up:
            return await asyncio.to_thread(self._digests.get, path, lambda: _sha256(path))

    def _read(self, path: Path) -> About:
        if path.suffix.lower() not in SAFETENSORS:
            return About()
        try:
            header = read_header(path, LARGEST_HEADER_BYTES)
        except BadFile as error:
            return About(problem=str(error).replace(str(path), path.name))
        return About(facts_of(header), self._tell_family(header), CARRIED in header.metadata)


class _Kept(Generic[T]):
    """What is known of files, each as long as it is the same; those that were asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table
        self._table: OrderedDict[tuple[str, int, int], T] = OrderedDict()

    def known(self, path: Path) -> T | None:
        with self._lock:
            return self._table.get(_state(path))

    def get(self, path: Path, find: Callable[[], T]) -> T:
        state = _state(path)
        with self._lock:
            if state in self._table:
                self._table.move_to_end(state)
                return self._table[state]
        found = find()
        with self._lock:
            self._table[state] = found
            while len(self._table) > MOST_KEPT:
                self._table.popitem(last=False)
        return found


def _state(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _by_folder(root: Path) -> Iterator[tuple[Path, set[str]]]:
    """Yield the folders below a root with the names of their files."""
    folder, names = root, set[str]()
    for path in walk(root, links_may_leave=True):
        if path.parent != folder:
            yield folder, names
            folder, names = path.parent, set()
        names.add(path.name)
    yield folder, names


def _changed(folder: Path) -> dict[str, int]:
    """Say when the files of a folder were changed, by their names."""
    try:
        return {entry.name: entry.stat().st_mtime_ns // 1_000_000 for entry in os.scandir(folder)}
    except OSError:  # no picture was chosen yet
        return {}


def _changed_ms(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
