"""Which nodes does a run know: those of the user's graph, and those that expansions brought?"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import EngineError
from engine.execution.events import Place
from engine.graph.definition import Expansion
from engine.graph.nodes import Graph, Link, Node, NodeId

MOST_NODES = 500_000  # at once; a loop lets go of the nodes of its past rounds
LONGEST_ID = 200  # characters; loops nest their bodies, and without a limit the ids of iteration n had length n


@dataclass(eq=False)
class Graft:
    """The nodes of one expansion. They leave the graph together, when none of them has still to run, or is linked to.

    Attributes:
        unfinished: how many of them the plan still holds.
        links_to: other expansions whose outputs these nodes take.
        linked_from: how many other expansions take outputs of these, so that they have to stay.
    """

    caller: NodeId
    nodes: dict[NodeId, Node]
    origins: dict[NodeId, str]
    unfinished: int = 0
    links_to: list["Graft"] = field(default_factory=list)
    linked_from: int = 0
    is_gone: bool = False


@dataclass
class RunningGraph:
    """A graph that grows by expansions, and shrinks when they are done."""

    graph: Graph
    _nodes: dict[NodeId, Node] = field(default_factory=dict)
    _positions: dict[NodeId, int] = field(default_factory=dict)
    _places: dict[NodeId, Place] = field(default_factory=dict)
    _grafts: dict[NodeId, Graft] = field(default_factory=dict)
    _next_position: int = 0

    def __post_init__(self) -> None:
        self._add(self.graph.nodes)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def __getitem__(self, node_id: NodeId) -> Node:
        return self._nodes[node_id]

    def get(self, node_id: NodeId) -> Node | None:
        return self._nodes.get(node_id)

    def ids(self) -> list[NodeId]:
        """Give the ids of all nodes that there are now."""
        return list(self._nodes)

    def position(self, node_id: NodeId) -> int:
        """Say which of two nodes came first."""
        return self._positions[node_id]

    def place(self, node_id: str) -> Place:
        """Say whose expansion a node stands in."""
        return self._places.get(NodeId(node_id)) or Place.of(node_id)

    def whole(self) -> Graph:
        """Give all that there is now as a graph."""
        return Graph(self._nodes)

    def is_grafted(self, node_id: NodeId) -> bool:
        return node_id in self._grafts

    def graft(self, caller: NodeId, call: int, expansion: Expansion, origin: str) -> tuple[Graft, Expansion]:
        """Put an expansion in; gives its nodes, and the expansion with links to them by their new ids.

        Args:
            call: which of the caller's calls returned it.
            origin: what determines it, in words for result keys.
        """
        if len(self._nodes) + len(expansion.graph.nodes) > MOST_NODES:
            raise EngineError(
                f"Nodes went on expanding until the graph had more than {MOST_NODES} nodes at once, the limit. "
                "Check what ends the expansion."
            )
        display = self.place(caller).display
        names = {old: self._new_id(caller, call, old, display) for old in expansion.graph.nodes}
        graft = Graft(caller, {}, {})
        for old, node in expansion.graph.nodes.items():
            name = names[old]
            if name in self._nodes or name in graft.nodes:
                raise EngineError(f"The graph that node {caller} returned holds the id {old!r} twice: make ids unique.")
            inputs: dict[str, Any] = {key: self._led(value, names, graft) for key, value in node.inputs.items()}
            graft.nodes[name] = Node(name, node.type, inputs, node.title)
            graft.origins[name] = f"{origin}/{call}/{old.removeprefix(f'{caller}.')}"
            self._places[name] = Place(name, self._display(expansion, old, names, display), caller, self._real(caller))
            self._grafts[name] = graft
        self._add(graft.nodes)
        outputs = [self._led(value, names, graft) for value in expansion.outputs]
        return graft, replace(expansion, outputs=outputs)

    def planned(self, node_ids: Iterable[NodeId]) -> None:
        """Note that the plan holds these nodes now."""
        for node_id in node_ids:
            if node_id in self._grafts:
                self._grafts[node_id].unfinished += 1

    def finished(self, node_id: NodeId) -> Sequence[NodeId]:
        """Note that the plan is done with a node; gives those that leave the graph: with its last node, a graft."""
        graft = self._grafts.get(node_id)
        if graft is None:
            return ()
        graft.unfinished -= 1
        return self.let_go(graft)

    def let_go(self, graft: Graft) -> Sequence[NodeId]:
        """Take a graft out if it is done, and with it those that only it linked to; gives the nodes that left."""
        gone: list[NodeId] = []
        waiting = [graft]
        while waiting:
            graft = waiting.pop()
            if graft.unfinished == 0 and graft.linked_from == 0 and not graft.is_gone:
                graft.is_gone = True
                gone += graft.nodes
                for other in graft.links_to:
                    other.linked_from -= 1
                waiting += graft.links_to
        for name in gone:
            del self._nodes[name], self._positions[name], self._places[name], self._grafts[name]
        return gone

    def _add(self, nodes: Mapping[NodeId, Node]) -> None:
        for node_id, node in nodes.items():
            self._nodes[node_id] = node
            self._positions[node_id] = self._next_position
            self._next_position += 1

    def _led(self, value: object, names: Mapping[NodeId, NodeId], graft: Graft) -> object:
        """Lead a link of a graft to where its source is now."""
        if not isinstance(value, Link):
            return value
        if value.source in names:
            return Link(names[value.source], value.output)
        if value.source not in self._nodes:
            raise EngineError(
                f"The graph that node {graft.caller} returned links to node {value.source!r}, which is neither in it "
                "nor in the running graph: add that node, or pass its value."
            )
        other = self._grafts.get(value.source)
        if other is not None and other is not graft and other not in graft.links_to:
            graft.links_to.append(other)
            other.linked_from += 1
        return value

    def _display(self, expansion: Expansion, old: NodeId, names: Mapping[NodeId, NodeId], usual: str) -> str:
        chosen = expansion.displays.get(old)
        if chosen is None:
            return usual
        return self.place(names.get(NodeId(chosen), NodeId(chosen))).display

    def _real(self, caller: NodeId) -> str:
        return self.place(caller).real

    def _new_id(self, caller: NodeId, call: int, old: NodeId, display: str) -> NodeId:
        """Prefix an id by its caller's, if it is not yet; one that is too long, by the shown node's and a hash."""
        is_prefixed = old.startswith(f"{caller}.") and old not in self._nodes
        full = old if is_prefixed else f"{caller}.{call}.{old}"
        if len(full) <= LONGEST_ID:
            return NodeId(full)
        return NodeId(f"{display[: LONGEST_ID // 2]}.{hashlib.sha256(full.encode()).hexdigest()[:32]}")
