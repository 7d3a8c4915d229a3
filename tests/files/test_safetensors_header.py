"""The header of a safetensors file is believed only where it cannot lie."""

import json

import pytest

from engine.errors import BadFile
from engine.files.safetensors_header import read_header
from tests import tiny


def write(path, entries, data=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + data)
    return path


def entry(dtype="F16", shape=(2,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_reads_names_shapes_places_and_metadata(tmp_path):
    content = {
        "__metadata__": {"format": "pt"},
        "b": entry("F32", (1, 3), (4, 16)),
        "a": entry(),
        "none": entry(shape=(0,), offsets=(16, 16)),
    }
    header = read_header(write(tmp_path / "x.safetensors", content, bytes(16)))
    start = (tmp_path / "x.safetensors").stat().st_size - 16
    assert header.metadata == {"format": "pt"}
    assert header.shape("b") == (1, 3)
    assert (header.tensors["b"].start, header.tensors["b"].end) == (start + 4, start + 16)
    assert header.tensors["b"].dtype == "F32"
    assert header.nbytes == 16


def test_agrees_with_the_library_that_writes_such_files(tmp_path):
    from safetensors import safe_open

    path = tiny.write_controlnet(tmp_path / "c.safetensors")
    header = read_header(path)
    with safe_open(path, "pt") as file:
        assert {name: list(info.shape) for name, info in header.tensors.items()} == {
            name: file.get_slice(name).get_shape()
            for name in file.keys()  # noqa: SIM118 (it is no mapping)
        }


HOSTILE = {
    "empty": (b"", None, b"", "too few"),
    "not json": (b"{]", None, b"", "not valid JSON"),
    "not text": (b"\xff\xfe{}", None, b"", "not valid JSON"),
    "not an object": (b"[]", None, b"", "not a JSON object"),
    "deep": (b"[" * 200_000, None, b"", "nested too deeply"),
    "huge number": (b'{"a": ' + b"9" * 5000 + b"}", None, b"", "not valid JSON"),
    "huge header": (b"{}", 2**63, b"", "announce"),
    "header beyond the end": (b"{}", 1000, b"", "truncated"),
    "twice the same name": (b'{"a": 1, "a": 2}', None, b"", "twice"),
    "metadata of numbers": ({"__metadata__": {"a": 1}}, None, b"", "__metadata__"),
    "entry is no object": ({"a": 3}, None, b"", "not an object"),
    "unknown type": ({"a": entry(dtype="F17")}, None, bytes(4), "'F17'"),
    "type is a list": ({"a": {**entry(), "dtype": ["F16"]}}, None, bytes(4), "type"),
    "negative size": ({"a": entry(shape=(-2,))}, None, bytes(4), "sizes"),
    "fractional size": ({"a": entry(shape=(2.0,))}, None, bytes(4), "sizes"),
    "truth as size": ({"a": entry(shape=(True, 2))}, None, bytes(4), "sizes"),
    "too many dimensions": ({"a": entry(shape=(1,) * 99)}, None, bytes(4), "sizes"),
    "no offsets": ({"a": {"dtype": "F16", "shape": [2]}}, None, bytes(4), "offsets"),
    "three offsets": ({"a": entry(offsets=(0, 2, 4))}, None, bytes(4), "offsets"),
    "backwards": ({"a": entry(offsets=(4, 0))}, None, bytes(4), "bytes"),
    "beyond the end": ({"a": entry(shape=(4,), offsets=(0, 8))}, None, bytes(4), "truncated"),
    "shape needs more": ({"a": entry(shape=(3,))}, None, bytes(4), "takes 6 bytes"),
    "shape overflows": ({"a": entry(shape=(2**40, 2**40))}, None, bytes(4), "takes"),
    "overlap": ({"a": entry(), "b": entry(offsets=(2, 6))}, None, bytes(6), "overlaps"),
    "gap": ({"a": entry(), "b": entry(offsets=(6, 10))}, None, bytes(10), "gap"),
    "something behind": ({"a": entry()}, None, bytes(9), "follow"),
    "no name": ({"": entry()}, None, bytes(4), "name"),
    "long name": ({"a" * 2000: entry()}, None, bytes(4), "name"),
    "name with a line break": ({"a\nb": entry()}, None, bytes(4), "name"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_refuses_what_contradicts_itself(case, tmp_path):
    text, length, data, message = HOSTILE[case]
    path = tmp_path / "x.safetensors"
    if case == "empty":
        path.write_bytes(b"")
    else:
        write(path, text, data, length)
    with pytest.raises(BadFile, match=message) as caught:
        read_header(path)
    assert "x.safetensors" in str(caught.value)
    assert len(str(caught.value)) < 1000  # however long the hostile text is


def test_every_truncation_is_noticed(tmp_path):
    whole = write(tmp_path / "x.safetensors", {"a": entry(), "b": entry(offsets=(4, 8))}, bytes(8)).read_bytes()
    path = tmp_path / "short.safetensors"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadFile):
            read_header(path)


def test_a_missing_file_and_a_missing_weight_are_named(tmp_path):
    with pytest.raises(BadFile, match="nowhere"):
        read_header(tmp_path / "nowhere.safetensors")
    header = read_header(write(tmp_path / "x.safetensors", {"a": entry()}, bytes(4)))
    with pytest.raises(BadFile, match="'b'"):
        header.shape("b")
