"""Which file does a name mean that a user, a client or a workflow wrote?

The only code that joins such text to a path, by `places.inside`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadReference
from engine.files.places import Area, Places, inside

_ANNOTATED = re.compile(r"(?P<name>.+?) ?\[(?P<area>input|output|temp)\]", re.DOTALL)
_SHOWN_CHARS = 80


@dataclass(frozen=True)
class FileRef:
    """A file in one of the three areas, as it travels to and from clients.

    Attributes:
        subfolder: below the area, with forward slashes; "" is the area itself.
    """

    filename: str
    subfolder: str
    type: Area

    @property
    def name(self) -> str:
        """The name below the area: "subfolder/filename"."""
        return f"{self.subfolder}/{self.filename}" if self.subfolder else self.filename

    def json(self) -> dict[str, str]:
        """Give the form that stands in messages and history."""
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.type}

    @classmethod
    def of(cls, name: str, area: Area) -> "FileRef":
        """Split a name below an area at its last slash, forward or backward."""
        subfolder, _, filename = name.replace("\\", "/").rpartition("/")
        return cls(filename, subfolder, area)


def parse_annotated(text: str, default: Area = "input") -> FileRef:
    """Read "folder/picture.png [output]"; without an area in brackets it is `default`.

    Nothing is looked up and nothing refused here: see `resolve` and `existing`.
    """
    found = _ANNOTATED.fullmatch(text)
    if found is None:
        return FileRef.of(text, default)
    area: Area = found["area"]  # type: ignore[assignment]  # the pattern admits no other text
    return FileRef.of(found["name"], area)


def resolve(places: Places, ref: FileRef) -> Path:
    """Give the path that a reference means, whether or not there is a file.

    Raises:
        BadReference: the area is unknown, or the name leads outside it, by text or by link.
    """
    if not ref.filename or ref.filename in (".", ".."):
        raise BadReference(f"{_shown(ref)} names no file: expected a file name such as 'picture.png'.")
    return inside(places.area(ref.type), ref.name)


def existing(places: Places, ref: FileRef) -> Path:
    """Give the path of a file that is there.

    Raises:
        BadReference: as for `resolve`, or no such file.
    """
    path = resolve(places, ref)
    if not path.is_file():
        raise BadReference(
            f"There is no file {_shown(ref)} in the {ref.type} folder ({places.area(ref.type)}). "
            "Put the file there, upload it, or choose another one."
        )
    return path


def _shown(ref: FileRef) -> str:
    return ascii(ref.name[:_SHOWN_CHARS])
