"""Stable Diffusion XL, base, refiner and pruned: recognised, and as `diffusers` and `transformers` compute."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models
from engine.errors import BadFile
from engine.files.safetensors_header import read_header
from engine.models.detect import detect_family
from engine.models.families.sdxl.conditioning import embed_numbers
from engine.sampling import Conditioning, ConditioningItem, Latent, NetworkInputs
from tests import tiny
from tests.models import oracle

BASE_FULL = tiny.Sizes(
    widths=(320, 640, 1280),
    depths=(0, 2, 10),
    middle_depth=10,
    res_blocks=2,
    context=2048,
    linear_projection=True,
    vector_channels=2816,
    text_layers=2,
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
    text_layout="sdxl",
    text_widths=(768, 1280),
)
REFINER_FULL = tiny.Sizes(
    widths=(384, 768, 1536, 1536),
    depths=(0, 4, 4, 0),
    middle_depth=4,
    res_blocks=2,
    context=1280,
    linear_projection=True,
    vector_channels=2560,
    text_layers=2,
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
    text_layout="refiner",
)
CASES = {"base": tiny.SDXL, "refiner": tiny.REFINER}
NAMES = {"base": "Stable Diffusion XL", "refiner": "Stable Diffusion XL refiner"}


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    sizes = CASES[request.param]
    path = tiny.write_checkpoint(tmp_path_factory.mktemp("sdxl") / f"{request.param}.safetensors", 3, sizes)
    return path, sizes


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.write_checkpoint(tmp_path_factory.mktemp("sdxl base") / "x.safetensors", 3, tiny.SDXL)


def load(path, kind="fp32"):
    return models.load_checkpoint(path, precision=models.choose_precision(every=kind, channels_last=kind == "bf16"))


@pytest.mark.parametrize(("sizes", "name"), [(BASE_FULL, NAMES["base"]), (REFINER_FULL, NAMES["refiner"])])
def test_a_stripped_header_of_full_size_is_recognised(sizes, name, tmp_path):
    shapes = tiny.checkpoint_shapes(sizes) | {"denoiser.sigmas": (1000,)}
    detected = detect_family(read_header(tiny.write_header(tmp_path / "x.safetensors", shapes)))
    assert detected.family.name == name
    network = detected.config.network.config
    assert network == tiny.network_config(sizes)
    assert network.heads_of(1280) == 20
    assert [part.config for part in detected.config.texts] == list(tiny.text_configs(sizes))


def test_the_blocks_of_a_pruned_network_are_read_off_the_file(tmp_path):
    """Like Segmind's SSD-1B (arXiv:2401.02677): fewer transformers here and there, none in the middle."""
    shapes = tiny.checkpoint_shapes(BASE_FULL)
    start = "model.diffusion_model."
    pruned = {
        name: shape
        for name, shape in shapes.items()
        if not name.startswith((start + "middle_block.1.", start + "middle_block.2."))
        and not ("input_blocks.7.1.transformer_blocks." in name and int(name.split(".")[6]) >= 4)
        and "output_blocks.3.1.transformer_blocks.1." not in name
    }
    detected = detect_family(read_header(tiny.write_header(tmp_path / "x.safetensors", pruned)))
    network = detected.config.network.config
    assert detected.family.name == NAMES["base"]
    assert [layer.kind for layer in network.middle_block] == ["res"]
    assert (network.input_blocks[7][1].depth, network.input_blocks[8][1].depth) == (4, 10)
    assert network.output_blocks[3][1].depth == 1


def test_a_pruned_network_computes(base, tmp_path):
    weights = load_file(base)
    for name in list(weights):
        if "middle_block.1." in name or "middle_block.2." in name or "input_blocks.3.1.transformer_blocks.1." in name:
            del weights[name]
    save_file(weights, tmp_path / "pruned.safetensors")
    sizes = tiny.SDXL
    model = load(tmp_path / "pruned.safetensors").model
    x, context = oracle.noise(1, 4, 8, 8), oracle.noise(1, 77, sizes.context)
    unet = oracle.load_unet(
        tmp_path / "pruned.safetensors",
        sizes,
        transformer_layers_per_block=[1, 1],
        reverse_transformer_layers_per_block=[2, 2],
        mid_block_type="UNetMidBlock2D",
    )
    assert_equal(model, unet, x, context, 1e-4)


