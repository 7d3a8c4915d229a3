"""What does a network's output mean, and how is noise mixed into what it sees?

All of it in the form of arXiv:2206.00364, table 1: a network is called with `c_in * x`, and
`denoised = c_skip * x + c_out * output`. sigma has shape (N,) and is broadcast over (N, C, h, w).
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from engine.sampling.noise_levels import NoiseLevels


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


class Sample(_VarianceExploding):
    """The output is the latent itself: arXiv:2202.00512, sec. 4."""

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        return output


class Picture(Sample):
    """The output is the result, made in one step from a picture that is not noised: arXiv:2409.18124."""

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x


@dataclass(frozen=True)
class Preconditioned(_VarianceExploding):
    """The output is as arXiv:2206.00364 has it (table 1, column "EDM"), for data of deviation `sigma_data`."""

    sigma_data: float = 0.5

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (per_sample(sigma, x) ** 2 + self.sigma_data**2).sqrt()

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        s, d = per_sample(sigma, x), self.sigma_data
        return x * d**2 / (s**2 + d**2) + output * s * d / (s**2 + d**2).sqrt()


class RectifiedFlow(_VarianceExploding):
    """The output is noise - latent, of (1 - t) latent + t noise at t = sigma / (1 + sigma): arXiv:2209.03003, Eq. 1."""

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (per_sample(sigma, x) + 1)

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        s = per_sample(sigma, x)
        return (x - output * s) / (s + 1)


@dataclass(frozen=True)
class Consistency(_VarianceExploding):
    """The output is the noise, bound to give x itself at level 0: arXiv:2310.04378, Eq. 9 and app. B.

    Attributes:
        levels: those of the model, which tell timesteps.
    """

    levels: NoiseLevels
    sigma_data: float = 0.5
    timestep_scaling: float = 10.0

    def denoised(self, x: Tensor, output: Tensor, sigma: Tensor) -> Tensor:
        t = per_sample(self.levels.timestep(sigma), x) * self.timestep_scaling
        variance = t**2 + self.sigma_data**2
        estimate = x - output * per_sample(sigma, x)
        return estimate * t / variance.sqrt() + x * self.sigma_data**2 / variance


EPSILON: Prediction = Epsilon("epsilon")
VELOCITY: Prediction = Velocity("velocity")
SAMPLE: Prediction = Sample("sample")
PICTURE: Prediction = Picture("picture")
RECTIFIED_FLOW: Prediction = RectifiedFlow("rectified flow")
