"""What does a model look like? The picture beside its file says, or the one in it. Slow: call it in a thread."""

import base64
import binascii
from pathlib import Path

from engine.errors import BadFile
from engine.files.images import recode_image
from engine.files.places import Places, inside
from engine.files.safetensors_header import read_header
from engine.files.saving import write_whole
from engine.server.uploads import spool_path

LARGEST_SIDE = 512  # pixels
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
CARRIED = "modelspec.thumbnail"  # a data URI, by Stability AI's model metadata specification
SAFETENSORS = (".safetensors", ".sft")


def model_thumbnail(places: Places, kind: str, root_number: int, name: str) -> bytes | None:
    """Give a model's picture as WebP; None if it has none.

    Args:
        root_number: which of the kind's folders holds the model, as listed.

    Raises:
        BadReference: the name leads outside its folder, or there is no such kind.
        BadFile: the picture cannot be read.
    """
    roots = places.model_folder(kind)
    if root_number >= len(roots):
        return None
    model = inside(roots[root_number], name, links_may_leave=True)
    for path in _beside(model):
        if path.is_file():
            return recode_image(path, "webp", max_side=LARGEST_SIDE)
    if model.suffix.lower() not in SAFETENSORS or not model.is_file():
        return None
    carried = read_header(model).metadata.get(CARRIED)
    return None if carried is None else _recoded(places, _decoded(carried, model))


def _beside(model: Path) -> list[Path]:
    """Name the pictures that may lie beside a model: "name.preview.png", "name.png" and the like."""
    return [model.with_name(f"{model.stem}{mark}{suffix}") for mark in (".preview", "") for suffix in SUFFIXES]


def _decoded(uri: str, model: Path) -> bytes:
    """Read "data:image/jpeg;base64,..."; some writers leave all before the data out."""
    _, _, text = uri.rpartition(",")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadFile(f"{model.name} carries a {CARRIED} that is no base64 data ({error}).") from error


def _recoded(places: Places, picture: bytes) -> bytes:
    path = spool_path(places)
    try:
        write_whole(path, picture)
        return recode_image(path, "webp", max_side=LARGEST_SIDE)
    finally:
        path.unlink(missing_ok=True)
