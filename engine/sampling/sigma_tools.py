"""How are the levels of a run cut, turned round and refined? Sigmas are (n + 1,) float32 on the CPU."""

import math
from typing import Literal

import torch
from torch import Tensor

ABOVE_0 = 0.0001  # where a run that goes up from a clean latent starts: networks know no level 0


def read_sigmas(text: str) -> Tensor:
    """Levels written as numbers with commas, spaces or line ends between them.

    Raises:
        ValueError: a word is no number, or a number is below 0 or not finite.
    """
    levels = []
    for word in text.replace(",", " ").split():
        try:
            level = float(word)
        except ValueError:
            raise ValueError(f"Expected numbers such as 14.6, 2.5, 0; found {word!r} in {text!r}.") from None
        if not 0 <= level < math.inf:
            raise ValueError(f"A noise level is 0 or more; found {word} in {text!r}.")
        levels.append(level)
    return torch.tensor(levels, dtype=torch.float32)


def split_sigmas(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The levels of the first `step` steps and of the rest; both hold the level between them."""
    return sigmas[: step + 1], sigmas[step:]


def split_sigmas_by_share(sigmas: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """The levels of all but the last steps, and of the last round(steps * share), share 0..1."""
    return split_sigmas(sigmas, len(sigmas) - 1 - round(max(len(sigmas) - 1, 0) * share))


def flip_sigmas(sigmas: Tensor) -> Tensor:
    """The levels from the last to the first; a first level of 0 becomes ABOVE_0."""
    flipped = sigmas.flip(0)
    if len(flipped) and flipped[0] == 0:
        flipped[0] = ABOVE_0
    return flipped


def replace_first_sigma(sigmas: Tensor, sigma: float) -> Tensor:
    """The levels with another first one."""
    changed = sigmas.clone()
    changed[:1] = sigma
    return changed


def refine_sigmas(
    sigmas: Tensor, parts: int, start: float, end: float, spacing: Literal["linear", "cosine", "sine"]
) -> Tensor:
    """Cut each step that starts at a level from `start` down to `end` into `parts`.

    start: below 0: from any level. spacing: "cosine" has the finer parts at the step's end, "sine" at its start.
    """
    shares = torch.linspace(0, 1, parts + 1)[1:-1]
    if spacing == "cosine":
        shares = (shares * math.pi / 2).sin()
    elif spacing == "sine":
        shares = 1 - (shares * math.pi / 2).cos()
    highest = math.inf if start < 0 else start
    refined: list[Tensor] = []
    for index in range(len(sigmas) - 1):
        here, there = sigmas[index], sigmas[index + 1]
        refined.append(here[None])
        if end <= float(here) <= highest:
            refined.append(here + shares * (there - here))
    return torch.cat([*refined, sigmas[-1:]])
