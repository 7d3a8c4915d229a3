"""How is a prompt of any length cut into the chunks that CLIP reads?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from engine.models.text_encoders.clip_config import END_TOKEN, START_TOKEN
from engine.models.text_encoders.prompt import parse_prompt
from engine.models.text_encoders.tokenizer import tokenize

LONGEST_WHOLE_RUN = 7  # tokens; longer runs are split where a chunk ends
EMBEDDING = re.compile(r"(?:^|(?<=\s))embedding:([^\s,]+)")


@dataclass(frozen=True, eq=False)
class Token:
    """A token of the vocabulary, or a vector (D,) given from outside, and its weight."""

    id: int
    weight: float = 1.0
    vector: Tensor | None = None


Run = list[Token]  # tokens that belong together: a phrase of one weight, or an embedding


def read_runs(text: str, read_embedding: Callable[[str], Tensor]) -> list[Run]:
    """The phrases and embeddings of a prompt as tokens with weights."""
    runs = [run for phrase in parse_prompt(text) for run in _runs(phrase.text, phrase.weight, read_embedding)]
    return [run for run in runs if run]


def _runs(text: str, weight: float, read_embedding: Callable[[str], Tensor]) -> Iterator[Run]:
    for number, piece in enumerate(EMBEDDING.split(text)):
        if number % 2:  # what the pattern's group caught
            yield [Token(END_TOKEN, weight, vector) for vector in read_embedding(piece)]
        else:
            yield [Token(token, weight) for token in tokenize(piece)]


def cut_into_chunks(runs: Sequence[Run], length: int, pads_with: int = END_TOKEN) -> list[list[Token]]:
    """Chunks of `length` tokens each: start, content, end, and padding; at least one chunk."""
    room = length - 2
    contents: list[list[Token]] = [[]]
    for run in runs:
        left = room - len(contents[-1])
        if len(run) > left and len(run) > LONGEST_WHOLE_RUN:
            contents[-1].extend(run[:left])
            rest = run[left:]
            contents.extend(rest[i : i + room] for i in range(0, len(rest), room))
        elif len(run) > left:
            contents.append(list(run))
        else:
            contents[-1].extend(run)
    return [_pad(content, length, pads_with) for content in contents]


def _pad(content: list[Token], length: int, pads_with: int) -> list[Token]:
    padding = (Token(pads_with) for _ in range(length - 2 - len(content)))
    return [Token(START_TOKEN), *content, Token(END_TOKEN), *padding]
