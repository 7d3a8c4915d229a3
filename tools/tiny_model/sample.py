"""Draw pictures from a training state, score them, lay them out.

    python -m tools.tiny_model.sample --run RUN --score 100 --out sheet.png
    python -m tools.tiny_model.sample --run RUN --prompt "a red heart" "a yellow star at night" --out sheet.png

The shipped file itself is scored through the engine by tools/tiny_model/score_file.py.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from tools.tiny_model.dataset import held_out
from tools.tiny_model.drawing import contact_sheet
from tools.tiny_model.networks import LATENT_SCALE, TextSizes, UNetSizes, build_text_encoder, build_unet
from tools.tiny_model.scorer import score, summary
from tools.tiny_model.tokenizer import Tokenizer
from tools.tiny_model.training import log


def noise_levels() -> Tensor:
    """Sigma of the 1000 training steps: scaled-linear betas 0.00085..0.012 (arXiv:2112.10752)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    return ((1 - kept) / kept).sqrt().float()


@dataclass(frozen=True)
class TrainedModel:
    """UNet and text encoder of a training state; `rows` maps vocabulary ids to the rows that were trained."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    rows: np.ndarray
    minutes: float

    @classmethod
    def load(cls, path: Path) -> TrainedModel:
        state = torch.load(path, weights_only=True)
        unet = build_unet(UNetSizes(**state["unet_sizes"])).eval()
        text = build_text_encoder(TextSizes(**state["text_sizes"]), len(state["token_ids"])).eval()
        unet.load_state_dict(state["unet"])
        text.load_state_dict(state["text"])
        return cls(unet, text, compact_rows(state["token_ids"]), state["spent_s"] / 60)

    @torch.no_grad()
    def embed(self, tokenizer: Tokenizer, prompts: list[str]) -> Tensor:
        """(B, 77, width): the last hidden state after the final norm."""
        ids = self.rows[np.stack([tokenizer.encode(prompt) for prompt in prompts])]
        return self.text(input_ids=torch.from_numpy(ids)).last_hidden_state


def compact_rows(token_ids: list[int]) -> np.ndarray:
    """Vocabulary id -> row of the trained embedding; ids that never occurred share row 0."""
    rows = np.zeros(49_408, np.int64)
    rows[token_ids] = np.arange(len(token_ids))
    return rows


def karras(steps: int, levels: Tensor, rho: float = 7.0) -> Tensor:
    """Descending sigmas with a final 0 (arXiv:2206.00364, eq. 5)."""
    ramp = torch.linspace(0, 1, steps)
    low, high = levels[0] ** (1 / rho), levels[-1] ** (1 / rho)
    return torch.cat([(high + ramp * (low - high)) ** rho, torch.zeros(1)])


@torch.no_grad()
def sample(model: TrainedModel, positive: Tensor, negative: Tensor, *, steps: int, cfg: float, seed: int) -> Tensor:
    """Latents (B, 4, side, side) by DPM-Solver++(2M) (arXiv:2211.01095, algorithm 2) with classifier-free guidance."""
    levels = noise_levels()
    sigmas = karras(steps, levels)
    context = torch.cat([positive, negative.expand_as(positive)])
    side = model.unet.config.sample_size
    noise = [
        torch.randn(4, side, side, generator=torch.Generator().manual_seed(seed + i)) for i in range(len(positive))
    ]
    x, before = torch.stack(noise) * sigmas[0], None
    for i, (sigma, after) in enumerate(pairwise(sigmas)):
        time = torch.from_numpy(np.interp(float(sigma.log()), levels.log().numpy(), np.arange(1000.0))[None]).float()
        scaled = (x / (sigma**2 + 1) ** 0.5).repeat(2, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            noise_guess = model.unet(scaled, time.expand(len(scaled)), encoder_hidden_states=context).sample.float()
        with_text, without = noise_guess.chunk(2)
        clean = x - sigma * (without + cfg * (with_text - without))
        ahead = clean
        if before is not None and after > 0:
            ratio = (sigmas[i - 1] / sigma).log() / (sigma / after).log()
            ahead = clean + (clean - before) / (2 * ratio)
        x = after / sigma * x + (1 - after / sigma) * ahead
        before = clean
    return x


@torch.no_grad()
def decode(vae: AutoencoderKL, latents: Tensor) -> np.ndarray:
    with torch.autocast("cpu", torch.bfloat16):
        pictures = torch.cat([vae.decode(part / LATENT_SCALE).sample.float() for part in latents.split(16)])
    return ((pictures.clamp(-1, 1) + 1) * 127.5 + 0.5).byte().permute(0, 2, 3, 1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--score", type=int, default=0, help="score so many held-out captions, half with one object")
    parser.add_argument("--prompt", nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--cfg", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    model, tokenizer = TrainedModel.load(arguments.run / "unet_average.pt"), Tokenizer()
    vae = AutoencoderKL.from_pretrained(arguments.run / "vae", low_cpu_mem_usage=False).eval()
    examples = held_out(arguments.score)
    prompts = arguments.prompt or [example.caption for example in examples]
    settings = {"steps": arguments.steps, "cfg": arguments.cfg, "seed": arguments.seed}
    latents = sample(model, model.embed(tokenizer, prompts), model.embed(tokenizer, [""]), **settings)
    pictures = decode(vae, latents)
    if not arguments.prompt:
        scores = summary([score(p, e.scene) for p, e in zip(pictures, examples, strict=True)])
        log(arguments.run / "scores.jsonl", minutes=model.minutes, **settings, **scores)
    contact_sheet(pictures, columns=10).save(arguments.out)


if __name__ == "__main__":
    main()
