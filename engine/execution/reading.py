"""What does a running graph's node type say about its nodes, and which result keys do they have?"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.execution.keys import ResultKey, result_key
from engine.execution.running_graph import RunningGraph
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Link, NodeId
from engine.graph.registry import Registry
from engine.graph.topology import order


class NodeRaised(Exception):
    """An error, and the node in which it was raised."""

    def __init__(self, node_id: NodeId, error: BaseException) -> None:
        super().__init__(str(error))
        self.node_id = node_id
        self.error = error


@contextmanager
def blamed(node_id: NodeId) -> Iterator[None]:
    """Turn whatever is raised inside into `NodeRaised` with the node's id; Ctrl-C passes."""
    try:
        yield
    except (NodeRaised, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise NodeRaised(node_id, error) from error


@dataclass(frozen=True)
class Reader:
    """Reads a running graph by the definitions of its nodes."""

    graph: RunningGraph
    registry: Registry
    places: Places
    _keys: dict[NodeId, ResultKey] = field(default_factory=dict)

    def definition(self, node_id: NodeId) -> NodeDefinition:
        node_type = self.graph[node_id].type
        definition = self.registry.get(node_type)
        if definition is None:
            raise EngineError(f"There is no node type {node_type!r} here: install the pack that brings it.")
        return definition

    def links(self, node_id: NodeId) -> list[NodeId]:
        """Give the sources of all links of a node that its function takes."""
        used = self.definition(node_id).used_inputs(self.graph[node_id])
        return [value.source for _, value in used if isinstance(value, Link)]

    def sources(self, node_id: NodeId) -> list[NodeId]:
        """Give what a node cannot run without: the sources of all its links but the lazy ones."""
        definition = self.definition(node_id)
        lazy = definition.lazy_inputs
        used = definition.used_inputs(self.graph[node_id])
        return [value.source for name, value in used if isinstance(value, Link) and name not in lazy]

    def key(self, node_id: NodeId) -> ResultKey:
        return self._keys[node_id]

    def find_keys(self, sorted_ids: Iterable[NodeId], origins: Mapping[NodeId, str] | None = None) -> None:
        """Find the keys of nodes, sources first; `origins` as in `result_key`."""
        for node_id in sorted_ids:
            with blamed(node_id):
                node, definition = self.graph[node_id], self.definition(node_id)
                origin = origins.get(node_id) if origins else None
                self._keys[node_id] = result_key(node, definition, self._keys, self.places, origin)

    def find_missing_keys(self, node_ids: Iterable[NodeId]) -> None:
        """Find the keys of nodes of the user's graph that no target needed, but an expansion does."""
        missing = [node_id for node_id in node_ids if node_id not in self._keys]
        if missing:
            sorted_ids, _ = order(self.graph.whole(), missing)
            self.find_keys(node_id for node_id in sorted_ids if node_id not in self._keys)

    def forget(self, node_ids: Iterable[NodeId]) -> None:
        for node_id in node_ids:
            self._keys.pop(node_id, None)
