"""Pictures are read upright with their transparency, written with their workflow, and refused when they are bombs."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadFile, EngineError
from engine.files import images
from engine.files.images import encode_png, encode_preview, png_texts, read_channel, read_image, recode_image


def ramp(height=6, width=8, channels=3):
    count = height * width * channels
    return (np.arange(count, dtype=np.uint32) * 255 // (count - 1)).astype(np.uint8).reshape(height, width, channels)


def saved(path, image, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_keeps_every_pixel_and_its_workflow(tmp_path, channels):
    pixels = ramp(channels=channels)
    prompt, extra = {"1": {"class_type": "KSampler", "inputs": {"text": "Grüße, 猫"}}}, {"workflow": {"nodes": []}}
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(pixels, png_texts(prompt, extra)))
    with Image.open(path) as image:
        assert json.loads(image.text["prompt"]) == prompt
        assert json.loads(image.text["workflow"]) == extra["workflow"]
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    data = path.read_bytes()
    assert data.index(b"tEXtprompt\0") < data.index(b"IDAT")


def test_png_without_metadata_holds_no_text(tmp_path):
    assert png_texts(None, None) == {}
    assert b"tEXt" not in encode_png(ramp())


@pytest.mark.parametrize("key", ["", "x" * 80, "a\0b", "é", "a\nb"])
def test_a_key_that_no_png_can_hold_is_named(key):
    with pytest.raises(EngineError, match="cannot hold text"):
        encode_png(ramp(), {key: "text"})


def test_rgb_has_no_opacity_and_keeps_its_values(tmp_path):
    frames = read_image(saved(tmp_path / "a.png", Image.fromarray(ramp())))
    assert frames.pixels.shape == (1, 6, 8, 3)
    assert frames.pixels.dtype == np.float32
    assert np.array_equal(frames.pixels[0] * 255, ramp().astype(np.float32))
    assert frames.opacity is None


def test_rgba_gives_colours_as_stored_and_opacity(tmp_path):
    pixels = ramp(channels=4)
    frames = read_image(saved(tmp_path / "a.png", Image.fromarray(pixels)))
    assert np.allclose(frames.pixels[0] * 255, pixels[..., :3])
    assert np.allclose(frames.opacity[0] * 255, pixels[..., 3])


def test_a_palette_with_a_transparent_entry_has_opacity(tmp_path):
    image = Image.new("P", (4, 2))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    frames = read_image(saved(tmp_path / "a.png", image, transparency=1))
    assert frames.opacity[0, 0].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert frames.pixels[0, 0, 0].tolist() == [1.0, 0.0, 0.0]
    opaque = Image.new("P", (4, 2))
    opaque.putpalette([255, 0, 0])
    assert read_image(saved(tmp_path / "b.png", opaque)).opacity is None


def test_sixteen_bits_of_grey_are_kept(tmp_path):
    values = np.array([[0, 1, 256], [32768, 65534, 65535]], np.uint16)
    frames = read_image(saved(tmp_path / "a.png", Image.fromarray(values)))
    assert np.allclose(frames.pixels[0, ..., 0], values / 65535, atol=1e-7)
    assert (frames.pixels[0, ..., 0] == frames.pixels[0, ..., 2]).all()


def test_float_tiff_is_taken_as_0_to_1(tmp_path):
    values = np.array([[-1.0, 0.25], [0.5, 2.0]], np.float32)
    frames = read_image(saved(tmp_path / "a.tiff", Image.fromarray(values)))
    assert frames.pixels[0, ..., 1].tolist() == [[0.0, 0.25], [0.5, 1.0]]


@pytest.mark.parametrize("mode", ["L", "LA", "1", "CMYK"])
def test_other_modes_become_rgb(tmp_path, mode):
    image = Image.fromarray(ramp()).convert("L" if mode in ("LA", "1") else mode).convert(mode)
    frames = read_image(saved(tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"), image))
    assert frames.pixels.shape == (1, 6, 8, 3)
    assert (frames.opacity is not None) == (mode == "LA")


def test_exif_orientation_turns_the_picture_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter turn to the left
    pixels = ramp(6, 8)
    path = saved(tmp_path / "a.png", Image.fromarray(pixels), exif=exif)
    frames = read_image(path)
    assert frames.pixels.shape == (1, 8, 6, 3)
    assert np.allclose(frames.pixels[0] * 255, np.rot90(pixels, -1))
    assert read_channel(path, "red").shape == (8, 6)
    with Image.open(io.BytesIO(recode_image(path, "png"))) as turned:
        assert turned.size == (6, 8)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animation_is_a_batch(tmp_path, suffix):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [Image.new("RGB", (8, 6), colour) for colour in colours]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
    found = read_image(tmp_path / f"a.{suffix}").pixels
    assert found.shape == (3, 6, 8, 3)
    assert np.allclose(found[:, 0, 0] * 255, colours, atol=1)


def test_frames_of_another_size_are_left_out(tmp_path):
    frames = [Image.new("L", (4, 4), 10), Image.new("L", (5, 4), 20), Image.new("L", (4, 4), 30)]
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    assert np.allclose(read_image(tmp_path / "a.tiff").pixels[:, 0, 0, 0] * 255, [10, 30])


@pytest.mark.parametrize(("channel", "index"), [("red", 0), ("green", 1), ("blue", 2), ("alpha", 3)])
def test_channels(tmp_path, channel, index):
    pixels = ramp(channels=4)
    path = saved(tmp_path / "a.png", Image.fromarray(pixels))
    assert np.allclose(read_channel(path, channel) * 255, pixels[..., index])


def test_there_is_no_alpha_in_an_opaque_picture(tmp_path):
    assert read_channel(saved(tmp_path / "a.png", Image.fromarray(ramp())), "alpha") is None


def test_of_a_stereo_jpeg_the_first_view_is_read(tmp_path):
    views = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    views[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=views[1:])
    found = read_image(tmp_path / "a.jpg").pixels
    assert found.shape == (1, 8, 8, 3)
    assert found[0, 0, 0, 0] > 0.9


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height, chunks=b""):
    """A PNG of a few bytes that claims to be huge."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + header + chunks + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(16385, 16384), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize(
    "read", [read_image, lambda path: read_channel(path, "red"), lambda path: recode_image(path, "webp")]
)
def test_a_picture_of_too_many_pixels_is_refused_with_the_limit(tmp_path, size, read):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(BadFile, match=r"bomb\.png is too large.*134217728 pixels"):
        read(path)


