"""Train the KL autoencoder (arXiv:2112.10752, section 3.1), then its decoder alone, and cache the latents.

    python -m tools.tiny_model.train_vae --data DATA --run RUN --minutes 24                 # both halves
    python -m tools.tiny_model.train_vae --data DATA --run RUN --cache                      # RUN/latents.npy
    python -m tools.tiny_model.train_vae --data DATA --run RUN --minutes 40 --decoder-only  # may run beside the UNet
    python -m tools.tiny_model.train_vae --data DATA --run RUN --score 300

The encoder is final after the first command, so that the UNet need not wait for the decoder.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from tools.tiny_model import dataset
from tools.tiny_model.drawing import contact_sheet, draw
from tools.tiny_model.networks import LATENT_SCALE, PRESETS, add_preset, build_vae, parameters_of
from tools.tiny_model.optimizer import MuonAdamW, split_parameters
from tools.tiny_model.scenes import SIZE, Scene, sample_scene
from tools.tiny_model.scorer import score, summary
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

VALIDATION = 96  # the first pictures of the set, never trained on
CROPS, FULLS = 16, 4  # batch: CROPS crops of a quarter of a picture, or FULLS whole pictures
AVERAGE_DECAY, REPORT_S = 0.995, 60
FULL_SHARE = 0.75  # the last part of the time sees whole pictures: group norms depend on the frame
ENCODED_AT_ONCE = 4  # small batches stay in a CPU's cache
COLOUR_WEIGHT, KL_WEIGHT = 0.5, 1e-6
HARD_WEIGHT, HARD_SHARE = 0.1, 0.01  # decoder alone: extra weight on the worst pixels (tips, corners, droplets)
LATENT_NOISE = 0.12  # largest noise on latents, in their standard deviations: the UNet errs too


def to_tensor(pictures: np.ndarray, device: torch.device) -> Tensor:
    """uint8 (B, H, W, 3) -> float (B, 3, H, W) in -1..1."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return tensor.permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1


