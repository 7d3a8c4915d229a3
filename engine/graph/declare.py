"""How does a typed function become a node type?

    @node("ImageBlend", category="image")
    def blend(*, image: Image, strength: Annotated[float, Range(0, 1, step=0.01)] = 1.0) -> Image: ...

The keyword-only signature gives inputs and their order, annotations give sockets and widgets, defaults
give defaults, the docstring's first paragraph the description, and its `Args:` the tooltips. An input annotated
`list[Image]` takes all values at once; a function that returns `list[Image]` gives values to be taken one by one.
A parameter annotated with `Several` stands for inputs of any names.
"""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from engine.files.places import Places
from engine.graph.definition import InputSpec, NodeDefinition, NodeResult, OutputSpec, Runs
from engine.graph.sockets import Socket
from engine.graph.widgets import ChoiceSource, ChoiceWidget, NumberWidget, TextWidget, ToggleWidget, Widget

LITERAL_SOCKETS = {int: Socket("INT"), float: Socket("FLOAT"), bool: Socket("BOOLEAN"), str: Socket("STRING")}

F = TypeVar("F", bound=Callable[..., Any])
DEFINITION = "__node_definition__"


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included. `round_to` is the grid to which the editor rounds a FLOAT."""

    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    round_to: float | None = None
    seed: bool = False
    shown_as: str | None = None


@dataclass(frozen=True)
class Choice:
    """One of `values`, or of what a source such as `ModelFiles("loras")` lists."""

    values: Sequence[Any] | ChoiceSource
    also: Callable[[Any, Places], bool] | None = None
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Text:
    """A text of several lines, in which `{a|b}` may stand for a random choice."""

    multiline: bool = False
    dynamic_prompts: bool = False


@dataclass(frozen=True)
class Toggle:
    """Words for the two states of a switch."""

    on: str | None = None
    off: str | None = None


@dataclass(frozen=True)
class More:
    """Further options of a socket, as the editor is told them: `Annotated[Floats, More({"forceInput": True})]`."""

    options: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Several:
    """Inputs of one kind whose names are no parameters' names; the parameter is given their values by name.

        ratios: Annotated[Mapping[str, float], Several(("time_embed.", "out."), Annotated[float, Range(0, 1)], 1.0)]

    Attributes:
        kind: what each would be annotated with if it were a parameter.
        default: of each; None: there is none.
    """

    names: Sequence[str]
    kind: Any
    default: Any = None


def node(
    node_type: str,
    *,
    category: str,
    display_name: str | None = None,
    is_target: bool = False,
    runs: Runs = Runs.ON_DEVICE,
    hidden: Mapping[str, str] | None = None,
    version: int = 1,
    deprecated: bool = False,
    experimental: bool = False,
    fingerprint: Callable[..., Any] | None = None,
    check: Callable[..., str | None] | None = None,
    sparing: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Declare a function as the node type `node_type`; the function itself stays as it is.

    Args:
        hidden: what /object_info lists under "hidden"; native nodes take these from their context.
        fingerprint: see `NodeDefinition`; called with the node's inputs and `places=`.
        check: see `NodeDefinition`; called with the node's literal inputs and `places=`.
        sparing: see `NodeDefinition`; takes what the function takes.
    """

    def declare(function: F) -> F:
        inputs, wants_context = _inputs(node_type, function)
        lists = _list_inputs(function)
        called = _with_gathered_inputs(function)
        definition = NodeDefinition(
            type=node_type,
            display_name=display_name or node_type,
            category=category,
            inputs=inputs,
            outputs=_outputs(node_type, function),
            description=_description(function),
            is_target=is_target,
            takes_lists=bool(lists),
            runs=Runs.FREELY if inspect.iscoroutinefunction(function) else runs,
            is_async=inspect.iscoroutinefunction(function),
            hidden=dict(hidden or {}),
            wants_context=wants_context,
            version=version,
            deprecated=deprecated,
            experimental=experimental,
            module=function.__module__,
            function=_with_single_values(called, lists) if lists else called,
            fingerprint=fingerprint,
            check=check,
            sparing=sparing,
        )
        setattr(function, DEFINITION, definition)
        return function

    return declare


def declared_in(module: ModuleType) -> Iterator[NodeDefinition]:
    """Yield the node types that a module's functions declare, in the order they are written."""
    for value in vars(module).values():
        definition = getattr(value, DEFINITION, None)
        if isinstance(definition, NodeDefinition) and definition.module == module.__name__:
            yield definition


def _inputs(node_type: str, function: Callable[..., Any]) -> tuple[tuple[InputSpec, ...], bool]:
    hints = typing.get_type_hints(function, include_extras=True)
    tooltips = _tooltips(function)
    parameters = inspect.signature(function).parameters
    specs = [
        replace(_input(node_type, each, hint), tooltip=tooltips.get(name, ""))
        for name, parameter in parameters.items()
        if name != "context"
        for each, hint in _standing_for(parameter, hints[name])
    ]
    unknown = set(tooltips) - set(parameters)
    if unknown:
        raise TypeError(f"{node_type}: `Args:` describes {sorted(unknown)}, which are not parameters.")
    return tuple(specs), "context" in parameters


def _several(hint: Any) -> Several | None:
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((note for note in notes if isinstance(note, Several)), None)


def _standing_for(parameter: inspect.Parameter, hint: Any) -> Iterator[tuple["inspect.Parameter | _NamedInput", Any]]:
    """The inputs for which a parameter stands: itself, or `Several`."""
    several = _several(hint)
    if several is None:
        yield parameter, hint
        return
    default = inspect.Parameter.empty if several.default is None else several.default
    for name in several.names:
        yield _NamedInput(name, parameter.kind, default), several.kind


