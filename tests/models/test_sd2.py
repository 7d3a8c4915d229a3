"""Stable Diffusion 2.x and what was made of it: recognised, and as `diffusers` and `transformers` compute."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models
from engine.errors import BadFile, UnknownModel
from engine.files.safetensors_header import read_header
from engine.models.detect import detect_family
from engine.models.families.sd2.family import _telling_bias
from engine.models.families.unclip.conditioning import squared_cosine_levels
from engine.models.vision.encoder import preprocess
from engine.sampling import Conditioning, ConditioningItem, Latent, NetworkInputs
from tests import tiny
from tests.models import oracle, test_loading, test_sdxl

FULL = tiny.Sizes(
    widths=(320, 640, 1280, 1280),
    depths=(1, 1, 1, 0),
    res_blocks=2,
    context=1024,
    linear_projection=True,
    text_layers=2,
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
    text_layout="sd2",
)
FULL_UPSCALER = replace(
    FULL,
    widths=(256, 512, 512, 1024),
    depths=(0, 1, 1, 1),
    in_channels=7,
    classes=1000,
    self_attention=False,
    vae_widths=(128, 256, 512),
)
SD1 = tiny.Sizes()
# name -> sizes of full files, and the family's name
FULL_SIZES = {
    "2.1": (FULL, "Stable Diffusion 2.x"),
    "2 inpainting": (replace(FULL, in_channels=9), "Stable Diffusion 2.x"),
    "2 depth": (replace(FULL, in_channels=5), "Stable Diffusion 2.x"),
    "x4 upscaler": (FULL_UPSCALER, "Stable Diffusion x4 upscaler"),
    "unclip-h": (replace(FULL, vector_channels=2048), "Stable Diffusion 2.1 unCLIP"),
    "unclip-l": (replace(FULL, vector_channels=1536), "Stable Diffusion 2.1 unCLIP"),
    "1.5 inpainting": (replace(SD1, in_channels=9), "Stable Diffusion 1.x"),
    "instruct-pix2pix": (replace(SD1, in_channels=8), "Stable Diffusion 1.x"),
}
COMPUTED = {
    "2": tiny.SD2,
    "2 inpainting": replace(tiny.SD2, in_channels=9),
    "2 depth": replace(tiny.SD2, in_channels=5),
    "unclip": tiny.UNCLIP,
    "x4 upscaler": tiny.UPSCALER,
    "instruct-pix2pix": replace(SD1, in_channels=8),
}


def written(folder, name, sizes, seed=4):
    return tiny.write_checkpoint(folder / f"{name}.safetensors", seed, sizes)


def load(path, kind="fp32"):
    return models.load_checkpoint(path, precision=models.choose_precision(every=kind, channels_last=kind == "bf16"))


def prepared(model, extra=None, latent=None, seed=0, **changes):
    """What the model makes of one prompt."""
    item = ConditioningItem(torch.zeros(1, 77, 64), extra=extra or {}, **changes)
    latent = latent or Latent(torch.zeros(1, 4, 8, 8))
    return model.prepare(Conditioning((item,)), latent, seed, is_negative=False)[0]


@pytest.mark.parametrize("name", FULL_SIZES)
def test_a_stripped_header_of_full_size_is_recognised(name, tmp_path):
    sizes, family = FULL_SIZES[name]
    header = read_header(tiny.write_header(tmp_path / "x.safetensors", tiny.checkpoint_shapes(sizes)))
    detected = detect_family(header)
    assert detected.family.name == family
    assert detected.config.network.config == tiny.network_config(sizes)
    assert detected.config.vae.config.downscale == (4 if "x4" in name else 8)


# How many numbers the published networks have, as `diffusers` counts them too.
NUMBERS = [(FULL, 865_910_724), (FULL_UPSCALER, 473_398_020), (test_loading.FULL_SIZE, 859_520_964)]
NUMBERS.append((test_sdxl.BASE_FULL, 2_567_463_684))


@pytest.mark.parametrize(("sizes", "numbers"), NUMBERS)
def test_networks_of_full_size_have_as_many_numbers_as_the_published_ones(sizes, numbers):
    assert tiny.network_numbers(tiny.checkpoint_shapes(sizes)) == numbers


def test_the_telling_bias_of_the_full_size_network():
    assert _telling_bias(tiny.network_config(FULL)) == "output_blocks.11.1.transformer_blocks.0.norm1.bias"


@pytest.fixture(scope="module", params=COMPUTED)
def computed(request, tmp_path_factory):
    sizes = COMPUTED[request.param]
    return written(tmp_path_factory.mktemp("computed"), "x", sizes), sizes


@pytest.mark.parametrize("kind", ["fp32", "bf16"])
def test_network(computed, kind):
    path, sizes = computed
    model, unet = load(path, kind).model, oracle.load_unet(path, sizes)
    x, context = oracle.noise(2, 4, 8, 12), oracle.noise(2, 77, sizes.context, seed=1)
    timesteps = torch.tensor([7, 600])
    concat, labels, vector = None, None, None
    if sizes.in_channels > 4:
        concat = oracle.noise(2, sizes.in_channels - 4, 8, 12, seed=2)
    if sizes.classes:
        vector, labels = torch.tensor([[5.0], [310.0]]), torch.tensor([5, 310])
    elif sizes.vector_channels:
        vector = labels = oracle.noise(2, sizes.vector_channels, seed=3)
    sigma = model.noise_levels.sigma(timesteps)
    scaled = model.prediction.scale_input(x, sigma)
    joined = scaled if concat is None else torch.cat([scaled, concat], dim=1)
    theirs = unet(joined, timesteps, encoder_hidden_states=context, class_labels=labels).sample
    denoised = model.denoise(x, sigma, NetworkInputs(context, vector=vector, concat=concat))
    expected = model.prediction.denoised(x, theirs, sigma)
    assert oracle.largest_error(denoised, expected) < (1e-4 if kind == "fp32" else 0.06)


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.05)])
def test_prompts_are_the_penultimate_layer_normed(kind, error, tmp_path):
    path = written(tmp_path, "2", tiny.SD2)
    embedding, pooled = load(path, kind).text_encoder.encode("a photo of a cat")
    (theirs,) = oracle.load_text_encoders(path, tiny.SD2)
    ids = torch.tensor([[49406, 320, 1125, 539, 320, 2368, 49407, *[0] * 70]])
    output = theirs(ids, output_hidden_states=True)
    final_norm = next(m for n, m in theirs.named_modules() if n.endswith("final_layer_norm"))
    assert oracle.largest_error(embedding, final_norm(output.hidden_states[-2])) < error
    assert oracle.largest_error(pooled, output.text_embeds) < error
    last = load(path, kind).text_encoder.with_clip_skip(-1).encode("a photo of a cat")[0]
    assert oracle.largest_error(last, output.last_hidden_state) < error


@pytest.mark.parametrize(("deviation", "prediction"), [(0.07, "epsilon"), (0.12, "velocity")])
def test_what_a_network_predicts_is_told_by_a_bias(deviation, prediction, tmp_path):
    weights = load_file(written(tmp_path, "2", tiny.SD2))
    name = "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias"
    noise = oracle.noise(*weights[name].shape)
    weights[name] = (noise / noise.std() * deviation).half()
    save_file(weights, tmp_path / "x.safetensors")
    assert load(tmp_path / "x.safetensors").model.prediction.name == prediction


@pytest.mark.parametrize("sizes", [replace(SD1, in_channels=9), replace(tiny.SD2, in_channels=9)], ids=["1", "2"])
def test_an_inpainting_model_reads_mask_and_rest(sizes, tmp_path):
    model = load(written(tmp_path, "x", sizes)).model
    assert model.prediction.name == "epsilon"
    picture, mask = oracle.noise(1, 4, 8, 8), torch.zeros(1, 1, 64, 64)
    mask[..., 32:] = 0.9
    item = prepared(model, {"concat_latent_image": picture, "concat_mask": mask, "kept": 1})
    assert item.extra == {"kept": 1}
    assert item.concat[:, 0, :, :3].max() == 0 and item.concat[:, 0, :, 5:].min() == 1
    torch.testing.assert_close(item.concat[:, 1:], picture * 0.18215)
    assert prepared(model).concat[:, :1].min() == 1
    own = prepared(model, latent=Latent(picture, noise_mask=mask))
    torch.testing.assert_close(own.concat, item.concat)


def test_an_editing_model_reads_the_picture_unscaled(tmp_path):
    model = load(written(tmp_path, "x", replace(SD1, in_channels=8))).model
    picture = oracle.noise(1, 4, 8, 8)
    assert torch.equal(prepared(model, {"concat_latent_image": picture}).concat, picture)
    assert prepared(model).concat.abs().max() == 0
    with pytest.raises(ValueError, match=r"reads 8 channels.*got 4"):
        model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(torch.zeros(1, 77, 64)))


def test_a_depth_model_reads_how_near_things_are(tmp_path):
    model = load(written(tmp_path, "x", replace(tiny.SD2, in_channels=5))).model
    near = torch.linspace(10, 20, 64).expand(1, 64, 64)
    depth = prepared(model, {"concat_mask": near}).concat
    assert depth.shape == (1, 1, 8, 8)
    assert (float(depth.min()), float(depth.max())) == (-1.0, 1.0)
    assert (depth[0, 0, 0].diff() > 0).all()


def test_the_upscaler_reads_the_small_picture_noised(tmp_path):
    """The noise is that of `diffusers`' scheduler for the small picture, at the level that the network is told."""
    from diffusers import DDPMScheduler

    checkpoint = load(written(tmp_path, "x", tiny.UPSCALER))
    model, picture = checkpoint.model, oracle.noise(1, 3, 8, 8)
    assert (model.prediction.name, model.latent_format.scale, model.latent_format.downscale) == ("velocity", 0.08333, 4)
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.0001, beta_end=0.02)
    assert model.noise_levels.sigma_max == pytest.approx(
        float(((1 - scheduler.alphas_cumprod[-1]) / scheduler.alphas_cumprod[-1]) ** 0.5), rel=1e-3
    )
    plain = prepared(model, {"concat_image": picture})
    assert torch.equal(plain.concat, picture) and plain.vector.tolist() == [[0.0]]
    noisy = prepared(model, {"concat_image": picture, "noise_augmentation": 0.5}, seed=12)
    noise = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    assert noisy.vector.tolist() == [[175.0]]
    torch.testing.assert_close(noisy.concat, scheduler.add_noise(picture, noise, torch.tensor([175])))
    assert prepared(model).concat.shape == (1, 3, 8, 8)
    inputs = NetworkInputs(torch.zeros(1, 77, 64), vector=noisy.vector, concat=noisy.concat)
    assert model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), inputs).isfinite().all()