def test_an_animation_of_too_many_pixels_or_frames_is_refused(tmp_path, monkeypatch):
    frames = [Image.new("L", (8, 8), value) for value in (1, 2, 3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with monkeypatch.context() as limited:
        limited.setattr(images, "MAX_PIXELS", 150)
        with pytest.raises(BadFile, match="3 frame"):
            read_image(tmp_path / "a.gif")
    monkeypatch.setattr(images, "MAX_FRAMES", 2)
    with pytest.raises(BadFile, match="at most 2"):
        read_image(tmp_path / "a.gif")


def test_a_text_chunk_that_unpacks_to_gigabytes_is_refused(tmp_path):
    text = png_chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a" * 300_000_000, 9))
    path = tmp_path / "a.png"
    path.write_bytes(bomb(2, 2, text))
    with pytest.raises(BadFile, match=r"a\.png cannot be read"):
        read_image(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encode_png(ramp())[:80],
    ],
    ids=["empty", "text", "html", "eps", "truncated png"],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, content):
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"odd\.png cannot be read as a picture"):
        read_image(path)


def test_a_truncated_png_is_refused_unless_all_pixels_are_there(tmp_path):
    whole = encode_png(ramp(), {"prompt": "{}"})
    path = tmp_path / "cut.png"
    refused = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            frames = read_image(path)
        except BadFile:
            refused += 1
        else:
            assert np.allclose(frames.pixels[0] * 255, ramp())
    assert refused >= len(whole) - 20  # checksums and the closing chunk may be missing


def test_a_file_that_vanished_is_said_to_have(tmp_path):
    with pytest.raises(BadFile, match="There is no file"):
        read_image(tmp_path / "gone.png")


@pytest.mark.parametrize(("size", "shown"), [((16, 8), (512, 256)), ((8, 16), (256, 512)), ((1024, 512), (512, 256))])
def test_a_preview_is_a_jpeg_of_the_wanted_size(size, shown):
    data = encode_preview(np.full((size[1], size[0], 3), (255, 0, 0), np.uint8), 512)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", shown)
        assert np.allclose(np.asarray(image)[0, 0], (255, 0, 0), atol=4)


@pytest.mark.parametrize("encoding", ["webp", "jpeg", "png"])
def test_a_picture_is_recoded_for_the_browser(tmp_path, encoding):
    path = saved(tmp_path / "a.png", Image.fromarray(np.full((60, 80, 4), 128, np.uint8)))
    with Image.open(io.BytesIO(recode_image(path, encoding, max_side=40))) as image:
        assert image.format == encoding.upper()
        assert image.size == (40, 30)
        assert ("A" in image.getbands()) == (encoding != "jpeg")


def test_channels_of_a_view(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(np.full((2, 2, 4), (10, 20, 30, 40), np.uint8)))
    with Image.open(io.BytesIO(recode_image(path, "png", channel="rgb"))) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("RGB", (10, 20, 30))
    with Image.open(io.BytesIO(recode_image(path, "png", channel="a"))) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("RGBA", (0, 0, 0, 40))


@pytest.mark.parametrize("channels", [3, 4])
def test_a_png_of_sixteen_bits_a_colour_keeps_them(tmp_path, channels):
    values = np.arange(4 * 5 * channels, dtype=np.uint16).reshape(4, 5, channels) * 997
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 5, 4, 16, 2 if channels == 3 else 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    frames = read_image(tmp_path / "deep.png")
    assert np.allclose(frames.pixels[0], values[..., :3] / 65535.0, atol=1e-7)
    if channels == 4:
        assert np.allclose(frames.opacity[0], values[..., 3] / 65535.0, atol=1e-7)
    else:
        assert frames.opacity is None
