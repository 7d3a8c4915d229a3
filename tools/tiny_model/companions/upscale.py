"""Train the variant that draws a picture at twice its size: 8 input channels, beside the noisy latent that of the
small picture, enlarged. From nothing: it copies more than it draws, and is a tenth of the base.

    python -m tools.tiny_model.companions.upscale --data DATA --base RUN --run OUT --minutes 15

Writes models/diffusion_models/weft-tiny-upscale.safetensors.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.func import functional_call

from engine.pixels import resize_images
from tools.tiny_model import dataset
from tools.tiny_model.companions.base import Base, cached
from tools.tiny_model.companions.files import as_narrow
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.companions.variants import write_unet
from tools.tiny_model.networks import LATENT_SCALE, UNetSizes, build_unet
from tools.tiny_model.train_vae import encode_all

PICTURES, BATCH, PART = 12_000, 64, 6000
SIZES = UNetSizes(widths=(64, 32), attention=(False, False), inputs=8)  # attends in the middle only
QUALITIES = (30, 95)  # of the small JPEGs
JPEG_SHARE = 0.6  # of what it learns from; the others are small pictures without losses


def halved(pictures: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) -> (N, H/2, W/2, 3): means of four pixels."""
    height, width = pictures.shape[1] // 2, pictures.shape[2] // 2
    return _resized(pictures, width, height, "area")


def enlarged(pictures: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) -> (N, 2H, 2W, 3): bicubic, as the workflow does it."""
    return _resized(pictures, 2 * pictures.shape[2], 2 * pictures.shape[1], "bicubic")


def _resized(pictures: np.ndarray, width: int, height: int, method: str) -> np.ndarray:
    images = resize_images(torch.from_numpy(pictures).float() / 255, width, height, method)
    return (images.clamp(0, 1) * 255 + 0.5).byte().numpy()


def through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (H, W, 3) as it is after it was saved as JPEG, colours at half the size."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.array(Image.open(file))


def enlarged_latents(base: Base, pictures: np.ndarray) -> np.ndarray:
    """(2, N, 4, 16, 16): latents of each picture halved and enlarged again, without losses and through a JPEG."""
    versions: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for part, start in enumerate(range(0, len(pictures), PART)):
        rng, small = np.random.default_rng([17, part]), halved(pictures[start : start + PART])
        lossy = np.stack([through_jpeg(p, int(rng.integers(QUALITIES[0], QUALITIES[1] + 1))) for p in small])
        for parts, version in zip(versions, (small, lossy), strict=True):
            parts.append(encode_all(base.vae, enlarged(version), torch.device("cpu")))
    return np.stack([np.concatenate(parts) for parts in versions])


class Pairs:
    """Latents of pictures, and of what is left of them at half their size."""

    def __init__(self, base: Base, data: Path, base_run: Path, run: Path) -> None:
        pictures = dataset.load_pictures(data, PICTURES)
        self.small = torch.from_numpy(cached(run / "enlarged.npy", lambda: enlarged_latents(base, pictures)))
        self.large = torch.from_numpy(np.load(base_run / "latents.npy")[: len(pictures)])

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Both (BATCH, 4, 16, 16): what to draw, and what lies beside it, unscaled as networks of this kind read it."""
        places = rng.integers(0, len(self.large), BATCH)
        versions = (rng.random(BATCH) < JPEG_SHARE).astype(int)
        return self.large[places].float(), self.small[versions, places].float() / LATENT_SCALE


def main() -> None:
    parser = arguments_of(__doc__, minutes=15, rate=2e-3)
    parser.add_argument("--prepare", action="store_true", help="only make the small pictures")
    arguments = parser.parse_args()
    base = Base.load(arguments.base)
    pairs = Pairs(base, arguments.data, arguments.base, arguments.run)
    if arguments.prepare:
        return
    torch.manual_seed(arguments.seed)
    unet, nothing = build_unet(SIZES), base.context([""]).float().expand(BATCH, -1, -1)

    def batch_loss(rng: np.random.Generator) -> Tensor:
        large, beside = pairs.batch(rng)

        def predict(noisy: Tensor, times: Tensor) -> Tensor:
            given = (torch.cat([noisy, beside], 1), times, nothing)
            guess: Tensor = functional_call(unet, as_narrow(dict(unet.named_parameters())), given).sample
            return guess

        return base.denoising_loss(large, predict)

    train("upscale", unet, batch_loss, Settings.of(arguments))
    write_unet(arguments.out / "diffusion_models" / "weft-tiny-upscale.safetensors", unet, SIZES)


if __name__ == "__main__":
    main()
