"""CLIP's byte-level BPE for the recipe: lower case, 77 ids, padded with end-of-text as Stable Diffusion 1.x does."""

from __future__ import annotations

import functools
import gzip
import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from tools.tiny_model.networks import TOKENS

START, END = 49_406, 49_407
MERGES = 49_152 - 256 - 2
_WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", re.IGNORECASE)


def vocabulary_path() -> Path:
    """Find bpe_simple_vocab_16e6.txt.gz in the PyPI package openai-clip, without importing the package."""
    spec = importlib.util.find_spec("clip")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the CLIP vocabulary is missing: `pip install --no-deps openai-clip`")
    return Path(spec.submodule_search_locations[0]) / "bpe_simple_vocab_16e6.txt.gz"


def _byte_symbols() -> dict[int, str]:
    """Every byte as a printable character; unprintable ones move above 255."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    codes = printable + [256 + i for i in range(len(hidden))]
    return {byte: chr(code) for byte, code in zip(printable + hidden, codes, strict=True)}


class Tokenizer:
    """`encode(text)` -> int64 (77,)."""

    def __init__(self, path: Path | None = None) -> None:
        self._symbols = _byte_symbols()
        lines = gzip.decompress((path or vocabulary_path()).read_bytes()).decode("utf-8").split("\n")
        merges = [tuple(line.split()) for line in lines[1 : MERGES + 1]]
        units = list(self._symbols.values())
        tokens = units + [unit + "</w>" for unit in units] + ["".join(merge) for merge in merges]
        self._ids = {token: index for index, token in enumerate(tokens)}
        self._ranks = {merge: rank for rank, merge in enumerate(merges)}
        self._encode_word = functools.lru_cache(65_536)(self._merge)

    def _merge(self, word: str) -> tuple[int, ...]:
        parts = [self._symbols[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            pairs = list(pairwise(parts))
            best = min(pairs, key=lambda pair: self._ranks.get(pair, MERGES))
            if best not in self._ranks:
                break
            place = pairs.index(best)
            parts[place : place + 2] = ["".join(best)]
        return tuple(self._ids[part] for part in parts)

    def encode(self, text: str) -> np.ndarray:
        words = _WORD.findall(" ".join(text.split()).lower())
        ids = [START, *(token for word in words for token in self._encode_word(word))][: TOKENS - 1]
        return np.array(ids + [END] * (TOKENS - len(ids)), np.int64)
