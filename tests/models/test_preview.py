"""Previews show a latent's colours, for the common latents and for a VAE of its own."""

from dataclasses import dataclass, field

import torch

from engine import models
from engine.models.families.unet_calls import SD1_COLOURS, latent_format
from engine.models.preview import estimate_preview_colours
from tests import tiny


@dataclass
class MixingVae:
    """An autoencoder whose latents are a known linear mix of a cell's mean colour, and one channel that is noise."""

    mix: torch.Tensor = field(default_factory=lambda: torch.tensor([[2.0, 0, 1, 0], [0, -3, 1, 0], [1, 0, 2, 0]]))

    def encode(self, images):
        means = torch.nn.functional.avg_pool2d(images.movedim(-1, 1), 8)
        latents = (means.movedim(1, -1) @ self.mix).movedim(-1, 1) + 0.3
        latents[:, 3] = torch.randn(latents[:, 3].shape, generator=torch.Generator().manual_seed(5))
        return latents / 0.18215


def test_estimated_colours_undo_a_known_mix():
    vae = MixingVae()
    colours = estimate_preview_colours(vae, 0.18215)
    flat = torch.tensor([[0.9, 0.1, 0.2], [0.2, 0.8, 0.5]])
    images = flat[:, None, None].expand(2, 64, 64, 3)
    latents = vae.encode(images) * 0.18215
    rgb = latents.permute(0, 2, 3, 1) @ colours.weight + colours.bias
    assert (rgb - flat[:, None, None]).abs().max() < 0.03


def test_a_small_checkpoint_estimates_its_colours_once(tmp_path, monkeypatch):
    model = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "x.safetensors")).model
    calls = []
    real = estimate_preview_colours
    monkeypatch.setattr(
        "engine.models.families.unet_calls.estimate_preview_colours",
        lambda vae, scale: calls.append(scale) or real(vae, scale),
    )
    for _ in range(2):
        rgb = models.latent_to_rgb(torch.randn(2, 4, 5, 6), model.latent_format)
    assert calls == [0.18215]
    assert (rgb.shape, rgb.dtype) == ((2, 5, 6, 3), torch.uint8)


def test_common_latents_have_published_colours():
    vae = type("FullSize", (), {"config": tiny.vae_config()})()
    common = latent_format(4, vae, 0.18215, SD1_COLOURS)
    latent = torch.zeros(1, 4, 1, 2)
    latent[0, 0, 0, 1] = 2.0
    rgb = models.latent_to_rgb(latent, common)[0, 0]
    assert rgb[0].tolist() == [128, 128, 128]
    assert rgb[1].tolist() == [round(255 * (0.5 + 2 * factor)) for factor in SD1_COLOURS["weight"][0]]


def test_a_run_gone_wrong_still_has_a_preview():
    vae = type("FullSize", (), {"config": tiny.vae_config()})()
    common = latent_format(4, vae, 0.18215, SD1_COLOURS)
    assert models.latent_to_rgb(torch.full((1, 4, 2, 2), float("nan")), common).max() == 0


def test_latents_scale_there_and_back():
    vae = type("FullSize", (), {"config": tiny.vae_config()})()
    scaling = latent_format(4, vae, 0.18215, SD1_COLOURS)
    samples = torch.randn(1, 4, 2, 2)
    torch.testing.assert_close(scaling.from_network(scaling.to_network(samples)), samples)
    assert (scaling.channels, scaling.downscale) == (4, 8)
