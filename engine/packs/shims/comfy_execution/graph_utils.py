"""`from comfy_execution.graph_utils import GraphBuilder, is_link`: how packs write the graphs they expand into."""

from typing import Any

from engine.packs.absent import complete
from engine.packs.class_results import is_link
from engine.packs.current import next_builder

__all__ = ["GraphBuilder", "Node", "add_graph_prefix", "is_link"]


class Node:
    """A node of a graph that is being built."""

    def __init__(self, id: str, class_type: str, inputs: dict[str, Any]) -> None:
        self.id = id
        self.class_type = class_type
        self.inputs = inputs
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """Give a link to one of the node's outputs."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input to a value or link; None removes it."""
        if value is None:
            self.inputs.pop(key, None)
        else:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Let another node show what this one shows."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        """Write the node in API form."""
        entry: dict[str, Any] = {"class_type": self.class_type, "inputs": self.inputs}
        if self.override_display_id is not None:
            entry["override_display_id"] = self.override_display_id
        return entry


class GraphBuilder:
    """Builds a graph in API form.

    Without a prefix it gets one of its own: a link to "1" means the node outside that a raw link named, never the first
    node in here, and the graphs of two builders can be put together.
    """

    _default_prefix = ""

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = self.alloc_prefix() if prefix is None else prefix
        self.nodes: dict[str, Node] = {}

    @classmethod
    def set_default_prefix(cls, prefix_root: str, call_index: int, graph_index: int = 0) -> None:
        """Choose the prefix of builders made from now on."""
        cls._default_prefix = f"{prefix_root}.{call_index}.{graph_index}."

    @classmethod
    def alloc_prefix(
        cls, root: str | None = None, call_index: int | None = None, graph_index: int | None = None
    ) -> str:
        """Make a prefix of these parts; without parts give the default one, or one that is new in this call."""
        parts = [str(part) for part in (root, call_index, graph_index) if part is not None]
        if parts:
            return ".".join(parts) + "."
        number = None if cls._default_prefix else next_builder()
        return cls._default_prefix if number is None else f"graph{number}."

    def node(self, class_type: str, id: str | None = None, **inputs: Any) -> Node:
        """Add a node, or give the one that has this id already."""
        name = self.prefix + (self._free_id() if id is None else str(id))
        if name not in self.nodes:
            self.nodes[name] = Node(name, class_type, inputs)
        return self.nodes[name]

    def lookup_node(self, id: str) -> Node | None:
        return self.nodes.get(self.prefix + str(id))

    def remove_node(self, id: str) -> None:
        self.nodes.pop(self.prefix + str(id), None)

    def finalize(self) -> dict[str, dict[str, Any]]:
        """Write the graph in API form."""
        return {name: node.serialize() for name, node in self.nodes.items()}

    def replace_node_output(self, node_id: str, index: int, new_value: Any) -> None:
        """Let every input that takes this output take another value; None removes the input."""
        replaced = [self.prefix + str(node_id), index]
        for node in self.nodes.values():
            for name in [name for name, value in node.inputs.items() if is_link(value) and value == replaced]:
                node.set_input(name, new_value)

    def _free_id(self) -> str:
        number = len(self.nodes) + 1
        while f"{self.prefix}{number}" in self.nodes:
            number += 1
        return str(number)


def add_graph_prefix(
    graph: dict[str, Any], outputs: list[Any] | tuple[Any, ...], prefix: str
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Put a prefix before all ids of a graph in API form, and of the links in its outputs."""

    def prefixed(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes = {
        prefix + node_id: {**entry, "inputs": {name: prefixed(value) for name, value in entry["inputs"].items()}}
        for node_id, entry in graph.items()
    }
    return nodes, tuple(prefixed(value) for value in outputs)


complete(__name__)
