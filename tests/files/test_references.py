"""A name that a user wrote means a file inside its folder, or nothing."""

import sys

import pytest

from engine.errors import BadReference
from engine.files.places import Places, inside
from engine.files.references import FileRef, existing, parse_annotated, resolve

OUTSIDE = [
    "../secret.png",
    "sub/../../secret.png",
    "..\\secret.png",
    "sub\\..\\..\\secret.png",
    "/etc/passwd",
    "\\\\server\\share\\x.png",
    "//server/share/x.png",
    "C:\\secret.png",
    "C:secret.png",
    "~/secret.png",
    "a.png\0.txt",
    "a.png::$DATA",
    "a.png.",
    "a.png ",
    "..",
    ".",
    "",
    "sub/..",
    "x" * 300 + ".png",
    "é" * 200 + ".png",
    "a/" * 600 + "x.png",
    "\ud800.png",
]


@pytest.fixture
def places(tmp_path):
    made = Places.under(tmp_path)
    made.make()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (made.input / "sub").mkdir()
    (made.input / "sub" / "cat.png").write_bytes(b"cat")
    (made.output / "dog [x].png").write_bytes(b"dog")
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat.png", FileRef("cat.png", "", "input")),
        ("sub/cat.png", FileRef("cat.png", "sub", "input")),
        ("sub\\deep\\cat.png", FileRef("cat.png", "sub/deep", "input")),
        ("cat.png [output]", FileRef("cat.png", "", "output")),
        ("sub/cat.png [temp]", FileRef("cat.png", "sub", "temp")),
        ("cat.png[input]", FileRef("cat.png", "", "input")),
        ("cat [outside].png", FileRef("cat [outside].png", "", "input")),
        ("cat.png [etc]", FileRef("cat.png [etc]", "", "input")),
        ("[output]", FileRef("[output]", "", "input")),
    ],
)
def test_annotated_names_are_split(text, expected):
    assert parse_annotated(text) == expected


def test_the_default_area_and_the_json_form():
    ref = parse_annotated("sub/cat.png", default="temp")
    assert ref.json() == {"filename": "cat.png", "subfolder": "sub", "type": "temp"}
    assert ref.name == "sub/cat.png"


def test_existing_files_are_found(places):
    assert existing(places, parse_annotated("sub/cat.png")).read_bytes() == b"cat"
    assert existing(places, parse_annotated("dog [x].png [output]")).read_bytes() == b"dog"


def test_a_missing_file_is_named_with_its_folder(places):
    with pytest.raises(BadReference, match=r"sub/dog\.png.*input folder") as raised:
        existing(places, parse_annotated("sub/dog.png"))
    assert str(places.input) in str(raised.value)
    assert resolve(places, parse_annotated("sub/dog.png")) == places.input.resolve() / "sub" / "dog.png"


@pytest.mark.parametrize("annotation", ["", " [input]", " [output]", " [temp]"])
@pytest.mark.parametrize("name", OUTSIDE, ids=ascii)
def test_nothing_outside_its_folder_is_reached(places, name, annotation):
    with pytest.raises(BadReference):
        existing(places, parse_annotated(name + annotation))


@pytest.mark.parametrize("subfolder", ["..", "../..", "/etc", "C:", "sub/../..", "\\\\server\\share", "~", "\0"])
def test_a_subfolder_of_a_client_is_held_to_the_same(places, subfolder):
    with pytest.raises(BadReference):
        resolve(places, FileRef("secret.png", subfolder, "input"))


def test_an_area_that_is_none_is_refused(places):
    with pytest.raises(BadReference, match="input, output, temp"):
        resolve(places, FileRef("cat.png", "", "models"))


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_links_that_lead_outside_are_refused_and_links_inside_followed(places, tmp_path):
    (places.input / "out").symlink_to(tmp_path)
    (places.input / "link.png").symlink_to(tmp_path / "secret.png")
    (places.input / "alias").symlink_to(places.input / "sub")
    for name in ("out/secret.png", "link.png"):
        with pytest.raises(BadReference):
            existing(places, parse_annotated(name))
    assert existing(places, parse_annotated("alias/cat.png")).read_bytes() == b"cat"


def test_below_refuses_what_no_file_name_can_hold(tmp_path):
    with pytest.raises(BadReference, match="character"):
        inside(tmp_path, "a\ud800b")
