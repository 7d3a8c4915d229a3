"""How is a literal input edited, which values may it take, and what does a value become when it is read?"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.files.places import Places, walk
from engine.graph.problems import Problem

SHOWN_CHOICES = 20  # an error names at most so many of the values that would have been right


class Widget(Protocol):
    """How one literal input is edited and checked."""

    @property
    def type(self) -> str: ...

    def read(self, value: Any) -> Any:
        """Turn a literal from JSON into the value the node gets. Raises ValueError or TypeError."""

    def check(self, value: Any, places: Places) -> Problem | None:
        """Say what is wrong with a value that was read, or None."""

    def options(self) -> dict[str, Any]:
        """Give the options as /object_info shows them."""


@dataclass(frozen=True)
class NumberWidget:
    """An INT or FLOAT; `minimum` and `maximum` are included."""

    type: str
    default: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    round: float | None = None
    control_after_generate: bool = False
    shown_as: str | None = None

    def read(self, value: Any) -> int | float:
        number = int(value) if self.type == "INT" else float(value)
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError(f"{value!r} is not a finite number")
        return number

    def check(self, value: Any, places: Places) -> Problem | None:
        if self.minimum is not None and value < self.minimum:
            return Problem("value_smaller_than_min", f"Value {value} smaller than min of {self.minimum}", "")
        if self.maximum is not None and value > self.maximum:
            return Problem("value_bigger_than_max", f"Value {value} bigger than max of {self.maximum}", "")
        return None

    def options(self) -> dict[str, Any]:
        pairs = {
            "default": self.default,
            "min": self.minimum,
            "max": self.maximum,
            "step": self.step,
            "round": self.round,
            "control_after_generate": self.control_after_generate or None,
            "display": self.shown_as,
        }
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True)
class TextWidget:
    """A STRING, on one line or several."""

    default: str | None = None
    multiline: bool = False
    dynamic_prompts: bool = False
    type: str = "STRING"

    def read(self, value: Any) -> str:
        return str(value)

    def check(self, value: Any, places: Places) -> Problem | None:
        return None

    def options(self) -> dict[str, Any]:
        flags = {"multiline": self.multiline, "dynamicPrompts": self.dynamic_prompts}
        default = {} if self.default is None else {"default": self.default}
        return {**default, **{name: True for name, on in flags.items() if on}}


@dataclass(frozen=True)
class ToggleWidget:
    """A BOOLEAN."""

    default: bool = False
    label_on: str | None = None
    label_off: str | None = None
    type: str = "BOOLEAN"

    def read(self, value: Any) -> bool:
        return bool(value)

    def check(self, value: Any, places: Places) -> Problem | None:
        return None

    def options(self) -> dict[str, Any]:
        labels = {"label_on": self.label_on, "label_off": self.label_off}
        return {"default": self.default, **{name: text for name, text in labels.items() if text is not None}}


@dataclass(frozen=True)
class FreeWidget:
    """A literal of a kind that only its pack knows; the node gets it as it was sent."""

    type: str

    def read(self, value: Any) -> Any:
        return value

    def check(self, value: Any, places: Places) -> Problem | None:
        return None

    def options(self) -> dict[str, Any]:
        return {}


class ChoiceSource(Protocol):
    """Where the values of a choice come from; asked anew each time, since files come and go."""

    def __call__(self, places: Places) -> Sequence[Any]: ...


@dataclass(frozen=True)
class ModelFiles:
    """The weight files in a model folder, such as "loras"."""

    folder: str

    def __call__(self, places: Places) -> Sequence[str]:
        return places.model_names(self.folder)


@dataclass(frozen=True)
class FilesIn:
    """The files in an area ("input", ...) with one of these suffixes; all files if none are given."""

    area: str
    suffixes: frozenset[str] = frozenset()

    def __call__(self, places: Places) -> Sequence[str]:
        root = places.area(self.area)
        names = (path.relative_to(root).as_posix() for path in walk(root) if self._wants(path.suffix.lower()))
        return sorted(names, key=str.lower)

    def _wants(self, suffix: str) -> bool:
        return not self.suffixes or suffix in self.suffixes


@dataclass(frozen=True)
class ChoiceWidget:
    """One of several values.

    Attributes:
        values: the values themselves, or a source that lists them.
        also: says of a value outside the list that it is right all the same ("picture.png [output]").
        more: further options for the editor, such as {"image_upload": True}.
    """

    values: Sequence[Any] | ChoiceSource
    default: Any = None
    also: Callable[[Any, Places], bool] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    type: str = "COMBO"

    def choices(self, places: Places) -> Sequence[Any]:
        return self.values(places) if callable(self.values) else self.values

    def read(self, value: Any) -> Any:
        return value

    def check(self, value: Any, places: Places) -> Problem | None:
        values = self.choices(places)
        if self.more.get("multiselect") and isinstance(value, list) and all(part in values for part in value):
            return None
        if value in values or (self.also is not None and self.also(value, places)):
            return None
        shown = ", ".join(repr(item) for item in values[:SHOWN_CHOICES])
        rest = f" and {len(values) - SHOWN_CHOICES} more" if len(values) > SHOWN_CHOICES else ""
        return Problem("value_not_in_list", "Value not in list", f"{value!r} not in [{shown}{rest}]")

    def options(self) -> dict[str, Any]:
        default = {} if self.default is None else {"default": self.default}
        return {**default, **self.more}
