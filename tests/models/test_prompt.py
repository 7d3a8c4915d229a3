"""Prompt syntax: brackets, numbers, escapes; tokens as CLIP's own; chunks of 75."""

import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.text_encoders import tokenizer as ours
from engine.models.text_encoders.chunks import Token, cut_into_chunks, read_runs
from engine.models.text_encoders.prompt import parse_prompt
from engine.models.text_encoders.tokenizer import tokenize

PARSED = {
    "": [],
    "a cat": [("a cat", 1.0)],
    "(cat)": [("cat", 1.1)],
    "((cat))": [("cat", 1.21)],
    "a (cat:1.3) b": [("a ", 1.0), ("cat", 1.3), (" b", 1.0)],
    "(cat:.5)": [("cat", 0.5)],
    "(cat:-1)": [("cat", -1.0)],
    "((cat:1.2))": [("cat", 1.2)],
    "((cat):1.5)": [("cat", 1.65)],
    "(a (b) c:2)": [("a ", 2.0), ("b", 2.2), (" c", 2.0)],
    "(red: cat:1.2)": [("red: cat", 1.2)],
    "(cat:dog)": [("cat:dog", 1.1)],
    "(cat:inf)": [("cat:inf", 1.1)],
    "(:1.3)": [(":1.3", 1.1)],
    "()": [],
    "[cat]": [("[cat]", 1.0)],
    r"\(cat\)": [("(cat)", 1.0)],
    r"(a \(b\):1.3)": [("a (b)", 1.3)],
    "a \\ b": [("a \\ b", 1.0)],
    "cat)": [("cat)", 1.0)],
    "(cat": [("(cat", 1.0)],
    r"a (b (c) \(d": [("a (b (c) (d", 1.0)],
    "(a)(b)": [("ab", 1.1)],
}


@pytest.mark.parametrize("text", PARSED)
def test_weights_of_phrases(text):
    found = [(phrase.text, phrase.weight) for phrase in parse_prompt(text)]
    assert [t for t, _ in found] == [t for t, _ in PARSED[text]]
    assert [w for _, w in found] == pytest.approx([w for _, w in PARSED[text]])


def test_deep_nesting_needs_no_recursion():
    [phrase] = parse_prompt("(" * 5000 + "cat" + ":2)" * 5000)
    assert phrase.text.startswith("cat")


# ids as published with CLIP and with the models that read it
TOKENS = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "A  Photo\nof a CAT": [320, 1125, 539, 320, 2368],
    "": [],
    "hello world!": [3306, 1002, 256],
}


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_are_those_of_the_vocabulary(text):
    assert tokenize(text) == TOKENS[text]


TEXTS = [
    "it's 42 o'clock",
    "naïve café",
    "日本語 テキスト",
    "🙂🙃",
    "x<|endoftext|>y",
    "e\u0301",
    "İstanbul",
    "a_b-c/d\\e",
    "ﬁ ½",
]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_another_implementation(text, tmp_path):
    """Byte-pair encoding by its definition: join the pair that comes first in the list, until none is left."""
    ranks = {pair: rank for rank, pair in enumerate(ours._read_merges())}
    letters = ours._byte_letters()
    order = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte_letter = dict(zip([*order, *(b for b in range(256) if b not in order)], letters, strict=True))
    names = [*letters, *(x + "</w>" for x in letters), *("".join(pair) for pair in ranks)]
    vocabulary = {name: number for number, name in enumerate(names)}
    ids = []
    for word in regex.findall(ours.WORDS, unicodedata.normalize("NFC", text).lower()):
        parts = [byte_letter[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            rank, place = min((ranks.get(pair, 1e9), i) for i, pair in enumerate(pairwise(parts)))
            if rank == 1e9:
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        ids += [vocabulary[part] for part in parts]
    assert tokenize(text) == ids


def ids_of(chunks):
    return [[token.id for token in chunk] for chunk in chunks]


def run_of(length, first=0):
    return [Token(first + i) for i in range(length)]


def test_no_words_are_one_chunk():
    assert ids_of(cut_into_chunks([], 77)) == [[49406, *[49407] * 76]]


def test_a_chunk_holds_75_tokens():
    full, more = cut_into_chunks([run_of(75)], 77), cut_into_chunks([run_of(75), run_of(1)], 77)
    assert ids_of(full) == [[49406, *range(75), 49407]]
    assert [len(chunk) for chunk in more] == [77, 77]


def test_a_short_phrase_is_not_torn():
    first, second = ids_of(cut_into_chunks([run_of(70), run_of(7, first=100)], 77))
    assert first == [49406, *range(70), *[49407] * 6]
    assert second[:8] == [49406, *range(100, 107)]


def test_a_long_phrase_is_split_where_the_chunk_ends():
    first, second = ids_of(cut_into_chunks([run_of(70), run_of(8, first=100)], 77))
    assert first == [49406, *range(70), *range(100, 105), 49407]
    assert second[:5] == [49406, 105, 106, 107, 49407]


def test_every_token_keeps_its_weight():
    runs = read_runs("a (cat:1.5), (x:0.2)", lambda name: pytest.fail(name))
    weights = [(token.id, token.weight) for run in runs for token in run]
    assert weights == [(320, 1.0), (2368, 1.5), (267, 1.0), (343, 0.2)]


def test_a_chunk_may_be_filled_up_with_another_token():
    assert ids_of(cut_into_chunks([run_of(2, first=5)], 77, 0)) == [[49406, 5, 6, 49407, *[0] * 73]]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab (:1.5)\\,\n\u00e9\u732b"), max_size=60))
def test_any_text_becomes_whole_chunks(text):
    chunks = cut_into_chunks(read_runs(text, lambda name: pytest.fail(name)), 77)
    assert chunks and all(len(chunk) == 77 and chunk[0].id == 49406 for chunk in chunks)
    assert all(any(token.id == 49407 for token in chunk) for chunk in chunks)


@given(st.text(alphabet=st.characters(exclude_characters="()\\"), max_size=60))
def test_text_without_brackets_is_itself(text):
    assert "".join(phrase.text for phrase in parse_prompt(text)) == text
    escaped = parse_prompt("\\(" + text + "\\)")
    assert [(phrase.text, phrase.weight) for phrase in escaped] == [(f"({text})", 1.0)]
