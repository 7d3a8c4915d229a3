"""Which output may be connected to which input?"""

from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True)
class Socket:
    """A connection type, as it stands in a node function's annotations: `model: Model`, `mask: Mask | None`."""

    type: str
    optional: bool = False

    def __or__(self, other: None) -> "Socket":
        if other is not None:
            raise TypeError(f"A socket can only be joined with None, not {other!r}.")
        return Socket(self.type, optional=True)


def accepts(wanted: str, offered: str) -> bool:
    """Say whether an input of type `wanted` takes an output of type `offered`.

    "*" fits everything; "A,B" is a union: every type that may come must be one that is accepted.
    The comparison uses `!=` on the whole names first, since packs pass str subclasses that override it.
    """
    either_way = (wanted != offered, offered != wanted)
    if not all(either_way):
        return True
    if wanted == ANY or offered == ANY:
        return True
    members = {part.strip() for part in str(wanted).split(",")}
    return {part.strip() for part in str(offered).split(",")} <= members
