"""Models are found by the names that are listed, through links too, and never by a name that leads elsewhere."""

import sys
from pathlib import Path

import pytest

from engine.errors import BadReference
from engine.files.places import Places, walk


@pytest.fixture
def places(tmp_path):
    made = Places.under(tmp_path / "base")
    (tmp_path / "base" / "models" / "loras" / "sub").mkdir(parents=True)
    (tmp_path / "base" / "models" / "loras" / "sub" / "a.safetensors").write_bytes(b"a")
    (tmp_path / "base" / "models" / "loras" / "notes.txt").write_bytes(b"no weights")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "blob").write_bytes(b"b")
    return made


def test_weights_are_listed_and_found_below_their_folder(places):
    assert places.model_names("loras") == ["sub/a.safetensors"]
    assert places.model_path("loras", "sub/a.safetensors").read_bytes() == b"a"
    assert places.model_path("loras", "sub\\a.safetensors").read_bytes() == b"a"


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_linked_weights_and_folders_are_found_under_the_links_name(places, tmp_path):
    loras = places.model_folder("loras")[0]
    (loras / "linked.safetensors").symlink_to(tmp_path / "elsewhere" / "blob")
    (loras / "disk").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "c.safetensors").write_bytes(b"c")
    assert places.model_names("loras") == ["disk/c.safetensors", "linked.safetensors", "sub/a.safetensors"]
    found = places.model_path("loras", "linked.safetensors")
    assert (found.suffix, found.read_bytes()) == (".safetensors", b"b")
    assert places.model_path("loras", "disk/c.safetensors").read_bytes() == b"c"


@pytest.mark.parametrize(
    "name", ["../loras/sub/a.safetensors", "..\\x", "/etc/passwd", "C:x", "sub/\0", "", "a" * 2000, "\ud800", "none.pt"]
)
def test_other_names_are_refused(places, name):
    with pytest.raises(BadReference):
        places.model_path("loras", name)


def test_old_folder_names_still_mean_the_same(places):
    assert places.model_folder("clip") == places.model_folder("text_encoders")
    with pytest.raises(BadReference, match="no model folder"):
        places.model_folder("nonsense")


def test_areas_are_the_three(places):
    assert places.area("temp") == Path(places.temp)
    with pytest.raises(BadReference, match="input, output, temp"):
        places.area("user")


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_lists_of_files_leave_out_what_would_be_refused(tmp_path):
    inner, outer = tmp_path / "input", tmp_path / "input-of-others"
    (inner / "sub").mkdir(parents=True)
    outer.mkdir()
    for folder in (inner, inner / "sub", outer):
        (folder / "a.png").write_bytes(b"")
    (inner / "link.png").symlink_to(outer / "a.png")
    (inner / "folder").symlink_to(outer)
    (inner / "own.png").symlink_to(inner / "sub" / "a.png")
    assert [path.relative_to(inner).as_posix() for path in walk(inner)] == ["a.png", "own.png", "sub/a.png"]
    assert len(list(walk(inner, links_may_leave=True))) == 5
