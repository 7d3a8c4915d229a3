"""How are saved workflows kept in folders, so that renaming or deleting one loses no version?"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.documents.contents import NoDocument
from engine.documents.keeper import Keeper
from engine.documents.ledger import Ledger
from engine.errors import BadReference, EngineError
from engine.files.places import inside
from engine.files.saving import make_folder


class FolderTaken(EngineError):
    """There is something of the name that a folder was to get."""


class Folders:
    """The folders below one user's `workflows`. Every method may be called from any thread, and may wait for the disk.

    Names have forward slashes. Methods raise BadReference for a name that leads outside, is hidden, or is a file's.
    """

    def __init__(self, root: Path, keeper: Keeper, notice_gone: Callable[[], object]) -> None:
        """Work below `root`; `notice_gone` moves the workflows whose files are gone to the trash."""
        self._root, self._keeper, self._notice_gone = root, keeper, notice_gone

    def listed(self) -> list[str]:
        """Give all folders, sorted; hidden ones and links that lead outside are left out."""
        return sorted(self._walk(), key=lambda name: (name.lower(), name))

    def known(self, name: str) -> str:
        """Give the one name of a folder that is there. Raises NoDocument."""
        return self._prefix(self._existing(name)).rstrip("/")

    def make(self, name: str) -> None:
        """Make a folder. Raises FolderTaken."""
        path = self._place(name)
        if path.exists():
            raise FolderTaken(f"There is {name[:200]!r} already. Use another name.")
        make_folder(path)

    def move(self, name: str, to: str) -> None:
        """Rename a folder, or put it into another one; the workflows in it keep their versions.

        Raises:
            NoDocument: there is no such folder.
            FolderTaken: the other name is taken.
        """
        source, target = self._existing(name), self._place(to)
        if source == target:
            return
        if source in target.parents:
            raise BadReference(f"{name[:80]!r} cannot be moved into itself.")
        self._notice_gone()  # else what was there under the new name would be taken for what comes there now

        def act(ledger: Ledger) -> None:
            if target.exists() and not target.samefile(source):
                raise FolderTaken(f"There is {to[:200]!r} already. Use another name.")
            make_folder(target.parent)
            before, after = self._prefix(source), self._prefix(target)
            with ledger.change():
                for document_name, document in ledger.names().items():
                    if document_name.startswith(before):
                        ledger.rename(document, after + document_name.removeprefix(before))
                try:
                    source.rename(target)
                except OSError as error:
                    raise EngineError(f"{name[:200]!r} cannot be renamed: {error.strerror}.") from error

        self._keeper.work(act)

    def remove(self, name: str) -> int:
        """Remove a folder and those in it that hold nothing; workflows must be in the trash before.

        Gives how many files of other kinds are left; their folders stay.
        """
        left = 0
        for folder, _, files in os.walk(self._existing(name), topdown=False):
            left += len(files)
            try:
                Path(folder).rmdir()
            except OSError:  # something is in it: counted, here or below
                continue
        return left

    def _walk(self) -> Iterator[str]:
        for folder, names, _ in os.walk(self._root):
            names[:] = [name for name in names if not name.startswith(".")]
            yield from (Path(folder, name).relative_to(self._root).as_posix() for name in names)
            names[:] = [name for name in names if not Path(folder, name).is_symlink()]

    def _place(self, name: str) -> Path:
        path = inside(self._root, name)
        if path == self._root.resolve() or name.rstrip("/\\") != name:
            raise BadReference(f"{name[:80]!r} names no folder. Use a name such as 'cats' or 'cats/tabby'.")
        parts = name.replace("\\", "/").split("/")
        if any(part.startswith(".") or not part.strip() for part in parts):
            raise BadReference(f"{name[:80]!r}: a folder whose name is empty or begins with a dot is shown in no list.")
        return path

    def _existing(self, name: str) -> Path:
        path = self._place(name)
        if not path.is_dir():
            raise NoDocument(f"There is no folder {name[:200]!r}.")
        return path

    def _prefix(self, path: Path) -> str:
        return f"{path.relative_to(self._root.resolve()).as_posix()}/"