@pytest.fixture(scope="module")
def unclip_path(tmp_path_factory):
    return tiny.write_unclip(tmp_path_factory.mktemp("unclip") / "x.safetensors")


def test_the_noise_of_unclip_is_that_of_the_cosine_schedule():
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod
    ours = 1 / (1 + squared_cosine_levels().sigmas.double() ** 2)
    torch.testing.assert_close(ours.float(), theirs, rtol=1e-4, atol=1e-6)


def test_unclip_is_told_of_pictures(unclip_path):
    """As `diffusers` does it: StableUnCLIPImageNormalizer, noise, and the level's sinusoids behind."""
    from diffusers import DDPMScheduler
    from diffusers.models.embeddings import get_timestep_embedding

    model = load(unclip_path).model
    assert (model.family.name, model.prediction.name) == ("Stable Diffusion 2.1 unCLIP", "velocity")
    seen = models.VisionOutput(oracle.noise(1, 64), torch.zeros(1), torch.zeros(1))

    def expected(embedding, level, strength=1.0):
        noise = torch.randn(1, 64, generator=torch.Generator().manual_seed(5))
        scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
        noised = scheduler.add_noise((embedding - 0.1) / 2, noise, torch.tensor([level])) * 2 + 0.1
        told = get_timestep_embedding(torch.tensor([level]), 64, flip_sin_to_cos=True, downscale_freq_shift=0)
        return torch.cat([noised, told], dim=1) * strength

    one = {"clip_vision_output": seen, "strength": 0.8, "noise_augmentation": 0.3}
    vector = prepared(model, {"unclip_conditioning": [one]}, seed=15).vector
    torch.testing.assert_close(vector, expected(seen.image_embeds, 300, 0.8), rtol=1e-4, atol=1e-4)
    two = {"clip_vision_output": seen, "strength": 0.2, "noise_augmentation": 0.0}
    merged = prepared(model, {"unclip_conditioning": [one, two]}, seed=15).vector
    total = (expected(seen.image_embeds, 300, 0.8) + expected(seen.image_embeds, 0, 0.2))[:, :64]
    torch.testing.assert_close(merged, expected(total, 50), rtol=1e-4, atol=1e-4)
    assert prepared(model).vector.tolist() == [[0.0] * 128]
    wrong = {**one, "clip_vision_output": models.VisionOutput(torch.zeros(1, 96), torch.zeros(1), torch.zeros(1))}
    with pytest.raises(ValueError, match=r"by 64 numbers.*gave 96"):
        prepared(model, {"unclip_conditioning": [wrong]})
    mute = {**one, "clip_vision_output": models.VisionOutput(None, torch.zeros(1), torch.zeros(1))}
    with pytest.raises(ValueError, match="no projection"):
        prepared(model, {"unclip_conditioning": [mute]})


