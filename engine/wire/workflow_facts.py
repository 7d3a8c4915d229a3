"""What does a saved workflow hold that someone may look for? Node types, models that it names, texts of its nodes.

Reads both formats: what editors save (all versions, with subgraphs) and the prompt that scripts send.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.files.places import WEIGHT_SUFFIXES
from engine.wire.json_text import BadJson, read_json

MODEL_SUFFIXES = (*WEIGHT_SUFFIXES, ".gguf")
EMBEDDING = re.compile(r"embedding:([^\s,:()<>|]{1,200})")
LONGEST_MODEL_NAME = 400
LONGEST_TEXT = 20_000  # characters of a workflow that are searched
MOST_MODELS = 500
MOST_ID_CHARACTERS = 200


@dataclass(frozen=True)
class WorkflowFacts:
    """What is known of a content.

    Attributes:
        id: the workflow's own id, by which results tell where they come from; empty if it has none.
        nodes: how many there are, those inside subgraphs included.
        types: node types, sorted.
        models: files as widgets name them, with forward slashes, and embeddings as `embedding:name`, each with the type
            of a node that names it; sorted.
        text: titles and texts of widgets, in lower case.
        readable: whether it is a workflow or a prompt at all.
    """

    id: str = ""
    nodes: int = 0
    types: tuple[str, ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    text: str = ""
    readable: bool = False

    def says(self, word: str) -> bool:
        """Say whether a word, in lower case, stands in node types, models or texts."""
        return (
            word in self.text
            or any(word in name.casefold() for name in self.types)
            or any(word in name.casefold() for name, _ in self.models)
        )


def facts_of(body: bytes) -> WorkflowFacts:
    """Read the facts off a file's content; one that is no workflow has none."""
    try:
        data = read_json(body)
    except BadJson:
        return WorkflowFacts()
    if not isinstance(data, dict):
        return WorkflowFacts()
    nodes = list(_nodes(data))
    if not nodes and not isinstance(data.get("nodes"), list):
        return WorkflowFacts()
    found = data.get("id")
    texts = [text for node in nodes for text in _texts(node)]
    models = {(name, str(_type(node))) for node in nodes for name in _models(_texts(node))}
    inner = {str(each.get("id")) for each in _definitions(data)}
    types = {kind for node in nodes if isinstance(kind := _type(node), str) and kind not in inner}
    return WorkflowFacts(
        id=found[:MOST_ID_CHARACTERS] if isinstance(found, str) else "",
        nodes=len(nodes),
        types=tuple(sorted(types)),
        models=tuple(sorted(models)[:MOST_MODELS]),
        text="\n".join(_shortened(texts)).casefold(),
        readable=True,
    )


def _nodes(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a workflow and of its subgraphs, or those of a prompt."""
    listed = data.get("nodes")
    if isinstance(listed, list):
        for graph in (data, *_definitions(data)):
            nodes = graph.get("nodes")
            yield from (node for node in nodes if isinstance(node, dict)) if isinstance(nodes, list) else ()
        return
    prompt = data.get("prompt", data)
    for node in prompt.values() if isinstance(prompt, dict) else ():
        if isinstance(node, dict) and isinstance(node.get("class_type"), str):
            yield node


def _definitions(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    definitions = data.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _type(node: Mapping[str, Any]) -> object:
    return node.get("class_type", node.get("type"))


def _texts(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield a node's title and the texts of its widgets; of a prompt's node, those of its inputs."""
    meta = node.get("_meta")
    titles = (node.get("title"), meta.get("title") if isinstance(meta, dict) else None)
    yield from (title for title in titles if isinstance(title, str) and title)
    for values in (node.get("widgets_values"), node.get("inputs") if "class_type" in node else None):
        listed = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
        for value in listed:
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):  # as packs save several choices of one widget
                yield from (text for text in value.values() if isinstance(text, str))


def _models(texts: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for text in texts:
        if len(text) <= LONGEST_MODEL_NAME and text.lower().endswith(MODEL_SUFFIXES):
            names.add(text.replace("\\", "/"))
        names.update(f"embedding:{name}" for name in EMBEDDING.findall(text))
    return names


def _shortened(texts: list[str]) -> Iterator[str]:
    left = LONGEST_TEXT
    for text in texts:
        yield text[:left]
        left -= len(text) + 1
        if left <= 0:
            return
