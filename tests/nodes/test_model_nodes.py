"""Nodes that hold models, called like functions on small real ones."""

import io
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from engine.control import ControlNetUse
from engine.errors import BadFile, BadReference, Interrupted, NoMatchingWeights
from engine.execution import Resources
from engine.graph.declare import DEFINITION
from engine.options import ComputeOptions
from engine.sampling import Latent
from nodes import control, latent, loaders, lora, sampling, text, vae
from tests import tiny


@pytest.fixture
def prompts(checkpoint, context):
    encoded = [text.encode_text(text=words, clip=checkpoint.clip, context=context) for words in ("a red cat", "")]
    return SimpleNamespace(positive=encoded[0], negative=encoded[1])


@pytest.fixture
def sample(checkpoint, prompts, context):
    """KSampler with everything small; keyword arguments replace the inputs."""

    def run(**inputs):
        usual = {
            "model": checkpoint.model,
            "seed": 5,
            "steps": 3,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": prompts.positive,
            "negative": prompts.negative,
            "latent_image": latent.make_empty(width=64, height=64),
            "context": context,
        }
        return sampling.ksampler(**{**usual, **inputs}).samples

    return run


@pytest.fixture
def sample_part(checkpoint, prompts, context):
    """KSamplerAdvanced on the same inputs."""

    def run(given, **inputs):
        usual = {
            "model": checkpoint.model,
            "add_noise": "enable",
            "noise_seed": 5,
            "steps": 4,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": prompts.positive,
            "negative": prompts.negative,
            "return_with_leftover_noise": "disable",
            "context": context,
        }
        return sampling.ksampler_advanced(latent_image=given, **{**usual, **inputs})

    return run


def test_the_loader_gives_three_parts_of_one_file(checkpoint):
    assert checkpoint._fields == ("model", "clip", "vae")
    assert checkpoint.clip.encode("cat")[0].shape == (1, 77, 64)


def test_a_missing_or_damaged_checkpoint_is_named(context, tmp_path, places):
    with pytest.raises(BadReference, match=r"gone\.safetensors"):
        loaders.load_checkpoint(ckpt_name="gone.safetensors", context=context)
    with pytest.raises(BadReference):
        loaders.load_checkpoint(ckpt_name="../../secret.safetensors", context=context)
    cut = tmp_path / "checkpoints" / "cut.safetensors"
    cut.parent.mkdir()
    whole = places.model_path("checkpoints", "tiny.safetensors").read_bytes()
    cut.write_bytes(whole[:10_000])
    context.places = SimpleNamespace(model_path=lambda folder, name: cut)
    with pytest.raises(BadFile, match=r"cut\.safetensors"):
        loaders.load_checkpoint(ckpt_name="cut.safetensors", context=context)


def test_a_model_file_is_known_by_size_and_time(places, tmp_path):
    fingerprint = getattr(loaders.load_checkpoint, DEFINITION).fingerprint
    before = fingerprint(ckpt_name="tiny.safetensors", places=places)
    assert fingerprint(ckpt_name="tiny.safetensors", places=places) == before
    other = tiny.write_checkpoint(tmp_path / "models" / "checkpoints" / "tiny.safetensors", seed=2)
    replaced = SimpleNamespace(model_path=lambda folder, name: other)
    assert fingerprint(ckpt_name="tiny.safetensors", places=replaced) != before
    assert math.isnan(fingerprint(places=places))


def test_a_prompt_is_encoded_and_clip_skip_changes_it(checkpoint, context, prompts):
    skipped = text.set_last_layer(clip=checkpoint.clip, stop_at_clip_layer=-2)
    changed = text.encode_text(text="a red cat", clip=skipped, context=context)
    assert prompts.positive[0].embedding.shape == changed[0].embedding.shape == (1, 77, 64)
    assert not torch.allclose(prompts.positive[0].embedding, changed[0].embedding)
    assert not torch.allclose(prompts.positive[0].embedding, prompts.negative[0].embedding)


