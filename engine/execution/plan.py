"""Which nodes have still to run, and which of them can run now?"""

from collections import deque
from collections.abc import Iterable, Iterator

from engine.graph.nodes import Graph, NodeId
from engine.graph.topology import dependants


class Plan:
    """Counts, for each node still to run, the sources it waits for. Every step costs only its links."""

    def __init__(self, graph: Graph, to_run: Iterable[NodeId]) -> None:
        """Plan the nodes `to_run`; sources outside of it count as done."""
        nodes = list(to_run)
        inside = set(nodes)
        self._users = dependants(graph, nodes)
        self._missing = {
            node_id: len({link.source for _, link in graph[node_id].links()} & inside) for node_id in nodes
        }
        self._ready = deque(node_id for node_id in nodes if self._missing[node_id] == 0)
        self._unfinished = len(nodes)

    @property
    def finished(self) -> bool:
        """Whether every node was completed."""
        return self._unfinished == 0

    def take_ready(self) -> Iterator[NodeId]:
        """Yield each node that can run now, once, in the order in which they became ready."""
        while self._ready:
            yield self._ready.popleft()

    def complete(self, node_id: NodeId) -> None:
        """Note that a node is done, which may make its users ready."""
        self._unfinished -= 1
        for user in self._users.get(node_id, ()):
            if user in self._missing:
                self._missing[user] -= 1
                if self._missing[user] == 0:
                    self._ready.append(user)
