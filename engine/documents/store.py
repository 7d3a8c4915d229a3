"""How is a workflow saved so that nothing that was ever saved is lost, and nobody overwrites what he has not seen?

Workflows stay plain files, which other programs may write as well. Beside them one SQLite file, the ledger, holds
every content that they had. The order of steps is what makes a kill at any moment harmless: what the file holds is
written down before it is replaced, and so is what replaces it. Which version is the present one is nowhere noted: it is
the last one with the content of the file. So a version whose save was cut short is one among others, and a content that
no version has was put there by another program, and becomes one.
"""

import itertools
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from engine.documents.contents import ANY, NO_FILE, Conflict, Content, Listed, NoDocument, Saved
from engine.documents.drafts import Drafts
from engine.documents.folders import Folders
from engine.documents.keeper import Keeper, present_ms
from engine.documents.ledger import Kind, Ledger, Remover, Trashed, Version, digest_of
from engine.documents.on_disk import Overtaken, modified_ms, read, write
from engine.documents.opening import is_full
from engine.errors import BadReference
from engine.files.places import inside, walk
from engine.files.saving import make_folder

log = logging.getLogger(__name__)
FOLDER = "workflows"
CLOCK_STEP_MS = 2_000  # file systems tell times to within so much
FileState = tuple[int, int]  # when it was changed (ns), bytes