def test_an_embedding_is_found_in_its_folder(checkpoint, context):
    words = [
        text.encode_text(text=prompt, clip=checkpoint.clip, context=context)[0].embedding
        for prompt in ("a embedding:tiny cat", "a (embedding:tiny.safetensors:1.0) cat", "a cat")
    ]
    assert torch.equal(words[0], words[1])
    assert not torch.allclose(words[0], words[2])


def test_a_missing_embedding_is_left_out_and_shown_on_the_node(checkpoint, context):
    encoded = text.encode_text(text="a embedding:gone cat", clip=checkpoint.clip, context=context)
    plain = text.encode_text(text="a cat", clip=checkpoint.clip, context=context)
    assert torch.equal(encoded[0].embedding, plain[0].embedding)
    (shown,) = context.shown
    assert "embedding:gone" in shown


def test_a_prompt_is_known_by_the_files_of_its_embeddings(places):
    fingerprint = getattr(text.encode_text, DEFINITION).fingerprint
    (found,) = fingerprint(text="a (embedding:tiny:1.2), cat", places=places)
    assert found[0].endswith("tiny.safetensors")
    assert fingerprint(text="embedding:gone", places=places) == [None]
    assert fingerprint(text="a cat", places=places) == fingerprint(places=places) == []


def test_sampling_reports_each_step_with_a_preview(sample, context):
    samples = sample()
    assert samples.shape == (1, 4, 8, 8)
    assert samples.isfinite().all()
    assert context.steps == [(1, 3), (2, 3), (3, 3)]
    assert len(context.previews) == 3
    assert context.previews[0].format == "JPEG"
    with Image.open(io.BytesIO(context.previews[0].data)) as image:
        assert (image.format, image.size) == ("JPEG", (512, 512))
        assert np.asarray(image).std() > 0


def test_previews_are_made_only_where_they_are_shown(sample, context, places, resources):
    context.shows_previews = False
    sample()
    assert context.previews == []
    context.shows_previews = True
    options = {ComputeOptions: lambda: ComputeOptions(preview_method="none")}
    context.resources = Resources({**resources._makers, **options})
    sample()
    assert context.previews == []
    context.resources = Resources({**resources._makers, ComputeOptions: lambda: ComputeOptions(preview_pixels=64)})
    sample()
    with Image.open(io.BytesIO(context.previews[0].data)) as image:
        assert image.size == (64, 64)


def test_the_same_seed_gives_the_same_latent_and_another_another(sample):
    first = sample()
    assert torch.equal(first, sample())
    assert not torch.allclose(first, sample(seed=6))
    assert not torch.allclose(first, sample(cfg=1.0))
    assert not torch.allclose(first, sample(scheduler="karras"))
    assert not torch.allclose(first, sample(sampler_name="heun"))


def test_less_denoising_stays_nearer_to_the_latent(sample):
    given = Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3)))
    changes = [(sample(latent_image=given, denoise=share) - given.samples).norm() for share in (0.3, 1.0)]
    assert changes[0] < changes[1]
    assert torch.allclose(sample(latent_image=given, denoise=0.0), given.samples, atol=1e-5)


def test_a_cancel_stops_at_the_next_step(sample, context):
    context.cancel_at = 2
    with pytest.raises(Interrupted):
        sample()
    assert context.steps == [(1, 3)]


def test_a_noise_mask_protects_what_is_black(sample):
    given = Latent(torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3)))
    mask = torch.zeros(64, 64)
    mask[:, 32:] = 1
    samples = sample(latent_image=latent.set_noise_mask(samples=given, mask=mask))
    assert torch.allclose(samples[..., :4], given.samples[..., :4], atol=1e-4)
    assert not torch.allclose(samples[..., 4:], given.samples[..., 4:], atol=1e-2)


