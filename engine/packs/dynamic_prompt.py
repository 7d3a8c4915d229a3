"""What does a pack see of the running graph (the hidden input DYNPROMPT)?"""

from collections.abc import Mapping
from typing import Any

from engine.errors import EngineError
from engine.execution.context import RunView
from engine.graph.nodes import Link, NodeId


class DynamicPrompt:
    """The running graph in API form, expansions included."""

    def __init__(self, graph: RunView, prompt: Mapping[str, Any]) -> None:
        self._graph = graph
        self._prompt = prompt

    def get_node(self, node_id: str) -> dict[str, Any]:
        """Give {"class_type": ..., "inputs": {...}} of a node. Raises EngineError if there is none."""
        if node_id not in self._graph:
            raise EngineError(f"There is no node {node_id!r} in the running graph.")
        node = self._graph[NodeId(node_id)]
        return {"class_type": node.type, "inputs": {name: _api(value) for name, value in node.inputs.items()}}

    def has_node(self, node_id: str) -> bool:
        return node_id in self._graph

    def get_real_node_id(self, node_id: str) -> str:
        """Give the node of the user's graph whose expansion a node stands in; itself, if in none."""
        return self._graph.place(node_id).real

    def get_parent_node_id(self, node_id: str) -> str | None:
        """Give the node that expanded into this one."""
        return self._graph.place(node_id).parent

    def get_display_node_id(self, node_id: str) -> str:
        """Give the node that shows what this one shows."""
        return self._graph.place(node_id).display

    def all_node_ids(self) -> set[str]:
        return set(self._graph.ids())

    def get_original_prompt(self) -> Mapping[str, Any]:
        """Give the prompt as it was sent."""
        return self._prompt


def _api(value: Any) -> Any:
    return [value.source, value.output] if isinstance(value, Link) else value
