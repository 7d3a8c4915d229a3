"""What is to be computed: nodes, their literal inputs, and the links between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NewType, TypeAlias, Union

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
