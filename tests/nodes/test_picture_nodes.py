"""Nodes that cut, turn, join and combine pictures, masks and latents."""

import pytest
import torch

from engine.sampling import Latent
from nodes import (
    compositing,
    image,
    image_batch,
    image_transform,
    latent_arithmetic,
    latent_operations,
    latent_transform,
    mask_editing,
    post_processing,
)

QUADRANTS = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def picture(height=4, width=6, channels=3, batch=1, value=0.5):
    return torch.full((batch, height, width, channels), value)


def latent(height=8, width=8, batch=1, value=1.0, **more):
    return Latent(torch.full((batch, 4, height, width), value), **more)


def test_a_crop_never_leaves_the_picture():
    assert image_transform.crop(image=picture(), width=3, height=2, x=1, y=1).shape == (1, 2, 3, 3)
    assert image_transform.crop(image=picture(), width=9, height=9, x=99, y=99).shape == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ("none", [[1, 2], [3, 4]]),
        ("90 degrees", [[3, 1], [4, 2]]),
        ("180 degrees", [[4, 3], [2, 1]]),
        ("270 degrees", [[2, 4], [1, 3]]),
    ],
)
def test_pictures_and_latents_turn_clockwise(rotation, expected):
    turned = image_transform.rotate(image=QUADRANTS.reshape(1, 2, 2, 1), rotation=rotation)
    assert turned[0, ..., 0].tolist() == expected
    cells = latent_transform.rotate(samples=Latent(QUADRANTS.reshape(1, 1, 2, 2)), rotation=rotation)
    assert cells.samples[0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("x-axis: vertically", [[3, 4], [1, 2]]), ("y-axis: horizontally", [[2, 1], [4, 3]])],
)
def test_pictures_and_latents_are_mirrored(method, expected):
    assert image_transform.flip(image=QUADRANTS.reshape(1, 2, 2, 1), flip_method=method)[0, ..., 0].tolist() == expected
    cells = latent_transform.flip(samples=Latent(QUADRANTS.reshape(1, 1, 2, 2)), flip_method=method)
    assert cells.samples[0, 0].tolist() == expected


def test_sizes_by_area_and_by_longer_side():
    by_area = image_transform.scale_to_total(image=picture(40, 60), upscale_method="area", megapixels=0.01)
    assert by_area.shape[1:3] == (84, 125)  # 10485.76 pixels
    by_side = image_transform.scale_to_longer_side(image=picture(40, 60), upscale_method="lanczos", largest_size=30)
    assert by_side.shape[1:3] == (20, 30)


def test_a_picture_is_framed_in_the_middle():
    framed = image_transform.resize_and_pad(
        image=picture(4, 8), target_width=8, target_height=8, padding_color="white", interpolation="nearest-exact"
    )
    assert framed[0, :, 0, 0].tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize(
    ("direction", "match", "size"),
    [
        ("right", True, (4, 6 + 2 + 8)),
        ("down", True, (4 + 2 + 3, 6)),
        ("left", False, (4, 6 + 2 + 4)),
        ("up", False, (8, 6)),
    ],
)
def test_stitching_keeps_both_pictures(direction, match, size):
    joined = image_transform.stitch(
        image1=picture(4, 6),
        image2=picture(2, 4, channels=4, batch=2, value=0.25),
        direction=direction,
        match_image_size=match,
        spacing_width=2,
        spacing_color="red",
    )
    assert joined.shape == (2, *size, 4)
    assert (joined == torch.tensor([1.0, 0.0, 0.0, 1.0])).all(dim=-1).any()
    assert image_transform.stitch(image1=picture()).equal(picture())


def test_the_size_is_told_and_shown(context):
    told = image_transform.size(image=picture(4, 6, batch=3), context=context)
    assert told == (6, 4, 3)
    assert context.shown == ["width: 6, height: 4\nbatch size: 3"]


def test_pictures_of_a_batch_and_repeated():
    batch = torch.arange(4.0).reshape(4, 1, 1, 1).expand(-1, 2, 2, 3)
    assert image_batch.take(image=batch, batch_index=1, length=2)[:, 0, 0, 0].tolist() == [1, 2]
    assert image_batch.take(image=batch, batch_index=9, length=2)[:, 0, 0, 0].tolist() == [3]
    assert image_batch.repeat(image=batch[:2], amount=2)[:, 0, 0, 0].tolist() == [0, 1, 0, 1]


