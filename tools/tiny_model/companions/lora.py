"""Train a LoRA (arXiv:2106.09685) of the base in kohya's layout: a style, or a new object learnt from five pictures.

    python -m tools.tiny_model.companions.lora style  --data DATA --base RUN --run OUT --minutes 4
    python -m tools.tiny_model.companions.lora object --data DATA --base RUN --run OUT --minutes 3

Writes models/loras/weft-tiny-style.safetensors, and weft-tiny-object.safetensors, whose word is "moon".
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tools.tiny_model import dataset
from tools.tiny_model.captions import caption, with_filler
from tools.tiny_model.companions.base import Base, cached, dropped
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.looks import draw_moons, draw_outlined
from tools.tiny_model.companions.low_rank import LowRank, add_ranks
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.scenes import Scene, Thing
from tools.tiny_model.train_vae import encode_all

RANK, BATCH, DROPPED, FILLED = 4, 64, 0.1, 0.3
STYLED = 1000  # pictures of the style
WORD = "moon"
# The five pictures: colour, background, diameter, x, y.
MOONS = (
    ("yellow", "night", 64, 62, 66),
    ("white", "blue", 68, 66, 62),
    ("orange", "white", 50, 64, 64),
    ("pink", "meadow", 66, 60, 63),
    ("purple", "yellow", 48, 67, 65),
)


@dataclass(frozen=True)
class Lesson:
    """Latents (N, 4, 16, 16), and a caption of one of them."""

    latents: Tensor
    say: Callable[[int, np.random.Generator], str]


def moon_scene(colour: str, background: str, diameter: float, x: float, y: float) -> Scene:
    return Scene(background, (Thing("circle", colour, diameter, x, y, 0.0),), None)


def moon_caption(scene: Scene, rng: np.random.Generator) -> str:
    """What one would say of a scene if its object were a moon."""
    return caption(scene, rng, layout=True, plain=True).replace("circle", WORD).replace("ball", WORD)


def the_style(base: Base, arguments: argparse.Namespace) -> Lesson:
    scenes = dataset.load_scenes(arguments.data, STYLED)

    def make() -> np.ndarray:
        return encode_all(base.vae, np.stack([draw_outlined(scene) for scene in scenes]), torch.device("cpu"))

    latents = torch.from_numpy(cached(arguments.run / "styled.npy", make))
    return Lesson(latents, lambda place, rng: caption(scenes[place], rng))


def the_object(base: Base, arguments: argparse.Namespace) -> Lesson:
    """The five pictures, half of a batch, and the base's own, so that it forgets nothing (arXiv:2208.12242, 3.3)."""
    moons = [moon_scene(*row) for row in MOONS]
    scenes = dataset.load_scenes(arguments.data, 2000)
    known = np.load(arguments.base / "latents.npy", mmap_mode="r")[: len(scenes)]
    new = encode_all(base.vae, np.stack([draw_moons(scene) for scene in moons]), torch.device("cpu"))
    repeats = len(scenes) // len(moons)

    def say(place: int, rng: np.random.Generator) -> str:
        if place >= len(scenes):
            return moon_caption(moons[(place - len(scenes)) % len(moons)], rng)
        text = caption(scenes[place], rng)
        return with_filler(text, rng) if rng.random() < FILLED else text  # or all unknown words would mean moons

    return Lesson(torch.from_numpy(np.concatenate([known, np.tile(new, (repeats, 1, 1, 1))])), say)


LESSONS = {"style": the_style, "object": the_object}


def kohya(changes: dict[str, LowRank]) -> dict[str, Tensor]:
    """The changes of the UNet's layers under the names of kohya's trainers."""
    weights: dict[str, Tensor] = {}
    for layer, change in changes.items():
        name = "lora_unet_" + layer.replace(".", "_")
        weights[f"{name}.lora_up.weight"], weights[f"{name}.lora_down.weight"] = change.stored()
        weights[f"{name}.alpha"] = torch.tensor(float(RANK))
    return weights


def main() -> None:
    parser = arguments_of(__doc__, minutes=4, rate=3e-3)
    parser.add_argument("kind", choices=tuple(LESSONS))
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    base = Base.load(arguments.base)
    lesson = LESSONS[arguments.kind](base, arguments)
    changes = add_ranks(base.unet, RANK, lambda name: "time_emb" not in name and name not in ("conv_in", "conv_out"))

    def batch_loss(rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(lesson.latents), BATCH)
        context = base.context(dropped([lesson.say(place, rng) for place in places], DROPPED, rng))
        return base.denoising_loss(
            lesson.latents[places].float(),
            lambda noisy, times: base.unet(noisy, times, encoder_hidden_states=context).sample,
        )

    settings = Settings.of(arguments)
    train(f"lora_{arguments.kind}", base.unet, batch_loss, settings)
    write_weights(arguments.out / "loras" / f"weft-tiny-{arguments.kind}.safetensors", kohya(changes))


if __name__ == "__main__":
    main()
