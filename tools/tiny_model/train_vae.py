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
from tools.tiny_model.drawing import contact_sheet
from tools.tiny_model.networks import LATENT_SCALE, VaeSizes, build_vae, parameters_of
from tools.tiny_model.optimizer import MuonAdamW, split_parameters
from tools.tiny_model.scenes import SIZE, Scene
from tools.tiny_model.scorer import score, summary
from tools.tiny_model.training import AveragedWeights, Clock, RateSchedule, log, save_atomically

VALIDATION = 96  # the first pictures of the set, never trained on
CROP, CROPS, FULLS = 64, 16, 4  # batch: CROPS crops of CROP pixels, or FULLS whole pictures
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
    out = []
    for place in places:
        corner = rng.uniform(0, SIZE - CROP, 2)
        things = scenes[place].things
        if rng.random() < 0.85:
            thing = things[int(rng.integers(len(things)))]
            corner = np.array([thing.y, thing.x]) - CROP / 2 + rng.uniform(-20, 20, 2)
        top, left = np.clip(corner, 0, SIZE - CROP).astype(int)
        out.append(pictures[place, top : top + CROP, left : left + CROP])
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
    """Latents as the UNet sees them (times LATENT_SCALE), float16 (N, 4, 16, 16)."""
    vae.to(memory_format=torch.channels_last)
    parts = []
    for batch in np.array_split(pictures, max(1, len(pictures) // ENCODED_AT_ONCE)):
        with torch.autocast(device.type, torch.bfloat16):
            z = vae.encode(to_tensor(batch, device).contiguous(memory_format=torch.channels_last)).latent_dist.mode()
        parts.append((z.float() * LATENT_SCALE).cpu().numpy().astype(np.float16))
    vae.to(memory_format=torch.contiguous_format)
    return np.concatenate(parts)


def train(arguments: argparse.Namespace, vae: AutoencoderKL, pictures: np.ndarray, scenes: list[Scene]) -> None:
    device, run = torch.device(arguments.device), arguments.run
    part = "decoder" if arguments.decoder_only else "vae"
    model = Reconstruction(vae, arguments.decoder_only, device)
    matrices, others = split_parameters(vae)
    optimizer = MuonAdamW(matrices, others + list(model.colour_head.parameters()), arguments.rate)
    average = AveragedWeights([p for p in vae.parameters() if p.requires_grad], 0.995)
    schedule, clock, step = RateSchedule(arguments.rate), Clock(arguments.minutes, device=arguments.device), 0
    state_path = run / f"{part}_state.pt"
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        vae.load_state_dict(state["vae"])
        model.colour_head.load_state_dict(state["colour_head"])
        optimizer.load_state_dict(state["optimizer"])
        average.averages, average.steps = state["averages"], state["step"]
        clock, step = Clock(arguments.minutes, state["spent_s"], arguments.device), state["step"]
    rng = np.random.default_rng([arguments.seed, step])
    torch.manual_seed(arguments.seed + step)
    validation = to_tensor(pictures[:VALIDATION], device)
    next_report_s = clock.spent_s + 60
    while clock.share < 1:
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step, clock.share)
        whole = arguments.decoder_only or clock.share > 1 - FULL_SHARE
        places = rng.integers(VALIDATION, len(pictures), FULLS if whole else CROPS)
        batch = pictures[places] if whole else crops(pictures, scenes, places, rng)
        loss = model.loss(to_tensor(batch[:, :, ::-1] if rng.random() < 0.5 else batch, device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        average.update()
        step += 1
        clock.tick()
        if clock.spent_s > next_report_s or clock.share >= 1:
            next_report_s = clock.spent_s + 60
            average.swap()
            quality = psnr(model.reconstruct(validation), validation)
            vae.save_pretrained(run / "vae")
            average.swap()
            entry = {"minutes": clock.spent_s / 60, "step": step, "loss": float(loss.detach()), "psnr_db": quality}
            log(run / f"{part}_log.jsonl", **entry)
            save_atomically(
                {
                    "vae": vae.state_dict(),
                    "colour_head": model.colour_head.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "averages": average.averages,
                    "step": step,
                    "spent_s": clock.spent_s,
                },
                state_path,
            )
            clock.skip()
    average.swap()
    if not arguments.decoder_only:
        latents = torch.from_numpy(encode_all(vae, pictures[:512], device)).float() / LATENT_SCALE
        print("raw deviation", fold_scale(vae, latents))
    vae.save_pretrained(run / "vae")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, help="use the first so many of the set")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--cache", action="store_true", help="only write RUN/latents.npy")
    parser.add_argument("--score", type=int, default=0, help="only score so many reconstructions of unseen pictures")
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(arguments.device)
    pictures = dataset.load_pictures(arguments.data, arguments.pictures)
    scenes = dataset.load_scenes(arguments.data, len(pictures))
    if (arguments.run / "vae").exists():
        vae = AutoencoderKL.from_pretrained(arguments.run / "vae", low_cpu_mem_usage=False)
    else:
        vae = build_vae(VaeSizes())
    vae.to(device)
    print("parameters", parameters_of(vae), asdict(VaeSizes()), flush=True)
    if arguments.cache:
        latents = encode_all(vae, pictures, device)
        np.save(arguments.run / "latents.npy", latents)
        print(f"latents {latents.shape}, deviation {latents.astype(np.float32).std():.3f}")
    elif arguments.score:
        unseen = np.random.default_rng(5)
        chosen = [dataset.sample_scene(unseen) for _ in range(arguments.score)]
        truth = np.stack([dataset.draw(scene) for scene in chosen])
        target = to_tensor(truth, device)
        output = Reconstruction(vae, True, device).reconstruct(target)
        rebuilt = to_pictures(output)
        print("psnr", psnr(output, target), summary([score(p, s) for p, s in zip(rebuilt, chosen, strict=True)]))
        rows = [row for start in range(0, 24, 8) for row in (*truth[start : start + 8], *rebuilt[start : start + 8])]
        contact_sheet(rows).save(arguments.run / "sheet_vae.png")
    else:
        torch.manual_seed(arguments.seed)
        train(arguments, vae, pictures, scenes)


if __name__ == "__main__":
    main()
