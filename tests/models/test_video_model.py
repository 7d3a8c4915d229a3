"""Stable Video Diffusion's network and decoder give what `diffusers` gives with the same weights."""

import re
from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel

from engine import models
from engine.errors import BadFile
from engine.files.safetensors_header import read_header
from engine.models.checkpoint_parts import FILM_VISION_PREFIX
from engine.models.detect import detect_family
from engine.models.layers.unet import embed_timesteps
from engine.models.layers.unet_names import OUTER_LAYERS, RES_LAYERS, _diffusers_places
from engine.sampling import NetworkInputs
from tests import film, tiny
from tests.models import oracle

FRAMES = 3
TRANSFORMER_INNER = {
    "time_stack.": "temporal_transformer_blocks.",
    "time_pos_embed.0.": "time_pos_embed.linear_1.",
    "time_pos_embed.2.": "time_pos_embed.linear_2.",
}
TIME_RES = {"in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj", "out_layers.0": "norm2",
            "out_layers.3": "conv2"}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return film.write_checkpoint(tmp_path_factory.mktemp("film") / "svd.safetensors", 1)


def load(path, kind="fp32"):
    return models.load_checkpoint(path, precision=models.choose_precision(every=kind, channels_last=kind == "bf16"))


def unet_name(name, places):
    """Ours -> diffusers'."""
    layer, _, kind = name.rpartition(".")
    if layer in OUTER_LAYERS:
        return f"{OUTER_LAYERS[layer]}.{kind}"
    prefix = max((p for p in places if name.startswith(p + ".")), key=len)
    place, inner = places[prefix], name.removeprefix(prefix + ".")
    if ".resnets." in place:
        inner = re.sub(r"^time_stack\.(.*)\.(\w+)$", lambda m: f"temporal_res_block.{TIME_RES[m[1]]}.{m[2]}", inner)
        own = inner.rpartition(".")[0]
        if own in RES_LAYERS:
            inner = f"spatial_res_block.{RES_LAYERS[own]}.{kind}"
    elif ".attentions." in place:
        for ours, theirs in TRANSFORMER_INNER.items():
            inner = theirs + inner.removeprefix(ours) if inner.startswith(ours) else inner
    elif inner.startswith("op."):
        inner = inner.replace("op.", "conv.")
    return f"{place}.{inner}"


def load_unet(path):
    sizes = film.SIZES
    with torch.device("meta"):
        unet = UNetSpatioTemporalConditionModel(
            in_channels=8,
            block_out_channels=sizes.widths,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            layers_per_block=sizes.res_blocks,
            cross_attention_dim=sizes.context,
            num_attention_heads=tuple(width // 64 for width in sizes.widths),
            num_frames=FRAMES,
        )
    config = replace(tiny.network_config(sizes), is_temporal=True)
    places = dict(_diffusers_places(config))
    ours = oracle.weights(path, "model.diffusion_model.")
    theirs = {unet_name(name.removeprefix("model.diffusion_model."), places): t for name, t in ours.items()}
    unet.load_state_dict(theirs, strict=True, assign=True)
    return unet.eval()


TOLD = torch.tensor([[5.0, 127.0, 0.25]])  # frames per second less one, motion, noise of the picture


def denoise(model, x, sigma, context, concat):
    inputs = NetworkInputs(
        context.repeat_interleave(FRAMES, 0),
        vector=embed_timesteps(TOLD[0], 256).flatten().repeat(len(x), 1),
        concat=concat,
        prompts=tuple(range(len(x) // FRAMES)),
    )
    return model.denoise(x, torch.full((len(x),), sigma), inputs)


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.06)])
def test_network(kind, error, path):
    model, unet = load(path, kind).model, load_unet(path)
    assert model.family.name == "Stable Video Diffusion"
    x, concat, context = oracle.noise(FRAMES, 4, 9, 7), oracle.noise(FRAMES, 4, 9, 7, seed=2), oracle.noise(1, 1, 64)
    sigma = 7.0
    scaled = torch.cat([x / (sigma**2 + 1) ** 0.5, concat], dim=1)[None]
    timestep = 0.25 * torch.tensor(sigma).log()
    with torch.no_grad():
        velocity = unet(scaled, timestep, context, added_time_ids=TOLD).sample[0]
    expected = x / (sigma**2 + 1) - velocity * sigma / (sigma**2 + 1) ** 0.5
    denoised = denoise(model, x, sigma, context, concat)
    assert oracle.largest_error(denoised, expected) < error


