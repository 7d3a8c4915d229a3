"""Train the unCLIP variant (arXiv:2204.06125, sec. 2.1): a UNet that is told what the vision encoder sees in a picture.

    python -m tools.tiny_model.companions.unclip --data DATA --base RUN --run OUT --minutes 31

After small.py and vision.py, in the same --run and --out. As Stable Diffusion 2.1 unCLIP it predicts the velocity
(arXiv:2202.00512) and learns with noise on the embeddings, of any amount. Writes
models/diffusion_models/weft-tiny-unclip.safetensors; text encoder and VAE are those of the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from engine import models
from engine.models.families.unclip.conditioning import MERGED_NOISE, STEPS, squared_cosine_levels
from engine.models.layers.unet import embed_timesteps
from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, cached, cell_errors, computing
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.small import load_small
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.companions.vision import NAME as VISION
from tools.tiny_model.export import unet_name, unet_places
from tools.tiny_model.networks import UNetSizes, build_unet
from tools.tiny_model.scenes import Scene, cell_weights

NAME = "weft-tiny-unclip"
BATCH, SINGLES, OBJECT_WEIGHT = 48, 0.2, 3.0  # SINGLES: share of scenes with one object
UNSEEN_PICTURES = 0.1  # share of vectors that are zero, which is what models are told where there is no picture
WORDS = {True: 0.15, False: 0.6}  # share of captions where a picture is seen, and where none is
CLEAN, MERGED = 0.45, 0.25  # shares of embeddings without noise, and with that of several pictures; others: any amount


@dataclass(frozen=True)
class Seen:
    """What the vision encoder says of each picture of the set, (N, P), with its mean and deviation, each (1, P)."""

    said: Tensor
    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, said: Tensor) -> Seen:
        return cls(said, said.mean(0, keepdim=True), said.std(0, keepdim=True))

    def vectors(self, places: np.ndarray, levels: Tensor) -> Tensor:
        """(B, 2 P): what the engine makes of embeddings at levels (B,) of noise, 0 to STEPS - 1, and the levels."""
        kept = (1 / (1 + squared_cosine_levels().sigmas.float() ** 2))[levels][:, None]
        whitened = (self.said[torch.from_numpy(places)] - self.mean) / self.deviation
        noisy = (whitened * kept**0.5 + torch.randn_like(whitened) * (1 - kept) ** 0.5) * self.deviation + self.mean
        return torch.cat([noisy, embed_timesteps(levels, self.said.shape[1])], dim=1)


def look(encoder: models.VisionEncoder, pictures: np.ndarray) -> np.ndarray:
    """(N, P) what a vision encoder says of uint8 pictures (N, H, W, 3)."""
    parts = []
    for start in range(0, len(pictures), 256):
        images = torch.from_numpy(pictures[start : start + 256]).float() / 255
        said = encoder.encode(images).image_embeds
        assert said is not None
        parts.append(said.numpy())
    return np.concatenate(parts)


def drawn_levels(count: int, rng: np.random.Generator) -> Tensor:
    """How noisy embeddings are: as single pictures come by default, as mixed ones come, or anything, mostly little."""
    kind, any_level = rng.random(count), (rng.random(count) ** 2 * STEPS).astype(np.int64)
    merged = np.where(kind < CLEAN + MERGED, round((STEPS - 1) * MERGED_NOISE), any_level)
    return torch.from_numpy(np.where(kind < CLEAN, 0, merged))


def told(unet: UNet2DConditionModel, sizes: UNetSizes, width: int) -> tuple[UNet2DConditionModel, UNetSizes]:
    """A copy of a UNet that is told a vector of this width, to be trained; the vector counts nothing yet."""
    with_vector = replace(sizes, vector=width)
    copy = build_unet(with_vector)
    last = copy.class_embedding.linear_2
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    new = {name: weight for name, weight in copy.state_dict().items() if name.startswith("class_embedding.")}
    copy.load_state_dict({**unet.state_dict(), **new})
    return copy, with_vector


def velocity_loss(
    base: Base, unet: UNet2DConditionModel, latents: Tensor, vectors: Tensor, context: Tensor, cells: Tensor
) -> Tensor:
    """The error of the velocity, weighted so that errors in the clean picture count as in the base's training.

    Args:
        latents: (B, 4, h, w); vectors: (B, V); context: (B, 77, width); cells: (B, h, w) how much each cell counts.
    """
    times, noise, noisy = base.noised(latents)
    signal, level = (part[times].view(-1, 1, 1, 1) for part in (base.noise.signal, base.noise.noise))
    with computing():
        guess = unet(noisy, times, encoder_hidden_states=context, class_labels=vectors).sample
    error = cell_errors(guess, signal * noise - level * latents, cells)
    return (error * base.noise.weights[times] * base.noise.signal[times] ** 2).mean()


class Lessons:
    """Draws batches: latents, what is said of their pictures, and now and then their captions."""

    def __init__(self, base: Base, seen: Seen, latents: Tensor, scenes: Sequence[Scene]) -> None:
        self.base, self.seen, self.latents, self.scenes = base, seen, latents, scenes
        cells = np.stack([cell_weights(scene, latents.shape[-1]) for scene in scenes])
        self.cells = 1 + (OBJECT_WEIGHT - 1) * torch.from_numpy(cells)
        self.nothing = base.context([""])
        alone = np.array([scene.kind == "one" for scene in scenes])
        self.kinds = np.flatnonzero(alone), np.flatnonzero(~alone)

    def loss(self, unet: UNet2DConditionModel, rng: np.random.Generator) -> Tensor:
        ones, pairs = (rng.choice(kind, BATCH) for kind in self.kinds)
        places = np.where(rng.random(BATCH) < SINGLES, ones, pairs)
        is_seen = rng.random(BATCH) >= UNSEEN_PICTURES
        vectors = self.seen.vectors(places, drawn_levels(BATCH, rng)) * torch.from_numpy(is_seen).float()[:, None]
        has_words = [rng.random() < WORDS[bool(seen)] for seen in is_seen]
        context = self.nothing.repeat(BATCH, 1, 1)
        if any(has_words):
            texts = [caption(self.scenes[place], rng) for place, has in zip(places, has_words, strict=True) if has]
            context[torch.tensor(has_words)] = self.base.context(texts)
        return velocity_loss(self.base, unet, self.latents[places].float(), vectors, context, self.cells[places])


def write(path: Path, unet: UNet2DConditionModel, sizes: UNetSizes, seen: Seen) -> None:
    """The network in the layout of unCLIP checkpoints, with the embeddings' statistics, as 8-bit floats."""
    places = unet_places(sizes)
    weights = {unet_name(own, places): weight for own, weight in unet.state_dict().items()}
    statistics = {"noise_augmentor.data_mean": seen.mean, "noise_augmentor.data_std": seen.deviation}
    write_weights(path, {**weights, **statistics}, narrow=True)


def main() -> None:
    parser = arguments_of(__doc__, minutes=31, rate=1.5e-3)
    parser.add_argument("--prepare", action="store_true", help="only look at the pictures")
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    latents = torch.from_numpy(np.load(arguments.base / "latents.npy"))
    encoder = models.load_vision_encoder(
        arguments.out / "clip_vision" / f"{VISION}.safetensors", precision=models.choose_precision("cpu", every="fp32")
    )
    seen = Seen.of(
        torch.from_numpy(
            cached(
                arguments.run / "seen.npy",
                lambda: look(encoder, dataset.load_pictures(arguments.data, len(latents))),
            )
        )
    )
    if arguments.prepare:
        return
    base = Base.load(arguments.base)
    lessons = Lessons(base, seen, latents, dataset.load_scenes(arguments.data, len(latents)))
    torch.manual_seed(arguments.seed)
    unet, sizes = told(*load_small(arguments.run), seen.said.shape[1] * 2)
    settings = Settings.of(arguments, hold=0.5)
    train("unclip", unet, lambda rng: lessons.loss(unet, rng), settings)
    write(arguments.out / "diffusion_models" / f"{NAME}.safetensors", unet, sizes, seen)


if __name__ == "__main__":
    main()
