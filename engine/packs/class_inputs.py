"""How are the inputs that a class declares (`INPUT_TYPES`) read as ours?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.errors import EngineError
from engine.graph.definition import InputSpec, Undeclared
from engine.graph.sockets import ANY
from engine.graph.widgets import (
    ChoiceWidget,
    FreeWidget,
    ModelFiles,
    NumberWidget,
    TextWidget,
    ToggleWidget,
    Widget,
)

NEVER = "\0 no type has this name"
GROUPS = (("required", True), ("optional", False))


class FolderListing(list[str]):
    """The names in a model folder, which remembers the folder, so that choices made of it stay up to date."""

    def __init__(self, names: Iterable[str], folder: str) -> None:
        super().__init__(names)
        self.folder = folder


def read_inputs(groups: Mapping[str, Any], known_types: Iterable[str], checked: "Checked") -> tuple[InputSpec, ...]:
    """Read the required and optional inputs, in order; an optional one of the same name does not count.

    Args:
        known_types: names that are tried on types which decide for themselves what they equal.
        checked: which inputs the class checks itself.
    """
    specs: dict[str, InputSpec] = {}
    for group, required in GROUPS:
        for name, declared in dict(groups.get(group) or {}).items():
            if name not in specs:
                specs[name] = _input(str(name), declared, required, known_types, checked)
    return tuple(specs.values())


def read_declared(inputs: Iterable[Any], known_types: Iterable[str], checked: "Checked") -> tuple[InputSpec, ...]:
    """Read inputs that are told one by one, as the schema style does; several of one name have different conditions.

    Args:
        inputs: (name, required, (type, options), conditions, what belongs to it) each.
    """

    def read(declared: Any) -> InputSpec:
        name, required, entry, only_with, brings = declared
        spec = _input(name, entry, required, known_types, checked)
        return replace(spec, only_with=tuple(only_with), brings=brings and brings.described(read))

    return tuple(map(read, inputs))


class Checked:
    """Which inputs VALIDATE_INPUTS names, and so checks itself."""

    def __init__(self, names: Iterable[str], *, all_of_them: bool = False) -> None:
        self._names = frozenset(names)
        self._all = all_of_them

    def __contains__(self, name: object) -> bool:
        return self._all or name in self._names or str(name).partition(".")[0] in self._names


def undeclared_inputs(groups: Mapping[str, Any], takes_any: bool) -> Undeclared:
    """Read which further inputs a function with `**inputs` is given: all, if the class says that it declares any."""
    if not takes_any:
        return Undeclared.NONE
    optional = groups.get("optional")
    declares_any = optional is not None and type(optional) is not dict and NEVER in optional
    return Undeclared.ALL if declares_any else Undeclared.LINKS


def type_name(declared: Any, known_types: Iterable[str]) -> str:
    """Give a type as plain text: `*` for one that equals everything, "A,B" for one that equals these known ones."""
    if isinstance(declared, (list, tuple)):
        return "COMBO"
    if not isinstance(declared, str):
        value = getattr(declared, "value", None)
        if not isinstance(value, str):
            raise EngineError(f"{declared!r} is not the name of a type: expected text such as 'IMAGE'.")
        declared = value
    plain = str.__str__(declared)
    if type(declared) is str or (type(declared).__ne__ is str.__ne__ and type(declared).__eq__ is str.__eq__):
        return plain
    if _is_equal(declared, NEVER):
        return ANY
    equal = [name for name in known_types if name != plain and _is_equal(declared, name)]
    return ",".join([plain, *equal])


def _is_equal(declared: str, name: str) -> bool:
    """Ask by `!=`, as the protocol does: some of these types override nothing else."""
    differs: bool = declared != name
    return not differs


def _input(name: str, declared: Any, required: bool, known_types: Iterable[str], checked: Checked) -> InputSpec:
    if not isinstance(declared, (list, tuple)) or not declared:
        raise EngineError(f"The input {name!r} is declared as {declared!r}; expected a tuple (type, options).")
    options = dict(declared[1]) if len(declared) > 1 and declared[1] else {}
    kind = type_name(declared[0], known_types)
    tooltip = options.pop("tooltip", "")
    lazy, raw_link = bool(options.pop("lazy", False)), bool(options.pop("rawLink", False))
    return InputSpec(
        name,
        kind,
        required,
        widget=_widget(declared[0], kind, options),
        tooltip=tooltip if isinstance(tooltip, str) else "",
        lazy=lazy,
        raw_link=raw_link,
        checked_by_node=name in checked,
        more={key: value for key, value in as_json(options).items() if key != "options" or kind != "COMBO"},
    )


def _widget(declared: Any, kind: str, options: Mapping[str, Any]) -> Widget:
    if kind == "COMBO":
        values = declared if isinstance(declared, (list, tuple)) else options.get("options")
        if values is None:  # the editor asks someone else for them ("remote")
            return FreeWidget(kind)
        if isinstance(values, FolderListing):
            return ChoiceWidget(ModelFiles(values.folder), more=_flags(options))
        return ChoiceWidget(tuple(as_json(list(values))), more=_flags(options))
    if kind in ("INT", "FLOAT"):
        return NumberWidget(kind, minimum=_number(options, "min"), maximum=_number(options, "max"))
    if kind == "STRING":
        return TextWidget()
    if kind == "BOOLEAN":
        return ToggleWidget(bool(options.get("default", False)))
    return FreeWidget(kind)


def _flags(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"multiselect": True} if options.get("multiselect") or options.get("multi_select") else {}


def _number(options: Mapping[str, Any], name: str) -> float | None:
    value = options.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_json(value: Any) -> Any:
    """Keep what JSON can hold; everything else becomes its text."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(part) for part in value]
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else str(value)
