"""Which words of a prompt count how much? `(word)`, `((word))`, `(word:1.3)`, and `\\(` for a bracket itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

EMPHASIS = 1.1  # of one pair of brackets without a number
PIECES = re.compile(r"\\[()]|[()]|[^()\\]+|\\")


@dataclass(frozen=True)
class Phrase:
    """A part of a prompt and its weight; brackets that were escaped are plain in it."""

    text: str
    weight: float


@dataclass
class _Group:
    """What stands between two brackets, as it is read. `source` is how it was written."""

    parts: list[str | _Group] = field(default_factory=list)
    source: list[str] = field(default_factory=list)


def parse_prompt(text: str) -> list[Phrase]:
    """Split a prompt into phrases of one weight each.

    A number behind the last colon in brackets is their weight, whatever brackets stand round them; without one they
    multiply the weight outside by 1.1. Brackets without a partner are text, and so is all that follows such an
    opening one.
    """
    open_groups = [_Group()]
    for piece in PIECES.findall(text):
        if piece == "(":
            open_groups.append(_Group(source=["("]))
        elif piece == ")" and len(open_groups) > 1:
            closed = open_groups.pop()
            open_groups[-1].parts.append(closed)
            open_groups[-1].source.append("".join(closed.source) + ")")
        else:
            open_groups[-1].parts.append(piece[1:] if piece in (r"\(", r"\)") else piece)
            open_groups[-1].source.append(piece)
    outermost = open_groups[0]
    unclosed = "".join("".join(group.source) for group in open_groups[1:])
    if unclosed:
        outermost.parts.append(re.sub(r"\\([()])", r"\1", unclosed))
    return list(_merged(_weighted(outermost)))


def _weighted(outermost: _Group) -> Iterator[Phrase]:
    """The phrases in order; a stack instead of recursion, since prompts may nest as deeply as they like."""
    pending: list[tuple[str | _Group, float]] = [(part, 1.0) for part in reversed(outermost.parts)]
    while pending:
        part, weight = pending.pop()
        if isinstance(part, str):
            yield Phrase(part, weight)
            continue
        inner, number = _without_number(part)
        inside = weight * EMPHASIS if number is None else number
        pending.extend((child, inside) for child in reversed(inner))


def _without_number(group: _Group) -> tuple[list[str | _Group], float | None]:
    """The group's parts without `:1.3` at their end, and that number."""
    last = group.parts[-1] if group.parts else None
    if not isinstance(last, str) or ":" not in last:
        return group.parts, None
    text, _colon, digits = last.rpartition(":")
    try:
        number = float(digits)
    except ValueError:
        return group.parts, None
    if not math.isfinite(number) or (not text and len(group.parts) == 1):
        return group.parts, None
    return [*group.parts[:-1], text], number


def _merged(phrases: Iterator[Phrase]) -> Iterator[Phrase]:
    """Neighbours of one weight as one phrase; empty ones are left out."""
    text, weight = "", 1.0
    for phrase in phrases:
        if phrase.weight != weight:
            if text:
                yield Phrase(text, weight)
            text, weight = "", phrase.weight
        text += phrase.text
    if text:
        yield Phrase(text, weight)
