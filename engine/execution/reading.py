"""What does a running graph's node type say about its nodes, and which result keys do they have?"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.execution.keys import ResultKey, result_key
from engine.execution.running_graph import RunningGraph
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Link, Node, NodeId
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


@dataclass(frozen=True, slots=True)
class ReadNode:
    """A node as its definition reads it.

    Attributes:
        links: the sources of all links that its function takes.
        sources: what it cannot run without: those of all links but the lazy ones.
    """

    definition: NodeDefinition
    links: list[NodeId]
    sources: list[NodeId]


@dataclass(frozen=True)
class Reader:
    """Reads a running graph by the definitions of its nodes."""

    graph: RunningGraph
    registry: Registry
    places: Places
    _keys: dict[NodeId, ResultKey] = field(default_factory=dict)
    _read: dict[NodeId, ReadNode] = field(default_factory=dict)

    def definition(self, node_id: NodeId) -> NodeDefinition:
        return self.read(node_id).definition

    def links(self, node_id: NodeId) -> list[NodeId]:
        """Give the sources of all links of a node that its function takes."""
        return self.read(node_id).links

    def sources(self, node_id: NodeId) -> list[NodeId]:
        """Give what a node cannot run without: the sources of all its links but the lazy ones."""
        return self.read(node_id).sources

    def check_links(self, caller: NodeId, links: Iterable[Link]) -> None:
        """Refuse an expansion whose links take outputs that are not there.

        Raises:
            NodeRaised: by the caller, which returned it.
        """
        for link in links:
            count = len(self.definition(link.source).outputs)
            if not 0 <= link.output < count:
                text = f"takes output {link.output} of node {link.source}, which has {count} (from 0)"
                raise NodeRaised(caller, EngineError(f"The graph it returned {text}."))

    def read(self, node_id: NodeId) -> ReadNode:
        """Read a node, the first time that it is asked for."""
        known = self._read.get(node_id)
        if known is None:
            known = self._read[node_id] = self._read_new(self.graph[node_id])
        return known

    def _read_new(self, node: Node) -> ReadNode:
        definition = self.registry.get(node.type)
        if definition is None:
            raise EngineError(f"There is no node type {node.type!r} here: install the pack that brings it.")
        used = [(name, value.source) for name, value in definition.used_inputs(node) if isinstance(value, Link)]
        links = [source for _, source in used]
        lazy = definition.lazy_inputs
        return ReadNode(definition, links, [source for name, source in used if name not in lazy] if lazy else links)

    def key(self, node_id: NodeId) -> ResultKey:
        return self._keys[node_id]

    def find_keys(self, sorted_ids: Iterable[NodeId], origins: Mapping[NodeId, str] | None = None) -> None:
        """Find the keys of nodes, sources first; `origins` as in `result_key`."""
        for node_id in sorted_ids:
            try:
                node, definition = self.graph[node_id], self.read(node_id).definition
                origin = origins.get(node_id) if origins else None
                self._keys[node_id] = result_key(node, definition, self._keys, self.places, origin)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise NodeRaised(node_id, error) from error

    def find_missing_keys(self, node_ids: Iterable[NodeId]) -> None:
        """Find the keys of nodes of the user's graph that no target needed, but an expansion does."""
        missing = [node_id for node_id in node_ids if node_id not in self._keys]
        if missing:
            sorted_ids, _ = order(self.graph.whole(), missing)
            self.find_keys(node_id for node_id in sorted_ids if node_id not in self._keys)

    def read_by_nodes(self, among: Iterable[NodeId]) -> tuple[list[NodeId], Collection[NodeId]]:
        """Give the nodes that read the graph, and what they depend on: to that, their expansions may link.

        From the nodes of an expansion, this looks no further than expansions reach: a link to the user's graph
        came to them through a node of it which reads the graph, too.
        """
        readers = [node_id for node_id in among if self.read(node_id).definition.reads_graph]
        waiting, found = list(readers), dict.fromkeys(readers)
        while waiting:
            node_id = waiting.pop()
            within = self.graph.is_grafted(node_id)
            for source in self.links(node_id):
                if source not in found and (self.graph.is_grafted(source) if within else source in self.graph):
                    found[source] = None
                    waiting.append(source)
        return readers, found

    def forget(self, node_ids: Iterable[NodeId]) -> None:
        for node_id in node_ids:
            self._keys.pop(node_id, None)
            self._read.pop(node_id, None)
