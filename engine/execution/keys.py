"""When are two results the same?

A result key is a Merkle hash (1979): SHA-256 of a node's type, version, literals, fingerprint and, for
each link, the source's key and output number. Node ids and positions are no part of it, and each node is
hashed once, so a key is the same in every process and on every machine.
"""

import hashlib
import json
import logging
import math
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NewType

from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.graph.registry import Registry

log = logging.getLogger(__name__)
ResultKey = NewType("ResultKey", str)


def result_keys(
    graph: Graph, sorted_ids: Iterable[NodeId], registry: Registry, places: Places
) -> dict[NodeId, ResultKey]:
    """Give the key of every node in `sorted_ids`, which must hold sources before their users."""
    keys: dict[NodeId, ResultKey] = {}
    for node_id in sorted_ids:
        node = graph[node_id]
        keys[node_id] = result_key(node, registry[node.type], keys, places)
    return keys


def result_key(
    node: Node,
    definition: NodeDefinition,
    keys: Mapping[NodeId, ResultKey],
    places: Places,
    origin: str | None = None,
) -> ResultKey:
    """Hash one node, whose sources' keys are known. Inputs that its function is not given do not count.

    Args:
        origin: what determines the literals of a node that stands in an expansion: these may be any values, and
            those that JSON cannot hold are named by it. None makes a key that no other run has of them.
    """
    inputs = {
        name: [keys[value.source], value.output] if isinstance(value, Link) else {"literal": value}
        for name, value in definition.used_inputs(node)
    }
    stated = [node.type, definition.version, inputs, _fingerprint(node, definition, places)]
    if definition.is_personal:
        stated.append(node.id)
    try:
        text = _text(stated, _Unhashable(origin))
    except (TypeError, ValueError, RecursionError):  # keys that cannot be sorted, circles
        text = _text([node.type, origin or uuid.uuid4().hex], _Unhashable(origin))
    return ResultKey(hashlib.sha256(text.encode()).hexdigest())


def _text(stated: Any, unhashable: "_Unhashable") -> str:
    return json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=unhashable)


def _fingerprint(node: Node, definition: NodeDefinition, places: Places) -> Any:
    """Ask the node what it knows of the outside; NaN and failures mean "different each time"."""
    if definition.fingerprint is None:
        return None
    names = {spec.name for spec in definition.inputs}
    literals = {name: value for name, value in node.inputs.items() if name in names and not isinstance(value, Link)}
    try:
        value = definition.fingerprint(**literals, places=places)
    except Exception as error:  # noqa: BLE001 (a node's own code may raise anything; the node itself will say it better)
        log.warning("%s (node %s) cannot say whether it changed, so it runs: %r", node.type, node.id, error)
        return uuid.uuid4().hex
    return uuid.uuid4().hex if _holds_nan(value) else value


def _holds_nan(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, (list, tuple)) and any(map(_holds_nan, value))


class _Unhashable:
    """Names values that JSON cannot hold, in the order in which they are met."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin
        self._met = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": bytes(value).hex()}
        if isinstance(value, (set, frozenset)):
            return {"set": sorted(map(repr, value))}
        self._met += 1
        return {"met": self._met, "in": self._origin or uuid.uuid4().hex}
