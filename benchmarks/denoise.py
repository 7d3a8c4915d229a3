"""How long does a step of Stable Diffusion 1.5's size take, and a decode, beside diffusers on the same weights?

    python -m benchmarks.denoise [--pairs 5] [--size 512] [--threads N] [--only step|decode] [--cpu-time]

Both run in bfloat16, channels last, in one process, taking turns; the medians are compared. The weights are
seeded noise of the full size. The matmul rate is measured in the same run: it says what the machine could do.
With --cpu-time, seconds of processor time over all threads: comparable where other programs run beside it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.files.safetensors_header import CheckpointHeader, TensorInfo
from engine.models.diffusion_model import DiffusionModel
from engine.models.loading import checkpoint_from
from engine.models.memory.precision import choose_precision
from engine.models.vae import Vae
from engine.models.weights import FORMAT_NAMES, WeightFile
from engine.sampling.conditioning import NetworkInputs
from tests import tiny

SD15 = tiny.Sizes(
    widths=(320, 640, 1280, 1280),
    depths=(1, 1, 1, 0),
    res_blocks=2,
    context=768,
    text_layers=1,  # not timed
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
)
TFLOP_PER_STEP = 1.61  # multiplications and additions at 512 x 512 and a batch of 2
BFLOAT16 = torch.bfloat16
Clock = Callable[[], float]


@dataclass(frozen=True)
class Pair:
    """Two ways to do the same, in seconds per call."""

    title: str
    ours: Callable[[], Tensor]
    theirs: Callable[[], Tensor]

    def report(self, count: int, clock: Clock) -> str:
        difference = (self.ours().float() - self.theirs().float()).abs().max() / self.theirs().float().abs().max()
        times = [(_seconds(self.ours, clock), _seconds(self.theirs, clock)) for _ in range(count)]
        ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
        least = [min(column) for column in zip(*times, strict=True)]
        return (
            f"{self.title:8} ours {ours:7.3f} s  diffusers {theirs:7.3f} s  ratio {ours / theirs:5.3f}  "
            f"(fastest {least[0]:.3f} and {least[1]:.3f}; "
            f"results differ by {float(difference):.3f} of the largest value)"
        )


def main() -> None:
    """Run the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="timed calls of each")
    parser.add_argument("--size", type=int, default=512, help="pixels of each side")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--only", choices=("step", "decode"))
    parser.add_argument("--cpu-time", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    weights = _weights()
    checkpoint = checkpoint_from(weights, precision=choose_precision(every="bf16", channels_last=True))
    clock = time.process_time if options.cpu_time else time.perf_counter
    rate = matmul_rate(clock)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    print(f"matmul   {rate:.3f} TFLOP/s in bfloat16", flush=True)
    with torch.inference_mode():
        if options.only != "decode":
            share = TFLOP_PER_STEP * (options.size / 512) ** 2
            print(step_pair(checkpoint.model, weights, options.size).report(options.pairs, clock))
            print(f"         at the matmul rate alone a step would take about {share / rate:.3f} s", flush=True)
        if options.only != "step":
            print(decode_pair(checkpoint.vae, weights, options.size).report(options.pairs, clock))


def step_pair(model: DiffusionModel, weights: WeightFile, size: int) -> Pair:
    """One step with guidance: a batch of 2."""
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    with torch.device("meta"):
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    part = _bfloat16(weights, "model.diffusion_model.")
    unet.load_state_dict(convert_ldm_unet_checkpoint(part, dict(unet.config)), assign=True)
    unet = unet.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    x = torch.randn(2, 4, size // 8, size // 8, generator=torch.Generator().manual_seed(0))
    context = torch.randn(2, 77, 768, generator=torch.Generator().manual_seed(1))
    sigma = torch.full((2,), 1.0)
    inputs, timestep = NetworkInputs(context), model.noise_levels.timestep(sigma)
    scaled = model.prediction.scale_input(x, sigma).to(BFLOAT16, memory_format=torch.channels_last)
    theirs_context = context.to(BFLOAT16)

    def theirs() -> Tensor:
        output = unet(scaled, timestep, encoder_hidden_states=theirs_context, return_dict=False)[0]
        return model.prediction.denoised(x, output.float(), sigma)

    return Pair("step", lambda: model.denoise(x, sigma, inputs), theirs)


def decode_pair(vae: Vae, weights: WeightFile, size: int) -> Pair:
    """One picture decoded."""
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    widths = SD15.vae_widths
    blocks = len(widths)
    with torch.device("meta"):
        theirs = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * blocks,
            up_block_types=("UpDecoderBlock2D",) * blocks,
            block_out_channels=widths,
            layers_per_block=SD15.vae_blocks,
        )
    theirs.load_state_dict(
        convert_ldm_vae_checkpoint(_bfloat16(weights, "first_stage_model."), dict(theirs.config)), assign=True
    )
    theirs = theirs.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    latent = torch.randn(1, 4, size // 8, size // 8, generator=torch.Generator().manual_seed(2))
    placed = latent.to(BFLOAT16, memory_format=torch.channels_last)

    def decode() -> Tensor:
        image = theirs.decode(placed, return_dict=False)[0]
        return image.float().add(1).div(2).clamp(0, 1).movedim(1, -1)

    return Pair("decode", lambda: vae.decode(latent), decode)


def matmul_rate(clock: Clock, seconds: float = 2.0) -> float:
    """TFLOP/s of a bfloat16 product as large as the network's largest; of one thread where processor time counts."""
    a, b = torch.randn(4096, 2560).to(BFLOAT16), torch.randn(2560, 2560).to(BFLOAT16)
    torch.mm(a, b)
    times: list[float] = []
    while sum(times) < seconds:
        times.append(_seconds(lambda: torch.mm(a, b), clock))
    return 2 * 4096 * 2560 * 2560 / statistics.median(times) / 1e12


def _weights() -> WeightFile:
    """A checkpoint of this size in memory, float16, seeded; biases and norms as tests draw them."""
    tensors = tiny.random_weights(tiny.checkpoint_shapes(SD15), seed=0)
    infos = {name: TensorInfo(FORMAT_NAMES[t.dtype], tuple(t.shape), 0, t.nbytes) for name, t in tensors.items()}
    header = CheckpointHeader(Path("seeded.safetensors"), infos)
    return WeightFile(header, tensors.__getitem__, lambda name: None)


def _bfloat16(weights: WeightFile, prefix: str) -> dict[str, Tensor]:
    return {name: weights[name].to(BFLOAT16) for name in weights if name.startswith(prefix)}


def _seconds(call: Callable[[], Tensor], clock: Clock) -> float:
    start = clock()
    call()
    return clock() - start


if __name__ == "__main__":
    main()