def assert_equal(model, unet, x, context, error):
    """Compare at numbers of a picture's size, which each side turns into sinusoids itself."""
    ids = torch.arange(model.family.numbers) * 101.0 + torch.arange(len(x))[:, None]
    pooled, sigma = oracle.noise(len(x), 128, seed=2), torch.full((len(x),), 2.5)
    vector = torch.cat(
        [torch.cat([pooled[i : i + 1], embed_numbers(tuple(ids[i].tolist()))], 1) for i in range(len(x))]
    )
    denoised = model.denoise(x, sigma, NetworkInputs(context, vector=vector))
    theirs = unet(
        x / (2.5**2 + 1) ** 0.5,
        model.noise_levels.timestep(sigma),
        encoder_hidden_states=context,
        added_cond_kwargs={"text_embeds": pooled, "time_ids": ids},
    ).sample
    assert oracle.largest_error((x - denoised) / 2.5, theirs) < error


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.06)])
def test_network(case, kind, error):
    path, sizes = case
    x, context = oracle.noise(2, 4, 12, 16), oracle.noise(2, 77, sizes.context, seed=1)
    assert_equal(load(path, kind).model, oracle.load_unet(path, sizes), x, context, error)


def test_sizes_are_told_as_sinusoids_in_the_papers_order(case):
    """The vector that `diffusers` makes of time_ids: its own sinusoids of (height, width, top, left, ...)."""
    from diffusers.models.embeddings import Timesteps

    path, sizes = case
    model = load(path).model
    is_refiner = model.family.name == NAMES["refiner"]
    pooled = oracle.noise(1, 128)
    said = {"width": 1216, "height": 832, "crop_w": 7, "crop_h": 3}
    said |= {"aesthetic_score": 5.5} if is_refiner else {"target_width": 1024, "target_height": 704}
    rest = [5.5] if is_refiner else [704, 1024]
    item = ConditioningItem(torch.zeros(1, 77, sizes.context), pooled, extra={**said, "kept": 1})
    (made,) = model.prepare(Conditioning((item,)), Latent(torch.zeros(1, 4, 8, 10)), 0, is_negative=False)
    numbers = torch.tensor([832, 1216, 3, 7, *rest], dtype=torch.float32)
    expected = torch.cat([pooled, Timesteps(256, True, 0)(numbers).flatten()[None]], dim=1)
    torch.testing.assert_close(made.vector, expected)
    assert made.extra == {"kept": 1}
    plain = Conditioning((item.with_(extra={}),))
    for is_negative, score in ((False, 6.0), (True, 2.5)):
        (made,) = model.prepare(plain, Latent(torch.zeros(1, 4, 8, 10)), 0, is_negative=is_negative)
        rest = [score] if is_refiner else [64, 80]
        numbers = torch.tensor([64, 80, 0, 0, *rest], dtype=torch.float32)
        torch.testing.assert_close(made.vector[0, 128:], Timesteps(256, True, 0)(numbers).flatten())
    assert model.prepare(Conditioning((made,)), Latent(torch.zeros(1, 4, 4, 4)), 0, is_negative=True)[0] is made


def test_prompts_of_another_family_are_refused_in_words(base):
    model = load(base).model
    item = ConditioningItem(torch.zeros(1, 77, 192), torch.zeros(1, 64))
    with pytest.raises(ValueError, match=r"width 128.*one of width 64"):
        model.prepare(Conditioning((item,)), Latent(torch.zeros(1, 4, 8, 8)), 0, is_negative=False)
    with pytest.raises(ValueError, match=rf"width {tiny.SDXL.vector_channels}.*none"):
        model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(item.embedding))


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.05)])
def test_prompts(case, kind, error):
    path, sizes = case
    text_encoder = load(path, kind).text_encoder
    embedding, pooled = text_encoder.encode("a photo of a cat")
    ids = torch.tensor([[49406, 320, 1125, 539, 320, 2368, 49407]])
    hidden, projected = [], None
    for part in oracle.load_text_encoders(path, sizes):
        pad = 0 if part.config.hidden_act == "gelu" else 49407
        output = part(torch.nn.functional.pad(ids, (0, 70), value=pad), output_hidden_states=True)
        hidden.append(output.hidden_states[-2])
        projected = getattr(output, "text_embeds", None)
    assert oracle.largest_error(embedding, torch.cat(hidden, dim=-1)) < error
    assert oracle.largest_error(pooled, projected) < error
    assert embedding.shape == (1, 77, sizes.context)


