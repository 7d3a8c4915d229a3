"""Which tokens does CLIP read a text as? Byte-pair encoding (arXiv:1508.07909) with CLIP's own vocabulary."""

from __future__ import annotations

import gzip
from functools import cache
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.files.vocabulary import PACKAGE, clip_pairs_path
from engine.models.text_encoders.clip_config import VOCABULARY_SIZE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def tokenize(text: str) -> list[int]:
    """The token ids of a text, without start and end."""
    return _tokenizer().encode(text, add_special_tokens=False).ids


@cache
def _tokenizer() -> Tokenizer:
    """Built once: reading the vocabulary takes a tenth of a second."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    merges = _read_merges()
    letters = _byte_letters()
    names = [*letters, *(letter + WORD_END for letter in letters), *("".join(pair) for pair in merges), START, END]
    vocabulary = {name: number for number, name in enumerate(names)}
    model = models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix=WORD_END, unk_token=END)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def _byte_letters() -> list[str]:
    """The letter that stands for each byte, in the vocabulary's order: printable bytes first, as themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(256 - len(printable))]


def _read_merges() -> list[tuple[str, str]]:
    """The pairs that are joined, most frequent first."""
    path = clip_pairs_path()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    count = VOCABULARY_SIZE - 2 * 256 - 2  # what bytes, bytes at word ends and two special tokens leave
    pairs = [(left, right) for left, _space, right in (line.partition(" ") for line in lines[1 : count + 1])]
    if len(pairs) != count or not all(left and right for left, right in pairs):
        raise EngineError(f"{path} is not CLIP's vocabulary: {count} pairs were expected. Reinstall {PACKAGE}.")
    return pairs
