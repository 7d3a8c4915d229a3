"""What is saved is loaded again, equal, with what changed it; in every layout of text encoders."""

import json

import pytest
import torch
from safetensors import safe_open

from engine import models
from nodes import model_merging, model_patches, model_saving
from tests import tiny

KINDS = {"sd1": tiny.TINY, "sd2": tiny.SD2, "sdxl": tiny.SDXL}


@pytest.fixture(scope="module", params=KINDS)
def checkpoint(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    tiny.write_checkpoint(path, 3, KINDS[request.param])
    return load(path)


def load(path):
    return models.load_checkpoint(path, precision=models.choose_precision("cpu", every="fp32", channels_last=False))


def weights(part):
    with part.hosted.holding(part.weight_patches) as module:
        return {name: t.clone() for name, t in module.state_dict().items()}


def same(first, second, **tolerance):
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(theirs[name], ours[name], **tolerance)


def test_a_checkpoint_with_its_changes(checkpoint, context, places):
    context.prompt = {"1": {"class_type": "x", "inputs": {}}}
    changed = model_merging.merge(model1=checkpoint.model, model2=checkpoint.model, ratio=0.5)
    changed = model_patches.multiply_cross_attention(model=changed, q=2.0)
    clip = model_patches.multiply_text_attention(clip=checkpoint.text_encoder, k=2.0)
    model_saving.save_checkpoint(model=changed, clip=clip, vae=checkpoint.vae, context=context)
    path = places.output / "checkpoints" / "ComfyUI_00001_.safetensors"
    again = load(path)
    assert again.model.family.name == checkpoint.model.family.name
    same(changed, again.model, rtol=1e-2, atol=1e-3)  # the file keeps its own type
    same(clip, again.text_encoder, rtol=1e-2, atol=1e-3)
    same(checkpoint.vae, again.vae)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["prompt"]) == context.prompt
    assert metadata["modelspec.architecture"]


def test_parts_alone(checkpoint, context, places):
    model_saving.save_model(model=checkpoint.model, context=context)
    network = models.load_network(places.output / "diffusion_models" / "ComfyUI_00001_.safetensors")
    assert network.hosted.weights.keys() == checkpoint.model.hosted.weights.keys()
    model_saving.save_vae(vae=checkpoint.vae, context=context)
    vae = models.load_vae(places.output / "vae" / "ComfyUI_vae_00001_.safetensors")
    assert vae.hosted.weights.keys() == checkpoint.vae.hosted.weights.keys()
    model_saving.save_text_encoder(clip=checkpoint.text_encoder, context=context)
    saved = sorted((places.output / "clip").iterdir())
    assert len(saved) == len(checkpoint.text_encoder.uses)
    text = models.load_text_encoder(saved, for_sdxl=len(saved) == 2)
    assert text.hosted.weights.keys() == checkpoint.text_encoder.hosted.weights.keys()