def test_each_encoder_may_have_its_own_prompt(base):
    text_encoder = load(base).text_encoder
    one, two = text_encoder.encode("a cat"), text_encoder.encode("a (dog:1.2)" + ", dog" * 40)
    both = text_encoder.encode({"clip_l": "a cat", "clip_g": "a (dog:1.2)" + ", dog" * 40})
    assert both[0].shape == (1, 154, 192)
    torch.testing.assert_close(both[0][:, :77, :64], one[0][..., :64])
    torch.testing.assert_close(both[0][..., 64:], two[0][..., 64:])
    torch.testing.assert_close(both[0][:, 77:, :64], text_encoder.encode("")[0][..., :64])
    torch.testing.assert_close(both[1], two[1])


def test_clip_skip_counts_in_both_encoders_and_norms_nothing(base):
    text_encoder = load(base).text_encoder
    usual, skipped = (text_encoder.with_clip_skip(layer).encode("a cat")[0] for layer in (-2, -1))
    torch.testing.assert_close(usual, text_encoder.encode("a cat")[0])
    ids = torch.tensor([[49406, 320, 2368, 49407, *[49407] * 73]])
    small = oracle.load_text_encoders(base, tiny.SDXL)[0]
    output = small(ids, output_hidden_states=True)
    torch.testing.assert_close(skipped[..., :64], output.hidden_states[-1], rtol=1e-4, atol=1e-4)
    beyond = text_encoder.with_clip_skip(-9).encode("a cat")[0]
    torch.testing.assert_close(beyond[..., :64], output.last_hidden_state, rtol=1e-4, atol=1e-4)


def test_an_embedding_has_vectors_for_each_encoder(base, tmp_path):
    vectors = {"clip_l": oracle.noise(3, 64), "clip_g": oracle.noise(3, 128)}
    save_file(vectors, tmp_path / "both.safetensors")
    save_file({"emb_params": oracle.noise(3, 64)}, tmp_path / "small.safetensors")
    told = []
    text_encoder = load(base).text_encoder.with_embeddings(lambda name: tmp_path / name).telling(told.append)
    plain = text_encoder.encode("a embedding:both.safetensors cat")[0]
    assert not told
    other = text_encoder.encode("a a a a cat")[0]
    assert not torch.allclose(plain[:, 2:5, :64], other[:, 2:5, :64], atol=1e-2)
    assert not torch.allclose(plain[:, 2:5, 64:], other[:, 2:5, 64:], atol=1e-2)
    text_encoder.encode("a embedding:small.safetensors cat")
    (problem,) = told
    assert "clip_g" in problem


def test_a_lora_by_kohyas_names_changes_network_and_both_encoders(base, tmp_path):
    from engine.patches import apply_lora, load_lora

    checkpoint = load(base)
    lora = load_lora(tiny.write_lora(tmp_path / "lora.safetensors", sizes=tiny.SDXL))
    assert {name.split("_")[1] for name in lora.layers} == {"unet", "te", "te2"}
    model, text_encoder = apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1.0, 1.0)
    before, after = checkpoint.text_encoder.encode("a cat")[0], text_encoder.encode("a cat")[0]
    assert not torch.allclose(before[..., :64], after[..., :64], atol=1e-3)
    assert not torch.allclose(before[..., 64:], after[..., 64:], atol=1e-3)
    inputs = NetworkInputs(before, vector=oracle.noise(1, tiny.SDXL.vector_channels))
    x, sigma = oracle.noise(1, 4, 8, 8), torch.ones(1)
    assert not torch.allclose(model.denoise(x, sigma, inputs), checkpoint.model.denoise(x, sigma, inputs), atol=1e-3)
    names = text_encoder.names
    layer = "encoder_layers_0_self_attn_q_proj"
    assert names.layer(f"lora_te1_text_model_{layer}") == "clip_l.encoder.layers.0.self_attn.q_proj"
    assert names.layer(f"lora_te2_text_model_{layer}") == "clip_g.encoder.layers.0.self_attn.q_proj"
    assert names.layer("text_encoder_2.text_model.encoder.layers.0.mlp.fc1") == "clip_g.encoder.layers.0.mlp.fc1"


