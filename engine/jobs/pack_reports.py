"""What do a worker's packs bring beside node types, and which of them failed? Plain data that crosses to the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

PackState = Literal["loaded", "partly loaded", "failed"]


@dataclass(frozen=True)
class PackTrouble:
    """Why a pack, or one of its nodes, did not load.

    Attributes:
        summary: one line, for people.
        advice: what to do about it, where that is known.
        traceback: where it happened; empty if that says nothing.
    """

    summary: str
    advice: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class PackReport:
    """A pack that was loaded, or failed to.

    Attributes:
        path: its folder or file.
        seconds: what its import took.
    """

    name: str
    path: Path
    node_types: Sequence[str] = ()
    seconds: float = 0.0
    troubles: Sequence[PackTrouble] = ()
    was_imported: bool = True

    @property
    def state(self) -> PackState:
        if not self.troubles:
            return "loaded"
        return "partly loaded" if self.was_imported else "failed"


@dataclass(frozen=True)
class PackSite:
    """Where a worker answers the HTTP routes of its packs.

    Attributes:
        address: "unix:NAME" (a name in Linux's abstract namespace) or "HOST:PORT" of the loopback.
        secret: what every request must show: others on this machine can reach the address too.
        changes_prompts: packs want to see each prompt before it is checked.
    """

    address: str
    secret: str = field(repr=False)
    changes_prompts: bool = False


@dataclass(frozen=True)
class BroughtByPacks:
    """What packs bring beside node types.

    Attributes:
        web: package name -> folder of its files for the editor.
        model_roots: kind of model -> folders, where packs added any.
        model_suffixes: kind -> the suffixes of its files; empty for all files.
        site: None if no pack has routes.
    """

    packs: Sequence[PackReport] = ()
    web: Mapping[str, Path] = field(default_factory=dict)
    model_roots: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    model_suffixes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    site: PackSite | None = None


@dataclass(frozen=True)
class Said:
    """A pack has something to say to the editors, outside of any node.

    Attributes:
        kind: the message's type; a number for a binary frame.
        client: whom; everybody if None.
        user: the account for which the pack's code ran; None if for nobody. No other account is told.
    """

    kind: str | int
    data: Any
    client: str | None = None
    user: str | None = None
