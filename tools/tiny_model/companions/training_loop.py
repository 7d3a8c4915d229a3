"""One training loop for all companions: resumable, timed, with averaged weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tools.tiny_model.optimizer import MuonAdamW, split_parameters
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

CHECKPOINT_S = 60


@dataclass(frozen=True)
class Settings:
    """How long and how fast: length of training in all, peak rate, share of the time before it falls."""

    run: Path
    length: Length
    rate: float
    hold: float = 0.3
    average_decay: float = 0.99
    seed: int = 0

    @classmethod
    def of(cls, arguments: argparse.Namespace, hold: float = 0.3) -> Settings:
        """Those of a command."""
        return cls(arguments.run, Length.of(arguments), arguments.rate, hold, seed=arguments.seed)


class Training:
    """The trainable weights of a companion with their optimizer and averages: everything that a resumed run needs."""

    def __init__(self, name: str, network: nn.Module, settings: Settings) -> None:
        self.settings, self.state_path = settings, settings.run / f"{name}_state.pt"
        self.log_path = settings.run / f"{name}_log.jsonl"
        self.trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.optimizer = MuonAdamW(*split_parameters(network), settings.rate)
        self.average = AveragedWeights(list(self.trained.values()), settings.average_decay)
        self.step = 0

    def update(self, loss: Tensor, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        self.optimizer.step()
        self.average.update()
        self.step += 1

    def save(self, spent_s: float) -> None:
        state = {"weights": dict(self.trained), "optimizer": self.optimizer.state_dict(), "step": self.step}
        save_atomically({**state, "averages": self.average.averages, "spent_s": spent_s}, self.state_path)

    def resume(self) -> float:
        """Take the saved state up, if there is one; returns the seconds of training behind it."""
        if not self.state_path.exists():
            return 0.0
        state = torch.load(self.state_path, weights_only=True)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(state["weights"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.averages, self.average.steps, self.step = state["averages"], state["step"], state["step"]
        return float(state["spent_s"])


def train(name: str, network: nn.Module, loss_of: Callable[[np.random.Generator], Tensor], settings: Settings) -> None:
    """Train what of `network` requires gradients, and leave its averaged weights in it.

    Args:
        loss_of: one batch's loss; it draws from the generator that it is given and from torch's, new for each step.
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    training = Training(name, network, settings)
    spent_s = training.resume()
    clock = Clock(settings.length, training.step, spent_s)
    schedule = RateSchedule(settings.rate, warmup_steps=30, hold=settings.hold)
    next_save_s, losses = clock.spent_s + CHECKPOINT_S, []
    while clock.share < 1:
        rate = schedule.at(training.step, clock.share)
        loss = loss_of(drawing_of(settings.seed, training.step))
        training.update(loss, rate)
        losses.append(float(loss.detach()))
        clock.tick()
        if clock.spent_s > next_save_s or clock.share >= 1:
            next_save_s = clock.spent_s + CHECKPOINT_S
            training.save(clock.spent_s)
            log(training.log_path, minutes=clock.spent_s / 60, step=training.step, loss=float(np.mean(losses)))
            losses.clear()
    training.average.swap()


def arguments_of(description: str | None, *, minutes: float, rate: float) -> argparse.ArgumentParser:
    """What the commands of all companions take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the picture set of tools.tiny_model.dataset")
    parser.add_argument("--base", type=Path, required=True, help="the run of the model that ships: vae, latents, UNet")
    parser.add_argument("--run", type=Path, required=True, help="where states and logs are kept")
    parser.add_argument("--out", type=Path, default=Path("models"), help="the folder of models to write into")
    add_length(parser, minutes)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--seed", type=int, default=0)
    return parser