def test_latents_have_their_own_scale_and_marks_tell_of_velocity(base, tmp_path):
    checkpoint = load(base)
    assert checkpoint.model.latent_format.scale == 0.13025
    assert checkpoint.model.prediction.name == "epsilon"
    save_file(load_file(base) | {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, tmp_path / "v.safetensors")
    marked = load(tmp_path / "v.safetensors").model
    assert marked.prediction.name == "velocity"
    assert marked.noise_levels.sigma_max > 1000 > checkpoint.model.noise_levels.sigma_max


def test_a_missing_text_encoder_is_named(base, tmp_path):
    weights = load_file(base)
    weights.pop("conditioner.embedders.1.model.transformer.resblocks.1.mlp.c_fc.bias")
    save_file(weights, tmp_path / "x.safetensors")
    with pytest.raises(BadFile, match=r"text encoder clip_g.*encoder\.layers\.1\.mlp\.fc1\.bias"):
        load(tmp_path / "x.safetensors")


def test_playground_tells_its_latents_statistics(base, tmp_path):
    """The preconditioning is that of `diffusers`' scheduler for it (arXiv:2206.00364, table 1)."""
    from diffusers import EDMEulerScheduler

    marks = {"edm_mean": torch.tensor([0.5, -1.0, 2.0, 0.0]), "edm_std": torch.tensor([5.0, 4.0, 3.0, 2.0])}
    save_file(load_file(base) | {k: t.reshape(1, 4, 1, 1) for k, t in marks.items()}, tmp_path / "p.safetensors")
    model = load(tmp_path / "p.safetensors").model
    samples = oracle.noise(1, 4, 2, 2)
    mean, std = (marks[name].reshape(1, 4, 1, 1) for name in ("edm_mean", "edm_std"))
    torch.testing.assert_close(model.latent_format.to_network(samples), (samples - mean) * 0.5 / std)
    scheduler = EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=0.5)
    x, output, sigma = oracle.noise(1, 4, 2, 2, seed=1), oracle.noise(1, 4, 2, 2, seed=2), torch.tensor([3.0])
    torch.testing.assert_close(model.prediction.scale_input(x, sigma), scheduler.precondition_inputs(x, sigma))
    expected = scheduler.precondition_outputs(x, output, sigma)
    torch.testing.assert_close(model.prediction.denoised(x, output, sigma), expected)
    assert model.noise_levels.timestep(sigma) == pytest.approx(float(scheduler.precondition_noise(sigma)))
    assert model.noise_levels.sigma_max == pytest.approx(80.0)


def test_cosxl_tells_its_highest_level_and_edits_scaled_pictures(tmp_path):
    from dataclasses import replace

    path = tiny.write_checkpoint(tmp_path / "x.safetensors", 3, replace(tiny.SDXL, in_channels=8))
    marks = {"edm_vpred.sigma_max": torch.tensor(120.0), "edm_vpred.sigma_min": torch.tensor(0.002)}
    save_file(load_file(path) | marks, tmp_path / "cos.safetensors")
    image = oracle.noise(1, 4, 8, 8)
    item = ConditioningItem(torch.zeros(1, 77, 192), torch.zeros(1, 128), extra={"concat_latent_image": image})
    for name, prediction, highest, scale in (("x", "epsilon", 14.6, 1.0), ("cos", "velocity", 120.0, 0.13025)):
        model = load(tmp_path / f"{name}.safetensors").model
        assert model.prediction.name == prediction
        assert model.noise_levels.sigma_max == pytest.approx(highest, rel=0.01)
        (made,) = model.prepare(Conditioning((item,)), Latent(torch.zeros(1, 4, 8, 8)), 0, is_negative=False)
        torch.testing.assert_close(made.concat, image * scale)
        assert made.vector.shape == (1, tiny.SDXL.vector_channels) and not made.extra
