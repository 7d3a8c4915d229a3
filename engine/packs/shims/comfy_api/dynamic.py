"""Which inputs has a node whose inputs depend on what is set, or on how many are linked?

All that may come are declared, by names such as "images.image0"; `execute` gets those that came as
{"images": {"image0": ...}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comfy_api.kinds import ComfyType, Input, comfytype, told

MOST_GROWN = 100  # inputs of one kind


class DynamicInput(Input):
    """An input that others belong to."""

    def gather(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give what came for the inputs that belong to this one, by their own names."""
        beginning = f"{self.id}."
        return {name.removeprefix(beginning): value for name, value in given.items() if name.startswith(beginning)}


Declared = dict[str, tuple[bool, tuple[Any, dict[str, Any]]]]


def _declared_below(owner: str, inputs: Iterable[Input], *, required: bool) -> Declared:
    return {
        f"{owner}.{name}": (required and is_required, entry)
        for part in inputs
        for name, (is_required, entry) in part.declared().items()
    }


class _GrowTemplate:
    """How the inputs are called that an Autogrow input grows."""

    def __init__(self, input: Input, names: Sequence[str], min: int) -> None:
        self.input, self.names, self.min = input, list(names), min

    def declared(self, owner: str) -> Declared:
        (required, entry), *_ = self.input.declared().values()
        return {f"{owner}.{name}": (index < self.min, entry) for index, name in enumerate(self.names)}


class TemplatePrefix(_GrowTemplate):
    """Inputs of one kind, called by a prefix and a number from 0."""

    def __init__(self, input: Input, prefix: str, min: int = 1, max: int = 10) -> None:
        if not 1 <= max <= MOST_GROWN or min > max:
            raise ValueError(f"An Autogrow input has between 1 and {MOST_GROWN} inputs and min <= max, not {min}..{max}.")
        super().__init__(input, [f"{prefix}{index}" for index in range(max)], min)
        self.prefix, self.max = prefix, max


class TemplateNames(_GrowTemplate):
    """Inputs of one kind, called by these names."""

    def __init__(self, input: Input, names: Sequence[str], min: int = 1) -> None:
        super().__init__(input, names[:MOST_GROWN], min)


class _AutogrowInput(DynamicInput):
    """As many inputs of one kind as are linked."""

    def __init__(self, id: str, template: _GrowTemplate, **more: Any) -> None:
        super().__init__(id, **more)
        self.template = template

    def declared(self) -> Declared:
        required = not self.optional
        return {
            name: (needed and required, entry) for name, (needed, entry) in self.template.declared(self.id).items()
        }


@comfytype("COMFY_AUTOGROW_V3")
class Autogrow(ComfyType):
    Type = dict[str, Any]
    Input = _AutogrowInput
    TemplatePrefix = TemplatePrefix
    TemplateNames = TemplateNames


class ComboOption:
    """A value of a DynamicCombo, and the inputs that come with it."""

    def __init__(self, key: str, inputs: Sequence[Input]) -> None:
        self.key, self.inputs = key, list(inputs)


class _DynamicComboInput(DynamicInput):
    """A choice that decides which further inputs there are."""

    def __init__(self, id: str, options: Sequence[ComboOption], **more: Any) -> None:
        super().__init__(id, **more)
        self.options = list(options)

    def declared(self) -> Declared:
        told_options = {**self.as_dict(), "options": [option.key for option in self.options]}
        mine: Declared = {self.id: (not self.optional, ("COMBO", told_options))}
        for option in self.options:
            for name, entry in _declared_below(self.id, option.inputs, required=False).items():
                mine.setdefault(name, entry)
        return mine

    def gather(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {self.id: given.get(self.id), **super().gather(given)}


@comfytype("COMFY_DYNAMICCOMBO_V3")
class DynamicCombo(ComfyType):
    Type = dict[str, Any]
    Input = _DynamicComboInput
    Option = ComboOption


class _DynamicSlotInput(DynamicInput):
    """An input with which, once it is linked, others come."""

    def __init__(self, slot: Input, inputs: Sequence[Input], **more: Any) -> None:
        super().__init__(slot.id, optional=True, **more)
        self.slot, self.inputs = slot, list(inputs)

    def declared(self) -> Declared:
        ((_, entry),) = self.slot.declared().values()
        return {self.id: (False, entry), **_declared_below(self.id, self.inputs, required=False)}

    def gather(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {self.id: given.get(self.id), **super().gather(given)}


@comfytype("COMFY_DYNAMICSLOT_V3")
class DynamicSlot(ComfyType):
    Type = dict[str, Any]
    Input = _DynamicSlotInput


class _Template:
    """Inputs and outputs of one MatchType template carry one type, whichever of the allowed ones it is."""

    def __init__(self, template_id: str, allowed_types: type[ComfyType] | Iterable[type[ComfyType]] | None = None) -> None:
        kinds = [allowed_types] if isinstance(allowed_types, type) else list(allowed_types or ())
        self.template_id = template_id
        self.allowed_types = kinds
        names = [kind.io_type for kind in kinds]
        self.io_type = "*" if not names or "*" in names else ",".join(names)

    def as_dict(self) -> dict[str, Any]:
        return {"template_id": self.template_id, "allowed_types": self.io_type}


class _MatchTypeInput(Input):
    """An input of the type that its template has here."""

    def __init__(self, id: str, template: _Template, **more: Any) -> None:
        super().__init__(id, **more)
        self.template = template

    def get_io_type(self) -> str:
        return self.template.io_type

    def _more(self) -> dict[str, Any]:
        return told({"template": self.template.as_dict()})


class _MatchTypeOutput:
    """An output of the type that its template has here."""

    def __init__(
        self,
        template: _Template,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.template, self.id, self.display_name = template, id, display_name or id
        self.tooltip, self.is_output_list = tooltip, is_output_list

    def get_io_type(self) -> str:
        return self.template.io_type

    def validate(self) -> None:
        """Nothing to contradict."""


class MatchType(ComfyType):
    io_type = "COMFY_MATCHTYPE_V3"
    Template = _Template
    Input = _MatchTypeInput
    Output = _MatchTypeOutput  # type: ignore[assignment]  # it has the same attributes


class _MultiTypeInput(Input):
    """An input that takes several types; given an input with a widget, it is edited as that one."""

    def __init__(self, id: str | Input, types: Iterable[type[ComfyType] | Input], **more: Any) -> None:
        shown = id if isinstance(id, Input) else None
        super().__init__(shown.id if shown else str(id), **({"optional": shown.optional} if shown else {}), **more)
        self.shown = shown
        own = [shown.get_io_type()] if shown else []
        self.io_types = list(dict.fromkeys([*own, *(_name(kind) for kind in types)]))

    def get_io_type(self) -> str:
        return ",".join(self.io_types)

    def as_dict(self) -> dict[str, Any]:
        if self.shown is None:
            return super().as_dict()
        return {**self.shown.as_dict(), **super().as_dict(), "widgetType": self.shown.get_io_type()}


def _name(kind: type[ComfyType] | Input) -> str:
    return kind.get_io_type() if isinstance(kind, Input) else kind.io_type


class MultiType(ComfyType):
    io_type = "COMFY_MULTITYPED_V3"
    Input = _MultiTypeInput
