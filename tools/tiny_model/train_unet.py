"""Train text encoder and UNet together on cached latents (arXiv:2112.10752, eq. 3: epsilon prediction).

    python -m tools.tiny_model.train_unet --data DATA --run RUN --minutes 80

Begins with the text encoder of train_text.py; the head that taught it goes on beside the UNet, so that what it knows of
places is not forgotten, and is thrown away afterwards (`layout.py`).

Writes RUN/unet_average.pt (averaged weights, for sample.py and export.py), RUN/unet_state.pt (to resume: start the same
command again) and RUN/unet_log.jsonl.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from tools.tiny_model import dataset
from tools.tiny_model.captions import caption, with_filler
from tools.tiny_model.layout import LayoutHead, Layouts
from tools.tiny_model.networks import (
    PRESETS,
    TextSizes,
    UNetSizes,
    add_preset,
    build_text_encoder,
    build_unet,
    parameters_of,
)
from tools.tiny_model.optimizer import MuonAdamW, split_parameters
from tools.tiny_model.sample import compact_rows, noise_levels
from tools.tiny_model.scenes import Scene, cell_weights
from tools.tiny_model.tokenizer import END, START, Tokenizer
from tools.tiny_model.training import (
    AveragedWeights,
    Clock,
    Length,
    RateSchedule,
    add_length,
    drawing_of,
    log,
    save_atomically,
)

CAPTIONS = 8  # per scene
FILLED, DROPPED, FILLED_DROPS = 0.15, 0.10, 0.3  # captions with fillers; dropped ones; of those, fillers alone
CURRICULUM = 0.15  # this share of the time sees one-object scenes mostly
SINGLES_FIRST, SINGLES_AFTER = 0.9, 0.2  # share of one-object scenes in a batch, during the curriculum and after
OBJECT_WEIGHT = 3.0  # of latent cells with objects, against 1 elsewhere
GAMMA = 5.0  # min-SNR weighting, arXiv:2303.09556
LEAST, NOISIEST = 0.3, 600  # least weight of an error in the clean picture; steps from here on are drawn more often
LAYOUT_WEIGHT = 0.05  # of the layout head's error beside the denoising error
AVERAGE_DECAY = 0.9985
CHECKPOINT_S = 120
SPARE_ID = 49_405  # a token of the vocabulary that no caption uses: its row stands for all unseen words


@dataclass(frozen=True)
class Batch:
    """Latents (B, 4, S, S), caption rows (B, 77), cell weights (B, S, S) of mean 1, what lies where."""

    latents: Tensor
    tokens: Tensor
    cells: Tensor
    layouts: Layouts


@dataclass(frozen=True)
class TrainingSet:
    """All in memory: latents (N, 4, S, S), captions (N, CAPTIONS, 77), cells (N, S, S); N scenes."""

    latents: Tensor
    captions: Tensor
    cells: Tensor
    layouts: Layouts
    singles: Tensor  # places of the one-object scenes
    pairs: Tensor  # places of the others
    dropped: Tensor  # (M, 77): empty captions and fillers alone
    token_ids: list[int]  # row -> vocabulary id

    @classmethod
    def build(cls, latents: np.ndarray, scenes: list[Scene], seed: int) -> TrainingSet:
        rng, tokenizer = np.random.default_rng(seed), Tokenizer()
        texts = [caption(scene, rng) for scene in scenes for _ in range(CAPTIONS)]
        known = set(np.unique(np.stack([tokenizer.encode(text) for text in texts])).tolist())
        known |= {int(i) for word in (",", ".", "the") for i in tokenizer.encode(word)} | {START, END}
        token_ids = [SPARE_ID, *sorted(known)]
        rows = compact_rows(token_ids)
        filled = [with_filler(text, rng) if rng.random() < FILLED else text for text in texts]
        dropped = [with_filler("", rng) if rng.random() < FILLED_DROPS else "" for _ in range(512)]

        def encode(lines: list[str]) -> Tensor:
            return torch.from_numpy(rows[np.stack([tokenizer.encode(line) for line in lines])].astype(np.int16))

        return cls(
            latents=torch.from_numpy(latents),
            captions=encode(filled).view(len(scenes), CAPTIONS, -1),
            cells=torch.from_numpy(
                np.stack([cell_weights(scene, latents.shape[-1]) for scene in scenes]).astype(np.float16)
            ),
            layouts=Layouts.of(scenes),
            singles=torch.tensor([i for i, scene in enumerate(scenes) if scene.kind == "one"]),
            pairs=torch.tensor([i for i, scene in enumerate(scenes) if scene.kind != "one"]),
            dropped=encode(dropped),
            token_ids=token_ids,
        )

    def batch(self, size: int, single_share: float, device: torch.device) -> Batch:
        """Random scenes with one of their captions each."""
        places, tokens = self._draw(size, single_share)
        drops = self.dropped[torch.randint(len(self.dropped), (size,))]
        tokens = torch.where(torch.rand(size, 1) < DROPPED, drops, tokens).long()
        cells = 1 + (OBJECT_WEIGHT - 1) * self.cells[places].float()
        latents = self.latents[places].float()
        cells = cells / cells.mean((1, 2), keepdim=True)
        return Batch(latents.to(device), tokens.to(device), cells.to(device), self.layouts.at(places, device))

    def captions_of(self, size: int, single_share: float, device: torch.device) -> tuple[Tensor, Layouts]:
        """Caption rows (size, 77) of random scenes, none dropped, with their layouts."""
        places, tokens = self._draw(size, single_share)
        return tokens.long().to(device), self.layouts.at(places, device)

    def _draw(self, size: int, single_share: float) -> tuple[Tensor, Tensor]:
        """Random scenes, a share of them with one object, and one caption of each."""
        ones, pairs = (kind[torch.randint(len(kind), (size,))] for kind in (self.singles, self.pairs))
        places = torch.where(torch.rand(size) < single_share, ones, pairs)
        return places, self.captions[places, torch.randint(CAPTIONS, (size,))]


class NoiseSchedule:
    """Noise per training step, and which steps to draw: often where the min-SNR weight is high."""

    def __init__(self, device: torch.device) -> None:
        sigmas = noise_levels().to(device)
        self.signal, self.noise = 1 / (1 + sigmas**2) ** 0.5, sigmas / (1 + sigmas**2) ** 0.5
        snr = 1 / sigmas**2
        # Where things lie is decided in the noise, where min-SNR alone would hardly look: its weight of an error in the
        # clean picture is `snr`.
        weights = snr.clamp(LEAST, GAMMA) / snr
        self.chances = 0.25 + 0.75 * weights.clamp(max=1)
        self.chances[NOISIEST:] *= 1.5
        self.weights = weights / (self.chances / self.chances.mean())

    def draw(self, size: int) -> Tensor:
        return torch.multinomial(self.chances, size, replacement=True)


class JointTraining:
    """UNet and text encoder with their optimizer and averages: everything that a resumed run needs."""

    def __init__(self, unet_sizes: UNetSizes, text_sizes: TextSizes, token_ids: list[int], rate: float, device: str):
        self.sizes, self.token_ids, self.device = (unet_sizes, text_sizes), token_ids, torch.device(device)
        self.unet = build_unet(unet_sizes).to(self.device)
        self.text = build_text_encoder(text_sizes, len(token_ids)).to(self.device)
        self.layout = LayoutHead(text_sizes.width).to(self.device)
        print("parameters", parameters_of(self.unet), parameters_of(self.text), flush=True)
        networks = torch.nn.ModuleList([self.unet, self.text, self.layout])
        self.optimizer = MuonAdamW(*split_parameters(networks), rate)
        self.parameters = list(networks.parameters())
        self.average = AveragedWeights(self.parameters, AVERAGE_DECAY)
        self.noise = NoiseSchedule(self.device)
        self.step = 0

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The denoising error, and the error in reading the layout from the caption alone."""
        times = self.noise.draw(len(batch.latents))
        noise = torch.randn_like(batch.latents)
        signal_part, noise_part = (level[times].view(-1, 1, 1, 1) for level in (self.noise.signal, self.noise.noise))
        # On CPUs the flash kernel's backward is the slowest part of all at these head sizes.
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(self.device.type, torch.bfloat16):
            context = self.text(input_ids=batch.tokens).last_hidden_state
            noisy = signal_part * batch.latents + noise_part * noise
            guess = self.unet(noisy, times, encoder_hidden_states=context).sample
            layout_error = self.layout.error(context, batch.layouts)
        error = ((guess.float() - noise) ** 2).mean(1) * batch.cells
        return (error.mean((1, 2)) * self.noise.weights[times]).mean(), layout_error

    def update(self, loss: Tensor, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.average.update()
        self.step += 1

    def networks(self) -> dict[str, object]:
        return {
            "unet": self.unet.state_dict(),
            "text": self.text.state_dict(),
            "layout": self.layout.state_dict(),
            "unet_sizes": asdict(self.sizes[0]),
            "text_sizes": asdict(self.sizes[1]),
            "token_ids": self.token_ids,
        }

    def save(self, run: Path, spent_s: float) -> None:
        self.average.swap()
        save_atomically({**self.networks(), "spent_s": spent_s}, run / "unet_average.pt")
        self.average.swap()
        state = {"optimizer": self.optimizer.state_dict(), "averages": self.average.averages, "step": self.step}
        save_atomically({**self.networks(), **state, "spent_s": spent_s}, run / "unet_state.pt")

    def resume(self, path: Path) -> float:
        """Take a saved state up; returns the seconds of training behind it."""
        state = torch.load(path, weights_only=True)
        if state["token_ids"] != self.token_ids:
            raise ValueError(f"{path} was trained on other captions: use the same data and seed, or another --run")
        self.unet.load_state_dict(state["unet"])
        self.text.load_state_dict(state["text"])
        self.layout.load_state_dict(state["layout"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.averages, self.average.steps, self.step = state["averages"], state["step"], state["step"]
        return float(state["spent_s"])

    def begin_from(self, path: Path) -> float:
        """Take over the UNet of an earlier run whose constants were others; returns the seconds behind it."""
        state = torch.load(path, weights_only=True)
        self.unet.load_state_dict(state["unet"])
        return float(state["spent_s"])

    def take_text(self, path: Path) -> None:
        """Begin with the text encoder that train_text.py wrote."""
        state = torch.load(path, weights_only=True)
        if state["token_ids"] != self.token_ids:
            raise ValueError(f"{path} was trained on other captions: use the same data and seed")
        self.text.load_state_dict(state["text"])
        self.layout.load_state_dict(state["layout"])


def train(training: JointTraining, examples: TrainingSet, arguments: argparse.Namespace) -> None:
    spent_s = 0.0
    if (arguments.run / "unet_state.pt").exists():
        spent_s = training.resume(arguments.run / "unet_state.pt")
    else:
        training.take_text(arguments.run / "text_start.pt")
        if arguments.start_from:
            spent_s = training.begin_from(arguments.start_from)
        training.average = AveragedWeights(training.parameters, AVERAGE_DECAY)
    schedule, clock = (
        RateSchedule(arguments.rate, warmup_steps=200, hold=arguments.hold),
        Clock(Length.of(arguments), training.step, spent_s, arguments.device),
    )
    next_save_s, losses = clock.spent_s + CHECKPOINT_S, []
    while clock.share < 1:
        drawing_of(arguments.seed, training.step)
        single_share = SINGLES_FIRST if clock.share < CURRICULUM else SINGLES_AFTER
        batch = examples.batch(arguments.batch, single_share, training.device)
        rate = schedule.at(training.step, clock.share)
        denoising, layout = training.losses(batch)
        training.update(denoising + LAYOUT_WEIGHT * layout, rate)
        losses.append((float(denoising.detach()), float(layout.detach())))
        clock.tick()
        if clock.spent_s > next_save_s or clock.share >= 1:
            next_save_s = clock.spent_s + CHECKPOINT_S
            training.save(arguments.run, clock.spent_s)
            entry = {"minutes": clock.spent_s / 60, "step": training.step, "pictures": training.step * arguments.batch}
            loss, layout_loss = np.mean(losses, 0)
            log(arguments.run / "unet_log.jsonl", **entry, loss=float(loss), layout=float(layout_loss), rate=rate)
            losses.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    add_length(parser, minutes=80)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--hold", type=float, default=0.6, help="share of the time before the rate begins to fall")
    parser.add_argument("--start-from", type=Path, help="unet_state.pt of an earlier run to take the UNet of")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    add_preset(parser)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    latents = np.load(arguments.run / "latents.npy")
    examples = TrainingSet.build(latents, dataset.load_scenes(arguments.data, len(latents)), arguments.seed)
    torch.manual_seed(arguments.seed)
    training = JointTraining(preset.unet, preset.text, examples.token_ids, arguments.rate, arguments.device)
    train(training, examples, arguments)


if __name__ == "__main__":
    main()
