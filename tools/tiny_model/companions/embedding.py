"""Train a textual-inversion embedding (arXiv:2208.01618): a colour that has no name in the domain, from pictures of it.

    python -m tools.tiny_model.companions.embedding --data DATA --base RUN --run OUT --minutes 2

Writes models/embeddings/weft-tiny-word.safetensors: "an embedding:weft-tiny-word star" is a teal one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from tools.tiny_model import dataset
from tools.tiny_model.captions import caption
from tools.tiny_model.companions.base import Base, computing, dropped
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.looks import TEAL, draw_in
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.scenes import Scene
from tools.tiny_model.train_vae import encode_all

PICTURES, BATCH, DROPPED = 40, 32, 0.1
STAND_IN, START = "red", ("blue", "green")  # the word whose place the vector takes; whose mean it begins as


class Word(nn.Module):
    """One vector (1, width) in the place of a word."""

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.vector = nn.Parameter(start.clone())


def teal_scenes(scenes: list[Scene]) -> list[Scene]:
    """One object each, whose colour is to be the new one, where the words would say STAND_IN."""
    fitting = [s for s in scenes if s.kind == "one" and s.background in ("white", "pink", "yellow", "night", "sunset")]
    return [replace(s, things=(replace(s.things[0], colour=STAND_IN),)) for s in fitting[:PICTURES]]


def encoded(base: Base, word: Word, texts: list[str]) -> Tensor:
    """(B, 77, width) texts with the vector in the place of STAND_IN."""
    tokens, table = base.tokens(texts), base.text.get_input_embeddings()
    stand_in = int(base.tokens([STAND_IN])[0, 1])

    def put_in(_layer: nn.Module, _given: tuple, found: Tensor) -> Tensor:
        return torch.where((tokens == stand_in)[..., None], word.vector.to(found), found)

    handle = table.register_forward_hook(put_in)
    try:
        with computing():
            hidden: Tensor = base.text(input_ids=tokens).last_hidden_state
    finally:
        handle.remove()
    return hidden


def main() -> None:
    parser = arguments_of(__doc__, minutes=2, rate=1e-2)
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    base = Base.load(arguments.base)
    scenes = teal_scenes(dataset.load_scenes(arguments.data, 2000))
    pictures = np.stack([draw_in(scene, TEAL) for scene in scenes])
    latents = torch.from_numpy(encode_all(base.vae, pictures, torch.device("cpu")))
    known = base.tokens([" ".join(START)])[0, 1 : 1 + len(START)]
    word = Word(base.text.get_input_embeddings().weight[known].mean(0, keepdim=True))

    def batch_loss(rng: np.random.Generator) -> Tensor:
        places = rng.integers(0, len(scenes), BATCH)
        context = encoded(base, word, dropped([caption(scenes[place], rng) for place in places], DROPPED, rng))
        return base.denoising_loss(
            latents[places].float(),
            lambda noisy, times: base.unet(noisy, times, encoder_hidden_states=context).sample,
        )

    settings = Settings.of(arguments)
    train("embedding", word, batch_loss, settings)
    write_weights(arguments.out / "embeddings" / "weft-tiny-word.safetensors", {"emb_params": word.vector})


if __name__ == "__main__":
    main()
