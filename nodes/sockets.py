"""What do nodes pass to each other, and which literals do several of them take?

Type checkers see the real classes, the running program sees torch-free sockets.
"""

from typing import TYPE_CHECKING, Annotated

from engine.graph import Choice, Range, Socket
from engine.pixels.methods import CROPS
from engine.sampling.catalog import SAMPLERS, SCHEDULES

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control import ControlNet
    from engine.models import DiffusionModel as Model
    from engine.models import TextEncoder, Vae
    from engine.sampling import Conditioning, Latent

    Image = Tensor  # float32 (B, H, W, C) in 0..1
    Mask = Tensor  # float32 (B, H, W) in 0..1, 1 = change here
else:
    Conditioning = Socket("CONDITIONING")
    ControlNet = Socket("CONTROL_NET")
    Image = Socket("IMAGE")
    Latent = Socket("LATENT")
    Mask = Socket("MASK")
    Model = Socket("MODEL")
    TextEncoder = Socket("CLIP")
    Vae = Socket("VAE")

LARGEST_SIDE = 16384  # pixels

Seed = Annotated[int, Range(0, 2**64 - 1, seed=True)]
Steps = Annotated[int, Range(1, 10_000)]
StepIndex = Annotated[int, Range(0, 10_000)]
Cfg = Annotated[float, Range(0.0, 100.0, step=0.1, round_to=0.01)]
SamplerName = Annotated[str, Choice(SAMPLERS)]
ScheduleName = Annotated[str, Choice(SCHEDULES)]
Share = Annotated[float, Range(0.0, 1.0, step=0.01)]
ShareOfRun = Annotated[float, Range(0.0, 1.0, step=0.001)]
Strength = Annotated[float, Range(0.0, 10.0, step=0.01)]
PatchStrength = Annotated[float, Range(-100.0, 100.0, step=0.01)]
BatchSize = Annotated[int, Range(1, 4096)]
Offset = Annotated[int, Range(0, LARGEST_SIDE, step=8)]
Crop = Annotated[str, Choice(CROPS)]

__all__ = [
    "LARGEST_SIDE", "BatchSize", "Cfg", "Conditioning", "ControlNet", "Crop", "Image", "Latent", "Mask", "Model",
    "Offset", "PatchStrength", "SamplerName", "ScheduleName", "Seed", "Share", "ShareOfRun", "StepIndex",
    "Steps", "Strength", "TextEncoder", "Vae",
]  # fmt: skip