def to_pictures(tensor: Tensor) -> np.ndarray:
    return ((tensor.clamp(-1, 1) + 1) * 127.5 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()


def crops(pictures: np.ndarray, scenes: list[Scene], places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut one crop of each picture, most of them around an object, where the detail is."""
    out, scale, crop = [], pictures.shape[1] / SIZE, pictures.shape[1] // 2
    for place in places:
        corner = rng.uniform(0, crop, 2)
        things = scenes[place].things
        if rng.random() < 0.85:
            thing = things[int(rng.integers(len(things)))]
            corner = (np.array([thing.y, thing.x]) + rng.uniform(-20, 20, 2)) * scale - crop / 2
        top, left = np.clip(corner, 0, crop).astype(int)
        out.append(pictures[place, top : top + crop, left : left + crop])
    return np.stack(out)


def differences(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1, L2, L1 of the gradients (crisp edges), L1 at half and quarter size (right colours)."""
    loss = (output - target).abs().mean() + 0.5 * F.mse_loss(output, target)
    for a, b in zip(differences(output), differences(target), strict=True):
        loss = loss + 0.7 * (a - b).abs().mean()
    for _ in range(2):
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
        loss = loss + 0.5 * (output - target).abs().mean()
    return loss


def psnr(output: Tensor, target: Tensor) -> float:
    """Mean PSNR in dB of pictures in -1..1."""
    error = ((output.clamp(-1, 1) - target) ** 2).mean((1, 2, 3)) / 4
    return float((-10 * torch.log10(error)).mean())


@torch.no_grad()
def fold_scale(vae: AutoencoderKL, latents: Tensor) -> float:
    """Make the latents' mean 0 and their deviation 1 / LATENT_SCALE by changing quant_conv and post_quant_conv only.

    Returns: the raw standard deviation.
    """
    mean = latents.mean((0, 2, 3)).double()
    deviation = float((latents - latents.mean((0, 2, 3), keepdim=True)).std())
    gain = 1 / LATENT_SCALE / deviation
    into, out = vae.quant_conv, vae.post_quant_conv
    weight, bias = into.weight.double(), into.bias.double()
    weight[:4] *= gain
    bias[:4] = (bias[:4] - mean) * gain
    bias[4:] += 2 * np.log(gain)
    into.weight.copy_(weight)
    into.bias.copy_(bias)
    out.bias.copy_(out.bias.double() + out.weight.double()[:, :, 0, 0] @ mean)
    out.weight.copy_(out.weight.double() / gain)
    return deviation


class Reconstruction:
    """The autoencoder with its training loss."""

    def __init__(self, vae: AutoencoderKL, decoder_only: bool, device: torch.device) -> None:
        self.vae, self.decoder_only, self.device = vae, decoder_only, device
        # Keeps each cell's mean colour readable in the latent by one linear map: easier latents for the UNet.
        self.colour_head = torch.nn.Conv2d(4, 3, 1).to(device)
        if decoder_only:
            vae.encoder.requires_grad_(False)
            vae.quant_conv.requires_grad_(False)

    def loss(self, target: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.set_grad_enabled(not self.decoder_only):
                distribution = self.vae.encode(target).latent_dist
            z = distribution.mode() if self.decoder_only else distribution.sample()
            noise = torch.rand(len(z), 1, 1, 1, device=self.device) * LATENT_NOISE * z.detach().float().std()
            output = self.vae.decode(z + noise * torch.randn_like(z)).sample
        loss = reconstruction_loss(output.float(), target)
        if self.decoder_only:
            errors = (output.float() - target).abs().mean(1).flatten()
            return loss + HARD_WEIGHT * errors.topk(int(HARD_SHARE * errors.numel())).values.mean()
        colours = (self.colour_head(z.float()) - F.avg_pool2d(target, 8)).abs().mean()
        return loss + COLOUR_WEIGHT * colours + KL_WEIGHT * distribution.kl().float().mean()

    @torch.no_grad()
    def reconstruct(self, pictures: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            parts = [self.vae.decode(self.vae.encode(p).latent_dist.mode()).sample.float() for p in pictures.split(16)]
        return torch.cat(parts)


@torch.no_grad()
def encode_all(vae: AutoencoderKL, pictures: np.ndarray, device: torch.device) -> np.ndarray:
    """Latents as the UNet sees them (times LATENT_SCALE), float16 (N, 4, side / 8, side / 8)."""
    vae.to(memory_format=torch.channels_last)
    parts = []
    for batch in np.array_split(pictures, max(1, len(pictures) // ENCODED_AT_ONCE)):
        with torch.autocast(device.type, torch.bfloat16):
            z = vae.encode(to_tensor(batch, device).contiguous(memory_format=torch.channels_last)).latent_dist.mode()
        parts.append((z.float() * LATENT_SCALE).cpu().numpy().astype(np.float16))
    vae.to(memory_format=torch.contiguous_format)
    return np.concatenate(parts)


class VaeTraining:
    """The autoencoder with its optimizer and averages: everything that a resumed run needs."""

    def __init__(self, vae: AutoencoderKL, run: Path, rate: float, decoder_only: bool, device: torch.device) -> None:
        self.model = Reconstruction(vae, decoder_only, device)
        matrices, others = split_parameters(vae)
        self.optimizer = MuonAdamW(matrices, [*others, *self.model.colour_head.parameters()], rate)
        self.average = AveragedWeights([p for p in vae.parameters() if p.requires_grad], AVERAGE_DECAY)
        self.run, self.part, self.step = run, "decoder" if decoder_only else "vae", 0

    @property
    def state_path(self) -> Path:
        return self.run / f"{self.part}_state.pt"

    def update(self, target: Tensor, rate: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.model.loss(target)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.vae.parameters(), 1.0)
        self.optimizer.step()
        self.average.update()
        self.step += 1
        return float(loss.detach())

    def report(self, validation: Tensor, spent_s: float, loss: float) -> None:
        """Log the quality of the averaged weights, write them to RUN/vae, and save the state."""
        vae = self.model.vae
        self.average.swap()
        quality = psnr(self.model.reconstruct(validation), validation)
        vae.save_pretrained(self.run / "vae")
        self.average.swap()
        entry = {"minutes": spent_s / 60, "step": self.step, "loss": loss, "psnr_db": quality}
        log(self.run / f"{self.part}_log.jsonl", **entry)
        state = {"vae": vae.state_dict(), "colour_head": self.model.colour_head.state_dict()}
        state |= {"optimizer": self.optimizer.state_dict(), "averages": self.average.averages}
        save_atomically({**state, "step": self.step, "spent_s": spent_s}, self.state_path)

    def resume(self) -> float:
        """Take the saved state up, if there is one; returns the seconds of training behind it."""
        if not self.state_path.exists():
            return 0.0
        state = torch.load(self.state_path, weights_only=True)
        self.model.vae.load_state_dict(state["vae"])
        self.model.colour_head.load_state_dict(state["colour_head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.averages, self.average.steps, self.step = state["averages"], state["step"], state["step"]
        return float(state["spent_s"])

    def finish(self, pictures: np.ndarray) -> None:
        """Write the averaged weights; a new encoder's latents get the family's scale."""
        vae, device = self.model.vae, self.model.device
        self.average.swap()
        if self.part == "vae":
            latents = torch.from_numpy(encode_all(vae, pictures[:512], device)).float() / LATENT_SCALE
            print("raw deviation", fold_scale(vae, latents))
        vae.save_pretrained(self.run / "vae")


def train(arguments: argparse.Namespace, vae: AutoencoderKL, pictures: np.ndarray, scenes: list[Scene]) -> None:
    device = torch.device(arguments.device)
    training = VaeTraining(vae, arguments.run, arguments.rate, arguments.decoder_only, device)
    spent_s = training.resume()
    clock = Clock(Length.of(arguments), training.step, spent_s, arguments.device)
    schedule = RateSchedule(arguments.rate)
    validation = to_tensor(pictures[:VALIDATION], device)
    next_report_s = clock.spent_s + REPORT_S
    while clock.share < 1:
        rng = drawing_of(arguments.seed, training.step)
        whole = arguments.decoder_only or clock.share > 1 - FULL_SHARE
        places = rng.integers(VALIDATION, len(pictures), FULLS if whole else CROPS)
        batch = pictures[places] if whole else crops(pictures, scenes, places, rng)
        target = to_tensor(batch[:, :, ::-1] if rng.random() < 0.5 else batch, device)
        loss = training.update(target, schedule.at(training.step, clock.share))
        clock.tick()
        if clock.spent_s > next_report_s or clock.share >= 1:
            next_report_s = clock.spent_s + REPORT_S
            training.report(validation, clock.spent_s, loss)
            clock.skip()
    training.finish(pictures)


def score_reconstructions(vae: AutoencoderKL, count: int, side: int, run: Path, device: torch.device) -> None:
    """Print how many unseen pictures survive the autoencoder, and lay 24 of them out above their originals."""
    rng = np.random.default_rng(5)
    scenes = [sample_scene(rng) for _ in range(count)]
    truth = np.stack([draw(scene, side) for scene in scenes])
    target = to_tensor(truth, device)
    output = Reconstruction(vae, True, device).reconstruct(target)
    rebuilt = to_pictures(output)
    print("psnr", psnr(output, target), summary([score(p, s) for p, s in zip(rebuilt, scenes, strict=True)]))
    rows = [row for start in range(0, 24, 8) for row in (*truth[start : start + 8], *rebuilt[start : start + 8])]
    contact_sheet(rows).save(run / "sheet_vae.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    add_length(parser, minutes=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, help="use the first so many of the set")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--cache", action="store_true", help="only write RUN/latents.npy")
    parser.add_argument("--score", type=int, default=0, help="only score so many reconstructions of unseen pictures")
    add_preset(parser)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    arguments.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(arguments.device)
    pictures = dataset.load_pictures(arguments.data, arguments.pictures)
    scenes = dataset.load_scenes(arguments.data, len(pictures))
    torch.manual_seed(arguments.seed)
    if (arguments.run / "vae").exists():
        vae = AutoencoderKL.from_pretrained(arguments.run / "vae", low_cpu_mem_usage=False)
    else:
        vae = build_vae(preset.vae)
    vae.to(device)
    print("parameters", parameters_of(vae), asdict(preset.vae), flush=True)
    if arguments.cache:
        latents = encode_all(vae, pictures, device)
        np.save(arguments.run / "latents.npy", latents)
        print(f"latents {latents.shape}, deviation {latents.astype(np.float32).std():.3f}")
    elif arguments.score:
        score_reconstructions(vae, arguments.score, preset.side, arguments.run, device)
    else:
        train(arguments, vae, pictures, scenes)


if __name__ == "__main__":
    main()
