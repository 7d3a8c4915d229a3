"""How is a prompt of any length cut into the chunks that CLIP reads?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from engine.errors import BadReference
from engine.models.text_encoders.clip import END_TOKEN, START_TOKEN
from engine.models.text_encoders.prompt import parse_prompt
from engine.models.text_encoders.tokenizer import tokenize

LONGEST_WHOLE_WORD = 7  # tokens; longer words are split where a chunk ends
EMBEDDING = re.compile(r"embedding:(?P<name>[^\s,]+)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Token:
    """A token of the vocabulary, or a vector (D,) given from outside, and its weight."""

    id: int
    weight: float = 1.0
    vector: Tensor | None = None


Word = list[Token]


def read_words(text: str, read_embedding: Callable[[str], Tensor]) -> list[Word]:
    """The words of a prompt as tokens with weights.

    Raises:
        BadReference, BadFile: an embedding is missing or does not fit.
    """
    return [word for phrase in parse_prompt(text) for word in _words(phrase.text, phrase.weight, read_embedding)]


def _words(text: str, weight: float, read_embedding: Callable[[str], Tensor]) -> Iterator[Word]:
    for word in text.split():
        match = EMBEDDING.match(word)
        if match:
            yield [Token(END_TOKEN, weight, vector) for vector in read_embedding(match["name"])]
            word = match["rest"]
        tokens = [Token(number, weight) for number in tokenize(word)] if word else []
        if tokens:
            yield tokens


def no_embeddings(name: str) -> Tensor:
    """For text encoders that were not told where embeddings lie."""
    raise BadReference(f"The prompt asks for embedding:{name[:80]}, but no folder of embeddings is known here.")


def cut_into_chunks(words: Sequence[Word], length: int) -> list[list[Token]]:
    """Chunks of `length` tokens each: start, content, end, and end again as padding; at least one chunk."""
    room = length - 2
    contents: list[list[Token]] = [[]]
    for word in words:
        left = room - len(contents[-1])
        if len(word) > left and len(word) > LONGEST_WHOLE_WORD:
            contents[-1].extend(word[:left])
            rest = word[left:]
            contents.extend(rest[i : i + room] for i in range(0, len(rest), room))
        elif len(word) > left:
            contents.append(list(word))
        else:
            contents[-1].extend(word)
    return [_pad(content, length) for content in contents]


def _pad(content: list[Token], length: int) -> list[Token]:
    return [Token(START_TOKEN), *content, *(Token(END_TOKEN) for _ in range(length - 1 - len(content)))]