def test_two_prompts_at_once_are_two_films(path):
    model = load(path).model
    x, concat, context = oracle.noise(6, 4, 8, 8), oracle.noise(6, 4, 8, 8, seed=2), oracle.noise(2, 1, 64)
    both = denoise(model, x, 3.0, context, concat)
    for part in (slice(0, 3), slice(3, 6)):
        alone = denoise(model, x[part], 3.0, context[part.start // 3 :][:1], concat[part])
        torch.testing.assert_close(both[part], alone, rtol=1e-4, atol=1e-4)
    turned = denoise(model, x.flip(0), 3.0, context.flip(0), concat.flip(0))
    assert not torch.allclose(turned.flip(0), both, atol=1e-3)  # the order of the frames counts


def vae_name(name, levels):
    """Ours -> diffusers', of the decoder."""
    name = re.sub(r"^mid\.block_(\d)", lambda m: f"mid_block.resnets.{int(m[1]) - 1}", name)
    name = re.sub(r"^up\.(\d)\.block\.(\d)", lambda m: f"up_blocks.{levels - 1 - int(m[1])}.resnets.{m[2]}", name)
    name = re.sub(r"^up\.(\d)\.upsample", lambda m: f"up_blocks.{levels - 1 - int(m[1])}.upsamplers.0", name)
    attention = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}
    name = re.sub(r"^mid\.attn_1\.(\w+)", lambda m: f"mid_block.attentions.0.{attention[m[1]]}", name)
    name = re.sub(r"time_stack\.(\w+\.\d)", lambda m: f"temporal_res_block.{TIME_RES[m[1]]}", name)
    name = re.sub(r"(resnets\.\d)\.(norm|conv|nin)", r"\1.spatial_res_block.\2", name)
    name = name.replace("nin_shortcut", "conv_shortcut").replace("conv_out.time_mix_conv", "time_conv_out")
    name = re.sub(r"^norm_out", "conv_norm_out", name)
    return re.sub(r"(resnets\.\d)\.mix_factor", r"\1.time_mixer.mix_factor", name)


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.1)])
def test_decoder(kind, error, path):
    vae, widths = load(path, kind).vae, film.SIZES.vae_widths
    with torch.device("meta"):
        theirs = AutoencoderKLTemporalDecoder(
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=film.SIZES.vae_blocks,
        ).decoder
    prefix = "first_stage_model.decoder."
    named = {vae_name(n.removeprefix(prefix), len(widths)): t for n, t in oracle.weights(path, prefix).items()}
    named = {n: t[:, :, 0, 0] if "attentions" in n and t.ndim == 4 else t for n, t in named.items()}
    theirs.load_state_dict(named, strict=True, assign=True)
    samples = oracle.noise(4, 4, 6, 8, seed=2)
    with torch.no_grad():
        decoded = theirs.eval()(samples, image_only_indicator=torch.zeros(1, 4), num_frames=4)
    expected = ((decoded.movedim(1, -1) + 1) / 2).clamp(0, 1)
    assert oracle.largest_error(vae.decode(samples), expected) < error


def test_frames_of_a_short_film_are_decoded_together_whatever_their_size(path):
    vae = load(path).vae
    latents = torch.zeros(16, 4, 96, 96, device="meta")
    assert [len(part) for part in vae._batches(latents, 8, vae.config.frames_together)] == [14, 2]
    assert [len(part) for part in vae._batches(latents[:1], 8)] == [1]


def test_tiles_of_a_film_hold_all_of_its_frames(path):
    vae, samples = load(path).vae, oracle.noise(4, 4, 12, 12, seed=2)
    told = []
    tiled = vae.decode_tiled(samples, 24, 4, lambda done, total: told.append((done, total)))
    assert oracle.largest_error(tiled, vae.decode(samples)) < 1e-4  # one tile holds all
    assert told[-1] == (len(told), len(told))
    alone = torch.cat([vae.decode(sample[None]) for sample in samples])
    assert not torch.allclose(alone, tiled, atol=1e-2)


def test_a_stripped_header_of_full_size_is_recognised(tmp_path):
    full = tiny.Sizes(
        widths=(320, 640, 1280, 1280),
        depths=(1, 1, 1, 0),
        res_blocks=2,
        context=1024,
        linear_projection=True,
        in_channels=8,
        vector_channels=768,
        vae_widths=(128, 256, 512, 512),
        vae_blocks=2,
    )
    path = tiny.write_header(tmp_path / "svd_xt.safetensors", film.shapes(full, tiny.VISION))
    detected = detect_family(read_header(path))
    assert detected.family.name == "Stable Video Diffusion"
    assert detected.config.network.config == replace(tiny.network_config(full), is_temporal=True)
    vae = detected.config.vae.config
    assert (vae.is_temporal, vae.has_quant_conv, vae.latent_channels, vae.downscale) == (True, False, 4, 8)


def test_what_is_wrong_with_a_network_names_its_file(tmp_path):
    shapes = film.shapes(film.SIZES, film.VISION) | {"first_stage_model.decoder.conv_in.weight": (4,)}
    with pytest.raises(BadFile, match=r"^odd\.safetensors: The autoencoder has no convolution"):
        models.load_checkpoint(tiny.write_header(tmp_path / "odd.safetensors", shapes))


def test_the_vision_encoder_is_found_and_the_text_encoder_missed(path):
    assert models.load_vision_encoder(path).config.projection == film.SIZES.context
    assert FILM_VISION_PREFIX.endswith("visual.")
    with pytest.raises(BadFile, match="text encoder"):
        load(path).text_encoder.encode("a cat")
