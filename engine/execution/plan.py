"""Which nodes have still to run, and which of them can run now?"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from engine.graph.nodes import NodeId


class Plan:
    """Counts, for each node still to run, the sources it waits for. Every step costs only its links.

    The plan grows while it is carried out: lazy inputs are required late, expansions are grafted in.
    """

    def __init__(self, sources: Callable[[NodeId], Iterable[NodeId]], is_settled: Callable[[NodeId], bool]) -> None:
        """Begin with nothing to do.

        Args:
            sources: gives the nodes that a node cannot run without.
            is_settled: says whether a node's result is there already.
        """
        self._sources = sources
        self._is_settled = is_settled
        self._missing: dict[NodeId, int] = {}  # every node of the plan that is not completed
        self._users: dict[NodeId, list[NodeId]] = {}  # source -> those that wait for it
        self._ready: deque[NodeId] = deque()

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._missing

    @property
    def finished(self) -> bool:
        """Whether every node was completed."""
        return not self._missing

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    @property
    def unfinished(self) -> list[NodeId]:
        """The nodes that were not completed."""
        return list(self._missing)

    def require(self, wanted: Iterable[NodeId], position: Callable[[NodeId], int]) -> list[NodeId]:
        """Add nodes and everything they need that is not settled; gives what was added, in order of `position`."""
        added: list[NodeId] = []
        waiting = list(wanted)
        while waiting:
            node_id = waiting.pop()
            if node_id not in self._missing and not self._is_settled(node_id):
                self._missing[node_id] = 0
                added.append(node_id)
                waiting.extend(self._sources(node_id))
        added.sort(key=position)
        for node_id in added:
            self.wait(node_id, self._sources(node_id))
        return added

    def wait(self, node_id: NodeId, sources: Iterable[NodeId]) -> None:
        """Let a node of the plan be ready once these sources are completed; those outside the plan are."""
        unfinished = {source for source in sources if source in self._missing}
        for source in unfinished:
            self._users.setdefault(source, []).append(node_id)
        self._missing[node_id] += len(unfinished)
        if self._missing[node_id] == 0:
            self._ready.append(node_id)

    def take_ready(self) -> Iterator[NodeId]:
        """Yield each node that can run now, once, in the order in which they became ready."""
        while self._ready:
            yield self._ready.popleft()

    def complete(self, node_id: NodeId) -> None:
        """Note that a node is done, which may make its users ready."""
        del self._missing[node_id]
        for user in self._users.pop(node_id, ()):
            self._missing[user] -= 1
            if self._missing[user] == 0:
                self._ready.append(user)

    def users(self, node_id: NodeId) -> list[NodeId]:
        """Give the nodes that wait for this one."""
        return self._users.get(node_id, [])

    def replace(self, node_id: NodeId, sources: Iterable[NodeId]) -> None:
        """Take a node out; those that waited for it wait for `sources` instead."""
        del self._missing[node_id]
        waiting = self._users.pop(node_id, ())
        sources = list(sources)
        for user in waiting:
            self._missing[user] -= 1
            self.wait(user, sources)