def test_noise_is_that_of_the_seed():
    noisy = image_batch.add_noise(image=picture(), seed=5, strength=0.1)
    expected = 0.5 + 0.1 * torch.randn(1, 4, 6, 3, generator=torch.Generator().manual_seed(5))
    assert torch.equal(noisy, expected.clamp(0, 1))


def test_blending_pictures_of_two_sizes_and_channels():
    blended = post_processing.blend(
        image1=picture(), image2=picture(8, 8, 4, value=1.0), blend_factor=0.5, blend_mode="normal"
    )
    assert torch.allclose(blended, torch.tensor(0.75)) and blended.shape == (1, 4, 6, 3)


def test_thresholds_the_wrong_way_round_are_named():
    with pytest.raises(ValueError, match=r"low_threshold is 0\.9"):
        post_processing.find_edges(image=picture(), low_threshold=0.9, high_threshold=0.2)


def test_pictures_are_divided_into_planes_and_joined():
    planes = post_processing.to_yuv(image=torch.rand(1, 4, 4, 3))
    assert [plane.shape for plane in planes] == [(1, 4, 4, 3)] * 3
    assert post_processing.from_yuv(Y=planes.Y, U=planes.U, V=planes.V).shape == (1, 4, 4, 3)


def test_alpha_is_the_opposite_of_a_mask():
    mask = torch.zeros(1, 2, 3)
    mask[0, 0, 0] = 1
    joined = compositing.join_alpha(image=picture(2, 3, batch=2), alpha=mask)
    assert joined.shape == (2, 2, 3, 4) and joined[1, 0, 0, 3] == 0 and joined[1, 1, 1, 3] == 1
    colours, back = compositing.split_alpha(image=joined)
    assert colours.shape == (2, 2, 3, 3) and torch.equal(back[0], mask[0])
    assert compositing.split_alpha(image=picture()).mask.sum() == 0


def test_porter_duff_takes_masks_as_transparency():
    clear, solid = torch.ones(1, 4, 6), torch.zeros(1, 4, 6)
    seen = compositing.compose(
        source=picture(value=1.0), source_alpha=clear, destination=picture(), destination_alpha=solid, mode="SRC_OVER"
    )
    assert torch.allclose(seen.image, picture()) and torch.equal(seen.mask, solid)


def test_a_picture_is_pasted_where_the_mask_is_white():
    mask = torch.zeros(1, 2, 2)
    mask[..., 1] = 1
    pasted = compositing.paste(destination=picture(channels=4), source=picture(2, 2, value=1.0), x=1, y=1, mask=mask)
    assert pasted[0, 1, :4, 0].tolist() == [0.5, 0.5, 1.0, 0.5]


def test_masks_are_cut_thresholded_and_made_of_colours():
    mask = torch.linspace(0, 1, 12).reshape(1, 3, 4)
    assert mask_editing.crop(mask=mask[0], x=2, y=1, width=9, height=1).shape == (1, 1, 2)
    assert mask_editing.threshold(mask=mask, value=0.5).sum() == 6
    assert mask_editing.of_color(image=picture(value=1.0), color=0xFFFFFF).all()
    assert mask_editing.grow(mask=mask, expand=1).shape == mask.shape
    assert mask_editing.feather(mask=mask, left=2).shape == mask.shape
    assert mask_editing.combine(destination=mask, source=mask[0], operation="add").shape == mask.shape


def test_a_shown_mask_is_a_temporary_picture(context, places):
    shown = mask_editing.preview(mask=torch.ones(1, 2, 2), context=context)
    (reference,) = shown.ui["images"]
    assert reference["type"] == "temp" and (places.temp / reference["filename"]).is_file()


def test_a_saved_picture_is_loaded_from_the_output_folder(context):
    saved = image.save(images=picture(), filename_prefix="again", context=context)
    name = saved.ui["images"][0]["filename"]
    for written in (name, f"{name} [output]"):
        assert image.load_output(image=written, context=context).image.shape == (1, 4, 6, 3)


def test_latents_are_cut_in_cells():
    assert latent_transform.crop(samples=latent(16, 16), width=64, height=72, x=64, y=8).samples.shape == (1, 4, 9, 8)
    near_the_end = latent_transform.crop(samples=latent(16, 16), width=512, height=512, x=4096, y=4096)
    assert near_the_end.samples.shape == (1, 4, 8, 8)


