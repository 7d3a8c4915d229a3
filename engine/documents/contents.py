"""What is said of a workflow: what it holds, what came of a save, and why one was refused?"""

from dataclasses import dataclass
from typing import Literal

from engine.documents.ledger import Version
from engine.errors import EngineError

ANY: Literal["*"] = "*"  # expected where whatever is there may be replaced
NO_FILE: Literal[""] = ""  # the digest of a file that is not there


class NoDocument(EngineError):
    """There is no workflow, version, draft or deleted workflow of that name."""


class TooMuch(EngineError):
    """More was to be kept than the limits of this program allow."""


@dataclass(frozen=True)
class Content:
    """What a workflow holds; `version` is None where it could not be written down."""

    name: str
    body: bytes
    digest: str
    version: Version | None
    modified_ms: int


@dataclass(frozen=True)
class Saved:
    """What came of a save."""

    name: str
    digest: str
    version: Version
    modified_ms: int


@dataclass(frozen=True)
class Listed:
    """A workflow in a list; `version` and `versions` are 0 where nothing was written down of it yet."""

    name: str
    digest: str
    size: int
    modified_ms: int
    version: int
    versions: int


class Conflict(EngineError):
    """A file is not what the writer took it for; nothing was changed.

    Attributes:
        current: what is there; None if the file is gone.
        base: the content that the writer began with, where it is known.
    """

    def __init__(self, name: str, current: Content | None, base: bytes | None = None) -> None:
        """Say what was found."""
        self.name, self.current, self.base = name, current, base
        if current is None:
            found = "was deleted or renamed meanwhile"
        elif base is None:
            found = "is there already, with another content"
        else:
            found = "was changed meanwhile by someone else"
        super().__init__(f"{name!r} {found}. Nothing was overwritten: keep yours, theirs, or both under two names.")
