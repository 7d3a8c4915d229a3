"""Which files does a result show, and are they still there?"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.errors import BadReference
from engine.files.places import Places, inside


def shown_files(ui: Mapping[str, Any], places: Places) -> Iterator[Path]:
    """Yield the files that a UI result refers to: {"images": [{"filename", "subfolder", "type"}, ...], ...}."""
    for shown in ui.values():
        for item in shown if isinstance(shown, (list, tuple)) else ():
            name = item.get("filename") if isinstance(item, Mapping) else None
            if isinstance(name, str) and name:
                yield from _path(name, item, places)


def are_there(ui: Mapping[str, Any], places: Places) -> bool:
    """Say whether every file that a UI result shows exists."""
    return not ui or all(path.is_file() for path in shown_files(ui, places))


def _path(name: str, item: Mapping[str, Any], places: Places) -> Iterator[Path]:
    """Give the path, unless it is not one of ours: a pack may mean something else by the same words."""
    folder = item.get("subfolder") or ""
    try:
        area = places.area(str(item.get("type", "output")))
        yield inside(area, f"{folder}/{name}" if folder else name)
    except BadReference:
        return
