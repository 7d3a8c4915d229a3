"""What does a model look like? The picture that the user chose says, the one beside its file, or the one in it.

What users choose lies in their own folders: nothing is ever written into model folders. Slow: call it in a thread.
"""

import base64
import binascii
import hashlib
from collections.abc import Container
from pathlib import Path

from engine.errors import BadFile
from engine.files.images import recode_image
from engine.files.places import OLD_FOLDER_NAMES, Places, inside
from engine.files.safetensors_header import read_header
from engine.files.saving import write_whole
from engine.server.uploads import spool_path

LARGEST_SIDE = 512  # pixels
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
CARRIED = "modelspec.thumbnail"  # a data URI, by Stability AI's model metadata specification
SAFETENSORS = (".safetensors", ".sft")
CHOSEN = "model_pictures"  # in the user's folder, beside his files and so out of reach of /userdata
LARGEST_HEADER_BYTES = 16 * 2**20  # of files that are merely looked at: whole models stay below 2 MiB


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
    chosen = chosen_picture(places, kind, name)
    if chosen.is_file():
        return chosen.read_bytes()
    for path in (model.with_name(picture) for picture in pictures_beside(model.name)):
        if path.is_file():
            return recode_image(path, "webp", max_side=LARGEST_SIDE)
    if model.suffix.lower() not in SAFETENSORS or not model.is_file():
        return None
    carried = read_header(model, LARGEST_HEADER_BYTES).metadata.get(CARRIED)
    return None if carried is None else _recoded(places, _decoded(carried, model))


def chosen_picture(places: Places, kind: str, name: str) -> Path:
    """Say where the picture lies, if there is one, that a user chose for a model."""
    kind = OLD_FOLDER_NAMES.get(kind, kind)
    told = f"{kind}\0{name}".encode("utf-8", "surrogateescape")
    return places.user / CHOSEN / f"{hashlib.sha256(told).hexdigest()[:40]}.webp"


def choose_picture(places: Places, kind: str, name: str, picture: Path) -> None:
    """Show a model by a copy of this picture from now on, for this user.

    Raises:
        BadFile: it is no picture.
    """
    small = recode_image(picture, "webp", max_side=LARGEST_SIDE)
    chosen = chosen_picture(places, kind, name)
    chosen.parent.mkdir(parents=True, exist_ok=True)
    write_whole(chosen, small)


def pictures_beside(model: str, there: Container[str] | None = None) -> list[str]:
    """Name the pictures that may lie beside a model file: "name.preview.png", "name.png" and the like.

    Args:
        there: the names of the files in its folder, of which only those are given.
    """
    stem = model.rpartition(".")[0]
    names = [f"{stem}{mark}{suffix}" for mark in (".preview", "") for suffix in SUFFIXES]
    return names if there is None else [name for name in names if name in there]


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
