"""What do nodes pass to each other, and which literals do several of them take?

Type checkers see the real classes, the running program sees torch-free sockets.
"""

from typing import TYPE_CHECKING, Annotated, Any

from engine.graph import Choice, Range, Socket
from engine.pixels.methods import CROPS
from engine.sampling.catalog import SAMPLERS, SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from engine.control import ControlNet, Gligen, StyleModel
    from engine.files.drawings import Svg
    from engine.models import DiffusionModel as Model
    from engine.models import TextEncoder, UpscaleModel, Vae, VisionEncoder, VisionOutput
    from engine.pixels import Video
    from engine.sampling import Conditioning, Guider, HookKeyframe, Latent
    from engine.sampling import FirstNoise as Noise
    from engine.sampling import SamplerChoice as Sampler
    from engine.sampling.hooks import Hooks

    Anything = Any
    Audio = dict[str, Any]  # "waveform" float32 (B, C, T) in -1..1, "sample_rate" in Hz
    Floats = Sequence[float] | float
    HookKeyframes = tuple[HookKeyframe, ...]  # by their beginning
    Image = Tensor  # float32 (B, H, W, C) in 0..1
    LatentOperation = Callable[[Tensor], Tensor]  # samples (B, C, h, w) -> the same shape
    Mask = Tensor  # float32 (B, H, W) in 0..1, 1 = change here
    Sigmas = Tensor  # float32 (n + 1,): the noise levels of n steps, on the CPU
    TimestepsRange = tuple[float, float]  # shares of the run, 0..1
else:
    Anything = Socket("*")
    Audio = Socket("AUDIO")
    Conditioning = Socket("CONDITIONING")
    ControlNet = Socket("CONTROL_NET")
    Gligen = Socket("GLIGEN")
    Floats = Socket("FLOATS")
    Guider = Socket("GUIDER")
    HookKeyframes = Socket("HOOK_KEYFRAMES")
    Hooks = Socket("HOOKS")
    Image = Socket("IMAGE")
    Latent = Socket("LATENT")
    LatentOperation = Socket("LATENT_OPERATION")
    Mask = Socket("MASK")
    Model = Socket("MODEL")
    Noise = Socket("NOISE")
    Sampler = Socket("SAMPLER")
    Sigmas = Socket("SIGMAS")
    StyleModel = Socket("STYLE_MODEL")
    Svg = Socket("SVG")
    TextEncoder = Socket("CLIP")
    TimestepsRange = Socket("TIMESTEPS_RANGE")
    UpscaleModel = Socket("UPSCALE_MODEL")
    Vae = Socket("VAE")
    Video = Socket("VIDEO")
    VisionEncoder = Socket("CLIP_VISION")
    VisionOutput = Socket("CLIP_VISION_OUTPUT")

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
    "LARGEST_SIDE", "Anything", "Audio", "BatchSize", "Cfg", "Conditioning", "ControlNet", "Crop", "Floats", "Gligen",
    "Guider", "HookKeyframes", "Hooks", "Image", "Latent", "LatentOperation", "Mask", "Model", "Noise", "Offset",
    "PatchStrength", "Sampler", "SamplerName", "ScheduleName", "Seed", "Share", "ShareOfRun", "Sigmas", "StepIndex",
    "Steps", "Strength", "StyleModel", "Svg", "TextEncoder", "TimestepsRange", "UpscaleModel", "Vae", "Video",
    "VisionEncoder", "VisionOutput",
]  # fmt: skip