def network_alone(folder, sizes, **further):
    prefix = "model.diffusion_model."
    whole = load_file(written(folder, "whole", sizes))
    save_file({n: t for n, t in whole.items() if n.startswith(prefix)} | further, folder / "alone.safetensors")
    return folder / "alone.safetensors"


# What networks alone are told besides the prompt -> whose they are.
TOLD = {
    "small unclip": (replace(tiny.SD2, vector_channels=2 * 48), "Stable Diffusion 2.1 unCLIP"),
    "small unclip, 8 heads": (replace(SD1, vector_channels=2 * 48), "Stable Diffusion 2.1 unCLIP"),
    "nothing": (tiny.SD2, "Stable Diffusion 2.x"),
    "sizes": (tiny.SDXL, "Stable Diffusion XL"),
    "sizes and a score": (tiny.REFINER, "Stable Diffusion XL refiner"),
    "classes": (tiny.UPSCALER, "Stable Diffusion x4 upscaler"),
}


@pytest.mark.parametrize("told", TOLD)
def test_a_network_alone_is_recognised_by_what_it_is_told(told, tmp_path):
    sizes, family = TOLD[told]
    shapes = {n: s for n, s in tiny.checkpoint_shapes(sizes).items() if n.startswith("model.diffusion_model.")}
    assert detect_family(read_header(tiny.write_header(tmp_path / "x.safetensors", shapes))).family.name == family


