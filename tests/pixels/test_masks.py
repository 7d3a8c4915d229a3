"""Masks grow, hide and bound; pictures are laid over each other where they meet."""

import pytest
import torch

from engine import pixels


def dot(size: int = 16, at: int = 8) -> torch.Tensor:
    mask = torch.zeros(1, size, size)
    mask[0, at, at] = 1
    return mask


@pytest.mark.parametrize("pixels_grown", [1, 2, 3, 6, 7])
def test_a_dot_grows_to_a_square(pixels_grown: int) -> None:
    grown = pixels.grow_mask(dot(), pixels_grown)
    assert grown.shape == (1, 16, 16)
    assert float(grown.sum()) == pixels_grown**2
    assert float(grown[0, 8, 8]) == 1


def test_growing_by_nothing_only_rounds() -> None:
    mask = torch.tensor([[[0.4, 0.6]]])
    assert torch.equal(pixels.grow_mask(mask, 0), torch.tensor([[[0.0, 1.0]]]))


def test_what_a_mask_covers_is_grey_and_its_mask_reaches_further() -> None:
    images = torch.ones(1, 20, 16, 3)
    mask = torch.zeros(1, 40, 32)
    mask[:, 16:24, 12:20] = 1
    erased, grown = pixels.erase_under_mask(images, mask, 6)
    assert erased.shape == (1, 16, 16, 3), "cut to whole latent cells about the middle"
    assert bool((erased[0, 6:10, 6:10] == 0.5).all())
    assert float((erased == 0.5).float().mean()) == pytest.approx(16 / 256)
    assert grown.shape == (1, 16, 16)
    assert float(grown.sum()) == (4 + 5) ** 2
    assert bool((images == 1).all())


def test_bounds() -> None:
    mask = dot()
    mask[0, 10, 3] = 0.1
    assert pixels.mask_bounds(mask) == (8, 3, 3, 6)
    assert pixels.mask_bounds(torch.zeros(4, 4)) is None


def test_source_is_laid_at_its_place_and_cut_at_the_edges() -> None:
    below, above = torch.zeros(1, 1, 6, 6), torch.ones(1, 1, 3, 3)
    assert float(pixels.composite(below, above, 1, 2)[0, 0, 2:5, 1:4].sum()) == 9
    assert float(pixels.composite(below, above, 5, -2).sum()) == 1
    assert float(pixels.composite(below, above, 9, 0).sum()) == 0
    assert float(below.sum()) == 0


def test_mask_of_the_source_decides_what_shows() -> None:
    below, above = torch.zeros(2, 1, 4, 4), torch.ones(1, 1, 4, 4)
    mask = torch.zeros(1, 8, 8)
    mask[:, :, 4:] = 0.5
    mixed = pixels.composite(below, above, 0, 0, mask)
    assert bool((mixed[..., 2:] == 0.5).all())
    assert float(mixed[..., :2].sum()) == 0
    assert pixels.composite(below, torch.ones(1, 1, 2, 2), 0, 0, resize_source=True).mean() == 1


@pytest.mark.parametrize(("tapered", "area"), [(True, 13), (False, 25)])
def test_a_dot_spreads_to_a_diamond_or_a_square_and_back(tapered: bool, area: int) -> None:
    grown = pixels.spread_mask(dot(), 2, tapered=tapered)
    assert float(grown.sum()) == area
    assert torch.equal(pixels.spread_mask(grown, -2, tapered=tapered), dot())


def test_feathering_fades_from_each_side() -> None:
    faded = pixels.feather_mask(torch.ones(1, 6, 8), left=2, top=0, right=4, bottom=1)
    assert faded[0, 0].tolist() == [0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25]
    assert faded[0, 5].tolist() == faded[0, 0].tolist()  # a fade over one pixel leaves it


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("multiply", 0.18), ("add", 0.9), ("subtract", 0.3), ("and", 0.0), ("or", 1.0), ("xor", 1.0)],
)
def test_masks_combine_where_they_overlap_only(operation: str, expected: float) -> None:
    below, above = torch.full((1, 4, 4), 0.6), torch.full((1, 4, 4), 0.3)
    combined = pixels.combine_masks(below, above, 2, 2, operation)
    assert float(combined[0, 3, 3]) == pytest.approx(expected)
    assert float(combined[0, 1, 3]) == pytest.approx(0.6)
    assert torch.equal(pixels.combine_masks(below, above, 9, 0, operation), below)


def test_a_mask_of_one_colour() -> None:
    picture = torch.tensor([[[[1.0, 0.5, 0.0], [1.0, 0.5, 0.1]]]])
    assert pixels.mask_of_colour(picture, 0xFF8000).tolist() == [[[1.0, 0.0]]]
