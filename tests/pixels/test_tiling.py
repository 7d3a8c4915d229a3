"""Tiles cover a picture and leave no seam."""

from itertools import pairwise

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from engine.pixels.tiling import count_tiles, in_tiles, tile_starts


@pytest.mark.parametrize(
    ("length", "tile", "overlap"), [(10, 16, 4), (64, 16, 4), (65, 16, 4), (33, 16, 8), (17, 16, 2)]
)
def test_tiles_cover_a_side_and_overlap(length, tile, overlap):
    starts = tile_starts(length, tile, overlap)
    assert starts[0] == 0 and starts[-1] + tile >= length
    assert all(right - left <= tile - overlap for left, right in pairwise(starts))


@pytest.mark.parametrize("scale", [2, 1])
def test_what_knows_no_neighbours_is_computed_exactly(scale):
    picture = torch.rand(2, 3, 37, 50, generator=torch.Generator().manual_seed(0))
    calls = []
    made = in_tiles(
        lambda part: interpolate(part, scale_factor=scale, mode="nearest"),
        picture,
        (16, 24),
        4,
        scale,
        lambda: calls.append(1),
    )
    torch.testing.assert_close(made, interpolate(picture, scale_factor=scale, mode="nearest"))
    assert len(calls) == 2 * count_tiles(37, 50, (16, 24), 4)


def test_cells_of_eight_pixels():
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    made = in_tiles(lambda part: avg_pool2d(part, 8), picture, (32, 32), 16, 0.125)
    torch.testing.assert_close(made, avg_pool2d(picture, 8))


def test_no_seam_where_tiles_disagree():
    """Each tile adds a brightness of its own; along the picture it changes in small steps only."""
    brightness = iter(torch.linspace(0, 1, 100))
    made = in_tiles(lambda part: part + next(brightness), torch.zeros(1, 1, 16, 200), (16, 32), 16, 1)
    assert made[0, 0, 8].diff().abs().max() < 0.005
