"""What kinds of inputs and outputs are there, and how does each declare itself?

A kind is a class with an `io_type`, an `Input` and an `Output`; `Kind.Input(id, ...)` describes one input of a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Any, ClassVar, NamedTuple

from engine.graph.dynamic_inputs import Brings

ABSENT: Any = object()  # stands for an input that was not given


class FolderType(StrEnum):
    """The folders that files are read from and written to."""

    input = "input"
    output = "output"
    temp = "temp"


class UploadType(StrEnum):
    """What may be uploaded into a choice of files: the option's name."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


class NumberDisplay(StrEnum):
    """How a number is edited."""

    number = "number"
    slider = "slider"
    gradient_slider = "gradientslider"


class ControlAfterGenerate(StrEnum):
    """What happens to a number after each run."""

    fixed = "fixed"
    increment = "increment"
    decrement = "decrement"
    randomize = "randomize"


class RemoteOptions:
    """Where the editor asks for the values of a choice."""

    def __init__(
        self,
        route: str,
        refresh_button: bool,
        control_after_refresh: str = "first",
        timeout: int | None = None,
        max_retries: int | None = None,
        refresh: int | None = None,
    ) -> None:
        self._told = {
            "route": route,
            "refresh_button": refresh_button,
            "control_after_refresh": control_after_refresh,
            "timeout": timeout,
            "max_retries": max_retries,
            "refresh": refresh,
        }

    def as_dict(self) -> dict[str, Any]:
        return told(self._told)


def told(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the options that say nothing; enums as their values."""
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in options.items() if value is not None
    }


class Declared(NamedTuple):
    """An input as the class style declares it.

    Attributes:
        name: with dots, if it belongs to another input.
        entry: (type, options).
        only_with: it is there only while other inputs have these values, or (None) are given at all.
        brings: the inputs that belong to it, for editors, which are told an owner and not all that may come.
    """

    name: str
    required: bool
    entry: tuple[Any, dict[str, Any]]
    only_with: tuple[tuple[str, Any], ...] = ()
    brings: Brings[Declared] | None = None

    def renamed(self, old: str, new: str) -> Declared:
        """Give what was declared below `old`, or for it, a place below `new`."""
        only_with = tuple((new + name.removeprefix(old), value) for name, value in self.only_with)
        return self._replace(name=new + self.name.removeprefix(old), only_with=only_with)

    def below(self, owner: str, condition: tuple[str, Any]) -> Declared:
        """Let it belong to another input, and be there under a condition."""
        moved = self.renamed("", f"{owner}.")
        return moved._replace(only_with=(condition, *moved.only_with))


class Input:
    """An input that takes links.

    Attributes:
        id: the name under which `execute` gets it.
    """

    io_type: ClassVar[str] = "*"

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        extra_dict: Mapping[str, Any] | None = None,
        raw_link: bool | None = None,
        advanced: bool | None = None,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.optional = optional
        self.tooltip = tooltip
        self.lazy = lazy
        self.rawLink = raw_link
        self.extra_dict = dict(extra_dict or {})
        self.advanced = advanced

    def as_dict(self) -> dict[str, Any]:
        """The options, as the class style writes them."""
        own = {
            "display_name": self.display_name,
            "tooltip": self.tooltip,
            "lazy": self.lazy,
            "rawLink": self.rawLink,
            "advanced": self.advanced,
        }
        return told({**own, **self._more(), **self.extra_dict})

    def get_io_type(self) -> str:
        return self.io_type

    def get_all(self) -> list[Input]:
        """This input, and those that belong to it."""
        return [self]

    def validate(self) -> None:
        """Raise ValueError where the declaration contradicts itself."""

    def declared(self) -> list[Declared]:
        """This input, and those that belong to it, as the class style declares inputs."""
        return [Declared(self.id, not self.optional, (self.get_io_type(), self.as_dict()))]

    def told(self) -> Declared:
        """This input as editors are told it: what belongs to it stands below it."""
        (own,) = self.declared()
        return own

    def gather(self, name: str, given: Mapping[str, Any]) -> Any:
        """Give what came for this input, which is called `name` here; `ABSENT` if nothing did."""
        return given.get(name, ABSENT)

    def _more(self) -> dict[str, Any]:
        return {}


class WidgetInput(Input):
    """An input that is edited on the node, unless it is linked."""

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: Any = None,
        socketless: bool | None = None,
        widget_type: str | None = None,
        force_input: bool | None = None,
        extra_dict: Mapping[str, Any] | None = None,
        raw_link: bool | None = None,
        advanced: bool | None = None,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, extra_dict, raw_link, advanced)
        self.default = default
        self.socketless = socketless
        self.widget_type = widget_type
        self.force_input = force_input

    def _more(self) -> dict[str, Any]:
        return {
            "default": self.default,
            "socketless": self.socketless,
            "widgetType": self.widget_type,
            "forceInput": self.force_input,
        }


class Output:
    """An output of a node."""

    io_type: ClassVar[str] = "*"

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.id = id
        self.display_name = display_name or id
        self.tooltip = tooltip
        self.is_output_list = is_output_list

    def get_io_type(self) -> str:
        return self.io_type

    def validate(self) -> None:
        """Raise ValueError where the declaration contradicts itself."""


class ComfyType:
    """Base of all kinds."""

    Type: ClassVar[Any] = Any
    io_type: ClassVar[str] = "*"
    Input: ClassVar[type[Input]] = Input
    Output: ClassVar[type[Output]] = Output


ComfyTypeI = ComfyTypeIO = ComfyType


def comfytype(io_type: str, **attributes: Any) -> Callable[[type[Any]], type[Any]]:
    """Make a class a kind: its `Input` and `Output`, inherited ones too, become this kind's own."""

    def decorate(cls: type[Any]) -> type[Any]:
        cls.io_type = io_type
        for name, value in attributes.items():
            setattr(cls, name, value)
        for role, base in (("Input", Input), ("Output", Output)):
            found = getattr(cls, role, None) or base
            setattr(cls, role, type(role, (found,), {"io_type": io_type, "Parent": cls, "__doc__": found.__doc__}))
        return cls

    return decorate


def make_kind(io_type: str, value_type: Any = Any, input_class: type[Input] = Input) -> type[ComfyType]:
    """Make a kind without a class of its own."""
    plain = type(io_type.title().replace("_", ""), (ComfyType,), {"Type": value_type, "Input": input_class})
    return comfytype(io_type)(plain)


def Custom(io_type: str) -> type[ComfyType]:
    """A kind that only its pack knows, by the name of its type."""
    return make_kind(io_type)
