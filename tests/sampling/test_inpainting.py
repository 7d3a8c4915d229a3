"""What a mask protects stays, at every level and to the bit; what it opens is denoised."""

import torch
from torch import Tensor

from engine.sampling.inpainting import InpaintingDenoiser, fit_noise_mask, restore_protected
from engine.sampling.prediction import EPSILON
from tests.sampling.gaussian import Gaussian

LATENT = torch.arange(64.0).reshape(1, 1, 8, 8).expand(1, 4, 8, 8) / 64
NOISE = torch.ones(1, 4, 8, 8)


def half_mask() -> Tensor:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 4:] = 1
    return mask


def test_mask_is_brought_to_the_latent() -> None:
    mask = torch.zeros(64, 64)
    mask[:, 32:] = 1
    fitted = fit_noise_mask(mask, torch.zeros(2, 4, 8, 8))
    assert fitted.shape == (2, 1, 8, 8)
    assert torch.equal(fitted[0], half_mask()[0])
    three = fit_noise_mask(torch.rand(3, 1, 8, 8), torch.zeros(2, 4, 8, 8))
    assert three.shape == (2, 1, 8, 8)


def test_network_sees_the_protected_part_at_the_steps_own_level() -> None:
    seen: list[Tensor] = []

    def inner(x: Tensor, sigma: Tensor) -> Tensor:
        seen.append(x)
        return torch.full_like(x, 9.0)

    denoiser = InpaintingDenoiser(inner, LATENT, half_mask(), NOISE, EPSILON)
    denoised = denoiser(torch.full_like(LATENT, 5.0), torch.tensor([2.0]))
    assert torch.equal(seen[0][..., :4], (LATENT + 2 * NOISE)[..., :4])
    assert bool((seen[0][..., 4:] == 5).all())
    assert torch.equal(denoised[..., :4], LATENT[..., :4])
    assert bool((denoised[..., 4:] == 9).all())


def test_half_open_cells_are_mixed() -> None:
    denoiser = InpaintingDenoiser(lambda x, sigma: torch.ones_like(x), LATENT, half_mask() * 0.5, NOISE, EPSILON)
    denoised = denoiser(torch.zeros_like(LATENT), torch.tensor([1.0]))
    assert torch.allclose(denoised[..., 4:], 0.5 + 0.5 * LATENT[..., 4:])


def test_the_guided_estimate_keeps_what_is_protected_and_the_unconditional_is_the_networks_own() -> None:
    denoiser = InpaintingDenoiser(Gaussian(), LATENT, half_mask(), NOISE, EPSILON)
    guided = denoiser.estimate(torch.zeros_like(LATENT), torch.tensor([1.0]))
    assert torch.equal(guided.denoised[..., :4], LATENT[..., :4])
    assert torch.equal(guided.unconditional[..., 4:], guided.denoised[..., 4:])
    assert torch.allclose(guided.unconditional[..., :4], Gaussian()(LATENT + NOISE, torch.tensor([1.0]))[..., :4])


def test_a_mask_may_change_from_level_to_level() -> None:
    def mask_at(mask: Tensor, sigma: Tensor) -> Tensor:
        return mask if float(sigma[0]) > 1 else torch.ones_like(mask)

    denoiser = InpaintingDenoiser(Gaussian(), LATENT, half_mask(), NOISE, EPSILON, mask_at)
    x = torch.zeros_like(LATENT)
    assert torch.equal(denoiser(x, torch.tensor([2.0]))[..., :4], LATENT[..., :4])
    assert torch.equal(denoiser(x, torch.tensor([1.0])), Gaussian()(x, torch.tensor([1.0])))


def test_what_is_protected_comes_back_to_the_bit() -> None:
    restored = restore_protected(torch.zeros_like(LATENT), LATENT, half_mask() * 0.5)
    assert torch.equal(restored[..., :4], LATENT[..., :4])
    assert bool((restored[..., 4:] == 0).all())
