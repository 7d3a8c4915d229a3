"""Nodes of Stable Diffusion XL, inpainting, editing, upscaling and unCLIP, from the file to the picture's latent."""

from dataclasses import replace

import pytest
import torch

from engine.errors import BadFile, BadReference
from engine.graph.declare import DEFINITION
from engine.sampling import Latent
from nodes import image_conditioning, latent, loaders, sampling, text, vision
from nodes.vae import encode as vae_encode
from tests import tiny

FILES = {
    "sdxl": tiny.SDXL,
    "refiner": tiny.REFINER,
    "inpainting": replace(tiny.TINY, in_channels=9),
    "editing": replace(tiny.TINY, in_channels=8),
    "upscaler": tiny.UPSCALER,
}


@pytest.fixture(scope="module")
def family_folder(model_folder):
    folder = model_folder / "models" / "checkpoints"
    for name, sizes in FILES.items():
        tiny.write_checkpoint(folder / f"{name}.safetensors", 6, sizes)
    tiny.write_unclip(folder / "unclip.safetensors")
    return folder


@pytest.fixture
def load(family_folder, context):
    return lambda name: loaders.load_checkpoint(ckpt_name=f"{name}.safetensors", context=context)


@pytest.fixture
def sample(context):
    context.shows_previews = False

    def run(model, positive, negative, latent_image, **inputs):
        usual = {"seed": 5, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "scheduler": "normal"}
        return sampling.ksampler(
            model=model,
            positive=positive,
            negative=negative,
            latent_image=latent_image,
            context=context,
            **{**usual, **inputs},
        ).samples

    return run


def prompts(checkpoint, context):
    return [text.encode_text(text=words, clip=checkpoint.clip, context=context) for words in ("a cat", "")]


def picture(side=64, seed=1):
    return torch.rand(1, side, side, 3, generator=torch.Generator().manual_seed(seed))


