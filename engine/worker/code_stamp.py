"""Which code makes the results here? Kept results of other code are none."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

NOT_CODE = {"__pycache__", "node_modules", "venv", "site-packages"}  # and whatever begins with a dot


def code_stamp(folders: Iterable[Path]) -> str:
    """Hash name, size and time of change of every Python file below these folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path, state in sorted(_sources(folder)):
            digest.update(f"{path}\n{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name not in NOT_CODE and not name.startswith(".")]
        for name in files:
            if name.endswith(".py"):
                path = Path(root, name)
                state = path.stat()
                yield path.relative_to(folder).as_posix(), f"{state.st_size} {state.st_mtime_ns}"
