"""What does a node type's own check say of a node, and what must it be told?"""

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import EngineError
from engine.files.places import Places
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.graph.problems import Problem
from engine.graph.registry import Registry


@dataclass(frozen=True)
class OwnCheck:
    """A check that is still to be made where the node type's code is. Plain data, so that it can cross to a worker.

    Attributes:
        literals: the inputs whose values are known before the run.
        link_types: the types that come over the linked inputs.
        owner: the account whose files it is about, as in `Places`.
    """

    node: NodeId
    type: str
    literals: Mapping[str, Any] = field(default_factory=dict)
    link_types: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""


def own_check(node: Node, inputs: Mapping[str, Any], graph: Graph, registry: Registry, owner: str = "") -> OwnCheck:
    """Say what the check of a node must be told; the links of `inputs` are known to be right."""
    used = dict(registry[node.type].used_inputs(node))
    literals = {name: value for name, value in inputs.items() if name in used and not isinstance(value, Link)}
    links = {name: value for name, value in used.items() if isinstance(value, Link) and value.source in graph}
    types = {
        name: registry[graph[link.source].type].outputs[link.output].type
        for name, link in links.items()
        if link.output < len(registry[graph[link.source].type].outputs)
    }
    return OwnCheck(node.id, node.type, literals, types, owner)


def own_problems(definition: NodeDefinition, told: OwnCheck, places: Places) -> list[Problem]:
    """Ask a node type whether it accepts these inputs. Not to be called where an event loop runs."""
    assert definition.check is not None
    types = {"input_types": told.link_types} if definition.checks_link_types else {}
    try:
        answer: Any = definition.check(**told.literals, places=places, **types)
        text: str | None = asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
    except EngineError as error:
        text = str(error)
    except Exception as error:  # noqa: BLE001 (a node's own code may raise anything; it becomes a report)
        return [Problem("exception_during_validation", "Exception when validating node", repr(error))]
    return [] if text is None else [Problem("custom_validation_failed", "Custom validation failed for node", text)]


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
