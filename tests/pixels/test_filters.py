"""Blurs, edges, blends and palettes do what their formulas and papers say."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from engine import pixels
from engine.pixels.filters import gaussian_kernel
from engine.pixels.methods import BLEND_MODES, COMPOSITIONS, MASK_OPERATIONS, MORPHOLOGY
from engine.pixels.quantizing import bayer_pattern

RED = torch.tensor([1.0, 0.0, 0.0])


@pytest.fixture
def picture():
    return torch.rand(2, 12, 10, 3, generator=torch.Generator().manual_seed(1))


def test_the_kernel_is_gaussian_in_units_of_its_radius():
    kernel = gaussian_kernel(2, 0.5)
    assert kernel.sum() == pytest.approx(1)
    ratio = kernel[2, 3] / kernel[2, 2]  # one pixel is half a radius: exp(-0.25 / (2 * 0.25))
    assert ratio == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_blur_keeps_what_is_even_and_smooths_the_rest(picture):
    assert torch.allclose(pixels.blur(torch.full((1, 8, 8, 3), 0.3), 3, 1.0), torch.tensor(0.3))
    blurred = pixels.blur(picture, 2, 1.0)
    kernel = gaussian_kernel(2, 1.0).numpy()
    expected = ndimage.convolve(picture[1, ..., 2].numpy(), kernel, mode="mirror")
    assert np.allclose(blurred[1, ..., 2], expected, atol=1e-6)


def test_a_picture_narrower_than_the_blur_is_blurred_all_the_same():
    assert pixels.blur(torch.rand(1, 3, 40, 3), 31, 1.0).shape == (1, 3, 40, 3)


def test_sharpening_adds_ten_alpha_times_what_a_blur_takes_away(picture):
    inside = picture * 0.02 + 0.5
    expected = inside + 10 * 0.3 * (inside - pixels.blur(inside, 1, 1.0))
    assert torch.allclose(pixels.sharpen(inside, 1, 1.0, 0.3), expected, atol=1e-5)
    assert torch.allclose(pixels.sharpen(picture, 3, 1.0, 0.0), picture, atol=1e-6)


def test_edges_are_where_a_square_ends():
    square = torch.zeros(1, 32, 32, 3)
    square[:, 8:24, 8:24] = 1
    lines = pixels.edges(square, 0.1, 0.3)
    assert lines.shape == (1, 32, 32, 3)
    assert set(lines.unique().tolist()) == {0.0, 1.0}
    assert lines[0, 16, 6:10, 0].any() and not lines[0, 12:20, 12:20].any() and not lines[0, :4].any()


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("erode", ndimage.grey_erosion),
        ("dilate", ndimage.grey_dilation),
        ("open", ndimage.grey_opening),
        ("close", ndimage.grey_closing),
        ("gradient", ndimage.morphological_gradient),
        ("top_hat", ndimage.white_tophat),
        ("bottom_hat", ndimage.black_tophat),
    ],
)
def test_morphology_is_scipys(picture, operation, expected):
    plane = expected(picture[0, ..., 1].numpy(), size=(3, 3))
    morphed = pixels.morph(picture, operation, 3)[0, ..., 1]
    assert np.allclose(morphed[2:-2, 2:-2], plane[2:-2, 2:-2], atol=1e-6)  # borders are a matter of taste


def test_every_named_operation_runs(picture):
    masks = picture[..., 0]
    for operation in MORPHOLOGY:
        assert pixels.morph(picture, operation, 4).shape == picture.shape
    for mode in BLEND_MODES:
        assert pixels.blend(picture, picture.flip(1), mode, 0.5).shape == picture.shape
    for mode in COMPOSITIONS:
        colour, alpha = pixels.compose(picture, masks[..., None], picture.flip(2), masks[..., None].flip(2), mode)
        assert colour.shape == picture.shape and alpha.shape == (2, 12, 10, 1)
        assert all(part.min() >= 0 and part.max() <= 1 for part in (colour, alpha))
    for operation in MASK_OPERATIONS:
        assert pixels.combine_masks(masks, masks.flip(1), 2, 3, operation).shape == masks.shape


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", 0.8),
        ("multiply", 0.24),
        ("screen", 0.86),
        ("overlay", 0.48),
        ("soft_light", 0.3 + 0.6 * (0.3**0.5 - 0.3)),
        ("difference", 0.0),
    ],
)
def test_blend_modes_by_hand(mode, expected):
    below, above = torch.full((1, 1, 1, 3), 0.3), torch.full((1, 1, 1, 3), 0.8)
    assert pixels.blend(below, above, mode, 1.0)[0, 0, 0, 0] == pytest.approx(expected, abs=1e-6)
    assert torch.equal(pixels.blend(below, above, mode, 0.0), below)


@pytest.mark.parametrize(
    ("mode", "alpha", "red"),
    [("SRC_OVER", 0.75, 1 / 3 * 2), ("SRC", 0.5, 1.0), ("DST", 0.5, 0.0), ("XOR", 0.5, 0.5), ("CLEAR", 0.0, 0.0)],
)
def test_half_red_over_half_black(mode, alpha, red):
    half = torch.full((1, 1, 1, 1), 0.5)
    colour, found = pixels.compose(RED.reshape(1, 1, 1, 3), half, torch.zeros(1, 1, 1, 3), half, mode)
    assert found.item() == pytest.approx(alpha)
    assert colour[0, 0, 0, 0].item() == pytest.approx(red)


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg", "bayer-2", "bayer-16"])
def test_no_more_colours_than_asked_for(dither):
    ramp = torch.linspace(0, 1, 64).reshape(1, 1, 64, 1).expand(1, 16, 64, 3)
    few = pixels.quantize(ramp, 4, dither)
    assert len({tuple(colour) for colour in few.reshape(-1, 3).tolist()}) <= 4
    assert (few - ramp).mean().abs() < 0.06


def test_bayers_pattern_of_two_by_two():
    assert np.allclose(bayer_pattern(2) * 4, [[-1.5, 0.5], [1.5, -0.5]])
    pattern = bayer_pattern(8)
    assert pattern.shape == (8, 8) and len(np.unique(pattern)) == 64 and abs(pattern.mean()) < 1e-6


def test_colours_survive_the_way_to_yuv_and_back(picture):
    assert torch.allclose(pixels.from_yuv(pixels.to_yuv(picture)), picture, atol=2e-3)
    grey = pixels.to_yuv(torch.full((1, 1, 1, 3), 0.4))
    assert grey.flatten().tolist() == pytest.approx([0.4, 0.5, 0.5], abs=1e-5)
