"""Which results does a run keep in hand for nodes that have still to take them?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from engine.execution.cache import NodeOutputs
from engine.graph.nodes import NodeId


@dataclass(frozen=True)
class _Pins:
    """Nodes whose results are held until none of the holders is left."""

    holders: set[NodeId]
    nodes: Collection[NodeId]


class HeldResults:
    """Results by node, each held until every node that may take it has left.

    What a node that reads the graph expands into may take the result of anything that it depends on: such results are
    pinned until it is done. Otherwise a loop would run again in each round what its body takes from outside.
    """

    def __init__(self) -> None:
        self._outputs: dict[NodeId, NodeOutputs] = {}
        self._expected: dict[NodeId, int] = {}  # source -> how many may still take it
        self._sources: dict[NodeId, set[NodeId]] = {}  # who may still take which
        self._pinned: dict[NodeId, int] = {}  # by how many holders' groups
        self._pins: dict[NodeId, _Pins] = {}  # by holder

    def get(self, node_id: NodeId) -> NodeOutputs | None:
        return self._outputs.get(node_id)

    def expect(self, user: NodeId, sources: Iterable[NodeId]) -> None:
        """Note that a node may take the results of these sources."""
        known = self._sources.setdefault(user, set())
        for source in sources:
            if source not in known:
                known.add(source)
                self._expected[source] = self._expected.get(source, 0) + 1

    def hold(self, node_id: NodeId, outputs: NodeOutputs) -> None:
        self._outputs[node_id] = outputs

    def hold_if_expected(self, node_id: NodeId, outputs: NodeOutputs) -> None:
        if self._expected.get(node_id) or node_id in self._pinned:
            self._outputs[node_id] = outputs

    def leave(self, user: NodeId) -> None:
        """Note that a node has taken what it needs, and let go of what nobody else expects."""
        for source in self._sources.pop(user, ()):
            self._expected[source] -= 1
            if self._expected[source] == 0:
                del self._expected[source]
                if source not in self._pinned:
                    self._outputs.pop(source, None)
        self._unpin(user)

    def pin(self, holders: Collection[NodeId], node_ids: Collection[NodeId]) -> None:
        """Hold the results of these nodes, once they are there, until all `holders` have left."""
        if holders:
            pins = _Pins(set(holders), node_ids)
            self._pins.update(dict.fromkeys(holders, pins))
            for node_id in node_ids:
                self._pinned[node_id] = self._pinned.get(node_id, 0) + 1

    def _unpin(self, holder: NodeId) -> None:
        pins = self._pins.pop(holder, None)
        if pins is None:
            return
        pins.holders.discard(holder)
        if pins.holders:
            return
        for node_id in pins.nodes:
            self._pinned[node_id] -= 1
            if self._pinned[node_id] == 0:
                del self._pinned[node_id]
                if node_id not in self._expected:
                    self._outputs.pop(node_id, None)

    def forget(self, source: NodeId, users: Iterable[NodeId]) -> None:
        """Note that a node will never have a result of its own, which these nodes expected."""
        for user in users:
            self._sources[user].discard(source)
        self._expected.pop(source, None)
