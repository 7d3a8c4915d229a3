"""How does a class of the ecosystem's contract become a NodeDefinition?

The definition's functions wrap the class: they keep one instance per node between runs, add hidden inputs, and
turn what the class returns into our results. What a class declares badly is an error that names the class.
"""

import asyncio
import contextlib
import inspect
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError
from engine.execution.context import NodeContext
from engine.files.places import Places
from engine.graph.definition import InputSpec, NodeDefinition, OutputSpec, Runs, Undeclared
from engine.graph.nodes import Link
from engine.packs.class_inputs import Checked, as_json, read_declared, read_inputs, type_name, undeclared_inputs
from engine.packs.class_results import read_result
from engine.packs.current import beside_prompt, running, using
from engine.packs.dynamic_prompt import DynamicPrompt
from engine.packs.values import to_foreign

MOST_INSTANCES = 1000  # loops make new nodes without end
MOST_OUTPUTS = 100  # of a node that pretends to have any number
HIDDEN_KINDS = (
    "UNIQUE_ID",
    "PROMPT",
    "EXTRA_PNGINFO",
    "DYNPROMPT",
    "AUTH_TOKEN_COMFY_ORG",
    "API_KEY_COMFY_ORG",
)  # what we fill in; a hidden input of another kind is given only when an expansion sets it
PERSONAL = ("UNIQUE_ID", "DYNPROMPT")  # a node that asks for these may give what no other node of equal inputs would


def read_class(
    node_type: str, cls: type[Any], *, display_name: str | None = None, module: str, known_types: Iterable[str] = ()
) -> NodeDefinition:
    """Read a class as a node type.

    Args:
        known_types: names that are tried on types which decide for themselves what they equal.

    Raises:
        EngineError: the class does not keep the contract; the message says where.
    """
    try:
        return _read(node_type, cls, display_name, module, tuple(known_types))
    except Exception as error:
        raise EngineError(f"The node class {cls.__name__} ({node_type!r}) cannot be read: {error}") from error


def _read(
    node_type: str, cls: type[Any], display_name: str | None, module: str, known_types: tuple[str, ...]
) -> NodeDefinition:
    groups = cls.INPUT_TYPES()
    name = cls.FUNCTION
    method = getattr(cls, name, None)
    if method is None:
        raise EngineError(f"FUNCTION names {name!r}, which the class does not have.")
    validate = getattr(cls, "VALIDATE_INPUTS", None)
    hidden = {str(key): _hidden_kind(kind) for key, kind in dict(groups.get("hidden") or {}).items()}
    listed = _outputs(cls, known_types)
    outputs = (*listed, *_further_outputs(cls, len(listed), known_types))
    shown = len(listed) if len(outputs) > len(listed) else None
    takes_lists = bool(getattr(cls, "INPUT_IS_LIST", False))
    calls = ClassCalls(node_type, cls, name, hidden, takes_lists, outputs)
    is_async = inspect.iscoroutinefunction(method)
    return NodeDefinition(
        type=node_type,
        display_name=display_name or getattr(cls, "DISPLAY_NAME", None) or node_type,
        category=str(getattr(cls, "CATEGORY", "")),
        inputs=_inputs(cls, groups, known_types, _checked(validate)),
        told_inputs=read_declared(_told(cls), known_types, _checked(validate)),
        outputs=outputs,
        description=inspect.cleandoc(str(getattr(cls, "DESCRIPTION", "") or "")),
        is_target=bool(getattr(cls, "OUTPUT_NODE", False)),
        takes_lists=takes_lists,
        runs=Runs.FREELY if is_async else Runs.ALONE,
        hidden=hidden,
        wants_context=True,
        is_async=is_async,
        undeclared=_undeclared(cls, groups, method),
        is_personal=bool(getattr(cls, "NOT_IDEMPOTENT", False)) or any(kind in PERSONAL for kind in hidden.values()),
        is_checked_by_worker=validate is not None,
        checks_link_types=validate is not None and "input_types" in inspect.signature(validate).parameters,
        deprecated=bool(getattr(cls, "DEPRECATED", False)),
        experimental=bool(getattr(cls, "EXPERIMENTAL", False)),
        shown_outputs=shown,
        module=module,
        function=calls.call_async if is_async else calls.call,
        wanted_inputs=calls.wanted if hasattr(cls, "check_lazy_status") else None,
        fingerprint=calls.fingerprint if callable(getattr(cls, "IS_CHANGED", None)) else None,
        check=calls.check if validate is not None else None,
    )


