"""Train the inpainting variant: 9 input channels, the mask and the latent of what is kept (arXiv:2112.10752, sec. 4.5).

    python -m tools.tiny_model.companions.inpaint --data DATA --base RUN --run OUT --minutes 15

Writes models/diffusion_models/weft-tiny-inpaint.safetensors.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn.functional import interpolate

from engine.pixels import erase_under_mask
from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, cached, dropped
from tools.tiny_model.companions.training_loop import arguments_of
from tools.tiny_model.companions.variants import BATCH, loss_of, train_variant
from tools.tiny_model.scenes import SIZE, Scene
from tools.tiny_model.train_vae import encode_all

PICTURES, DROPPED = 8000, 0.1
AROUND, ROOM = 0.7, (2.0, 14.0)  # share of masks that cover an object; pixels that they leave round it
HIDDEN_WEIGHT = 3.0  # of cells to be painted, against 1 elsewhere


def sample_mask(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """float32 (SIZE, SIZE), 1 where to paint: round or square, mostly over one of the objects."""
    ys, xs = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    if rng.random() < AROUND:
        thing = scene.things[int(rng.integers(len(scene.things)))]
        y, x = thing.y + rng.uniform(-3, 3), thing.x + rng.uniform(-3, 3)
        tall, wide = thing.diameter / 2 + rng.uniform(*ROOM, 2)
    else:
        y, x = rng.uniform(0, SIZE, 2)
        tall, wide = rng.uniform(12, 44, 2)
    far = np.abs(ys - y) / tall, np.abs(xs - x) / wide
    inside = np.hypot(*far) * 0.85 < 1 if rng.random() < 0.5 else np.maximum(*far) < 1
    return inside.astype(np.float32)


def hidden_latents(base: Base, pictures: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Latents (N, 4, 16, 16) of the pictures with what the masks cover greyed out."""
    parts = []
    for start in range(0, len(pictures), 256):
        some = slice(start, start + 256)
        images = torch.from_numpy(pictures[some]).float() / 255
        erased, _ = erase_under_mask(images, torch.from_numpy(masks[some]))
        parts.append(encode_all(base.vae, (erased * 255 + 0.5).byte().numpy(), torch.device("cpu")))
    return np.concatenate(parts)


def main() -> None:
    parser = arguments_of(__doc__, minutes=15, rate=1.5e-3)
    parser.add_argument("--prepare", action="store_true", help="only make the pictures with holes")
    arguments = parser.parse_args()
    base = Base.load(arguments.base)
    scenes, rng = dataset.load_scenes(arguments.data, PICTURES), np.random.default_rng(13)
    masks = np.stack([sample_mask(scene, rng) for scene in scenes])
    pictures = dataset.load_pictures(arguments.data, PICTURES)
    hidden = torch.from_numpy(cached(arguments.run / "hidden.npy", lambda: hidden_latents(base, pictures, masks)))
    if arguments.prepare:
        return
    latents = torch.from_numpy(np.load(arguments.base / "latents.npy")[:PICTURES])
    painted = interpolate(torch.from_numpy(masks)[:, None], (SIZE // 8, SIZE // 8), mode="bilinear").round()

    def batch_loss(unet: UNet2DConditionModel, rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(scenes), BATCH)
        texts = dropped([caption(scenes[place], rng) for place in places], DROPPED, rng)
        beside = torch.cat([painted[places], hidden[places].float()], 1)
        cells = 1 + (HIDDEN_WEIGHT - 1) * painted[places, 0]
        return loss_of(base, unet, latents[places].float(), beside, texts, cells)

    train_variant("inpaint", 9, batch_loss, arguments)


if __name__ == "__main__":
    main()
