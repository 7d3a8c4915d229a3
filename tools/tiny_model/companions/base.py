"""The trained base that companions start from: its networks, frozen, and the denoising error on its latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel

from tools.tiny_model.networks import UNetSizes
from tools.tiny_model.sample import TrainedModel
from tools.tiny_model.tokenizer import Tokenizer
from tools.tiny_model.train_unet import NoiseSchedule

Predict = Callable[[Tensor, Tensor], Tensor]  # noisy latents (B, 4, h, w), steps (B,) -> the noise in them


@dataclass(frozen=True)
class Base:
    """UNet, text encoder and VAE of a finished run, none of which learns unless it is told to."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    rows: np.ndarray
    vae: AutoencoderKL
    tokenizer: Tokenizer
    noise: NoiseSchedule

    @classmethod
    def load(cls, run: Path) -> Base:
        trained = TrainedModel.load(run / "unet_average.pt")
        vae = AutoencoderKL.from_pretrained(run / "vae", low_cpu_mem_usage=False).eval()
        for network in (trained.unet, trained.text, vae):
            network.requires_grad_(False)
        tokenizer, noise = Tokenizer(), NoiseSchedule(torch.device("cpu"))
        return cls(trained.unet, trained.text, trained.rows, vae, tokenizer, noise)

    @property
    def sizes(self) -> UNetSizes:
        config = self.unet.config
        attention = tuple(kind.startswith("CrossAttn") for kind in config.down_block_types)
        widths = tuple(config.block_out_channels)
        return UNetSizes(widths, attention, config.layers_per_block, config.cross_attention_dim)

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Rows of the trained vocabulary, (B, 77)."""
        return torch.from_numpy(self.rows[np.stack([self.tokenizer.encode(text) for text in texts])])

    def context(self, texts: Sequence[str]) -> Tensor:
        """(B, 77, width) encoded texts."""
        with computing():
            encoded: Tensor = self.text(input_ids=self.tokens(texts)).last_hidden_state
        return encoded

    def denoising_loss(self, latents: Tensor, predict: Predict, cells: Tensor | None = None) -> Tensor:
        """The weighted error of the noise, as the base was trained on it.

        Args:
            latents: (B, 4, h, w) as the UNet sees them.
            cells: (B, h, w) how much each cell counts.
        """
        times, noise, noisy = self.noised(latents)
        with computing():
            guess = predict(noisy, times)
        return (cell_errors(guess, noise, cells) * self.noise.weights[times]).mean()

    def noised(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Steps (B,) drawn for latents (B, 4, h, w), noise, and the latents with so much of it."""
        times, noise = self.noise.draw(len(latents)), torch.randn_like(latents)
        signal_part, noise_part = (level[times].view(-1, 1, 1, 1) for level in (self.noise.signal, self.noise.noise))
        return times, noise, signal_part * latents + noise_part * noise


def cell_errors(guess: Tensor, wanted: Tensor, cells: Tensor | None) -> Tensor:
    """(B,) mean squared errors of (B, C, h, w); cells (B, h, w) say how much each place counts."""
    error = ((guess.float() - wanted.float()) ** 2).mean(1)
    if cells is not None:
        error = error * cells / cells.mean((1, 2), keepdim=True)
    return error.mean((1, 2))


class computing:
    """bfloat16 with the attention whose backward is fast on CPUs at these head sizes."""

    def __enter__(self) -> None:
        self._contexts = (sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16))
        for context in self._contexts:
            context.__enter__()

    def __exit__(self, *error: object) -> None:
        for context in reversed(self._contexts):
            context.__exit__(*error)


def dropped(texts: Sequence[str], share: float, rng: np.random.Generator) -> list[str]:
    """The texts, this share of them empty: for classifier-free guidance (arXiv:2207.12598)."""
    return ["" if rng.random() < share else text for text in texts]


def cached(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives, kept in a .npy file from then on."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial-{path.name}")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path)
