"""How is only a part of a latent changed? What a mask protects is kept at each step's noise level."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from engine.sampling.denoiser import Denoiser, GuidedEstimate, guided_estimate
from engine.sampling.prediction import Prediction

MaskAt = Callable[[Tensor, Tensor], Tensor]


def fit_noise_mask(mask: Tensor, like: Tensor) -> Tensor:
    """Bring a mask, (H, W), (n, H, W) or (n, 1, H, W) in 0..1, to latents (B, C, h, w): (B, 1, h, w), bilinear."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(device=like.device, dtype=like.dtype)
    if mask.shape[-2:] != like.shape[-2:]:
        mask = interpolate(mask, size=like.shape[-2:], mode="bilinear")
    repeats = -(-like.shape[0] // mask.shape[0])
    return mask.repeat(repeats, 1, 1, 1)[: like.shape[0]]


def restore_protected(result: Tensor, samples: Tensor, noise_mask: Tensor) -> Tensor:
    """`result` with what stood in `samples`, bit for bit, wherever the mask is 0; both (B, C, h, w)."""
    return torch.where(fit_noise_mask(noise_mask, samples) == 0, samples, result)


class InpaintingDenoiser:
    """A GuidedDenoiser that changes a latent only where its mask is above 0: arXiv:2201.09865, Eq. 8."""

    def __init__(
        self,
        inner: Denoiser,
        latent: Tensor,
        mask: Tensor,
        noise: Tensor,
        prediction: Prediction,
        mask_at: MaskAt | None = None,
    ) -> None:
        """latent, noise: (B, C, h, w), the latent as the network sees it; mask: (B, 1, h, w), 1 = change here.

        mask_at: (mask, sigma (B,)) -> the mask at that level; None: the same all the time.
        """
        self._inner, self._latent, self._mask = inner, latent, mask
        self._noise, self._prediction, self._mask_at = noise, prediction, mask_at

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        mask = self._mask_of(sigma)
        return self._keep(self._inner(self._surround(x, sigma, mask), sigma), mask)

    def estimate(self, x: Tensor, sigma: Tensor) -> GuidedEstimate:
        """As GuidedDenoiser has it. The unconditional estimate is the network's own, outside of the mask too."""
        mask = self._mask_of(sigma)
        guided = guided_estimate(self._inner, self._surround(x, sigma, mask), sigma)
        return GuidedEstimate(self._keep(guided.denoised, mask), guided.unconditional)

    def _mask_of(self, sigma: Tensor) -> Tensor:
        return self._mask if self._mask_at is None else self._mask_at(self._mask, sigma)

    def _surround(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        kept = self._prediction.add_noise(self._noise, self._latent, sigma)
        return x * mask + kept * (1 - mask)

    def _keep(self, denoised: Tensor, mask: Tensor) -> Tensor:
        return denoised * mask + self._latent * (1 - mask)
