"""Which noise levels have been measured to be good for a model? Tables from papers, fitted to any number of steps."""

import torch
from torch import Tensor

from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.searched_schedules import MOST_SEARCHED, search_levels
from engine.sampling.spacings import ending_at_zero, log_linear

# "Align Your Steps", arXiv:2404.14507: ten steps each, with the digits that workflows elsewhere are made with.
# The authors' quick-start guide has the first two rounded to whole timesteps.
ALIGN_YOUR_STEPS: dict[str, list[float]] = {
    "SD1": [
        14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
        0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582,
    ],
    "SDXL": [
        14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
        0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
    ],
    "SVD": [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
}  # fmt: skip

TURBO_STEPS = 10  # SDXL Turbo's student was trained at timesteps 99, 199, .. 999: arXiv:2311.17042, sec. 3


def fit_table(table: list[float], steps: int, denoise: float = 1.0) -> Tensor:
    """The levels of a table for `steps` steps, the last round(steps * denoise) of them; the last level is 0.

    Empty where `denoise` (0..1) is 0: nothing is to be done.
    """
    if denoise <= 0.0:
        return torch.empty(0)
    wanted = steps if denoise >= 1.0 else round(steps * denoise)
    levels = table if len(table) == steps + 1 else log_linear(table, steps + 1)
    sigmas = torch.tensor(levels[-(wanted + 1) :], dtype=torch.float32)
    sigmas[-1] = 0.0
    return sigmas


def align_steps(model_type: str, steps: int, denoise: float = 1.0) -> Tensor:
    """The levels of "SD1", "SDXL" or "SVD": see fit_table."""
    return fit_table(ALIGN_YOUR_STEPS[model_type], steps, denoise)


def search_sigmas(steps: int, coeff: float, denoise: float = 1.0) -> Tensor:
    """Stable Diffusion's levels that GITS finds (see search_levels) for `steps` of 2 or more: see fit_table."""
    table = search_levels(NoiseLevels.scaled_linear(), min(steps, MOST_SEARCHED), coeff)
    return fit_table(table, steps, denoise)


def take_turbo_sigmas(levels: NoiseLevels, steps: int, denoise: float = 1.0) -> Tensor:
    """The first `steps` (1..10) of distilled models' ten levels, after a share 1 - denoise of them is left out."""
    skipped = TURBO_STEPS - int(TURBO_STEPS * denoise)
    timesteps = torch.arange(TURBO_STEPS, 0, -1) * 100 - 1
    return ending_at_zero(levels.sigma(timesteps[skipped : skipped + steps]))