def test_an_odd_vector_is_no_pictures(tmp_path):
    shapes = tiny.checkpoint_shapes(replace(SD1, vector_channels=97))
    shapes = {n: s for n, s in shapes.items() if n.startswith("model.diffusion_model.")}
    with pytest.raises(UnknownModel):
        detect_family(read_header(tiny.write_header(tmp_path / "x.safetensors", shapes)))


def test_a_small_unclip_network_alone_reads_pictures_and_prompts_of_its_widths(tmp_path):
    statistics = {"noise_augmentor.data_mean": torch.full((1, 48), 0.1), "noise_augmentor.data_std": torch.ones(1, 48)}
    model = models.load_network(network_alone(tmp_path, replace(SD1, vector_channels=96), **statistics))
    assert model.prediction.name == "velocity"
    seen = models.VisionOutput(oracle.noise(1, 48), torch.zeros(1), torch.zeros(1))
    picture = {"clip_vision_output": seen, "strength": 1.0, "noise_augmentation": 0.999}
    item = prepared(model, {"unclip_conditioning": [picture]}, seed=15)
    noise = torch.randn(1, 48, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(item.vector[:, :48], noise + 0.1, atol=0.02, rtol=0)  # the file's mean is its middle
    text = load(written(tmp_path, "text", SD1)).text_encoder.encode("a red heart")[0]
    inputs = NetworkInputs(text, vector=item.vector)
    assert model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), inputs).isfinite().all()


