"""Networks of several sizes give what `diffusers` gives with the same file's weights."""

import pytest
import torch

from engine import models
from engine.sampling import NetworkInputs
from tests import tiny
from tests.models import oracle

SIZES = {
    "default": tiny.TINY,
    "three levels, deep": tiny.Sizes(widths=(32, 64, 96), depths=(0, 2, 1), res_blocks=2, vae_blocks=2),
    "attention everywhere, linear": tiny.Sizes(widths=(128, 64), depths=(1, 1), context=128, linear_projection=True),
    "one level": tiny.Sizes(widths=(32,), depths=(1,), vae_widths=(32, 64), vae_blocks=3),
}


@pytest.fixture(scope="module", params=SIZES)
def case(request, tmp_path_factory):
    sizes = SIZES[request.param]
    path = tiny.write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "x.safetensors", 1, sizes)
    return path, sizes


def load(path, kind):
    return models.load_checkpoint(path, precision=models.choose_precision(every=kind, channels_last=kind == "bf16"))


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.06)])
def test_network(case, kind, error):
    path, sizes = case
    model, unet = load(path, kind).model, oracle.load_unet(path, sizes)
    x, context = oracle.noise(2, 4, 12, 16), oracle.noise(2, 77, sizes.context, seed=1)
    sigma = torch.tensor([0.3, 9.0])
    denoised = model.denoise(x, sigma, NetworkInputs(context))
    timestep = model.noise_levels.timestep(sigma)
    scaled = x / (sigma**2 + 1).sqrt()[:, None, None, None]
    epsilon = unet(scaled, timestep, encoder_hidden_states=context).sample
    assert oracle.largest_error((x - denoised) / sigma[:, None, None, None], epsilon) < error


def test_network_at_a_size_that_halving_rounds(case):
    path, sizes = case
    model, unet = load(path, "fp32").model, oracle.load_unet(path, sizes)
    x, context = oracle.noise(1, 4, 9, 7), oracle.noise(1, 77, sizes.context, seed=1)
    sigma = torch.tensor([1.0])
    epsilon = unet(x / 2**0.5, model.noise_levels.timestep(sigma), encoder_hidden_states=context).sample
    assert oracle.largest_error(x - model.denoise(x, sigma, NetworkInputs(context)), epsilon) < 1e-4


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.1)])
def test_vae(case, kind, error):
    path, sizes = case
    vae, theirs = load(path, kind).vae, oracle.load_vae(path, sizes)
    images = torch.rand(2, 48, 64, 3, generator=torch.Generator().manual_seed(0))
    latents = vae.encode(images)
    expected = theirs.encode(images.movedim(-1, 1) * 2 - 1).latent_dist.mode()
    assert latents.shape[2] * vae.config.downscale == 48
    assert oracle.largest_error(latents, expected) < error
    samples = oracle.noise(2, 4, 6, 8, seed=2)
    decoded = (theirs.decode(samples).sample.movedim(1, -1) + 1) / 2
    assert oracle.largest_error(vae.decode(samples), decoded.clamp(0, 1)) < error


def test_vae_with_linear_attention(tmp_path):
    """Some tools store the attention's 1x1 convolutions as matrices: the same numbers, another shape."""
    flat = tiny.Sizes(vae_attention_is_linear=True)
    from safetensors.torch import load_file, save_file

    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 1)
    weights = load_file(path)
    for name, weight in weights.items():
        if "attn_1" in name and weight.ndim == 4:
            weights[name] = weight[:, :, 0, 0].contiguous()
    save_file(weights, tmp_path / "flat.safetensors")
    assert weights.keys() == tiny.checkpoint_shapes(flat).keys()
    samples = oracle.noise(1, 4, 4, 4)
    decoded = [load(tmp_path / f"{name}.safetensors", "fp32").vae.decode(samples) for name in ("x", "flat")]
    assert torch.equal(*decoded)
