"""Has a file that a node reads changed since the node last ran?"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from engine.errors import BadReference
from engine.files.places import Area, Places
from engine.files.references import existing, parse_annotated

EMBEDDING = re.compile(r"embedding:([^\s,:()\[\]\\]+)")
EMBEDDING_SUFFIXES = ("", ".safetensors", ".pt", ".bin")
HASHED_BYTES = 64 * 2**20  # files up to this size are known by their content, larger ones by size and time

Fingerprint = Callable[..., object]


def of_model_file(folder: str, widget: str) -> Fingerprint:
    """Know a model file by path, size and time; `widget` is the input that names it.

    Where the name comes over a link it is not known in advance, and the node runs each time.
    """

    def fingerprint(*, places: Places, **literals: object) -> object:
        name = literals.get(widget)
        return float("nan") if name is None else of_path(places.model_path(folder, str(name)))

    return fingerprint


def of_model_files(folder: str, *widgets: str) -> Fingerprint:
    """Know several model files of one folder, each named by one of `widgets`, as `of_model_file` knows one."""
    each = [of_model_file(folder, widget) for widget in widgets]

    def fingerprint(*, places: Places, **literals: object) -> object:
        return [know(places=places, **literals) for know in each]

    return fingerprint


def of_chosen_file(widget: str, area: Area = "input") -> Fingerprint:
    """Know the file that a widget names by its content, or if it is large by path, size and time."""

    def fingerprint(*, places: Places, **literals: object) -> object:
        name = literals.get(widget)
        if name is None:
            return float("nan")
        path = existing(places, parse_annotated(str(name), area))
        if path.stat().st_size > HASHED_BYTES:
            return of_path(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return fingerprint


def of_embeddings(*, places: Places, **literals: object) -> object:
    """Know the files of the embeddings that prompts name; a prompt that comes over a link is known by its source."""
    texts = [literals[name] for name in sorted(literals) if isinstance(literals[name], str)]
    return [_embedding(places, name) for text in texts for name in EMBEDDING.findall(text)]


def _embedding(places: Places, name: str) -> list[object] | None:
    for suffix in EMBEDDING_SUFFIXES:
        try:
            return of_path(places.model_path("embeddings", name + suffix))
        except BadReference:
            continue
    return None


def of_path(path: Path) -> list[object]:
    """Know a file by path, size and time."""
    found = path.stat()
    return [str(path), found.st_size, found.st_mtime_ns]
