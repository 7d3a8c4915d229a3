"""The base without its deepest level, which the full-size variants start from: 4.7 million parameters instead of 7.4.

    python -m tools.tiny_model.companions.small --data DATA --base RUN --run OUT --minutes 12

It keeps the base's weights where it has the same blocks, and learns to predict what the base predicts (distillation,
arXiv:1503.02531). Writes OUT/small.pt, which no model folder needs.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, cell_errors, computing, dropped
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.networks import UNetSizes, build_unet
from tools.tiny_model.scenes import cell_weights
from tools.tiny_model.training import save_atomically

FILE = "small.pt"
BATCH, DROPPED, OBJECT_WEIGHT = 64, 0.1, 3.0


def without_deepest(unet: UNet2DConditionModel, sizes: UNetSizes) -> tuple[UNet2DConditionModel, UNetSizes]:
    """A UNet of one level fewer with the weights of the blocks that are left, to be trained."""
    fewer = replace(sizes, widths=sizes.widths[:-1], attention=sizes.attention[:-1])
    small, state, deepest = build_unet(fewer), unet.state_dict(), len(sizes.widths) - 1
    kept = {}
    for name, weight in state.items():
        if name.startswith((f"down_blocks.{deepest}.", f"down_blocks.{deepest - 1}.downsamplers.", "up_blocks.0.")):
            continue
        kept[re.sub(r"^up_blocks\.(\d+)", lambda found: f"up_blocks.{int(found[1]) - 1}", name)] = weight
    small.load_state_dict(kept)
    return small, fewer


def load_small(run: Path) -> tuple[UNet2DConditionModel, UNetSizes]:
    """The network that this command made.

    Raises:
        FileNotFoundError: it was not made yet.
    """
    path = run / FILE
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: make it by tools.tiny_model.companions.small with the same --run")
    state = torch.load(path, weights_only=True)
    sizes = UNetSizes(**{**state["sizes"], **{name: tuple(state["sizes"][name]) for name in ("widths", "attention")}})
    unet = build_unet(sizes)
    unet.load_state_dict(state["unet"])
    return unet, sizes


def main() -> None:
    arguments = arguments_of(__doc__, minutes=12, rate=1.5e-3).parse_args()
    base = Base.load(arguments.base)
    latents = torch.from_numpy(np.load(arguments.base / "latents.npy"))
    scenes = dataset.load_scenes(arguments.data, len(latents))
    cells = torch.from_numpy(np.stack([cell_weights(scene, latents.shape[-1]) for scene in scenes]))
    unet, sizes = without_deepest(base.unet, base.sizes)

    def batch_loss(rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(scenes), BATCH)
        context = base.context(dropped([caption(scenes[place], rng) for place in places], DROPPED, rng))
        times, _, noisy = base.noised(latents[places].float())
        with computing():
            with torch.no_grad():
                wanted = base.unet(noisy, times, encoder_hidden_states=context).sample
            guess = unet(noisy, times, encoder_hidden_states=context).sample
        weights = 1 + (OBJECT_WEIGHT - 1) * cells[places]
        return (cell_errors(guess, wanted, weights) * base.noise.weights[times]).mean()

    train("small", unet, batch_loss, Settings.of(arguments))
    save_atomically({"unet": unet.state_dict(), "sizes": asdict(sizes)}, arguments.run / FILE)


if __name__ == "__main__":
    main()
