"""`node_helpers`: small changes of conditionings and images."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.packs.absent import complete


def conditioning_set_values(conditioning: list[Any], values: Mapping[str, Any], append: bool = False) -> list[Any]:
    """Give a conditioning whose entries carry these values; with `append`, lists are added to what is there."""
    made = []
    for embedding, options in conditioning:
        added = dict(values)
        if append:
            added = {name: options[name] + value if name in options else value for name, value in added.items()}
        made.append([embedding, {**options, **added}])
    return made


def pillow(function: Callable[..., Any], arg: Any) -> Any:
    """Call a function of Pillow; truncated files are read as far as they go, once they have failed."""
    from PIL import ImageFile, UnidentifiedImageError

    try:
        return function(arg)
    except (OSError, UnidentifiedImageError, ValueError):
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return function(arg)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


complete(__name__)
