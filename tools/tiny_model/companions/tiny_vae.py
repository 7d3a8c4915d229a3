"""Train a tiny autoencoder in TAESD's layout on the latents of the model that ships, for previews while it draws.

    python -m tools.tiny_model.companions.tiny_vae --data DATA --base RUN --run OUT --minutes 24

Writes models/vae_approx/taesd-weft-tiny_decoder.safetensors and ..._encoder.safetensors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from engine.models.layers.tiny_autoencoder import TinyAutoencoder, TinyVaeConfig
from tools.tiny_model import dataset
from tools.tiny_model.companions.files import write_weights
from tools.tiny_model.companions.training_loop import Settings, arguments_of, train
from tools.tiny_model.drawing import draw
from tools.tiny_model.networks import LATENT_SCALE
from tools.tiny_model.scenes import sample_scene
from tools.tiny_model.train_vae import encode_all, psnr, reconstruction_loss, to_tensor
from tools.tiny_model.training import Length

NAME = "taesd-weft-tiny"
CHANNELS = 32  # half of TAESD's: a preview must cost less than a step
BATCH, LATENT_NOISE = 8, 0.15  # the latents of unfinished pictures are not clean
ENCODER_SHARE = 0.25  # of the time


def decoder_loss(network: TinyAutoencoder, latents: Tensor, target: Tensor) -> Tensor:
    """latents (B, 4, h, w) as the UNet sees them; target (B, 3, H, W) in -1..1."""
    noise = torch.rand(len(latents), 1, 1, 1) * LATENT_NOISE * torch.randn_like(latents)
    with torch.autocast("cpu", torch.bfloat16):
        output = network.decoder((latents + noise).contiguous(memory_format=torch.channels_last))
    return reconstruction_loss(output.float() * 2 - 1, target)


def encoder_loss(network: TinyAutoencoder, latents: Tensor, target: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        guess = network.encoder((target / 2 + 0.5).contiguous(memory_format=torch.channels_last))
    return ((guess.float() - latents) ** 2).mean()


@torch.no_grad()
def scores(network: TinyAutoencoder, vae: AutoencoderKL, count: int, seed: int = 5) -> dict[str, float]:
    """PSNR in dB on unseen scenes: of the decoder against the pictures and against the VAE's, and of both halves."""
    rng = np.random.default_rng(seed)
    pictures = np.stack([draw(sample_scene(rng)) for _ in range(count)])
    target, latents = to_tensor(pictures, torch.device("cpu")), encode_all(vae, pictures, torch.device("cpu"))
    latents = torch.from_numpy(latents).float() / LATENT_SCALE
    with torch.autocast("cpu", torch.bfloat16):
        decoded = network.decode(latents).float()
        both = network.decode(network.encode(target)).float()
        theirs = torch.cat([vae.decode(part).sample.float() for part in latents.split(4)])
    pairs = {"decoder": (decoded, target), "against the VAE": (decoded, theirs.clamp(-1, 1)), "both": (both, target)}
    return {name: round(psnr(ours, wanted), 2) for name, (ours, wanted) in pairs.items()}


def main() -> None:
    parser = arguments_of(__doc__, minutes=24, rate=2e-3)
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    latents = torch.from_numpy(np.load(arguments.base / "latents.npy"))
    pictures = dataset.load_pictures(arguments.data, len(latents))
    torch.manual_seed(arguments.seed)
    network = TinyAutoencoder(TinyVaeConfig(CHANNELS, 4, LATENT_SCALE)).to(memory_format=torch.channels_last)
    halves = (
        ("decoder", network.decoder, decoder_loss, 1 - ENCODER_SHARE),
        ("encoder", network.encoder, encoder_loss, ENCODER_SHARE),
    )
    for half, module, loss, share in halves:

        def loss_of(rng: np.random.Generator, loss=loss) -> Tensor:
            places = rng.integers(0, len(latents), BATCH)
            return loss(network, latents[places].float(), to_tensor(pictures[places], torch.device("cpu")))

        length = Length(arguments.minutes * share, round(arguments.steps * share))
        settings = replace(Settings.of(arguments), length=length)
        train(f"tiny_vae_{half}", module, loss_of, settings)
        write_weights(arguments.out / "vae_approx" / f"{NAME}_{half}.safetensors", module.state_dict())
    vae = AutoencoderKL.from_pretrained(arguments.base / "vae", low_cpu_mem_usage=False).eval()
    print(scores(network, vae, 48))


if __name__ == "__main__":
    main()
