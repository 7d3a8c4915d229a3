"""What does a class-style node's return value mean?

A tuple; or {"ui": {...}, "result": (...), "expand": graph}; or an ExecutionBlocker, whole or in any output.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import EngineError
from engine.graph.definition import Blocked, Expansion, NodeResult, OutputSpec
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.packs.values import to_native


def read_result(value: Any, node_type: str, outputs: Sequence[OutputSpec], node_id: str) -> NodeResult | Expansion:
    """Read what the function of a node class returned."""
    ui: Mapping[str, Any] = {}
    expand = None
    if isinstance(value, dict):
        ui = dict(value.get("ui") or {})
        expand = value.get("expand")
        value = value.get("result", ())
    if isinstance(value, Blocked):
        value = (value,) * len(outputs)
    if value is None:
        value = ()
    if not isinstance(value, (tuple, list)):
        raise EngineError(
            f"{node_type} returned {type(value).__name__}; expected a tuple with one value per output, "
            'or a dict with "ui" and "result". (A single output is written `return (value,)`.)'
        )
    if expand is None:
        return NodeResult(_fitted(value, outputs), ui)
    links = [_link(part) or part for part in value]
    graph, displays = read_expansion(expand, node_type)
    return Expansion(graph, _fitted(links, outputs), ui, displays)


def read_expansion(expand: Any, node_type: str) -> tuple[Graph, dict[str, str]]:
    """Read a graph in API form, in which literals may be any values; gives also which node shows what of it."""
    if hasattr(expand, "finalize"):  # a GraphBuilder
        expand = expand.finalize()
    if not isinstance(expand, Mapping):
        raise EngineError(f'{node_type} returned "expand" as {type(expand).__name__}; expected a graph by node id.')
    nodes: dict[NodeId, Node] = {}
    displays: dict[str, str] = {}
    for key, entry in expand.items():
        node_id = NodeId(str(key))
        if not isinstance(entry, Mapping) or not isinstance(entry.get("class_type"), str):
            raise EngineError(f'{node_type} expanded into a graph whose node {node_id!r} has no "class_type".')
        inputs = {str(name): _input(part) for name, part in dict(entry.get("inputs") or {}).items()}
        nodes[node_id] = Node(node_id, entry["class_type"], inputs)
        if entry.get("override_display_id") is not None:
            displays[node_id] = str(entry["override_display_id"])
    return Graph(nodes), displays


def is_link(value: Any) -> bool:
    """Say whether a value of an API-form graph is a link: [node id, output number]."""
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):
        return False
    return isinstance(value[1], (int, float)) and not isinstance(value[1], bool)


def _link(value: Any) -> Link | None:
    return Link(NodeId(value[0]), int(value[1])) if is_link(value) else None


def _input(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1 and "__value__" in value:
        return value["__value__"]
    return _link(value) or value


def _fitted(values: Sequence[Any], outputs: Sequence[OutputSpec]) -> list[Any]:
    """Give one value per output: those that were left out are None, further ones are left out."""
    padded = [*values[: len(outputs)], *([None] * (len(outputs) - len(values)))]
    return [_native(value, output) for value, output in zip(padded, outputs, strict=True)]


def _native(value: Any, output: OutputSpec) -> Any:
    if output.is_list and isinstance(value, list):
        return [to_native(part, output.type) for part in value]
    return to_native(value, output.type)
