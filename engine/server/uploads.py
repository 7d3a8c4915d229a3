"""How does an uploaded file get its place, without replacing another one unasked?"""

import errno
import filecmp
import os
import secrets
import shutil
from pathlib import Path

from engine.errors import BadReference
from engine.files.places import Places
from engine.files.references import FileRef, resolve
from engine.files.saving import make_folder

MOST_SAME_NAMES = 10_000


def place_for(places: Places, name: str, area: str, subfolder: str) -> FileRef:
    """Say where an upload is to go.

    Raises:
        BadReference: the name holds folders, or leads outside.
    """
    places.area(area)
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise BadReference(
            f"{name[:80]!r} is no name for an upload: give a plain file name, and the folder as subfolder."
        )
    ref = FileRef.of(f"{subfolder}/{name}" if subfolder else name, area)  # type: ignore[arg-type]
    resolve(places, ref)
    return ref


def spool_path(places: Places) -> Path:
    """Give a name for a file that is still arriving; hidden, so that no list shows it."""
    folder = places.temp / ".uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / secrets.token_hex(16)


def keep(places: Places, arrived: Path, ref: FileRef, *, overwrite: bool) -> FileRef:
    """Move an upload to its place. A different file of that name stays, and this one gets " (1)" or the next number."""
    if overwrite:
        target = resolve(places, ref)
        make_folder(target.parent)
        _move(arrived, target)
        return ref
    stem, dot, suffix = ref.filename.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (ref.filename, "")
    for number in range(MOST_SAME_NAMES):
        filename = ref.filename if number == 0 else f"{stem} ({number}){suffix}"
        there = FileRef(filename, ref.subfolder, ref.type)
        target = resolve(places, there)
        make_folder(target.parent)
        if _reserve(target):
            _move(arrived, target)
            return there
        if target.is_file() and filecmp.cmp(arrived, target, shallow=False):
            return there
    raise BadReference(f"There are {MOST_SAME_NAMES} files named {ref.filename!r} already. Use another name.")


def _reserve(path: Path) -> bool:
    """Take a name, if it is free."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return False
    return True


def _move(source: Path, target: Path) -> None:
    """Put a file in its place at once, also from another file system."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{secrets.token_hex(8)}")
        try:
            shutil.copyfile(source, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
