"""Sizes, crops and methods, against Pillow and torch where they define the method."""

import numpy as np
import pytest
import torch
from PIL import Image

from engine import pixels
from engine.pixels.resizing import bislerp, crop_to_aspect, slerp


def picture(channels: int = 3, height: int = 24, width: int = 40) -> torch.Tensor:
    return torch.rand(2, height, width, channels, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("method", pixels.IMAGE_METHODS)
@pytest.mark.parametrize("crop", pixels.CROPS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_take_the_size_and_stay_in_range_of_a_flat_colour(method: str, crop: str, channels: int) -> None:
    resized = pixels.resize_images(picture(channels), 31, 17, method, crop)
    assert resized.shape == (2, 17, 31, channels)
    flat = pixels.resize_images(torch.full((1, 24, 40, channels), 0.6), 31, 17, method, crop)
    assert torch.allclose(flat, torch.tensor(0.6), atol=1e-5)  # 153 / 255


@pytest.mark.parametrize("method", pixels.LATENT_METHODS)
def test_latents_take_the_size(method: str) -> None:
    latent = torch.randn(2, 4, 16, 12, generator=torch.Generator().manual_seed(1))
    assert pixels.resize(latent, 24, 20, method).shape == (2, 4, 20, 24)
    assert torch.allclose(pixels.resize(latent, 12, 16, method), latent, atol=1e-4), "its own size changes nothing"


def test_lanczos_is_pillows_on_8_bits() -> None:
    image = picture()[0]
    eight_bit = Image.fromarray((image * 255).to(torch.uint8).numpy())
    expected = np.asarray(eight_bit.resize((31, 17), Image.Resampling.LANCZOS)) / np.float32(255)
    found = pixels.resize_images(image[None], 31, 17, "lanczos")[0].numpy()
    assert np.array_equal(found, expected)


def test_center_crop_keeps_the_middle_at_the_new_aspect() -> None:
    wide = torch.arange(40.0).expand(1, 1, 24, 40)
    cropped = crop_to_aspect(wide, 10, 10)
    assert cropped.shape[-2:] == (24, 24)
    assert cropped[0, 0, 0].tolist() == list(range(8, 32))
    assert crop_to_aspect(wide, 100, 20).shape[-2:] == (8, 40)
    assert crop_to_aspect(wide, 80, 48).shape[-2:] == (24, 40)


def test_slerp_turns_and_keeps_length() -> None:
    east, north = torch.tensor([[1.0], [0.0]])[None], torch.tensor([[0.0], [1.0]])[None]
    share = torch.tensor([1 / 3])
    turned = slerp(east, 3 * north, share)[0, :, 0]
    assert turned.tolist() == pytest.approx([5 / 3 * 3**0.5 / 2, 5 / 3 / 2], rel=1e-5)
    assert torch.allclose(slerp(east, -east, share)[0, :, 0], torch.tensor([1 / 3, 0.0]), atol=1e-6)
    assert torch.equal(slerp(east, east, share), east)
    assert not bool(slerp(east * 0, north, share).isnan().any())


def test_bislerp_keeps_the_strength_of_noise_where_bilinear_fades_it() -> None:
    noise = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(1))
    sharp, faded = bislerp(noise, 48, 48), pixels.resize(noise, 48, 48, "bilinear")
    assert float(sharp.std()) == pytest.approx(1, abs=0.08)
    assert float(faded.std()) < 0.85


@pytest.mark.parametrize(
    ("asked", "given"), [((0, 0), (40, 24)), ((0, 48), (80, 48)), ((20, 0), (20, 12)), ((5, 6), (5, 6))]
)
def test_a_side_of_0_keeps_the_aspect(asked: tuple[int, int], given: tuple[int, int]) -> None:
    assert pixels.size_keeping_aspect(*asked, 40, 24) == given


def test_unknown_ways_are_refused() -> None:
    with pytest.raises(ValueError, match="bislerp"):
        pixels.resize_images(picture(), 8, 8, "cubic")
    with pytest.raises(ValueError, match="center"):
        pixels.resize_images(picture(), 8, 8, "area", "middle")
    with pytest.raises(ValueError, match="1 x 1"):
        pixels.resize_images(picture(), 0, 8, "area")
