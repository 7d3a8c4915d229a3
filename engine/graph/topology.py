"""In which order can nodes run, and where does a graph run in circles?"""

from collections.abc import Iterable

from engine.graph.nodes import Graph, NodeId


def upstream(graph: Graph, targets: Iterable[NodeId]) -> set[NodeId]:
    """Give the nodes that `targets` need, themselves included. Links to absent nodes are passed over."""
    needed: set[NodeId] = set()
    waiting = [target for target in targets if target in graph]
    while waiting:
        node_id = waiting.pop()
        if node_id in needed:
            continue
        needed.add(node_id)
        waiting.extend(link.source for _, link in graph[node_id].links() if link.source in graph)
    return needed


def dependants(graph: Graph, among: Iterable[NodeId]) -> dict[NodeId, list[NodeId]]:
    """Map every node to the nodes of `among` that take an output of it, once each."""
    users: dict[NodeId, list[NodeId]] = {}
    for node_id in among:
        for source in {link.source: None for _, link in graph[node_id].links()}:
            users.setdefault(source, []).append(node_id)
    return users


def order(graph: Graph, targets: Iterable[NodeId]) -> tuple[list[NodeId], list[NodeId]]:
    """Sort what `targets` need so that sources come first (Kahn, 1962).

    Returns:
        (sorted ids, ids that lie on or behind a circle). Linear in nodes and links, without recursion.
    """
    needed = upstream(graph, targets)
    in_file_order = [node_id for node_id in graph.nodes if node_id in needed]
    users = dependants(graph, in_file_order)
    missing = {node_id: len({link.source for _, link in graph[node_id].links()} & needed) for node_id in in_file_order}
    ready = [node_id for node_id in in_file_order if missing[node_id] == 0]
    for node_id in ready:  # grows while it is walked
        for user in users.get(node_id, ()):
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    if len(ready) == len(needed):
        return ready, []
    placed = set(ready)
    return ready, [node_id for node_id in in_file_order if node_id not in placed]


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
