"""Nodes that make, join and pad images, masks and batches of latents."""

import pytest
import torch

from engine.sampling import Latent
from nodes import image_editing, latent_batch, mask


def latents(count=4, **more):
    return Latent(torch.arange(count).float().reshape(-1, 1, 1, 1).expand(-1, 4, 2, 2), **more)


def numbers(tensor):
    return tensor[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("first", "length", "expected"), [(0, 1, [0]), (1, 2, [1, 2]), (3, 5, [3]), (9, 1, [3]), (0, 64, [0, 1, 2, 3])]
)
def test_latents_taken_from_a_batch_keep_their_noise(first, length, expected):
    taken = latent_batch.take(samples=latents(), batch_index=first, length=length)
    assert numbers(taken.samples) == expected
    assert list(taken.batch_index) == expected
    again = latent_batch.take(samples=latents(batch_index=(7, 8, 9, 5)), batch_index=first, length=length)
    assert list(again.batch_index) == [(7, 8, 9, 5)[number] for number in expected]


def test_masks_of_a_batch_are_taken_along():
    masks = torch.tensor([0.1, 0.2]).reshape(2, 1, 1, 1).expand(-1, -1, 2, 2)
    taken = latent_batch.take(samples=latents(noise_mask=masks), batch_index=1, length=2)
    assert torch.allclose(taken.noise_mask[:, 0, 0, 0], torch.tensor([0.2, 0.1]))
    one = torch.ones(1, 1, 2, 2)
    assert latent_batch.take(samples=latents(noise_mask=one), batch_index=1).noise_mask is one


def test_a_repeated_batch():
    repeated = latent_batch.repeat(samples=latents(2, batch_index=(3, 5)), amount=3)
    assert numbers(repeated.samples) == [0, 1, 0, 1, 0, 1]
    assert repeated.batch_index == (3, 5, 6, 8, 9, 11)
    assert latent_batch.repeat(samples=latents(2), amount=3).batch_index is None
    masks = torch.tensor([0.1, 0.2]).reshape(2, 1, 1, 1)
    repeated = latent_batch.repeat(samples=latents(2, noise_mask=masks), amount=2)
    assert torch.allclose(repeated.noise_mask.flatten(), torch.tensor([0.1, 0.2, 0.1, 0.2]))


def test_empty_image_has_its_colour():
    made = image_editing.make_empty(width=3, height=2, batch_size=2, color=0xFF8000)
    assert made.shape == (2, 2, 3, 3)
    assert torch.allclose(made[1, 1, 2], torch.tensor([1.0, 128 / 255, 0.0]))


def test_inverted():
    image = torch.rand(1, 2, 3, 3)
    assert torch.equal(image_editing.invert(image=image), 1 - image)
    assert torch.equal(mask.invert(mask=image[..., 0]), 1 - image[..., 0])


def test_batched_images_take_the_size_of_the_first():
    first, second = torch.rand(1, 4, 4, 3), torch.rand(2, 4, 8, 3)
    joined = image_editing.batch(image1=first, image2=second)
    assert joined.shape == (3, 4, 4, 3)
    assert torch.equal(joined[0], first[0])
    assert torch.allclose(joined[1:], second[:, :, 2:6], atol=1e-6)


def test_batched_images_of_other_channels_become_opaque():
    joined = image_editing.batch(image1=torch.zeros(1, 4, 4, 3), image2=torch.zeros(1, 4, 4, 4))
    assert joined.shape == (2, 4, 4, 4)
    assert joined[:, 0, 0, 3].tolist() == [1.0, 0.0]


def test_padding_for_outpainting_is_grey_and_masked():
    image = torch.rand(2, 32, 40, 3)
    padded, covered = image_editing.pad_for_outpainting(image=image, left=8, bottom=16, feathering=0)
    assert padded.shape == (2, 48, 48, 3)
    assert torch.allclose(padded[:, :32, 8:], image, atol=1e-6)
    assert set(padded[:, 32:].unique().tolist()) == {0.5}
    assert covered.shape == (1, 48, 48)
    assert not covered[:, :32, 8:].any()
    assert covered.sum() == 48 * 48 - 32 * 40


def test_feathering_fades_by_the_square_of_the_distance_along_sides_that_grow():
    image = torch.rand(1, 32, 40, 3)
    _, covered = image_editing.pad_for_outpainting(image=image, left=8, right=0, feathering=4)
    assert covered[0, 5, 8:13].tolist() == [1.0, 0.5625, 0.25, 0.0625, 0.0]
    assert covered[0, :, -4:].sum() == 0
    _, covered = image_editing.pad_for_outpainting(image=image, right=8, bottom=8, feathering=4)
    assert covered[0, 5, 35:40].tolist() == [0.0, 0.0, 0.0625, 0.25, 0.5625]
    assert covered[0, 27:32, 5].tolist() == [0.0, 0.0, 0.0625, 0.25, 0.5625]
    _, covered = image_editing.pad_for_outpainting(image=image, left=8, feathering=16)
    assert not covered[:, :, 8:].any(), "feathers that meet are left out"


def test_masks_and_images():
    image = torch.rand(2, 3, 4, 4)
    for index, channel in enumerate(("red", "green", "blue", "alpha")):
        assert torch.equal(mask.from_image(image=image, channel=channel), image[..., index])
    with pytest.raises(ValueError, match="no alpha one"):
        mask.from_image(image=image[..., :3], channel="alpha")
    shown = mask.to_image(mask=image[0, ..., 0])
    assert shown.shape == (1, 3, 4, 3)
    assert torch.equal(shown[..., 2], image[:1, ..., 0])
    solid = mask.make_solid(value=0.25, width=4, height=3)
    assert solid.shape == (1, 3, 4)
    assert solid.unique().tolist() == [0.25]
