"""Which files may a node's literal inputs name, and what do the tokens in a file name prefix stand for?"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import BadReference
from engine.execution import NodeContext
from engine.files.places import Area, Places
from engine.files.references import existing, parse_annotated
from engine.files.saving import NumberedFiles

SAVES = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}  # what /object_info says of nodes that save


def is_existing_file(value: object, places: Places) -> bool:
    """Say whether a value such as "folder/picture.png [output]" names a file that is there."""
    try:
        existing(places, parse_annotated(str(value)))
    except BadReference:
        return False
    return True


def prefix_check(area: Area) -> Callable[..., str | None]:
    """Make a check that finds a bad `filename_prefix` before anything has run."""

    def check(*, places: Places, filename_prefix: str = "", **_: object) -> str | None:
        try:
            NumberedFiles(places, area, filename_prefix)
        except BadReference as error:
            return f"filename_prefix: {error}"
        return None

    return check


def prefix_values(context: NodeContext, width: int, height: int) -> dict[str, object]:
    """Give what tokens in a prefix stand for: %width%, %height%, and %Node.widget% by the node's title or type."""
    values: dict[str, object] = {}
    for node in (context.prompt or {}).values():
        meta = node.get("_meta")
        title = meta.get("title") if isinstance(meta, Mapping) else None
        for name, value in _literals(node):
            for owner in (title, node.get("class_type")):
                values.setdefault(f"{owner}.{name}", value)
    return {**values, "width": width, "height": height}


def _literals(node: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in node.get("inputs", {}).items() if isinstance(value, str | int | float)]
