"""Which inputs has a node whose inputs depend on what is set, or on how many are linked?

All that may come are declared, by names such as "images.image0", those of a choice's value under the condition that it
is chosen; `execute` gets what came as {"images": {"image0": ...}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comfy_api.kinds import ABSENT, ComfyType, Declared, Input, comfytype, told
from engine.graph.dynamic_inputs import Attached, Brings, Chosen, Grown

MOST_GROWN = 100  # inputs of one kind
EDITED = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")  # kinds that are edited on the node unless told otherwise


class DynamicInput(Input):
    """An input to which others belong; `execute` gets them together as a dict."""

    def brings(self) -> Brings[Declared]:
        """The inputs that belong to it, as editors are told them."""
        raise NotImplementedError

    def told(self) -> Declared:
        return Declared(self.id, not self.optional, (self.get_io_type(), self.as_dict()), brings=self.brings())


def gathered(inputs: Iterable[Input], owner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what came for inputs, by their own names.

    Args:
        owner: the name below which they stand, with a dot at its end; "" for a node's own inputs.
    """
    values = {part.id: part.gather(f"{owner}{part.id}", given) for part in inputs}
    return {name: value for name, value in values.items() if value is not ABSENT}


class _GrowTemplate:
    """How the inputs are called that an Autogrow input grows."""

    def __init__(self, input: Input, names: Sequence[str], min: int) -> None:
        self.input, self.names, self.min = input, list(names), min

    def brings(self) -> Grown[Declared]:
        """The grown inputs take links; what they are linked to says how many there are."""
        like = self.input.told()
        kind, options = like.entry
        forced = {} if like.brings or kind not in EDITED else {"forceInput": True}
        prefix = getattr(self, "prefix", None)
        return Grown(like._replace(entry=(kind, {**options, **forced})), tuple(self.names), self.min, prefix)

    def declared(self, owner: str) -> list[Declared]:
        """All that may come; the first `min` must, and what a value that came brings with it."""
        return [
            _required_if(index < self.min, part.renamed(self.input.id, f"{owner}.{name}"))
            for index, name in enumerate(self.names)
            for part in self.input.declared()
        ]


def _required_if(needed: bool, part: Declared) -> Declared:
    """Leave required what is needed, or has a condition of its own."""
    return part._replace(required=part.required and (needed or bool(part.only_with)))


class TemplatePrefix(_GrowTemplate):
    """Inputs of one kind, called by a prefix and a number from 0."""

    def __init__(self, input: Input, prefix: str, min: int = 1, max: int = 10) -> None:
        if not 1 <= max <= MOST_GROWN or not 0 <= min <= max:
            raise ValueError(
                f"An Autogrow input has between 1 and {MOST_GROWN} inputs and 0 <= min <= max, not {min}..{max}."
            )
        super().__init__(input, [f"{prefix}{index}" for index in range(max)], min)
        self.prefix, self.max = prefix, max


class TemplateNames(_GrowTemplate):
    """Inputs of one kind, called by these names."""

    def __init__(self, input: Input, names: Sequence[str], min: int = 1) -> None:
        if not 1 <= len(names) <= MOST_GROWN:
            raise ValueError(f"An Autogrow input has between 1 and {MOST_GROWN} names, not {len(names)}.")
        super().__init__(input, names, min)


class _AutogrowInput(DynamicInput):
    """As many inputs of one kind as are linked."""

    def __init__(self, id: str, template: _GrowTemplate, **more: Any) -> None:
        super().__init__(id, **more)
        self.template = template

    def declared(self) -> list[Declared]:
        return [part._replace(required=part.required and not self.optional) for part in self.template.declared(self.id)]

    def brings(self) -> Brings[Declared]:
        return self.template.brings()

    def gather(self, name: str, given: Mapping[str, Any]) -> Any:
        values = {slot: self.template.input.gather(f"{name}.{slot}", given) for slot in self.template.names}
        return {slot: value for slot, value in values.items() if value is not ABSENT}


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

    def declared(self) -> list[Declared]:
        choice = {**self.as_dict(), "options": [option.key for option in self.options]}
        below = [
            part.below(self.id, (self.id, option.key))
            for option in self.options
            for inner in option.inputs
            for part in inner.declared()
        ]
        return [Declared(self.id, not self.optional, ("COMBO", choice)), *below]

    def brings(self) -> Brings[Declared]:
        return Chosen(tuple((option.key, [part.told() for part in option.inputs]) for option in self.options))

    def gather(self, name: str, given: Mapping[str, Any]) -> Any:
        if name not in given:
            return ABSENT
        chosen = given[name]
        key = chosen[0] if isinstance(chosen, (list, tuple)) and chosen else chosen  # lists; lazy: (value, name)
        inputs = next((option.inputs for option in self.options if option.key == key), [])
        return {self.id: chosen, **gathered(inputs, f"{name}.", given)}


@comfytype("COMFY_DYNAMICCOMBO_V3")
class DynamicCombo(ComfyType):
    Type = dict[str, Any]
    Input = _DynamicComboInput
    Option = ComboOption


class _DynamicSlotInput(DynamicInput):
    """An input with which, once it is linked, others come."""

    def __init__(self, slot: Input, inputs: Sequence[Input], **more: Any) -> None:
        super().__init__(slot.id, **{"optional": True, **more})
        self.slot, self.inputs = slot, list(inputs)

    def declared(self) -> list[Declared]:
        (own,) = self.slot.declared()
        below = [part.below(self.id, (self.id, None)) for inner in self.inputs for part in inner.declared()]
        return [own._replace(required=not self.optional), *below]

    def brings(self) -> Brings[Declared]:
        return Attached([part.told() for part in self.inputs])

    def told(self) -> Declared:
        return self.slot.told()._replace(name=self.id, required=not self.optional, brings=self.brings())

    def gather(self, name: str, given: Mapping[str, Any]) -> Any:
        if name not in given:
            return ABSENT
        return {self.id: given[name], **gathered(self.inputs, f"{name}.", given)}


@comfytype("COMFY_DYNAMICSLOT_V3")
class DynamicSlot(ComfyType):
    Type = dict[str, Any]
    Input = _DynamicSlotInput


class _Template:
    """Inputs and outputs of one MatchType template carry one type, whichever of the allowed ones it is."""

    def __init__(
        self, template_id: str, allowed_types: type[ComfyType] | Iterable[type[ComfyType]] | None = None
    ) -> None:
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
        return "*"  # which of the allowed types it is, only the graph says

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
        super().__init__(shown.id if shown else str(id), **{"optional": bool(shown and shown.optional), **more})
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