@dataclass(frozen=True)
class _NamedInput:
    """What `_input` reads of a parameter, for names that no parameter may have."""

    name: str
    kind: Any
    default: Any


def _with_gathered_inputs(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function with parameters that stand for `Several` inputs be called with those inputs."""
    hints = typing.get_type_hints(function, include_extras=True)
    families = {name: several for name, hint in hints.items() if (several := _several(hint)) is not None}
    if not families:
        return function

    @functools.wraps(function)
    def call(**inputs: Any) -> Any:
        for name, several in families.items():
            inputs[name] = {each: inputs.pop(each) for each in several.names if each in inputs}
        return function(**inputs)

    return call


def _list_inputs(function: Callable[..., Any]) -> frozenset[str]:
    """Name the inputs that are annotated `list[...]`: they take all values at once instead of one call for each."""
    hints = typing.get_type_hints(function, include_extras=True)
    return frozenset(name for name, hint in hints.items() if name != "return" and get_origin(hint) is list)


def _with_single_values(function: Callable[..., Any], lists: frozenset[str]) -> Callable[..., Any]:
    """Give a node that takes lists the first value of every input that it does not want as a list."""

    @functools.wraps(function)
    def call(*, context: Any = None, **inputs: list[Any]) -> Any:
        given = {name: values if name in lists else values[0] for name, values in inputs.items()}
        return function(**given) if context is None else function(**given, context=context)

    return call


def _input(node_type: str, parameter: "inspect.Parameter | _NamedInput", hint: Any) -> InputSpec:
    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        raise TypeError(f"{node_type}: make the parameter {parameter.name!r} keyword-only (write `*,` first).")
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    hint, optional = _without_none(hint)
    if get_origin(hint) is list:
        (hint,) = get_args(hint)
    kind, notes = (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())
    if isinstance(kind, Socket):
        more = next((note.options for note in notes if isinstance(note, More)), {})
        return InputSpec(parameter.name, kind.type, required=not (optional or kind.optional), more=more)
    widget = _widget(node_type, parameter.name, hint, default)
    return InputSpec(parameter.name, widget.type, required=not optional, widget=widget)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Split `X | None` into (X, True)."""
    if get_origin(hint) in (typing.Union, UnionType):
        members = [member for member in get_args(hint) if member is not NoneType]
        if len(members) == 1 and len(get_args(hint)) == 2:
            return members[0], True
    return hint, False


def _widget(node_type: str, name: str, hint: Any, default: Any) -> Widget:
    kind, notes = (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())
    choice = next((note for note in notes if isinstance(note, Choice)), None)
    if choice is not None:
        return ChoiceWidget(choice.values, default, choice.also, choice.more)
    if kind is bool:
        words = next((note for note in notes if isinstance(note, Toggle)), Toggle())
        return ToggleWidget(bool(default), words.on, words.off)
    if kind in (int, float):
        limits = next((note for note in notes if isinstance(note, Range)), Range())
        return NumberWidget(
            "INT" if kind is int else "FLOAT",
            default,
            limits.minimum,
            limits.maximum,
            limits.step,
            limits.round_to,
            limits.seed,
            limits.shown_as,
        )
    if kind is str:
        text = next((note for note in notes if isinstance(note, Text)), Text())
        return TextWidget(default, text.multiline, text.dynamic_prompts)
    raise TypeError(
        f"{node_type}: the parameter {name!r} is annotated {hint!r}. Expected a socket (nodes/sockets.py), "
        "or int, float, bool or str, alone or Annotated with Range, Choice, Text or Toggle."
    )


def _outputs(node_type: str, function: Callable[..., Any]) -> tuple[OutputSpec, ...]:
    hint = typing.get_type_hints(function, include_extras=True).get("return")
    if hint in (None, NoneType, NodeResult):
        return ()
    hint = LITERAL_SOCKETS.get(hint, hint)
    if isinstance(hint, Socket):
        return (OutputSpec(hint.type, hint.type),)
    if get_origin(hint) is list and isinstance(get_args(hint)[0], Socket):
        (hint,) = get_args(hint)
        return (OutputSpec(hint.type, hint.type, is_list=True),)
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = typing.get_type_hints(hint, include_extras=True)
        return tuple(_output(node_type, name, fields[name]) for name in hint._fields)
    raise TypeError(
        f"{node_type}: returns {hint!r}; expected a socket, int, float, bool or str, a NamedTuple of them, "
        "NodeResult or None."
    )


def _output(node_type: str, name: str, hint: Any) -> OutputSpec:
    """A field named as its type in lower case is shown as the type: `model: Model` -> MODEL.

    `latent: Annotated[Latent, "latent"]` is shown as that text.
    """
    shown = None
    if get_origin(hint) is Annotated:
        hint, shown = get_args(hint)
    hint = LITERAL_SOCKETS.get(hint, hint)
    if not isinstance(hint, Socket):
        raise TypeError(f"{node_type}: the output {name!r} is {hint!r}, not a socket.")
    return OutputSpec(shown or (hint.type if name.upper() == hint.type else name), hint.type)


def _description(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(re.split(r"\n\s*\n|\n(?:Args|Returns|Raises):", text)[0].split())


def _tooltips(function: Callable[..., Any]) -> dict[str, str]:
    """Read `name: text` from the docstring's `Args:`; deeper lines continue the text."""
    text = inspect.getdoc(function) or ""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
    if section is None:
        return {}
    tips: dict[str, str] = {}
    name = ""
    for line in section.group(1).splitlines():
        start = re.match(r"^ {4}(\w+): (.*)$", line)
        if start:
            name, tips[start.group(1)] = start.group(1), start.group(2).strip()
        elif name and line.strip():
            tips[name] += " " + line.strip()
    return tips
