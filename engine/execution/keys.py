"""When are two results the same?

A result key is a Merkle hash (1979): SHA-256 of a node's type, version, literals, fingerprint and, for
each link, the source's key and output number. Node ids and positions are no part of it, and each node is
hashed once, so a key is the same in every process and on every machine.
"""

import hashlib
import json
import math
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NewType

from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.graph.registry import Registry

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


def result_key(node: Node, definition: NodeDefinition, keys: Mapping[NodeId, ResultKey], places: Places) -> ResultKey:
    """Hash one node, whose sources' keys are known. Inputs that its type does not declare do not count."""
    names = {spec.name for spec in definition.inputs}
    inputs = {
        name: [keys[value.source], value.output] if isinstance(value, Link) else {"literal": value}
        for name, value in node.inputs.items()
        if name in names
    }
    stated = [node.type, definition.version, inputs, _fingerprint(node, definition, places)]
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_unhashable)
    return ResultKey(hashlib.sha256(text.encode()).hexdigest())


def _fingerprint(node: Node, definition: NodeDefinition, places: Places) -> Any:
    """Ask the node what it knows of the outside; NaN and failures mean "different each time"."""
    if definition.fingerprint is None:
        return None
    names = {spec.name for spec in definition.inputs}
    literals = {name: value for name, value in node.inputs.items() if name in names and not isinstance(value, Link)}
    value = definition.fingerprint(**literals, places=places)
    if isinstance(value, float) and math.isnan(value):
        return uuid.uuid4().hex
    return value


def _unhashable(value: Any) -> str:
    """A literal that JSON cannot hold makes a key that no other run has."""
    return uuid.uuid4().hex
