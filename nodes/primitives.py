"""Nodes that hold one literal for several others, and that show whatever there is."""

import json
from typing import Annotated

from engine.graph import NodeResult, Range, Runs, Text, node
from nodes.sockets import Anything

LARGEST_NUMBER = 2**63 - 1


@node("PrimitiveString", display_name="String", category="utils/primitive", runs=Runs.FREELY)
def string(*, value: str) -> str:
    """Hold a line of text."""
    return value


@node("PrimitiveStringMultiline", display_name="String (Multiline)", category="utils/primitive", runs=Runs.FREELY)
def lines(*, value: Annotated[str, Text(multiline=True)]) -> str:
    """Hold a text."""
    return value


@node("PrimitiveInt", display_name="Int", category="utils/primitive", runs=Runs.FREELY)
def integer(*, value: Annotated[int, Range(-LARGEST_NUMBER, LARGEST_NUMBER, seed=True)]) -> int:
    """Hold a whole number."""
    return value


@node("PrimitiveFloat", display_name="Float", category="utils/primitive", runs=Runs.FREELY)
def number(*, value: Annotated[float, Range(-LARGEST_NUMBER, LARGEST_NUMBER)]) -> float:
    """Hold a number."""
    return value


@node("PrimitiveBoolean", display_name="Boolean", category="utils/primitive", runs=Runs.FREELY)
def toggle(*, value: bool) -> bool:
    """Hold a yes or no."""
    return value


@node("PreviewAny", display_name="Preview Any", category="utils", is_target=True, runs=Runs.FREELY)
def preview_any(*, source: Anything) -> NodeResult:
    """Show what comes out of a node as text."""
    return NodeResult(ui={"text": [as_text(source)]})


def as_text(value: object) -> str:
    """Write a value as a person reads it: text as it is, data as JSON, the rest as Python shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        try:
            return json.dumps(value, indent=4, ensure_ascii=False)
        except (TypeError, ValueError):
            pass  # tensors and objects have no JSON
    return str(value)
