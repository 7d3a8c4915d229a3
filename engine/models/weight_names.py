"""What do other programs call a module's weights? Names are data: one table per module, one row per layer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.errors import BadFile


@dataclass(frozen=True)
class WeightPlace:
    """Where a file keeps one weight of a module: some keep several as one, or matrices the other way round.

    Attributes:
        name: the file's.
        part, parts: which of how many equal parts along the first dimension it is.
        is_transposed: the file has rows where the module has columns.
    """

    name: str
    part: int = 0
    parts: int = 1
    is_transposed: bool = False

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """The module's shape of the weight, from the file's.

        Raises:
            BadFile: the file's cannot be cut into that many parts.
        """
        if self.parts > 1 and (not stored or stored[0] % self.parts):
            raise BadFile(f"{self.name!r} has the shape {list(stored)}; it should hold {self.parts} equal parts.")
        whole = tuple(reversed(stored)) if self.is_transposed else stored
        return whole if self.parts == 1 else (whole[0] // self.parts, *whole[1:])


Places = Mapping[str, str | WeightPlace]  # a module's weight name -> where the file keeps it


def file_shapes(stored: Mapping[str, tuple[int, ...]], places: Places) -> dict[str, tuple[int, ...]]:
    """The module's weight names -> their shapes, from the shapes that a file's header tells."""
    return {own: as_place(place).shape(stored[as_place(place).name]) for own, place in places.items()}


def as_place(place: str | WeightPlace) -> WeightPlace:
    return WeightPlace(place) if isinstance(place, str) else place


def names_below(names: Iterable[str], prefix: str, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    """The names with this prefix: without it -> with it, but for those that go on with one of `ignored`."""
    found = {name[len(prefix) :]: name for name in names if name.startswith(prefix)}
    return {own: name for own, name in found.items() if not own.startswith(ignored)} if ignored else found


@dataclass(frozen=True, eq=False)
class WeightNames:
    """The layers of one module under every name that patch files use.

    Attributes:
        part: what the module is, in words.
        aliases: foreign layer name, without ".weight" -> the module's own layer name.
    """

    part: str
    aliases: Mapping[str, str]

    def layer(self, foreign: str) -> str | None:
        """The module's own name of a layer, from any name that is known for it."""
        return self.aliases.get(foreign)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Three foreign names, for messages."""
        return tuple(list(self.aliases)[:3])


def kohya_name(prefix: str, layer: str) -> str:
    """How kohya's trainers write a layer: a prefix, dots as underscores."""
    return f"{prefix}_{layer.replace('.', '_')}"
