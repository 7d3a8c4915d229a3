"""How does a node of the schema style keep the class style's contract, by which all packs' nodes are read?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from comfy_api.dynamic import DynamicInput, gathered
from comfy_api.kinds import Declared
from comfy_api.schema import Hidden, HiddenHolder, NodeOutput, Schema
from engine.graph.definition import Blocked
from engine.packs.current import running_node
from engine.packs.node_classes import hidden_value

T = TypeVar("T")


class OfClass(Generic[T]):
    """An attribute of a class that is worked out when it is asked for."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find

    def __get__(self, instance: object, owner: type[Any]) -> T:
        return self._find(owner)


class ComfyNode:
    """Base of nodes in the schema style: `define_schema` and `execute` are class methods of a subclass.

    Further class methods a node may have: `validate_inputs`, `fingerprint_inputs`, `check_lazy_status`.
    """

    SCHEMA: ClassVar[Schema | None] = None

    @classmethod
    def define_schema(cls) -> Schema:
        raise NotImplementedError(f"{cls.__name__} has no define_schema, so that nobody knows its inputs and outputs.")

    @classmethod
    def execute(cls, **inputs: Any) -> Any:
        raise NotImplementedError(f"{cls.__name__} has no execute, so that it can do nothing.")

    @classmethod
    def validate_inputs(cls, **inputs: Any) -> bool | str:
        raise NotImplementedError("called only where a node has it")

    @classmethod
    def fingerprint_inputs(cls, **inputs: Any) -> Any:
        raise NotImplementedError("called only where a node has it")

    @classmethod
    def check_lazy_status(cls, **inputs: Any) -> Iterable[str]:
        """Ask for every lazy input that is not there yet."""
        return [name for name, value in inputs.items() if value is None]

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        """The schema, checked."""
        if cls.__dict__.get("SCHEMA") is None:
            schema = cls.define_schema()
            schema.validate()
            cls.SCHEMA = schema
        return cls.SCHEMA  # type: ignore[return-value]

    @classmethod
    def DECLARED_INPUTS(cls) -> list[Declared]:
        """All inputs that may come; choices are asked anew each time, since files come and go."""
        return [declared for part in cls.define_schema().inputs for declared in part.declared()]

    @classmethod
    def TOLD_INPUTS(cls) -> list[Declared]:
        """The inputs as editors are told them; empty where none belongs to another."""
        inputs = cls.define_schema().inputs
        return [part.told() for part in inputs] if any(isinstance(part, DynamicInput) for part in inputs) else []

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        """The inputs as the class style declares them."""
        groups: dict[str, dict[str, Any]] = {"required": {}, "optional": {}, "hidden": {}}
        for part in cls.DECLARED_INPUTS():
            groups["required" if part.required and not part.only_with else "optional"][part.name] = part.entry
        groups["hidden"] = {_hidden_name(kind.name, groups): kind.value for kind in cls.GET_SCHEMA().hidden}
        return {group: inputs for group, inputs in groups.items() if inputs or group == "required"}

    @classmethod
    def GATHERED_INPUTS(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put the inputs that belong to others ("images.image0") where `execute` expects them."""
        schema = cls.GET_SCHEMA()
        dynamic = {part.id: part for part in schema.inputs if isinstance(part, DynamicInput)}
        plain = {name: value for name, value in given.items() if name.partition(".")[0] not in dynamic}
        made = gathered([part for name, part in dynamic.items() if not isinstance(given.get(name), dict)], "", given)
        kept = {name: given[name] for name in dynamic if isinstance(given.get(name), dict)}  # gathered by the caller
        return {**plain, **made, **kept}

    @classmethod
    def LAZY_INPUTS(cls, **given: Any) -> Any:
        """Ask `check_lazy_status`; it sees an input that belongs to another one as (value, its name with dots)."""
        named = {name: (value, name) if "." in name else value for name, value in given.items()}
        if _own(cls, "check_lazy_status") is None:
            return cls.check_lazy_status(**given)
        return _with(cls.check_lazy_status, cls.GATHERED_INPUTS(named))

    @classmethod
    def _call(cls, given: Mapping[str, Any]) -> Any:
        schema = cls.GET_SCHEMA()
        hidden = {kind.name for kind in schema.hidden} | {f"hidden_{kind.name}" for kind in schema.hidden}
        declared = {part.id for part in schema.inputs}
        inputs = cls.GATHERED_INPUTS(given)
        taken = {
            name: value
            for name, value in inputs.items()
            if name in declared or (schema.accept_all_inputs and name not in hidden)
        }
        return cls.execute(**taken)

    @classmethod
    def EXECUTE_NORMALIZED(cls, **inputs: Any) -> Any:
        """Run, from inputs as the class style gives them to a result as it returns one."""
        return _class_style(cls._call(inputs), len(cls.GET_SCHEMA().outputs))

    @classmethod
    async def EXECUTE_NORMALIZED_ASYNC(cls, **inputs: Any) -> Any:
        """The same, where `execute` is async."""
        return _class_style(await cls._call(inputs), len(cls.GET_SCHEMA().outputs))

    hidden: ClassVar[Any] = OfClass(lambda cls: _hidden(cls.GET_SCHEMA().hidden))
    ACCEPTS_ALL_INPUTS: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().accept_all_inputs)
    FUNCTION: ClassVar[Any] = OfClass(
        lambda cls: "EXECUTE_NORMALIZED_ASYNC" if inspect.iscoroutinefunction(cls.execute) else "EXECUTE_NORMALIZED"
    )
    VALIDATE_INPUTS: ClassVar[Any] = OfClass(lambda cls: _own(cls, "validate_inputs"))
    IS_CHANGED: ClassVar[Any] = OfClass(lambda cls: _own(cls, "fingerprint_inputs"))
    DISPLAY_NAME: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().display_name)
    CATEGORY: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().category)
    DESCRIPTION: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().description)
    RETURN_TYPES: ClassVar[Any] = OfClass(lambda cls: tuple(part.get_io_type() for part in cls.GET_SCHEMA().outputs))
    RETURN_NAMES: ClassVar[Any] = OfClass(
        lambda cls: tuple(part.display_name or part.get_io_type() for part in cls.GET_SCHEMA().outputs)
    )
    OUTPUT_TOOLTIPS: ClassVar[Any] = OfClass(lambda cls: tuple(part.tooltip or "" for part in cls.GET_SCHEMA().outputs))
    OUTPUT_IS_LIST: ClassVar[Any] = OfClass(lambda cls: tuple(part.is_output_list for part in cls.GET_SCHEMA().outputs))
    OUTPUT_NODE: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().is_output_node)
    INPUT_IS_LIST: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().is_input_list)
    DEPRECATED: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().is_deprecated)
    EXPERIMENTAL: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().is_experimental)
    NOT_IDEMPOTENT: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().not_idempotent)
    API_NODE: ClassVar[Any] = OfClass(lambda cls: cls.GET_SCHEMA().is_api_node)


def _own(cls: type[ComfyNode], name: str) -> Any:
    """A class method that a node has of its own, or None."""
    is_own = getattr(cls, name).__func__ is not getattr(ComfyNode, name).__func__
    return getattr(cls, name) if is_own else None


def _hidden_name(name: str, groups: Mapping[str, Mapping[str, Any]]) -> str:
    """Keep out of the way of an input of the same name."""
    return f"hidden_{name}" if any(name in inputs for inputs in groups.values()) else name


def _hidden(wanted: Iterable[Hidden]) -> HiddenHolder:
    """Give what the running node asked for; nothing where none runs."""
    context = running_node()
    if context is None:
        return HiddenHolder()
    return HiddenHolder(**{kind.name: hidden_value(kind.value, context) for kind in wanted})


def _with(method: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Call a method with those of its inputs that are given."""
    names = inspect.signature(method).parameters
    takes_any = any(part.kind is part.VAR_KEYWORD for part in names.values())
    return method(**{name: value for name, value in given.items() if takes_any or name in names})


def _class_style(value: Any, outputs: int) -> Any:
    """Write what `execute` returned as the class style does: a tuple, or a dict of ui, result and expand."""
    if isinstance(value, dict):
        value = NodeOutput.from_dict(value)
    if value is None:
        return ()
    if not isinstance(value, NodeOutput):
        return value if isinstance(value, (tuple, Blocked)) else (value,)
    result: tuple[Any, ...] = value.args
    if value.block_execution is not None:
        result = (Blocked(value.block_execution or None),) * outputs
    made: dict[str, Any] = {"result": result}
    if value.ui is not None:
        made["ui"] = value.ui.as_dict() if hasattr(value.ui, "as_dict") else value.ui
    if value.expand is not None:
        made["expand"] = value.expand
    return made


class ComfyExtension:
    """What a pack's `comfy_entrypoint` gives: a list of node classes."""

    async def on_load(self) -> None:
        """Called once, before the nodes are asked for."""

    async def get_node_list(self) -> list[type[ComfyNode]]:
        raise NotImplementedError(f"{type(self).__name__} has no get_node_list, so that it brings no nodes.")
