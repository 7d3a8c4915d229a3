"""How does a file reach the disk whole or not at all, and without overwriting another?"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from engine.errors import BadReference, EngineError
from engine.files.names import expand_prefix
from engine.files.places import Area, Places, inside
from engine.files.references import FileRef

BATCH_NUMBER = "%batch_num%"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is seen whole or not at all, replacing one of the same name.

    Raises:
        EngineError: the disk is full, or the folder cannot be written; nothing is left behind.
    """
    with _explained(path.parent, len(data)), _written_beside(path.parent, data) as temporary:
        temporary.replace(path)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is seen whole or not at all, under a name that must be free.

    Raises:
        FileExistsError: the name is taken, perhaps since a moment ago.
        EngineError: as for `write_whole`.
    """
    with _explained(path.parent, len(data)), _written_beside(path.parent, data) as temporary:
        was_free = _publish(temporary, path)
    if not was_free:
        raise FileExistsError(errno.EEXIST, "the name is taken", str(path))


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises:
        BadReference: a file has the name of one of them.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadReference(f"{path.name!r} cannot be made a folder: there is a file of that name.") from None


class NumberedFiles:
    """Saves files as "{prefix}_{counter:05}_.png", counting on from what the folder holds; overwrites none.

    Args:
        prefix: may hold folders and tokens (see `expand_prefix`); "%batch_num%" counts the files of this object from 0.
        values: what further tokens stand for.

    Raises:
        BadReference: the prefix leads outside the area, or makes a name that no file can have.
    """

    def __init__(self, places: Places, area: Area, prefix: str, values: Mapping[str, object] | None = None) -> None:
        self._area: Area = area
        self._saved = 0
        self._next: int | None = None  # unknown until the folder was read
        root = places.area(area).resolve()
        expanded = expand_prefix(prefix, values or {}, datetime.now()).replace("\\", "/")
        subfolder, _, self._stem = expanded.rpartition("/")
        inside(root, expanded + "_00001_.safetensors")  # refuses whatever is no name inside
        self._folder = inside(root, subfolder) if subfolder else root
        self._subfolder = "" if self._folder == root else self._folder.relative_to(root).as_posix()

    def save(self, data: bytes, suffix: str) -> FileRef:
        """Write one file under the next free number; `suffix` is such as ".png".

        Raises:
            EngineError: the disk is full, or the folder cannot be written; nothing is left behind.
        """
        return self.save_by(lambda path: path.write_bytes(data), suffix, len(data))

    def save_by(self, write: Callable[[Path], object], suffix: str, needed_bytes: int) -> FileRef:
        """`save` for what is too large to be held twice: `write` is given a path to write to."""
        with _explained(self._folder, needed_bytes):
            self._folder.mkdir(parents=True, exist_ok=True)
            counter = self._next if self._next is not None else self._first_free()
            with _made_beside(self._folder, write) as temporary:
                while not _publish(temporary, self._path(counter, suffix)):
                    counter += 1  # another saver was faster
        path = self._path(counter, suffix)
        self._next = counter + 1
        self._saved += 1
        return FileRef(path.name, self._subfolder, self._area)

    def _path(self, counter: int, suffix: str) -> Path:
        return self._folder / f"{self._stem.replace(BATCH_NUMBER, str(self._saved))}_{counter:05}_{suffix}"

    def _first_free(self) -> int:
        """Give one more than the highest number that a file of this prefix bears, whatever its suffix."""
        stem = re.escape(self._stem).replace(re.escape(BATCH_NUMBER), r"\d+")
        pattern = re.compile(stem + r"_(\d+)_", re.IGNORECASE)
        with os.scandir(self._folder) as entries:
            found = (pattern.match(entry.name) for entry in entries)
            return max((int(match[1]) for match in found if match), default=0) + 1


@contextmanager
def _written_beside(folder: Path, data: bytes) -> Iterator[Path]:
    """Give a temporary file in the folder that holds `data` and has reached the disk; gone at the end."""
    with _made_beside(folder, lambda path: path.write_bytes(data)) as temporary:
        yield temporary


@contextmanager
def _made_beside(folder: Path, write: Callable[[Path], object]) -> Iterator[Path]:
    temporary = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _publish(temporary: Path, path: Path) -> bool:
    """Give a whole file its final name, in one step; say False if the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links here (FAT, some network drives)
        return _publish_without_links(temporary, path)
    return True


def _publish_without_links(temporary: Path, path: Path) -> bool:
    """Take the name with an empty file, which only one saver can, then put the whole file in its place."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    try:
        temporary.replace(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


@contextmanager
def _explained(folder: Path, needed_bytes: int) -> Iterator[None]:
    """Turn the system's words for "this cannot be written" into what to do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineError(
                f"No room to save: {needed_bytes / 2**20:.2f} MiB are needed in {folder}, where {_free(folder)}. "
                "No part of the file was left there. Free some space, or start with another --output-directory, and "
                "run again: nodes that have finished need not run anew."
            ) from error
        raise EngineError(
            f"{folder} cannot be written ({error.strerror or error}). Nothing was saved. Check that it is a folder "
            "which may be written to, then run again."
        ) from error


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 2**20:.2f} MiB are free"
    except OSError as error:
        return f"the free space is not known ({error.strerror})"
