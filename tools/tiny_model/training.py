"""What all trainings share: a rate over time, averaged weights, draws that an interruption does not change."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class RateSchedule:
    """Warm-up over `warmup_steps`, `peak` until the share `hold` of the time, then a cosine to `peak * floor`."""

    peak: float
    warmup_steps: int = 100
    hold: float = 0.3
    floor: float = 0.02

    def at(self, step: int, elapsed: float) -> float:
        """The rate at `step` (from 0) when the share `elapsed` (0..1) of the training time is gone."""
        fall = max(0.0, min(1.0, (elapsed - self.hold) / (1 - self.hold)))
        shape = self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * fall))
        return self.peak * min(1.0, (step + 1) / self.warmup_steps) * shape


class AveragedWeights:
    """Exponential moving average of parameters, slow only once there is something to average."""

    def __init__(self, parameters: list[Tensor], decay: float) -> None:
        self.parameters, self.decay, self.steps = parameters, decay, 0
        self.averages = [p.detach().clone() for p in parameters]

    @torch.no_grad()
    def update(self) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (20 + self.steps))
        torch._foreach_lerp_(self.averages, self.parameters, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange weights and averages; call it again to undo."""
        for average, parameter in zip(self.averages, self.parameters, strict=True):
            held = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(held)


def drawing_of(seed: int, step: int) -> np.random.Generator:
    """What a step draws from, torch's generator included: the same after an interruption as without one."""
    torch.manual_seed(seed * 2**32 + step)
    return np.random.default_rng([seed, step])


@dataclass(frozen=True)
class Length:
    """How long to train: so many steps, which give the same weights each time, or so many minutes if 0 steps."""

    minutes: float
    steps: int = 0

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Length:
        return cls(arguments.minutes, arguments.steps)


def add_length(parser: argparse.ArgumentParser, minutes: float) -> None:
    parser.add_argument("--minutes", type=float, default=minutes, help="of training in all (default: %(default)g)")
    parser.add_argument("--steps", type=int, default=0, help="train so many steps, however long that takes")


class Clock:
    """How much of a training is behind it, over several runs, without evaluations.

    On a CPU it counts the process's own time, so that a run beside others is not cut short.
    """

    def __init__(self, length: Length, step: int = 0, spent_s: float = 0.0, device: str = "cpu") -> None:
        self._now = time.process_time if device == "cpu" else time.monotonic
        self._length, self.step, self.spent_s, self._last = length, step, spent_s, self._now()

    @property
    def share(self) -> float:
        length = self._length
        return self.step / length.steps if length.steps else self.spent_s / (length.minutes * 60)

    def tick(self) -> None:
        """Count a step."""
        now = self._now()
        self.step += 1
        self.spent_s += now - self._last
        self._last = now

    def skip(self) -> None:
        """Forget the time since the last tick."""
        self._last = self._now()


def save_atomically(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def log(path: Path, **entry: float | int | str) -> None:
    line = json.dumps({key: round(value, 5) if isinstance(value, float) else value for key, value in entry.items()})
    print(line, flush=True)
    with path.open("a") as file:
        file.write(line + "\n")