@pytest.mark.parametrize(("kind", "error"), [("fp32", 1e-4), ("bf16", 0.05)])
@pytest.mark.parametrize("layout", ["openclip", "transformers"])
def test_vision_encoder(layout, kind, error, unclip_path, tmp_path):
    theirs = oracle.load_vision_encoder(unclip_path, tiny.VISION, tiny.VISION_PREFIX)
    path = unclip_path
    if layout == "transformers":
        path = tmp_path / "vision.safetensors"
        save_file({oracle.with_vision_prefix(n): t.contiguous() for n, t in theirs.state_dict().items()}, path)
    vision = models.load_vision_encoder(path, precision=models.choose_precision(every=kind))
    images = torch.rand(2, 40, 56, 3, generator=torch.Generator().manual_seed(0))
    seen = vision.encode(images)

    output = theirs(preprocess(images, 32, crops=True), output_hidden_states=True)
    assert oracle.largest_error(seen.image_embeds, output.image_embeds) < error
    assert oracle.largest_error(seen["penultimate_hidden_states"], output.hidden_states[-2]) < error
    squeezed = vision.encode(images, crops=False).image_embeds
    assert not torch.allclose(squeezed, seen.image_embeds, atol=1e-2)


def test_pictures_are_cut_and_normalised_as_clip_was_trained():
    from transformers import CLIPImageProcessor

    image = torch.rand(1, 50, 75, 3, generator=torch.Generator().manual_seed(0))
    image = torch.nn.functional.interpolate(image.movedim(-1, 1), scale_factor=4, mode="bilinear").movedim(1, -1)
    processor = CLIPImageProcessor(size={"shortest_edge": 64}, crop_size=64)
    eight_bit = (image[0] * 255).round().to(torch.uint8).numpy()
    theirs = processor(eight_bit, return_tensors="pt")["pixel_values"]
    ours = preprocess(torch.from_numpy(eight_bit)[None] / 255.0, 64, crops=True)
    assert ours.shape == theirs.shape == (1, 3, 64, 64)
    assert float((ours - theirs).abs().max()) < 1.5 / 255 / 0.26  # steps of 8 bits, once rounded here, once there
    flat = preprocess(torch.full((1, 8, 8, 4), 0.601), 16, crops=False)
    assert math.isclose(float(flat[0, 0, 0, 0]), (0.6 - 0.48145466) / 0.26862954, rel_tol=1e-5)


def test_a_file_without_vision_encoder_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"x\.safetensors holds no CLIP vision encoder"):
        models.load_vision_encoder(written(tmp_path, "x", SD1))


def test_loras_by_kohyas_names_change_network_and_text_encoder(tmp_path):
    from engine.patches import apply_lora, load_lora

    checkpoint = load(written(tmp_path, "2", tiny.SD2))
    lora = load_lora(tiny.write_lora(tmp_path / "lora.safetensors", sizes=tiny.SD2))
    assert {name.split("_text_model_")[0] for name in lora.layers if "text_model" in name} == {"lora_te"}
    model, text_encoder = apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1.0, 1.0)
    before, after = checkpoint.text_encoder.encode("a cat")[0], text_encoder.encode("a cat")[0]
    assert not torch.allclose(before, after, atol=1e-3)
    changed, plain = (
        m.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(before))
        for m in (model, load(tmp_path / "2.safetensors").model)
    )
    assert not torch.allclose(changed, plain, atol=1e-3)


def test_a_lora_of_another_family_is_named(tmp_path):
    from engine.patches import apply_lora, load_lora

    checkpoint = load(written(tmp_path, "2", tiny.SD2))
    lora = load_lora(tiny.write_lora(tmp_path / "xl.safetensors", sizes=tiny.SDXL))
    model, _ = apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1.0, 1.0)
    with pytest.raises(BadFile, match=r"LoRA .* does not fit a weight of shape .* another kind of model"):
        model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(torch.zeros(1, 77, 128)))
