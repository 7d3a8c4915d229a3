"""Teach the text encoder where things lie, before any picture is drawn: captions and scenes are enough.

    python -m tools.tiny_model.train_text --data DATA --run RUN

Beside the UNet alone the text encoder stays for very long in a state in which it knows what is asked for, but not which
words mean which of two objects. Read out by a small head (`layout.py`) it learns both within minutes.
Writes RUN/text_start.pt for train_unet.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tools.tiny_model import dataset
from tools.tiny_model.layout import LayoutHead, Layouts, cell_of
from tools.tiny_model.networks import PRESETS, TOKENS, add_preset, build_text_encoder
from tools.tiny_model.optimizer import MuonAdamW, split_parameters
from tools.tiny_model.sample import compact_rows
from tools.tiny_model.tokenizer import Tokenizer
from tools.tiny_model.train_unet import TrainingSet
from tools.tiny_model.training import RateSchedule, log, save_atomically

BATCH = 192
SHORT = 32  # tokens; no caption is longer, what follows is padding
LONG_SHARE = 0.12  # the last share of the steps sees the padding too, since the UNet will
PAIR_SHARE = 0.8
REPORT_EVERY = 100


def right_places(text: nn.Module, head: LayoutHead, ids: Tensor, examples: list[dataset.Example]) -> float:
    """Share of captions in % whose objects all have their shape and colour at their centre."""
    with torch.no_grad():
        guesses = head.classes_at(text(input_ids=ids).last_hidden_state)
    wanted = Layouts.of([example.scene for example in examples]).classes
    right = 0
    for guess, truth, example in zip(guesses, wanted, examples, strict=True):
        centres = [cell_of(thing) for thing in example.scene.things]
        right += all(torch.equal(guess[:2, y, x].cpu(), truth[:2, y, x].long()) for y, x in centres)
    return 100 * right / len(examples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    add_preset(parser)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    latents = np.load(arguments.run / "latents.npy")
    scenes = TrainingSet.build(latents, dataset.load_scenes(arguments.data, len(latents)), arguments.seed)
    examples = dataset.held_out(400, single=0.0)
    rows, tokenizer = compact_rows(scenes.token_ids), Tokenizer()
    ids = torch.from_numpy(rows[np.stack([tokenizer.encode(example.caption) for example in examples])]).to(device)

    torch.manual_seed(arguments.seed)
    sizes = PRESETS[arguments.preset].text
    text, head = build_text_encoder(sizes, len(scenes.token_ids)).to(device), LayoutHead(sizes.width).to(device)
    networks = nn.ModuleList([text, head])
    optimizer, schedule = MuonAdamW(*split_parameters(networks), arguments.rate), RateSchedule(arguments.rate, hold=0.6)
    losses: list[float] = []
    for step in range(arguments.steps):
        share = step / arguments.steps
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step, share)
        tokens, layouts = scenes.captions_of(BATCH, 1 - PAIR_SHARE, device)
        seen = SHORT if share < 1 - LONG_SHARE else TOKENS
        loss = head.error(text(input_ids=tokens[:, :seen]).last_hidden_state, layouts)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % REPORT_EVERY == 0 or step + 1 == arguments.steps:
            right = right_places(text, head, ids, examples)
            log(arguments.run / "text_log.jsonl", step=step + 1, loss=float(np.mean(losses)), right=right)
            losses.clear()
    state = {"text": text.state_dict(), "layout": head.state_dict(), "token_ids": scenes.token_ids}
    save_atomically(state, arguments.run / "text_start.pt")


if __name__ == "__main__":
    main()