def half_mask(side=64):
    mask = torch.zeros(1, side, side)
    mask[:, :, side // 2 :] = 0.8
    return mask


def test_sdxl_samples_with_plain_prompts_and_with_its_own(load, context, sample):
    checkpoint = load("sdxl")
    positive, negative = prompts(checkpoint, context)
    empty = latent.make_empty(width=64, height=64)
    plain = sample(checkpoint.model, positive, negative, empty)
    sizes = {"width": 64, "height": 64, "target_width": 64, "target_height": 64}
    said = {"clip": checkpoint.clip, "context": context, "text_g": "a cat", "text_l": "a cat"}
    own = text.encode_text_sdxl(**said, **sizes)
    torch.testing.assert_close(sample(checkpoint.model, own, negative, empty), plain, rtol=1e-4, atol=1e-4)
    large = text.encode_text_sdxl(**said)
    assert not torch.allclose(sample(checkpoint.model, large, negative, empty), plain, atol=1e-3)
    two = text.encode_text_sdxl(**{**said, "text_l": "a dog"}, **sizes)
    assert not torch.allclose(two[0].embedding[..., :64], own[0].embedding[..., :64], atol=1e-3)
    torch.testing.assert_close(two[0].embedding[..., 64:], own[0].embedding[..., 64:])


def test_the_refiner_counts_beauty(load, context, sample):
    checkpoint = load("refiner")
    said = {"clip": checkpoint.clip, "context": context, "width": 64, "height": 64}
    positive = text.encode_text_sdxl_refiner(text="a cat", **said)
    negative = text.encode_text_sdxl_refiner(text="", ascore=2.5, **said)
    empty = latent.make_empty(width=64, height=64)
    own = sample(checkpoint.model, positive, negative, empty)
    torch.testing.assert_close(
        sample(checkpoint.model, *prompts(checkpoint, context), empty), own, rtol=1e-4, atol=1e-4
    )
    ugly = text.encode_text_sdxl_refiner(text="a cat", ascore=1.0, **said)
    assert not torch.allclose(sample(checkpoint.model, ugly, negative, empty), own, atol=1e-3)


def test_a_prompt_of_another_model_is_refused(load, checkpoint, context, sample):
    positive, negative = prompts(checkpoint, context)
    empty, other = latent.make_empty(width=64, height=64), load("sdxl")
    with pytest.raises(ValueError, match=r"pooled output of width 128.*text encoder that belongs"):
        sample(other.model, positive, negative, empty)
    with pytest.raises(ValueError, match="prompts of width 64, and this one's is 192"):
        sample(checkpoint.model, *prompts(other, context), empty)


def test_an_inpainting_model_paints_what_the_mask_shows(load, context, sample):
    checkpoint = load("inpainting")
    positive, negative = prompts(checkpoint, context)
    given = {"positive": positive, "negative": negative, "vae": checkpoint.vae, "context": context}
    steering = image_conditioning.inpaint_model_conditioning(pixels=picture(70), mask=half_mask(35), **given)
    assert steering.latent.samples.shape == (1, 4, 8, 8)
    assert steering.latent.noise_mask.shape == (1, 1, 64, 64)
    assert steering.latent.noise_mask.max() == pytest.approx(0.8)
    whole = vae_encode(pixels=picture(70)[:, 3:67, 3:67], vae=checkpoint.vae, context=context)
    assert torch.equal(steering.latent.samples, whole.samples)
    result = sample(checkpoint.model, *steering)
    torch.testing.assert_close(result[..., :3], whole.samples[..., :3])
    assert not torch.allclose(result[..., 5:], whole.samples[..., 5:], atol=1e-2)
    changed = picture(70)
    changed[:, :, 45:] = 0.1  # only under the mask
    hidden = image_conditioning.inpaint_model_conditioning(pixels=changed, mask=half_mask(35), **given)
    before, after = (s.positive[0].extra["concat_latent_image"] for s in (steering, hidden))
    assert torch.equal(before, after)
    free = image_conditioning.inpaint_model_conditioning(
        pixels=picture(70), mask=half_mask(35), noise_mask=False, **given
    )
    assert free.latent.noise_mask is None
    # Without the node, the latent's own mask and samples are what the model reads.
    masked = latent.set_noise_mask(samples=whole, mask=half_mask())
    assert sample(checkpoint.model, positive, negative, masked).isfinite().all()


def test_an_editing_model_sees_the_picture(load, context, sample):
    checkpoint = load("editing")
    positive, negative = prompts(checkpoint, context)
    given = {"positive": positive, "negative": negative, "vae": checkpoint.vae, "context": context}
    results = []
    for seed in (1, 2):
        steering = image_conditioning.instruct_pix_to_pix_conditioning(pixels=picture(66, seed), **given)
        assert steering.latent.samples.shape == (1, 4, 8, 8) and not steering.latent.samples.any()
        results.append(sample(checkpoint.model, *steering))
    assert not torch.allclose(*results, atol=1e-3)


def test_the_upscaler_sees_the_small_picture(load, context, sample):
    checkpoint = load("upscaler")
    positive, negative = prompts(checkpoint, context)
    given = {"positive": positive, "negative": negative}
    steering = image_conditioning.upscale_conditioning(images=picture(16), **given)
    assert steering.latent.samples.shape == (1, 4, 16, 16)
    torch.testing.assert_close(steering.positive[0].extra["concat_image"], picture(16).movedim(-1, 1) * 2 - 1)
    plain = sample(checkpoint.model, *steering)
    image = checkpoint.vae.decode(plain)
    assert image.shape == (1, 64, 64, 3)
    noisy = image_conditioning.upscale_conditioning(images=picture(16), noise_augmentation=0.5, **given)
    assert not torch.allclose(sample(checkpoint.model, *noisy), plain, atol=1e-3)
    half = image_conditioning.upscale_conditioning(images=picture(16), scale_ratio=2.0, **given)
    assert half.latent.samples.shape == (1, 4, 8, 8)


def test_unclip_sees_a_picture(family_folder, context, sample):
    parts = vision.load_unclip_checkpoint(ckpt_name="unclip.safetensors", context=context)
    positive, negative = prompts(parts, context)
    seen = vision.encode_vision(clip_vision=parts.clip_vision, image=picture(48), crop="center", context=context)
    empty = Latent(torch.zeros(1, 4, 8, 8))
    plain = sample(parts.model, positive, negative, empty)
    looking = vision.unclip_conditioning(conditioning=positive, clip_vision_output=seen, noise_augmentation=0.1)
    steered = sample(parts.model, looking, negative, empty)
    assert not torch.allclose(steered, plain, atol=1e-3)
    twice = vision.unclip_conditioning(conditioning=looking, clip_vision_output=seen, strength=0.5)
    assert len(twice[0].extra["unclip_conditioning"]) == 2
    assert not torch.allclose(sample(parts.model, twice, negative, empty), steered, atol=1e-3)
    off = vision.unclip_conditioning(conditioning=positive, clip_vision_output=seen, strength=0.0)
    assert off is positive


def test_a_vision_encoder_of_its_own_file(family_folder, context, model_folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(family_folder / "unclip.safetensors")
    visual = {
        n.removeprefix("embedder.model."): t for n, t in weights.items() if n.startswith("embedder.model.visual.")
    }
    folder = model_folder / "models" / "clip_vision"
    folder.mkdir(exist_ok=True)
    save_file(visual, folder / "vision.safetensors")
    alone = vision.load_clip_vision(clip_name="vision.safetensors", context=context)
    parts = vision.load_unclip_checkpoint(ckpt_name="unclip.safetensors", context=context)
    seen = [
        vision.encode_vision(clip_vision=encoder, image=picture(48), crop="none", context=context).image_embeds
        for encoder in (alone, parts.clip_vision)
    ]
    assert torch.equal(*seen)


PARTS = {"vae": "first_stage_model.", "diffusion_models": "model.diffusion_model."}
SDXL_TEXTS = {"l": "conditioner.embedders.0.transformer.", "g": "conditioner.embedders.1.model."}


@pytest.fixture(scope="module")
def split_folder(family_folder, model_folder):
    """SDXL's parts in files of their own."""
    from safetensors.torch import load_file, save_file

    weights, folder = load_file(family_folder / "sdxl.safetensors"), model_folder / "models"
    files = {f"{kind}/xl.safetensors": prefix for kind, prefix in PARTS.items()}
    files |= {f"text_encoders/{name}.safetensors": prefix for name, prefix in SDXL_TEXTS.items()}
    for file, prefix in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        save_file({n.removeprefix(prefix): t for n, t in weights.items() if n.startswith(prefix)}, folder / file)
    return folder


def test_parts_of_their_own_files_make_the_same_picture(split_folder, load, context, sample):
    clip = loaders.load_two_text_encoders(
        clip_name1="g.safetensors", clip_name2="l.safetensors", type="sdxl", device="cpu", context=context
    )
    model = loaders.load_network(unet_name="xl.safetensors", weight_dtype="default", context=context)
    vae = loaders.load_vae(vae_name="xl.safetensors", context=context)
    whole, empty = load("sdxl"), latent.make_empty(width=64, height=64)
    parts = loaders.CheckpointParts(model, clip, vae)
    one, many = (sample(c.model, *prompts(c, context), empty) for c in (whole, parts))
    assert torch.equal(one, many)
    assert torch.equal(vae.decode(one), whole.vae.decode(one))
    narrow = loaders.load_network(unet_name="xl.safetensors", weight_dtype="fp8_e4m3fn_fast", context=context)
    rough = sample(narrow, *prompts(parts, context), empty)
    assert not torch.equal(rough, one)
    assert (rough - one).norm() < 0.3 * one.norm()


def test_a_text_encoder_alone_and_types_that_cannot_be_loaded(split_folder, context):
    small = loaders.load_text_encoder(clip_name="l.safetensors", type="stable_diffusion", context=context)
    encoded = text.encode_text(text="a embedding:tiny cat", clip=small, context=context)
    assert encoded[0].embedding.shape == (1, 77, 64) and not context.shown
    with pytest.raises(BadFile, match="'flux' cannot be loaded yet; those of sdxl"):
        loaders.load_two_text_encoders(
            clip_name1="g.safetensors", clip_name2="l.safetensors", type="flux", context=context
        )


def test_vaes_are_listed_with_tiny_ones_that_are_whole(split_folder, places, context):
    from diffusers import AutoencoderTiny

    assert loaders.list_vaes(places) == ["xl.safetensors", "pixel_space"]
    folder, state = split_folder / "vae_approx", AutoencoderTiny().state_dict()
    folder.mkdir()
    half = {n.removeprefix("encoder.layers."): t for n, t in state.items() if n.startswith("encoder.")}
    torch.save(half, folder / "taesdxl_encoder.pth")
    assert loaders.list_vaes(places) == ["xl.safetensors", "pixel_space"]
    other = ((n.removeprefix("decoder.layers."), t) for n, t in state.items() if n.startswith("decoder."))
    torch.save(
        {f"{int(n.split('.')[0]) + 1}.{n.split('.', 1)[1]}": t for n, t in other}, folder / "taesdxl_decoder.pth"
    )
    assert loaders.list_vaes(places) == ["xl.safetensors", "taesdxl", "pixel_space"]
    vae = loaders.load_vae(vae_name="taesdxl", context=context)
    assert vae.decode(torch.zeros(1, 4, 2, 2)).shape == (1, 16, 16, 3)
    know = getattr(loaders.load_vae, DEFINITION).fingerprint
    assert len(know(places=places, vae_name="taesdxl")) == 2
    assert know(places=places, vae_name="pixel_space") == "pixel_space"
    pixels = loaders.load_vae(vae_name="pixel_space", context=context)
    torch.testing.assert_close(pixels.decode(pixels.encode(picture(8))), picture(8))


def test_a_folder_of_diffusers_is_found_by_its_index(family_folder, model_folder, places, context, sample, load):
    from tests.models.test_split_files import as_diffusers

    as_diffusers(family_folder / "sdxl.safetensors", tiny.SDXL, model_folder / "models" / "diffusers" / "some" / "xl")
    assert loaders.list_diffusers(places) == ["some/xl"]
    parts, whole = loaders.load_diffusers(model_path="some/xl", context=context), load("sdxl")
    empty = latent.make_empty(width=64, height=64)
    one, many = (sample(c.model, *prompts(c, context), empty) for c in (whole, parts))
    torch.testing.assert_close(one, many, rtol=1e-4, atol=1e-4)
    know = getattr(loaders.load_diffusers, DEFINITION).fingerprint
    assert len(know(places=places, model_path="some/xl")) == 5
    with pytest.raises(BadReference, match=r"'gone' with a model_index\.json"):
        loaders.load_diffusers(model_path="gone", context=context)


def test_a_configuration_tells_what_the_file_does_not(family_folder, checkpoint, context):
    given = {"ckpt_name": "tiny.safetensors", "context": context}
    velocity = loaders.load_checkpoint_with_config(config_name="v2-inference-v.yaml", **given)
    skipping = loaders.load_checkpoint_with_config(config_name="anything_v3.yaml", **given)
    assert (velocity.model.prediction.name, skipping.model.prediction.name) == ("velocity", "epsilon")
    plain, skipped = (c.clip.encode("a cat")[0] for c in (checkpoint, skipping))
    assert torch.equal(skipped, checkpoint.clip.with_clip_skip(-2).encode("a cat")[0])
    assert torch.equal(plain, velocity.clip.encode("a cat")[0])