def test_two_samplers_that_share_a_run_give_what_one_gives(sample, sample_part):
    empty = latent.make_empty(width=64, height=64)
    whole = sample(steps=4)
    first = sample_part(empty, start_at_step=0, end_at_step=2, return_with_leftover_noise="enable")
    second = sample_part(first, add_noise="disable", start_at_step=2, end_at_step=10_000)
    assert torch.allclose(second.samples, whole, atol=1e-4)
    assert not torch.allclose(first.samples, whole, atol=1e-2)


def test_a_run_that_ends_early_takes_all_noise_out_unless_told_to_leave_it(sample_part):
    empty = latent.make_empty(width=64, height=64)
    first = sample_part(empty, end_at_step=1, return_with_leftover_noise="enable")
    ends = {}
    for leftover in ("enable", "disable"):
        ends[leftover] = sample_part(empty, end_at_step=2, return_with_leftover_noise=leftover).samples
        rest = {"add_noise": "disable", "start_at_step": 1, "end_at_step": 2, "return_with_leftover_noise": leftover}
        assert torch.allclose(sample_part(first, **rest).samples, ends[leftover], rtol=1e-4, atol=1e-3)
    assert not torch.allclose(ends["enable"], ends["disable"], rtol=1e-2)


def test_the_vae_turns_latents_into_images_and_back(checkpoint, context):
    image = torch.rand(2, 67, 72, 4, generator=torch.Generator().manual_seed(1))
    encoded = vae.encode(pixels=image, vae=checkpoint.vae, context=context)
    assert encoded.samples.shape == (2, 4, 8, 9)
    decoded = vae.decode(samples=encoded, vae=checkpoint.vae, context=context)
    assert decoded.shape == (2, 64, 72, 3)
    assert (decoded.min(), decoded.max()) >= (0, 0)
    assert decoded.max() <= 1
    cropped = vae.encode(pixels=image[:, 1:65, :, :3], vae=checkpoint.vae, context=context)
    assert torch.equal(encoded.samples, cropped.samples)


def test_encoding_for_inpainting_hides_what_is_masked_and_grows_the_mask(checkpoint, context):
    image = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(1, 32, 32)
    mask[:, 8:16, 8:16] = 1  # 16..32 of 64
    inputs = {"vae": checkpoint.vae, "mask": mask, "context": context}
    encoded = vae.encode_for_inpainting(pixels=image, grow_mask_by=6, **inputs)
    assert encoded.noise_mask.shape == (1, 1, 64, 64)
    assert set(encoded.noise_mask.unique().tolist()) == {0.0, 1.0}
    not_grown = vae.encode_for_inpainting(pixels=image, grow_mask_by=0, **inputs)
    assert not_grown.noise_mask.sum() == 16 * 16
    assert encoded.noise_mask.sum() > not_grown.noise_mask.sum()
    other = image.clone()
    other[:, 17:31, 17:31] = 0.9
    hidden = vae.encode_for_inpainting(pixels=other, grow_mask_by=6, **inputs)
    assert torch.equal(encoded.samples, hidden.samples)


def test_a_lora_changes_what_is_sampled_and_strength_0_does_not(checkpoint, context, sample):
    inputs = {"model": checkpoint.model, "clip": checkpoint.clip, "lora_name": "tiny.safetensors", "context": context}
    plain = sample()
    changed = lora.load_lora(**inputs, strength_model=0.8, strength_clip=0.6)
    assert not torch.allclose(sample(model=changed.model), plain)
    words = [
        text.encode_text(text="cat", clip=clip, context=context)[0].embedding
        for clip in (changed.clip, checkpoint.clip)
    ]
    assert not torch.allclose(*words)
    untouched = lora.load_lora(**inputs, strength_model=0.0, strength_clip=0.0)
    assert untouched == (checkpoint.model, checkpoint.clip)
    assert torch.equal(sample(), plain), "the LoRA stayed in the weights"


