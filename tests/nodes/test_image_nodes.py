"""Image and mask nodes: files in, files out, sizes between."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import BadFile, BadReference
from engine.graph.declare import DEFINITION
from nodes import image as nodes
from nodes import mask as mask_nodes


def pixels(height=6, width=8, channels=3):
    generator = np.random.default_rng(7)
    return generator.integers(0, 256, (height, width, channels), np.uint8)


def write(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def saved_image(places, shown):
    return np.asarray(Image.open(places.area(shown["type"]) / shown["subfolder"] / shown["filename"]))


def test_every_eight_bit_value_survives_loading_and_saving(context, places):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    write(places.input / "a.png", values)
    loaded = nodes.load(image="a.png", context=context)
    result = nodes.save(images=loaded.image, filename_prefix="a", context=context)
    assert np.array_equal(saved_image(places, result.ui["images"][0]), values)


def test_load_gives_image_and_mask(context, places):
    array = pixels(channels=4)
    write(places.input / "sub" / "a.png", array)
    loaded = nodes.load(image="sub/a.png", context=context)
    assert loaded.image.shape == (1, 6, 8, 3)
    assert torch.allclose(loaded.image[0] * 255, torch.from_numpy(array[..., :3]).float())
    assert loaded.mask.shape == (1, 6, 8)
    assert torch.allclose(loaded.mask[0], 1 - torch.from_numpy(array[..., 3]).float() / 255)


def test_an_opaque_picture_has_the_ecosystems_empty_mask(context, places):
    write(places.output / "a.png", pixels())
    loaded = nodes.load(image="a.png [output]", context=context)
    assert loaded.mask.shape == (1, 64, 64)
    assert not loaded.mask.any()


@pytest.mark.parametrize(("channel", "index"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_channel_as_mask(context, places, channel, index):
    array = pixels(channels=4)
    write(places.input / "a.png", array)
    mask = mask_nodes.load(image="a.png", channel=channel, context=context)
    assert torch.allclose(mask * 255, torch.from_numpy(array[None, ..., index]).float())


def test_alpha_as_mask_is_what_is_transparent(context, places):
    array = pixels(channels=4)
    write(places.input / "a.png", array)
    write(places.input / "opaque.png", pixels())
    mask = mask_nodes.load(image="a.png", channel="alpha", context=context)
    assert torch.allclose(mask, 1 - torch.from_numpy(array[None, ..., 3]).float() / 255)
    none = mask_nodes.load(image="opaque.png", channel="alpha", context=context)
    assert none.shape == (1, 64, 64)
    assert not none.any()


@pytest.mark.parametrize("load", [nodes.load, lambda **inputs: mask_nodes.load(channel="red", **inputs)])
def test_loading_names_what_is_wrong(context, places, load):
    (places.input / "text.png").write_text("no picture")
    with pytest.raises(BadFile, match=r"text\.png"):
        load(image="text.png", context=context)
    with pytest.raises(BadReference, match=r"no file 'gone\.png'"):
        load(image="gone.png", context=context)
    with pytest.raises(BadReference):
        load(image="../../etc/passwd", context=context)


def test_the_choice_of_images_lists_input_and_takes_annotated_files(places):
    write(places.input / "a.png", pixels())
    write(places.output / "sub" / "b.png", pixels())
    (places.input / "notes.txt").write_text("x")
    widget = getattr(nodes.load, DEFINITION).input("image").widget
    assert widget.choices(places) == ["a.png"]
    for right in ("a.png", "a.png [input]", "sub/b.png [output]"):
        assert widget.check(right, places) is None
    for wrong in ("b.png", "b.png [output]", "../output/sub/b.png", "/etc/passwd", "a.png [temp]", "\ud800", 7, None):
        assert widget.check(wrong, places).kind == "value_not_in_list"


def test_saved_pictures_are_a_batch_with_the_workflow_inside(context, places):
    context.prompt = {"9": {"class_type": "SaveImage", "inputs": {}}}
    context.extra_pnginfo = {"workflow": {"nodes": []}}
    batch = torch.rand(3, 6, 8, 3)
    shown = nodes.save(images=batch, filename_prefix="sub/cat", context=context).ui["images"]
    assert [entry["filename"] for entry in shown] == [f"cat_0000{number}_.png" for number in (1, 2, 3)]
    assert {entry["subfolder"] for entry in shown} == {"sub"}
    for picture, entry in zip(batch, shown, strict=True):
        assert np.array_equal(saved_image(places, entry), (picture * 255).to(torch.uint8).numpy())
    with Image.open(places.output / "sub" / "cat_00002_.png") as image:
        assert json.loads(image.text["prompt"]) == context.prompt
        assert json.loads(image.text["workflow"]) == {"nodes": []}


def test_no_metadata_is_written_where_none_may_be(context, places):
    shown = nodes.save(images=torch.rand(1, 6, 8, 3), context=context).ui["images"][0]
    assert shown["filename"] == "ComfyUI_00001_.png"
    with Image.open(places.output / shown["filename"]) as image:
        assert image.text == {}


def test_values_outside_0_to_1_are_cut(context, places):
    values = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]).reshape(1, 1, 5, 1).repeat(1, 1, 1, 3)
    shown = nodes.save(images=values, filename_prefix="a", context=context).ui["images"][0]
    assert saved_image(places, shown)[0, :, 0].tolist() == [0, 0, 127, 255, 255]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_and_transparent_pictures_are_saved_as_such(context, places, channels):
    shown = nodes.save(images=torch.rand(1, 6, 8, channels), filename_prefix="a", context=context).ui["images"][0]
    assert saved_image(places, shown).reshape(6, 8, -1).shape[2] == channels


def test_tokens_of_the_prefix(context, places):
    context.prompt = {
        "5": {"class_type": "KSampler", "inputs": {"seed": 42, "model": ["1", 0]}, "_meta": {"title": "My sampler"}}
    }
    prefix = "%width%x%height%/%KSampler.seed% %My sampler.seed% %KSampler.model%"
    shown = nodes.save(images=torch.rand(1, 6, 8, 3), filename_prefix=prefix, context=context).ui["images"][0]
    assert (shown["subfolder"], shown["filename"]) == ("8x6", "42 42 %KSampler.model%_00001_.png")


def test_a_bad_prefix_is_known_before_anything_runs(places):
    check = getattr(nodes.save, DEFINITION).check
    assert check(filename_prefix="sub/%date:yyyy%/cat", places=places) is None
    assert check(places=places) is None
    assert "filename_prefix" in check(filename_prefix="../../x", places=places)


def test_a_preview_goes_to_temp_under_a_name_of_its_own(context, places):
    first, second = (nodes.preview(images=torch.rand(1, 6, 8, 3), context=context).ui["images"][0] for _ in range(2))
    assert first["type"] == "temp"
    assert first["filename"] != second["filename"]
    assert saved_image(places, first).shape == (6, 8, 3)
    assert not list(places.output.iterdir())


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
@pytest.mark.parametrize(
    ("width", "height", "shape"), [(20, 10, (10, 20)), (0, 12, (12, 16)), (16, 0, (12, 16)), (1, 0, (1, 1))]
)
def test_scale(method, width, height, shape):
    scaled = nodes.scale(
        image=torch.rand(2, 6, 8, 3), upscale_method=method, width=width, height=height, crop="disabled"
    )
    assert scaled.shape == (2, *shape, 3)


def test_scale_to_no_size_changes_nothing_and_center_crops():
    image = torch.rand(1, 8, 16, 3)
    assert nodes.scale(image=image, upscale_method="area", width=0, height=0, crop="disabled") is image
    cropped = nodes.scale(image=image, upscale_method="nearest-exact", width=8, height=8, crop="center")
    assert torch.equal(cropped, image[:, :, 4:12])


def test_scale_by():
    assert nodes.scale_by(image=torch.rand(1, 6, 8, 3), upscale_method="bilinear", scale_by=1.5).shape == (1, 9, 12, 3)


def test_lanczos_is_pillows(context, places):
    array = pixels(30, 40)
    write(places.input / "a.png", array)
    scaled = nodes.scale(
        image=nodes.load(image="a.png", context=context).image,
        upscale_method="lanczos",
        width=25,
        height=50,
        crop="disabled",
    )
    expected = np.asarray(Image.fromarray(array).resize((25, 50), Image.Resampling.LANCZOS))
    shown = nodes.save(images=scaled, filename_prefix="a", context=context).ui["images"][0]
    assert np.array_equal(saved_image(places, shown), expected)


@pytest.mark.parametrize("node", [nodes.load, mask_nodes.load])
def test_a_picture_is_known_by_its_content(places, node):
    fingerprint = getattr(node, DEFINITION).fingerprint
    write(places.input / "a.png", pixels())
    before = fingerprint(image="a.png", channel="red", places=places)
    (places.input / "a.png").touch()
    assert fingerprint(image="a.png", places=places) == before
    file = io.BytesIO()
    Image.fromarray(pixels(7)).save(file, "PNG")
    (places.input / "a.png").write_bytes(file.getvalue())
    assert fingerprint(image="a.png", places=places) != before
    assert np.isnan(fingerprint(places=places))
