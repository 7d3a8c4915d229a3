"""Text, literals, animations and videos."""

import io
import json

import pytest
import torch
from PIL import Image

from engine.errors import BadFile
from engine.files.drawings import Svg
from nodes import animation, primitives, strings, video

WORKFLOW = {"workflow": {"nodes": []}}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: strings.concatenate(string_a="a", string_b="b", delimiter=", "), "a, b"),
        (lambda: strings.substring(string="cheese", start=1, end=-1), "hees"),
        (lambda: strings.length(string="äöü"), (3,)),
        (lambda: strings.convert_case(string="one two", mode="Title Case"), "One Two"),
        (lambda: strings.convert_case(string="oNe", mode="Capitalize"), "One"),
        (lambda: strings.trim(string="  a ", mode="Left"), "a "),
        (lambda: strings.replace(string="aba", find="a", replace="c"), "cbc"),
        (lambda: strings.contains(string="ABC", substring="b", case_sensitive=False), (True,)),
        (lambda: strings.contains(string="ABC", substring="b"), (False,)),
        (lambda: strings.compare(string_a="abc", string_b="C", mode="Ends With", case_sensitive=False), True),
        (lambda: strings.compare(string_a="abc", string_b="ab", mode="Equal"), False),
        (lambda: strings.matches_pattern(string="one\ntwo", regex_pattern="^TWO", multiline=True), (True,)),
        (lambda: strings.matches_pattern(string="one", regex_pattern="("), (False,)),
        (lambda: strings.replace_pattern(string="a1b22", regex_pattern=r"(\d+)", replace=r"<\1>", count=1), "a<1>b22"),
    ],
)
def test_texts(call, expected):
    assert call() == expected


@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        ("First Match", 1, "x=1"),
        ("All Matches", 1, "x=1\ny=2"),
        ("First Group", 1, "x"),
        ("All Groups", 2, "1\n2"),
        ("All Groups", 9, ""),
    ],
)
def test_patterns_take_out_what_they_find(mode, group, expected):
    found = strings.extract(string="x=1 y=2", regex_pattern=r"(\w)=(\d)", mode=mode, group_index=group)
    assert found == expected


def test_a_bad_replacement_says_what_is_wrong():
    with pytest.raises(ValueError, match="no valid pattern"):
        strings.replace_pattern(string="a", regex_pattern="(", replace="b")


def test_literals_are_handed_on():
    assert primitives.string(value="a") == primitives.lines(value="a") == "a"
    assert primitives.integer(value=2**60) == 2**60
    assert primitives.number(value=0.5) == 0.5
    assert primitives.toggle(value=True) is True


@pytest.mark.parametrize(
    ("value", "text"),
    [("as it is", "as it is"), (3, "3"), (None, "None"), ({"a": [1]}, '{\n    "a": [\n        1\n    ]\n}')],
)
def test_anything_is_shown_as_text(value, text):
    assert primitives.preview_any(source=value).ui == {"text": [text]}


def test_what_has_no_json_is_shown_as_python_shows_it():
    (shown,) = primitives.preview_any(source=[torch.zeros(2)]).ui["text"]
    assert shown == "[tensor([0., 0.])]"


def frames(count=5, height=32, width=34):
    return torch.linspace(0, 1, count).reshape(count, 1, 1, 1).expand(-1, height, width, 3)


@pytest.mark.parametrize(
    ("save", "options"),
    [(animation.save_webp, {"method": "fastest", "lossless": True}), (animation.save_png, {"compress_level": 1})],
)
def test_animations_play_and_carry_their_workflow(save, options, context, places):
    context.prompt, context.extra_pnginfo = {"1": {"class_type": "x", "inputs": {}}}, WORKFLOW
    result = save(images=frames(), filename_prefix="a/moves", fps=10.0, context=context, **options)
    assert result.ui["animated"] == (True,)
    (reference,) = result.ui["images"]
    with Image.open(places.output / reference["subfolder"] / reference["filename"]) as opened:
        assert opened.n_frames == 5 and opened.info.get("duration", 100) == 100
        carried = opened.text["workflow"] if opened.format == "PNG" else opened.getexif()[0x010F].partition(":")[2]
        assert json.loads(carried) == WORKFLOW["workflow"]


def test_drawings_are_saved_with_their_workflow(context, places):
    context.extra_pnginfo = WORKFLOW
    drawing = Svg([io.BytesIO(b'<?xml version="1.0"?><svg width="2"><rect/></svg>')])
    (reference,) = animation.save_svg(svg=drawing, context=context).ui["images"]
    written = (places.output / "svg" / reference["filename"]).read_text(encoding="utf-8")
    assert '<svg width="2"><metadata><![CDATA[{"workflow"' in written and written.endswith("<rect/></svg>")


def test_a_video_comes_back_with_its_sound(context, places):
    sound = {"waveform": torch.sin(torch.arange(8000) / 20)[None, None], "sample_rate": 16000}
    made = video.create(images=frames(12), fps=24.0, audio=sound)
    assert made.get_duration() == 0.5 and made.get_dimensions() == (34, 32)
    context.prompt = {"1": {"class_type": "x", "inputs": {}}}
    result = video.save(video=made, filename_prefix="clip", context=context)
    (reference,) = result.ui["images"]
    assert reference["filename"] == "clip_00001_.mp4"
    loaded = video.load(file="clip_00001_.mp4 [output]", context=context)
    assert loaded.get_dimensions() == (34, 32) and "mp4" in loaded.get_container_format()
    parts = video.take_apart(video=loaded)
    assert parts.images.shape == (12, 32, 34, 3) and parts.fps == 24
    assert (parts.images - frames(12)).abs().max() < 0.05
    assert parts.audio["waveform"].shape[1] == 1 and parts.audio["sample_rate"] == 16000


def test_webm_keeps_the_pictures(context, places):
    result = video.save_webm(images=frames(4, 33, 32), codec="vp9", fps=8.0, crf=10.0, context=context)
    loaded = video.load(file=result.ui["images"][0]["filename"] + " [output]", context=context)
    parts = video.take_apart(video=loaded)
    assert parts.images.shape == (4, 32, 32, 3) and parts.audio is None


def test_what_is_no_video_is_named(context, places):
    (places.input / "broken.mp4").write_bytes(b"not a video")
    with pytest.raises(BadFile, match=r"broken\.mp4 cannot be read as a video"):
        video.load(file="broken.mp4", context=context).get_components()
