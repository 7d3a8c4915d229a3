"""Has a file that a node reads changed since the node last ran?"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from engine.files.places import Places
from engine.files.references import existing, parse_annotated

HASHED_BYTES = 64 * 2**20  # files up to this size are known by their content, larger ones by size and time

Fingerprint = Callable[..., object]


def of_model_file(folder: str, widget: str) -> Fingerprint:
    """Know a model file by path, size and time; `widget` is the input that names it.

    Where the name comes over a link it is not known in advance, and the node runs each time.
    """

    def fingerprint(*, places: Places, **literals: object) -> object:
        name = literals.get(widget)
        return float("nan") if name is None else _path_size_time(places.model_path(folder, str(name)))

    return fingerprint


def of_input_file(widget: str) -> Fingerprint:
    """Know an input file by its content, or if it is large by path, size and time."""

    def fingerprint(*, places: Places, **literals: object) -> object:
        name = literals.get(widget)
        if name is None:
            return float("nan")
        path = existing(places, parse_annotated(str(name)))
        if path.stat().st_size > HASHED_BYTES:
            return _path_size_time(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return fingerprint


def _path_size_time(path: Path) -> list[object]:
    found = path.stat()
    return [str(path), found.st_size, found.st_mtime_ns]
