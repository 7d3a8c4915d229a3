"""How is a prompt (the API format: what is to be executed) read as a Graph?

{"<id>": {"class_type": str, "inputs": {name: literal | [source id, output number]}, "_meta": {"title": str}}}
"""

from collections.abc import Mapping
from typing import Any

from engine.graph.nodes import Graph, Json, Link, Node, NodeId
from engine.graph.validate import PromptFailure
from engine.wire.json_text import kind_of

MOST_NODES = 200_000
LONGEST_NAME = 1000  # characters of an id, a node type's or an input's name


class BadPrompt(Exception):
    """A prompt that cannot be read as a graph; `failure` is what the client is told."""

    def __init__(self, failure: PromptFailure) -> None:
        super().__init__(f"{failure.message}: {failure.details}")
        self.failure = failure


def refuse_if_huge(body: bytes) -> None:
    """Refuse a body that names more node types than a prompt may have, before the time is spent to read it.

    Raises:
        BadPrompt: as `read_prompt` would after seconds.
    """
    count = body.count(b'"class_type"')
    if count > MOST_NODES:
        raise _too_many(count)


def read_prompt(value: object) -> Graph:
    """Read the graph of a prompt.

    Raises:
        BadPrompt: naming the node that is not as it should be.
    """
    if not isinstance(value, dict):
        raise _bad(f"A prompt is an object of nodes by id, not {kind_of(value)}")
    if not value:
        raise BadPrompt(PromptFailure("prompt_no_outputs", "Prompt has no outputs", "The prompt holds no node."))
    if len(value) > MOST_NODES:
        raise _too_many(len(value))
    return Graph({NodeId(node_id): _read_node(NodeId(node_id), node) for node_id, node in value.items()})


def _read_node(node_id: NodeId, value: Any) -> Node:
    if len(node_id) > LONGEST_NAME:
        raise _bad(f"The id {node_id[:40]!r}... is longer than {LONGEST_NAME} characters", node_id)
    if not isinstance(value, dict):
        raise _bad(f"Node {node_id!r} is {kind_of(value)}; expected an object with class_type and inputs", node_id)
    meta = value.get("_meta")
    title = meta.get("title", "") if isinstance(meta, dict) else ""
    title = title if isinstance(title, str) else ""
    node_type = value.get("class_type")
    if not isinstance(node_type, str) or not node_type:
        found = "has no class_type" if node_type is None else f"has the class_type {str(node_type)[:40]!r}"
        raise _bad(f"Node {node_id!r} {found}; expected the name of a node type", node_id, title)
    inputs = value.get("inputs", {})
    if not isinstance(inputs, dict):
        raise _bad(f"The inputs of node {node_id!r} are {kind_of(inputs)}; expected an object", node_id, title)
    return Node(node_id, node_type, {name: _read_input(part) for name, part in inputs.items()}, title)


def _read_input(value: Any) -> Link | Json:
    """Tell a link from a literal; clients wrap literal lists as {"__value__": [...]}."""
    if isinstance(value, list) and len(value) == 2:
        source, output = value
        if isinstance(source, (str, int)) and isinstance(output, int) and not _is_switch(source, output):
            return Link(NodeId(str(source)), output)
    if isinstance(value, Mapping) and len(value) == 1 and "__value__" in value:
        literal: Json = value["__value__"]
        return literal
    plain: Json = value
    return plain


def _is_switch(*values: object) -> bool:
    """true and false are integers in Python, but neither an id nor a number of an output."""
    return any(isinstance(value, bool) for value in values)


def _too_many(count: int) -> BadPrompt:
    details = f"The prompt has {count} nodes; {MOST_NODES} is the limit. Split it into several prompts."
    return BadPrompt(PromptFailure("invalid_prompt", "The prompt has too many nodes", details, {"limit": MOST_NODES}))


def _bad(details: str, node_id: str = "", title: str = "") -> BadPrompt:
    facts = {"node_id": node_id[:LONGEST_NAME], "node_title": title[:LONGEST_NAME]} if node_id else {}
    return BadPrompt(PromptFailure("invalid_prompt", "Cannot execute because a node is malformed", details, facts))