def test_a_latent_is_laid_over_another_and_fades_in_where_it_is_inside():
    below, above = latent(16, 16, value=0.0), latent(8, 8)
    laid = latent_transform.composite(samples_to=below, samples_from=above, x=0, y=32, feather=16).samples
    assert laid[0, 0, 4:12, 0].tolist() == [0.5, 1, 1, 1, 1, 1, 1, 0.5]
    assert laid[0, 0, 8, :9].tolist() == [1, 1, 1, 1, 1, 1, 1, 0.5, 0]
    masked = latent_transform.composite_masked(destination=below, source=above, x=8, y=8, mask=torch.ones(1, 8, 8))
    assert masked.samples.sum() == 4 * 64


def test_arithmetic_takes_the_shape_of_the_first():
    first, second = latent(batch=2, value=3.0), latent(16, 16, value=1.0)
    assert (latent_arithmetic.add(samples1=first, samples2=second).samples == 4).all()
    assert (latent_arithmetic.subtract(samples1=first, samples2=second).samples == 2).all()
    assert (latent_arithmetic.multiply(samples=first, multiplier=2.0).samples == 6).all()
    assert (latent_transform.blend(samples1=first, samples2=first, blend_factor=0.25).samples == 3).all()


def test_interpolation_keeps_the_length_of_cells():
    axes = torch.eye(4).reshape(4, 4, 1, 1)
    first, second = Latent(2 * axes[:1]), Latent(4 * axes[1:2])
    between = latent_arithmetic.interpolate(samples1=first, samples2=second, ratio=0.5).samples
    assert between.norm() == pytest.approx(3)
    assert torch.allclose(latent_arithmetic.interpolate(samples1=first, samples2=second).samples, first.samples)


def test_batches_number_their_noise():
    both = latent_arithmetic.batch(samples1=latent(batch=2), samples2=latent(16, 16))
    assert both.samples.shape == (3, 4, 8, 8) and both.batch_index == (0, 1, 0)
    fixed = latent_arithmetic.batch_noise(samples=both)
    assert fixed.batch_index == (0, 0, 0)
    assert latent_arithmetic.batch_noise(samples=fixed, seed_behavior="random").batch_index is None


@pytest.mark.parametrize(("dim", "first"), [("x", 1.0), ("-x", 2.0), ("y", 1.0), ("-y", 2.0)])
def test_latents_are_put_side_by_side_and_cut(dim, first):
    joined = latent_arithmetic.concatenate(samples1=latent(), samples2=latent(value=2.0), dim=dim).samples
    assert joined[0, 0, 0, 0] == first
    assert joined.shape == ((1, 4, 8, 16) if "x" in dim else (1, 4, 16, 8))
    strip = latent_arithmetic.cut(samples=Latent(joined), dim=dim[-1], index=-3, amount=9).samples
    assert strip.shape[-1 if "x" in dim else -2] == 3 and strip[0, 0, 0, 0] == 3 - first


def test_rebatched_latents_keep_noise_and_masks():
    masked = latent(batch=3, noise_mask=torch.zeros(1, 1, 8, 8))
    batches = latent_arithmetic.rebatch(latents=[masked, latent(batch=1), latent(16, 16)], batch_size=2)
    assert [part.samples.shape[0] for part in batches] == [2, 2, 1]
    assert [part.batch_index for part in batches] == [(0, 1), (2, 3), (4,)]
    assert batches[0].noise_mask.sum() == 0 and batches[2].noise_mask is None
    assert batches[1].noise_mask.shape == (2, 1, 64, 64) and batches[1].noise_mask.mean() == 0.5


def test_latent_operations_neutral_and_at_work():
    samples = Latent(torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(3)))
    untouched = latent_operations.make_sharpening(alpha=0.0)
    assert torch.allclose(
        latent_operations.apply(samples=samples, operation=untouched).samples, samples.samples, atol=1e-5
    )
    tonemapped = latent_operations.apply(samples=samples, operation=latent_operations.make_tonemapping()).samples
    before, after = samples.samples.norm(dim=1), tonemapped.norm(dim=1)
    assert (after < before).all() and after.argmax() == before.argmax()
