"""Which inputs are edited on a node: numbers, texts, switches, choices?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from comfy_api.kinds import (
    ControlAfterGenerate,
    FolderType,
    NumberDisplay,
    RemoteOptions,
    UploadType,
    WidgetInput,
    told,
)


class NumberInput(WidgetInput):
    """A number, with its limits, both included."""

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: float | None = None,
        min: float | None = None,
        max: float | None = None,
        step: float | None = None,
        round: float | None = None,
        control_after_generate: bool | ControlAfterGenerate | None = None,
        display_mode: NumberDisplay | None = None,
        gradient_stops: Sequence[Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, default, **more)
        self.min, self.max, self.step, self.round = min, max, step, round
        self.control_after_generate = control_after_generate
        self.display_mode = display_mode
        self.gradient_stops = gradient_stops

    def _more(self) -> dict[str, Any]:
        return {
            **super()._more(),
            "min": self.min,
            "max": self.max,
            "step": self.step,
            "round": self.round,
            "control_after_generate": self.control_after_generate,
            "display": self.display_mode,
            "gradient_stops": self.gradient_stops,
        }


class StringInput(WidgetInput):
    """A text, on one line or several; `dynamic_prompts`: `{a|b}` in it stands for a choice."""

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        multiline: bool = False,
        placeholder: str | None = None,
        default: str | None = None,
        dynamic_prompts: bool | None = None,
        **more: Any,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, default, **more)
        self.multiline = multiline
        self.placeholder = placeholder
        self.dynamic_prompts = dynamic_prompts

    def _more(self) -> dict[str, Any]:
        return {
            **super()._more(),
            "multiline": self.multiline,
            "placeholder": self.placeholder,
            "dynamicPrompts": self.dynamic_prompts,
        }


class BooleanInput(WidgetInput):
    """A switch, with words for its two states."""

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: bool | None = None,
        label_on: str | None = None,
        label_off: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(id, display_name, optional, tooltip, lazy, default, **more)
        self.label_on, self.label_off = label_on, label_off

    def _more(self) -> dict[str, Any]:
        return {**super()._more(), "label_on": self.label_on, "label_off": self.label_off}


class ComboInput(WidgetInput):
    """One of several values: a list, the values of an Enum, files that can be uploaded, or what a route lists."""

    def __init__(
        self,
        id: str,
        options: Iterable[Any] | type[Enum] | None = None,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        default: Any = None,
        control_after_generate: bool | ControlAfterGenerate | None = None,
        upload: UploadType | None = None,
        image_folder: FolderType | None = None,
        remote: RemoteOptions | None = None,
        **more: Any,
    ) -> None:
        default = default.value if isinstance(default, Enum) else default
        super().__init__(id, display_name, optional, tooltip, lazy, default, **more)
        self.multiselect = False
        self.options = _values(options)
        self.control_after_generate = control_after_generate
        self.upload = upload
        self.image_folder = image_folder
        self.remote = remote

    def _more(self) -> dict[str, Any]:
        return {
            **super()._more(),
            "multiselect": self.multiselect,
            "options": self.options,
            "control_after_generate": self.control_after_generate,
            **({} if self.upload is None else {UploadType(self.upload).value: True}),
            "image_folder": self.image_folder,
            "remote": None if self.remote is None else self.remote.as_dict(),
        }


class MultiComboInput(ComboInput):
    """Some of several values."""

    def __init__(
        self,
        id: str,
        options: Iterable[Any] | type[Enum] | None = None,
        *arguments: Any,
        placeholder: str | None = None,
        chip: bool | None = None,
        **more: Any,
    ) -> None:
        super().__init__(id, options, *arguments, **more)
        self.multiselect = True
        self.placeholder, self.chip = placeholder, chip

    def _more(self) -> dict[str, Any]:
        shown = {"placeholder": self.placeholder, "chip": self.chip}
        return {**super()._more(), "multi_select": told(shown) or True}


def _values(options: Iterable[Any] | type[Enum] | None) -> Any:
    if isinstance(options, type) and issubclass(options, Enum):
        return [member.value for member in options]
    if options is None or hasattr(options, "folder"):  # a listing of files stays up to date
        return options
    return [value.value if isinstance(value, Enum) else value for value in options]
