"""In which order can nodes run, and where does a graph run in circles?"""

from collections.abc import Iterable, Mapping

from engine.graph.nodes import Graph, NodeId


def upstream(graph: Graph, targets: Iterable[NodeId]) -> dict[NodeId, list[NodeId]]:
    """Give what `targets` need, themselves included, each with its sources. Links to absent nodes are left out."""
    needed: dict[NodeId, list[NodeId]] = {}
    waiting = [target for target in targets if target in graph]
    while waiting:
        node_id = waiting.pop()
        if node_id not in needed:
            needed[node_id] = [source for source in graph[node_id].sources() if source in graph]
            waiting += needed[node_id]
    return needed


def dependants(sources: Mapping[NodeId, Iterable[NodeId]]) -> dict[NodeId, list[NodeId]]:
    """Turn "node -> its sources" round: source -> the nodes that take an output of it."""
    users: dict[NodeId, list[NodeId]] = {}
    for node_id, its_sources in sources.items():
        for source in its_sources:
            users.setdefault(source, []).append(node_id)
    return users


def order(graph: Graph, targets: Iterable[NodeId]) -> tuple[list[NodeId], list[NodeId]]:
    """Sort what `targets` need so that sources come first (Kahn, 1962).

    Returns:
        (sorted ids, ids that lie on or behind a circle). Linear in nodes and links, without recursion.
    """
    found = upstream(graph, targets)
    needed = {node_id: found[node_id] for node_id in graph.nodes if node_id in found}  # in the order of the file
    users = dependants(needed)
    missing = {node_id: len(sources) for node_id, sources in needed.items()}
    ready = [node_id for node_id, count in missing.items() if count == 0]
    for node_id in ready:  # grows while it is walked
        for user in users.get(node_id, ()):
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    if len(ready) == len(needed):
        return ready, []
    placed = set(ready)
    return ready, [node_id for node_id in needed if node_id not in placed]


def find_circle(graph: Graph, stuck: Iterable[NodeId]) -> list[NodeId]:
    """Name one circle among nodes that `order` could not place, in the direction of the links."""
    candidates = set(stuck)
    path: list[NodeId] = []
    seen: dict[NodeId, int] = {}
    node_id = next(iter(candidates))
    while node_id not in seen:
        seen[node_id] = len(path)
        path.append(node_id)
        node_id = next(link.source for _, link in graph[node_id].links() if link.source in candidates)
    return list(reversed(path[seen[node_id] :]))
