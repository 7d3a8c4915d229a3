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
PLAIN = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
NATIVE = NodeDefinition("", "", "").module
LOCAL = "local-"  # begins the keys that mean something in this process only


def is_portable(key: ResultKey) -> bool:
    """Say whether a key means the same result in other processes, and after a restart.

    It does not where a node says that it differs each time, keeps something between runs (`is_personal`), or was given
    objects that cannot be named; nor does the key of anything that depends on such a node.
    """
    return not key.startswith(LOCAL)


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
    is_private = bool(places.owner) and _is_private(definition)
    is_local = definition.is_personal or is_private
    inputs: dict[str, Any] = {}
    for name, value in definition.used_inputs(node):
        if isinstance(value, Link):
            source = keys[value.source]
            is_local = is_local or source.startswith(LOCAL)
            inputs[name] = [source, value.output]
        else:
            inputs[name] = {"literal": value}
    unhashable = _Unhashable(origin)
    stated = [node.type, definition.version, inputs, _fingerprint(node, definition, places, unhashable)]
    if definition.is_personal:
        stated.append(node.id)
    if is_private:
        stated.append(places.owner)
    try:
        text = _text(stated, unhashable)
    except (TypeError, ValueError, RecursionError):  # keys that cannot be sorted, circles
        text = _text([node.type, unhashable.name()], unhashable)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return ResultKey(f"{LOCAL}{digest}" if is_local or unhashable.met else digest)


def _is_private(definition: NodeDefinition) -> bool:
    """Say whether a result may be of use to one account only: it lies in its folders, or strangers' code made it."""
    return definition.is_target or definition.module.partition(".")[0] != NATIVE


def _text(stated: Any, unhashable: "_Unhashable") -> str:
    try:
        return PLAIN.encode(stated)
    except TypeError:  # values that JSON cannot hold, or keys that cannot be sorted
        return json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=unhashable)


def _fingerprint(node: Node, definition: NodeDefinition, places: Places, unhashable: "_Unhashable") -> Any:
    """Ask the node what it knows of the outside; NaN and failures mean "different each time"."""
    if definition.fingerprint is None:
        return None
    names = {spec.name for spec in definition.inputs}
    literals = {name: value for name, value in node.inputs.items() if name in names and not isinstance(value, Link)}
    try:
        value = definition.fingerprint(**literals, places=places)
    except Exception as error:  # noqa: BLE001 (a node's own code may raise anything; the node itself will say it better)
        log.warning("%s (node %s) cannot say whether it changed, so it runs: %r", node.type, node.id, error)
        return unhashable.unique()
    return unhashable.unique() if _holds_nan(value) else value


def _holds_nan(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, (list, tuple)) and any(map(_holds_nan, value))


class _Unhashable:
    """Names values that JSON cannot hold, in the order in which they are met."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin
        self.met = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": bytes(value).hex()}
        if isinstance(value, (set, frozenset)):
            return {"set": sorted(map(repr, value))}
        name = self.name()
        return {"met": self.met, "in": name}

    def name(self) -> str:
        """Name one more value by where it comes from."""
        self.met += 1
        return self._origin or uuid.uuid4().hex

    def unique(self) -> str:
        """Give a name that equals no other."""
        self.met += 1
        return uuid.uuid4().hex