class DocumentStore:
    """The workflows of one user. Every method may be called from any thread, and may wait for the disk.

    Names are relative to the folder `workflows`, with forward slashes. Methods raise BadReference for a name that leads
    outside, NoRoom where the disk is full, and EngineError where a file cannot be written.
    """

    def __init__(self, home: Path, database: Path, now_ms: Callable[[], int] = present_ms) -> None:
        """Use the folder `workflows` below `home`, and a file outside of `home` that holds the versions."""
        self._home = home
        self._keeper = Keeper(database, now_ms)
        self._now_ms = now_ms
        self._digests: dict[Path, tuple[FileState, str]] = {}  # used within `_keeper.work`, one thread at a time
        self.drafts = Drafts(self._keeper)
        self.folders = Folders(home / FOLDER, self._keeper, self.trashed)

    @property
    def notice(self) -> str:
        """Say what the user should know of how versions are kept; empty if all is well."""
        return self._keeper.notice

    def close(self) -> None:
        """Let go of the file."""
        self._keeper.close()

    def name_of(self, path: Path) -> str | None:
        """Give the name of the workflow that a resolved path is; None if it lies elsewhere."""
        folder = (self._home / FOLDER).resolve()
        return path.relative_to(folder).as_posix() if folder in path.parents else None

    # What is there

    def listed(self) -> list[Listed]:
        """Give all workflows, sorted by name."""

        def act(ledger: Ledger) -> list[Listed]:
            documents, counts = ledger.names(), ledger.counts()
            listed = []
            for name, path in self._files():
                about = self._about(path)
                if about is None:
                    continue
                (changed_ns, size), digest = about
                document = documents.get(name, 0)
                version = ledger.with_digest(document, digest)
                number = version.number if version else 0
                listed.append(Listed(name, digest, size, changed_ns // 1_000_000, number, counts.get(document, 0)))
            return sorted(listed, key=lambda each: (each.name.lower(), each.name))

        return self._keeper.work(act)

    def read(self, name: str) -> Content:
        """Read a workflow; a content that another program left becomes a version. Raises NoDocument."""
        name, path = self._place(name)
        return self._keeper.work(lambda ledger: self._present(ledger, name, path))

    def peek(self, name: str) -> bytes:
        """Read a workflow's file and write nothing down, as lists of thousands do. Raises NoDocument."""
        name, path = self._place(name)
        found = read(path)
        if found is None:
            raise NoDocument(f"There is no workflow {name[:200]!r}.")
        return found

    def versions(self, name: str) -> tuple[Content, list[Version]]:
        """Give a workflow and its versions, newest first. Raises NoDocument."""
        name, path = self._place(name)

        def act(ledger: Ledger) -> tuple[Content, list[Version]]:
            content = self._present(ledger, name, path)
            document = ledger.document(name)
            return content, [] if document is None else ledger.versions(document)

        return self._keeper.work(act)

    def version(self, name: str, number: int) -> tuple[Version, bytes]:
        """Give a version and its content. Raises NoDocument."""
        name, _ = self._place(name)

        def act(ledger: Ledger) -> tuple[Version, bytes]:
            document = ledger.document(name)
            version = None if document is None else ledger.version(document, number)
            if version is None:
                raise NoDocument(f"There is no version {number} of {name[:200]!r}.")
            return version, _kept(ledger, version.digest)

        return self._keeper.work(act)

    # Changes

    def save(self, name: str, body: bytes, expected: str, *, kind: Kind = "save", author: str = "") -> Saved:
        """Write a workflow, and keep it as a version.

        Args:
            expected: the digest of the content that this one is to replace; NO_FILE if the name must be free; or ANY.

        Raises:
            Conflict: something else is there.
        """
        name, path = self._place(name)

        def act(ledger: Ledger) -> Saved:
            found, digest = read(path), digest_of(body)
            with ledger.change():
                present = self._noticed(ledger, name, path, found)
            if present is not None and present.digest == digest and expected != NO_FILE:
                return Saved(name, digest, present, modified_ms(path))
            if expected not in (ANY, _digest(found)):
                raise self._conflict(ledger, name, path, expected)
            with ledger.change():
                document = ledger.document_for(name)
                version = ledger.add(document, body, kind, author, self._now_ms())
            self._digests.pop(path, None)
            try:
                with _dropped_unless_done(ledger, document, version):
                    if read(path) != found:
                        raise Overtaken
                    write(path, body, is_new=found is None)
            except Overtaken:
                raise self._conflict(ledger, name, path, expected) from None
            return Saved(name, digest, version, modified_ms(path))

        return self._keeper.work(act)

    def restore(self, name: str, number: int, expected: str, author: str = "") -> Saved:
        """Make a version the present content, as a further version. Raises NoDocument, and Conflict as for `save`."""
        _, body = self.version(name, number)
        return self.save(name, body, expected, kind="restore", author=author)

    def delete(self, name: str, expected: str = ANY) -> None:
        """Move a workflow to the trash. Raises NoDocument, and Conflict as for `save`."""
        name, path = self._place(name)

        def act(ledger: Ledger) -> None:
            content = self._present(ledger, name, path, must_be_kept=True)
            if expected not in (ANY, content.digest):
                raise self._conflict(ledger, name, path, expected)
            try:
                with ledger.change():
                    self._trash(ledger, name, content.digest, "user")
                    path.unlink()
            except sqlite3.Error as error:
                if path.exists():
                    raise
                # the trash notices files that are gone as soon as it can be written again
                log.warning("%s was deleted, which cannot be noted now: %s.", path, error)

        self._keeper.work(act)

    def move(self, name: str, to: str, *, overwrite: bool) -> None:
        """Rename a workflow with its versions. One that is overwritten goes to the trash.

        Raises:
            NoDocument: there is no such workflow.
            Conflict: the other name is taken.
        """
        name, source = self._place(name)
        to, target = self._place(to)

        def act(ledger: Ledger) -> None:
            self._present(ledger, name, source, must_be_kept=True)
            if source == target:
                return
            there = self._content(ledger, to, target, must_be_kept=True)
            if there is not None and not overwrite:
                raise Conflict(to, there)
            make_folder(target.parent)
            with _renamed(source, target, there), ledger.change():
                if there is not None:
                    self._trash(ledger, to, there.digest, "user")
                ledger.rename(ledger.document_for(name), to)
                source.replace(target)

        self._keeper.work(act)

    # Trash

    def trashed(self) -> list[Trashed]:
        """Give the deleted workflows, those included whose files another program removed; last deleted first."""

        def act(ledger: Ledger) -> list[Trashed]:
            folder = self._home / FOLDER
            gone = [name for name in ledger.names() if not (folder / name).is_file()]
            if gone and self._home.is_dir():  # else the whole disk may be away
                with ledger.change():
                    for name in gone:
                        self._noticed(ledger, name, folder / name, None)
            return ledger.trashed()

        return self._keeper.work(act)

    def trashed_body(self, document: int) -> bytes:
        """Give the last content of a deleted workflow. Raises NoDocument."""
        return self._keeper.work(lambda ledger: _kept(ledger, _in_trash(ledger, document).digest))

    def revive(self, document: int) -> str:
        """Take a workflow out of the trash; give its name, a free one if its old one is taken. Raises NoDocument."""

        def act(ledger: Ledger) -> str:
            trashed = _in_trash(ledger, document)
            body = _kept(ledger, trashed.digest)
            folder = self._home / FOLDER
            name, path = self._place(next(name for name in _names_like(trashed.name) if not (folder / name).exists()))
            try:
                with ledger.change():
                    self._noticed(ledger, name, path, None)
                    ledger.revive(document, name)
                    write(path, body, is_new=True)
            except Overtaken:
                raise self._conflict(ledger, name, path, NO_FILE) from None
            return name

        return self._keeper.work(act)

    def purge(self, document: int) -> None:
        """Forget a deleted workflow and its versions for good. Raises NoDocument."""

        def act(ledger: Ledger) -> None:
            with ledger.change():
                ledger.purge(_in_trash(ledger, document).id)

        self._keeper.work(act)

    # Steps of these

    def _place(self, name: str) -> tuple[str, Path]:
        """Give the one name of a workflow, and its path. Raises BadReference."""
        inside(self._home / FOLDER, name, links_may_leave=True)
        path = inside(self._home, f"{FOLDER}/{name}")
        if not name.rstrip("/\\") == name or not name or path == (self._home / FOLDER).resolve():
            raise BadReference(f"{name[:80]!r} names no workflow. Use a name such as 'cat.json' or 'cats/cat.json'.")
        if path.is_dir():
            raise BadReference(f"{name[:80]!r} is a folder: use another name for the workflow.")
        return self.name_of(path) or name, path

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Yield what `_place` gives, for every workflow. Folders are resolved once each: there may be thousands."""
        folder = self._home / FOLDER
        top, listed, real = folder.resolve(), folder, folder.resolve()
        for found in walk(folder):
            if found.suffix.lower() != ".json" or found.name.startswith("."):
                continue
            with suppress(BadReference):  # a link that leads elsewhere, a name that nobody could ask for
                if found.is_symlink():
                    yield self._place(found.relative_to(folder).as_posix())
                    continue
                if found.parent != listed:
                    listed, real = found.parent, found.parent.resolve()
                name = (real / found.name).relative_to(top).as_posix()
                inside(top, name, links_may_leave=True)
                yield name, real / found.name

    def _about(self, path: Path) -> tuple[FileState, str] | None:
        """Give a file's state and digest; it is read only if it has changed since."""
        try:
            about = path.stat()
            state = (about.st_mtime_ns, about.st_size)
            known = self._digests.get(path)
            if known is not None and known[0] == state:
                return known
            known = (state, digest_of(path.read_bytes()))
        except OSError:  # it is gone, or not ours to read
            return None
        if present_ms() - state[0] // 1_000_000 > CLOCK_STEP_MS:  # else a further change may not show in its time
            self._digests[path] = known
        return known

    def _present(self, ledger: Ledger, name: str, path: Path, *, must_be_kept: bool = False) -> Content:
        content = self._content(ledger, name, path, must_be_kept=must_be_kept)
        if content is None:
            raise NoDocument(f"There is no workflow {name[:200]!r}.")
        return content

    def _content(self, ledger: Ledger, name: str, path: Path, *, must_be_kept: bool = False) -> Content | None:
        """Read a file, and see to it that a version has its content."""
        found = read(path)
        version = None
        try:
            version = self._known(ledger, name, found)
            if version is None and (found is not None or ledger.document(name) is not None):
                with ledger.change():
                    version = self._noticed(ledger, name, path, found)
        except sqlite3.Error as error:
            if must_be_kept or not is_full(error):
                raise
        return None if found is None else Content(name, found, digest_of(found), version, modified_ms(path))

    def _known(self, ledger: Ledger, name: str, found: bytes | None) -> Version | None:
        document = ledger.document(name)
        return None if document is None or found is None else ledger.with_digest(document, digest_of(found))

    def _noticed(self, ledger: Ledger, name: str, path: Path, found: bytes | None) -> Version | None:
        """Write down, within a change, what another program left: a content that no version has, or no file at all."""
        document = ledger.document(name)
        if found is None:
            if document is not None:
                newest = ledger.newest(document)
                if newest is None:  # its first save failed
                    ledger.purge(document)
                else:
                    ledger.trash(document, newest.digest, "outside", self._now_ms())
            return None
        document = ledger.document_for(name)
        made_ms = min(self._now_ms(), modified_ms(path))
        return ledger.with_digest(document, digest_of(found)) or ledger.add(document, found, "outside", "", made_ms)

    def _trash(self, ledger: Ledger, name: str, digest: str, by: Remover) -> None:
        document = ledger.document(name)
        if document is not None:
            ledger.trash(document, digest, by, self._now_ms())

    def _conflict(self, ledger: Ledger, name: str, path: Path, expected: str) -> Conflict:
        base = ledger.body(expected) if expected else None
        return Conflict(name, self._content(ledger, name, path), base)


@contextmanager
def _dropped_unless_done(ledger: Ledger, document: int, version: Version) -> Iterator[None]:
    """Keep other programs from saving, and forget a version if what is done meanwhile fails."""
    try:
        with ledger.change():
            yield
    except Exception:
        with suppress(sqlite3.Error), ledger.change():
            ledger.drop(document, version.number)
        raise


@contextmanager
def _renamed(source: Path, target: Path, there: Content | None) -> Iterator[None]:
    """Undo a renaming that cannot be noted."""
    try:
        yield
    except sqlite3.Error:
        if not source.exists() and target.exists():
            target.replace(source)
            if there is not None:
                write(target, there.body, is_new=True)
        raise


def _digest(body: bytes | None) -> str:
    return NO_FILE if body is None else digest_of(body)


def _kept(ledger: Ledger, digest: str) -> bytes:
    body = ledger.body(digest)
    if body is None:
        raise NoDocument("This content is no longer kept.")
    return body


def _in_trash(ledger: Ledger, document: int) -> Trashed:
    found = next((each for each in ledger.trashed() if each.id == document), None)
    if found is None:
        raise NoDocument(f"There is no deleted workflow {document}; GET /weft/trash lists them.")
    return found


def _names_like(name: str) -> Iterator[str]:
    """Give a name, and further ones with numbers."""
    yield name
    path = PurePosixPath(name)
    for number in itertools.count(1):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
