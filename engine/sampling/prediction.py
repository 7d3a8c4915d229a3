"""What does a network's output mean, and how is noise mixed into what it sees?

All of it in the form of arXiv:2206.00364, table 1: a network is called with `c_in * x`, and
`denoised = c_skip * x + c_out * output`. sigma has shape (N,) and is broadcast over (N, C, h, w).
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


def per_sample(sigma: Tensor, like: Tensor) -> Tensor:
    """Reshape sigma (N,) to (N, 1, ..., 1), to be broadcast over `like`."""
    return sigma.reshape(sigma.shape[:1] + (1,) * (like.ndim - 1))


class Prediction(Protocol):
    """The meaning of a network's output."""

    @property
    def name(self) -> str: ...

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Noisy latent (N, C, h, w) -> what the network is called with."""

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        """Noisy latent and network output -> the denoised estimate (N, C, h, w)."""

    def add_noise(self, noise: Tensor, latent: Tensor, sigma: Tensor, *, full: bool = False) -> Tensor:
        """Bring `latent` to level sigma; `full`: sigma is the model's highest, so x must have its full variance."""

    def remove_scale(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Undo `add_noise`'s scaling of the latent where a run stops at level sigma."""


@dataclass(frozen=True)
class _VarianceExploding:
    """What epsilon and velocity share: x = latent + sigma * noise, unit-variance latents."""

    name: str

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (per_sample(sigma, x) ** 2 + 1).sqrt()  # c_in: back to x_t of arXiv:2006.11239

    def add_noise(self, noise: Tensor, latent: Tensor, sigma: Tensor, *, full: bool = False) -> Tensor:
        s = per_sample(sigma, noise)
        # At the highest level training saw sqrt(1 + sigma^2) in all, latent included (arXiv:2206.00364, app. C.3).
        return latent + noise * ((1 + s**2).sqrt() if full else s)

    def remove_scale(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x


class Epsilon(_VarianceExploding):
    """The output is the noise: arXiv:2006.11239, Eq. 12 onwards."""

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        return x - output * per_sample(sigma, x)


class Velocity(_VarianceExploding):
    """The output is v = alpha * noise - sigma * latent: arXiv:2202.00512, appendix D."""

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        s = per_sample(sigma, x)
        return x / (s**2 + 1) - output * s / (s**2 + 1).sqrt()


EPSILON: Prediction = Epsilon("epsilon")
VELOCITY: Prediction = Velocity("velocity")
