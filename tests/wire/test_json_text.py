"""JSON from strangers is read within limits, and what is wrong with it is said."""

import json

import pytest

from engine.wire.json_text import DEEPEST, BadJson, read_json, read_object, write_json


def test_reading():
    assert read_json(b'{"a": [1, 2.5, "\xc3\xa4", null, true]}') == {"a": [1, 2.5, "ä", None, True]}
    assert read_json('{"a": NaN, "b": -Infinity}') == {"a": None, "b": None}
    assert read_object(b"  ") == {}


@pytest.mark.parametrize("levels", [DEEPEST + 1, 5_000, 200_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_bottomless_nesting(levels, opening):
    closing = "]" if opening == "[" else "}"
    with pytest.raises(BadJson, match=str(DEEPEST)):
        read_json(opening * levels + "1" + closing * levels)
    read_json(opening * (DEEPEST - 1) + "1" + closing * (DEEPEST - 1))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": ', "not JSON"),
        (b"\xff\xff", "UTF-8"),
        (b"[1]", "found a list"),
        (b'"x"', "found a text"),
        (b"true", "found true or false"),
        (b"9" * 10_000, "not JSON"),
    ],
)
def test_what_is_wrong_is_said(body, words):
    with pytest.raises(BadJson, match=words):
        read_object(body)


def test_writing():
    assert json.loads(write_json({"a": float("nan"), "b": (1, float("inf")), "c": {1: 2}})) == {
        "a": None, "b": [1, None], "c": {"1": 2},
    }  # fmt: skip