def test_a_lora_for_the_model_only(checkpoint, context, sample):
    inputs = {"model": checkpoint.model, "lora_name": "tiny.safetensors", "context": context}
    changed = lora.load_lora_model_only(**inputs, strength_model=0.8)
    both = lora.load_lora(**inputs, clip=checkpoint.clip, strength_model=0.8, strength_clip=0.0)
    assert torch.equal(sample(model=changed), sample(model=both.model))
    assert lora.load_lora_model_only(**inputs, strength_model=0.0) is checkpoint.model


def test_lengths_for_t5_leave_clip_as_it_is(checkpoint, context):
    same = text.set_t5_lengths(clip=checkpoint.clip, min_padding=5, min_length=300)
    encoded = [
        text.encode_text(text="cat", clip=clip, context=context)[0].embedding for clip in (same, checkpoint.clip)
    ]
    assert torch.equal(*encoded)


def test_a_lora_by_block(checkpoint, context, sample):
    inputs = {"model": checkpoint.model, "clip": checkpoint.clip, "lora_name": "tiny.safetensors", "context": context}
    whole = lora.load_lora(**inputs, strength_model=0.8)
    by_block = lora.load_lora_by_block(**inputs, strength_model=0.8)
    assert torch.equal(sample(model=by_block.model), sample(model=whole.model))
    nowhere = lora.load_lora_by_block(**inputs, strength_model=0.8, block_weights="IN=0, MID=0, OUT=0, BASE=0")
    assert torch.equal(sample(model=nowhere.model), sample()) and nowhere.clip is checkpoint.clip


def test_a_lora_of_another_model_is_refused(checkpoint, context, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    parts = {f"lora_other_layer.lora_{side}.weight": torch.zeros(2, 2) for side in ("up", "down")}
    save_file(parts, path)
    context.places = SimpleNamespace(model_path=lambda folder, name: path)
    with pytest.raises(NoMatchingWeights, match=r"other\.safetensors"):
        lora.load_lora(model=checkpoint.model, clip=checkpoint.clip, lora_name="other.safetensors", context=context)


@pytest.fixture
def control_net(context):
    return control.load_control_net(control_net_name="tiny.safetensors", context=context)


def test_a_control_net_steers_both_prompts(prompts, control_net, sample, checkpoint):
    hint = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    inputs = {"positive": prompts.positive, "negative": prompts.negative, "control_net": control_net, "image": hint}
    applied = control.apply_control_net_advanced(**inputs, strength=0.9, start_percent=0.1, end_percent=0.6)
    use = applied.positive[0].controls[0]
    assert isinstance(use, ControlNetUse)
    assert (use.strength, use.start_percent, use.end_percent) == (0.9, 0.1, 0.6)
    assert applied.negative[0].controls == (use,)
    assert not applied.positive[0].control_apply_to_uncond
    plain = sample()
    whole = control.apply_control_net_advanced(**inputs)
    assert not torch.allclose(sample(positive=whole.positive, negative=whole.negative), plain)
    assert sampling.control_nets(checkpoint.model, whole.positive, whole.negative) == [control_net]
    off = control.apply_control_net_advanced(**inputs, strength=0.0)
    assert off == (prompts.positive, prompts.negative)


def test_control_nets_add_up(prompts, control_net):
    hint = torch.rand(1, 64, 64, 3)
    once = control.apply_control_net(conditioning=prompts.positive, control_net=control_net, image=hint)
    twice = control.apply_control_net(conditioning=once, control_net=control_net, image=hint, strength=0.5)
    assert len(twice[0].controls) == 2
    assert twice[0].control_apply_to_uncond
    assert control.apply_control_net(conditioning=once, control_net=control_net, image=hint, strength=0.0) is once


def test_a_control_network_that_is_no_difference_is_loaded_as_it_is(checkpoint, context):
    whole = control.load_control_net(control_net_name="tiny.safetensors", context=context)
    loaded = control.load_control_net_for(model=checkpoint.model, control_net_name="tiny.safetensors", context=context)
    assert loaded.weight_patches == () and loaded.config == whole.config
