"""What do other programs call a module's weights? Names are data: one table per module, one row per layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


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