@dataclass(frozen=True)
class ClassCalls:
    """Calls the methods of a node class."""

    node_type: str
    cls: type[Any]
    function: str
    hidden: Mapping[str, str]
    takes_lists: bool
    outputs: tuple[OutputSpec, ...]

    def call(self, *, context: NodeContext, **inputs: Any) -> Any:
        with running(context):
            value = self._method(context)(**self._arguments(context, inputs))
        return self._later(value, context) if inspect.isawaitable(value) else self._read(value, context)

    async def call_async(self, *, context: NodeContext, **inputs: Any) -> Any:
        with running(context):
            return self._read(await self._method(context)(**self._arguments(context, inputs)), context)

    async def _later(self, value: Awaitable[Any], context: NodeContext) -> Any:
        with running(context):
            return self._read(await value, context)

    def wanted(self, *, context: NodeContext, **inputs: Any) -> Any:
        """Ask for the lazy inputs that are needed; may give an awaitable."""
        instance = self._instance(context)
        method = getattr(instance, "LAZY_INPUTS", None) or instance.check_lazy_status
        with running(context):
            return method(**_accepted(method, self._arguments(context, inputs)))

    def fingerprint(self, *, places: Places, **literals: Any) -> Any:
        method = self.cls.IS_CHANGED
        with using(places):
            return _finished(method(**_filled(method, self._listed(literals))))

    def check(self, *, places: Places, input_types: Mapping[str, str] | None = None, **literals: Any) -> str | None:
        method = self.cls.VALIDATE_INPUTS
        given = self._listed(literals)
        if "input_types" in inspect.signature(method).parameters:
            given["input_types"] = dict(input_types or {})
        with using(places):
            answer = _finished(method(**_filled(method, given)))
        if answer is True:
            return None
        return str(answer) if answer is not False and answer is not None else f"{self.node_type} refuses these inputs."

    def _method(self, context: NodeContext) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._instance(context), self.function)
        return method

    def _instance(self, context: NodeContext) -> Any:
        """Give the object of this node; each account has its own, since many keep what they saw last."""
        return INSTANCES.get(self.node_type, f"{context.places.owner}/{context.node_id}", self.cls)

    def _listed(self, literals: Mapping[str, Any]) -> dict[str, Any]:
        listed = {name: [value] if self.takes_lists else value for name, value in literals.items()}
        gather = getattr(self.cls, "GATHERED_INPUTS", dict)  # of the schema style
        return dict(gather(listed))

    def _arguments(self, context: NodeContext, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give inputs in the form that packs know, and the hidden ones."""
        made = {name: self._foreign(value) for name, value in inputs.items()}
        for name, kind in self.hidden.items():
            if kind in HIDDEN_KINDS:
                value = hidden_value(kind, context)
                made[name] = [value] if self.takes_lists else value
        return made

    def _foreign(self, value: Any) -> Any:
        if self.takes_lists and isinstance(value, list):
            return [_foreign_one(part) for part in value]
        return _foreign_one(value)

    def _read(self, value: Any, context: NodeContext) -> Any:
        return read_result(value, self.node_type, self.outputs, context.node_id)


class Instances:
    """One object of a node class per node, kept between runs, the ones used last. Safe to use from several threads."""

    def __init__(self, limit: int = MOST_INSTANCES) -> None:
        self._limit = limit
        self._made: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()  # guards the above

    def get(self, node_type: str, node_id: str, cls: type[Any]) -> Any:
        with self._lock:
            made = self._made.get((node_type, node_id))
            if type(made) is not cls:
                made = self._made[node_type, node_id] = cls()
            self._made.move_to_end((node_type, node_id))
            while len(self._made) > self._limit:
                self._made.popitem(last=False)
            return made


INSTANCES = Instances()


def _outputs(cls: type[Any], known_types: tuple[str, ...]) -> tuple[OutputSpec, ...]:
    declared = getattr(cls, "RETURN_TYPES", ()) or ()
    types = tuple(declared[index] for index in range(len(declared)))  # some give another type than they hold
    names = tuple(getattr(cls, "RETURN_NAMES", ()) or ())
    tooltips = tuple(getattr(cls, "OUTPUT_TOOLTIPS", ()) or ())
    lists = getattr(cls, "OUTPUT_IS_LIST", False)
    lists = (lists,) * len(types) if isinstance(lists, bool) else tuple(lists or ())
    specs = []
    for index, declared in enumerate(types):
        kind = type_name(declared, known_types)
        name = str(names[index]) if index < len(names) and names[index] else kind
        tooltip = str(tooltips[index] or "") if index < len(tooltips) else ""
        specs.append(OutputSpec(name, kind, bool(index < len(lists) and lists[index]), tooltip))
    return tuple(specs)


def _further_outputs(cls: type[Any], listed: int, known_types: tuple[str, ...]) -> tuple[OutputSpec, ...]:
    """Give the outputs beyond the listed ones, of types that pretend to have any number of them.

    The pack's script in the editor adds them to a node as they are needed.
    """
    declared = getattr(cls, "RETURN_TYPES", ())
    if not isinstance(declared, (tuple, list)) or type(declared).__getitem__ in (tuple.__getitem__, list.__getitem__):
        return ()
    further: list[OutputSpec] = []
    with contextlib.suppress(IndexError, KeyError):
        for index in range(listed, MOST_OUTPUTS):
            kind = type_name(declared[index], known_types)
            further.append(OutputSpec(kind, kind))
    return tuple(further)


def _told(cls: type[Any]) -> Iterable[Any]:
    """The inputs as the schema style tells them to editors; none where that is nothing else."""
    told = getattr(cls, "TOLD_INPUTS", None)
    return () if told is None else told()


def _inputs(
    cls: type[Any], groups: Mapping[str, Any], known_types: tuple[str, ...], checked: Checked
) -> tuple[InputSpec, ...]:
    """Read the inputs, told one by one (the schema style) or in groups."""
    declared = getattr(cls, "DECLARED_INPUTS", None)
    return (
        read_inputs(groups, known_types, checked)
        if declared is None
        else read_declared(declared(), known_types, checked)
    )


def _undeclared(cls: type[Any], groups: Mapping[str, Any], method: Callable[..., Any]) -> Undeclared:
    takes_all = getattr(cls, "ACCEPTS_ALL_INPUTS", None)  # of the schema style
    if takes_all is not None:
        return Undeclared.ALL if takes_all else Undeclared.NONE
    return undeclared_inputs(groups, _takes_any(method))


def _checked(validate: Callable[..., Any] | None) -> Checked:
    if validate is None:
        return Checked(())
    return Checked(inspect.signature(validate).parameters, all_of_them=_takes_any(validate))


def _takes_any(function: Callable[..., Any]) -> bool:
    return any(part.kind is part.VAR_KEYWORD for part in inspect.signature(function).parameters.values())


def _hidden_kind(kind: Any) -> str:
    return str(as_json(kind[0] if isinstance(kind, (list, tuple)) and kind else kind))


def hidden_value(kind: str, context: NodeContext) -> Any:
    """Give what a hidden input is told in a running node."""
    match kind:
        case "UNIQUE_ID":
            return context.node_id
        case "PROMPT":
            return context.prompt
        case "EXTRA_PNGINFO":
            return context.extra_pnginfo
        case "DYNPROMPT":
            return DynamicPrompt(context.graph, context.prompt or {})
        case "AUTH_TOKEN_COMFY_ORG" | "API_KEY_COMFY_ORG":
            return beside_prompt(context.job).get(kind.lower())
        case _:
            return None


def _foreign_one(value: Any) -> Any:
    return [value.source, value.output] if isinstance(value, Link) else to_foreign(value)


def _accepted(method: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a method does not take."""
    if _takes_any(method):
        return dict(given)
    names = inspect.signature(method).parameters
    return {name: value for name, value in given.items() if name in names}


def _filled(method: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a method does not take, and give None for what it needs but nobody knows before the run."""
    parts = inspect.signature(method).parameters.values()
    needed = {
        part.name: None
        for part in parts
        if part.default is part.empty and part.kind in (part.KEYWORD_ONLY, part.POSITIONAL_OR_KEYWORD)
    }
    return {**needed, **_accepted(method, given)}


def _finished(value: Any) -> Any:
    """Run what is async to its end; this thread has no event loop."""
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
