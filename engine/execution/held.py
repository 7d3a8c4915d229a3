"""Which results does a run keep in hand for nodes that have still to take them?"""

from collections.abc import Iterable

from engine.execution.cache import NodeOutputs
from engine.graph.nodes import NodeId


class HeldResults:
    """Results by node, each held until every node that may take it has left."""

    def __init__(self) -> None:
        self._outputs: dict[NodeId, NodeOutputs] = {}
        self._expected: dict[NodeId, int] = {}  # source -> how many may still take it
        self._sources: dict[NodeId, set[NodeId]] = {}  # who may still take which

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
        if self._expected.get(node_id):
            self._outputs[node_id] = outputs

    def leave(self, user: NodeId) -> None:
        """Note that a node has taken what it needs, and let go of what nobody else expects."""
        for source in self._sources.pop(user, ()):
            self._expected[source] -= 1
            if self._expected[source] == 0:
                del self._expected[source]
                self._outputs.pop(source, None)

    def forget(self, source: NodeId, users: Iterable[NodeId]) -> None:
        """Note that a node will never have a result of its own, which these nodes expected."""
        for user in users:
            self._sources[user].discard(source)
        self._expected.pop(source, None)
