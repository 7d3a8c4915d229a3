"""Latent nodes: sizes in pixels become cells, and files are those of the ecosystem."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.errors import BadFile, BadReference, EngineError
from engine.sampling import Latent
from nodes import latent as nodes
from nodes import latent_files


def latent(batch=1, height=8, width=12, **more):
    return Latent(torch.randn(batch, 4, height, width, generator=torch.Generator().manual_seed(1)), **more)


def test_empty():
    made = nodes.make_empty(width=72, height=64, batch_size=3)
    assert made.samples.shape == (3, 4, 8, 9)
    assert made.samples.dtype == torch.float32
    assert not made.samples.any()
    assert nodes.make_empty().samples.shape == (1, 4, 64, 64)


@pytest.mark.parametrize(("shape", "batch"), [((64, 96), 1), ((2, 64, 96), 2), ((1, 64, 96), 1)])
def test_noise_mask_has_one_channel(shape, batch):
    given = latent(batch_index=(3,))
    mask = torch.rand(shape)
    masked = nodes.set_noise_mask(samples=given, mask=mask)
    assert masked.noise_mask.shape == (batch, 1, 64, 96)
    assert torch.equal(masked.noise_mask.reshape(shape), mask)
    assert masked.samples is given.samples
    assert masked.batch_index == (3,)


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [
        (192, 160, (20, 24)),
        (0, 128, (16, 24)),  # 12 cells x 128 / 8 = 192 pixels
        (192, 0, (16, 24)),
        (8, 8, (8, 8)),  # at least 64 pixels
        (0, 8, (8, 12)),
    ],
)
def test_upscale(method, width, height, shape):
    given = latent(2, noise_mask=torch.ones(1, 1, 64, 96))
    scaled = nodes.upscale(samples=given, upscale_method=method, width=width, height=height, crop="disabled")
    assert scaled.samples.shape == (2, 4, *shape)
    assert scaled.noise_mask is given.noise_mask


def test_upscale_to_no_size_changes_nothing():
    given = latent()
    assert nodes.upscale(samples=given, upscale_method="area", width=0, height=0, crop="disabled") is given


def test_upscale_crops_about_the_middle():
    given = latent(1, 8, 16)
    scaled = nodes.upscale(samples=given, upscale_method="nearest-exact", width=64, height=64, crop="center")
    assert torch.equal(scaled.samples, given.samples[..., 4:12])


def test_upscale_by():
    scaled = nodes.upscale_by(samples=latent(), upscale_method="nearest-exact", scale_by=1.5)
    assert scaled.samples.shape == (1, 4, 12, 18)
    tiny = nodes.upscale_by(samples=latent(), upscale_method="bilinear", scale_by=0.01)
    assert tiny.samples.shape == (1, 4, 1, 1)


def save(given, context, prefix="latents/ComfyUI"):
    return latent_files.save(samples=given, filename_prefix=prefix, context=context).ui["latents"][0]


def test_a_saved_latent_carries_its_workflow_and_comes_back(context, places):
    context.prompt, context.extra_pnginfo = {"1": {"class_type": "SaveLatent"}}, {"workflow": {"nodes": [1]}}
    given = latent(2)
    shown = save(given, context)
    assert shown == {"filename": "ComfyUI_00001_.latent", "subfolder": "latents", "type": "output"}
    with safe_open(places.output / "latents" / "ComfyUI_00001_.latent", "pt") as file:
        assert set(file.keys()) == {"latent_tensor", "latent_format_version_0"}
        assert file.get_tensor("latent_format_version_0").numel() == 0
        assert json.loads(file.metadata()["prompt"]) == context.prompt
        assert json.loads(file.metadata()["workflow"]) == {"nodes": [1]}
    loaded = latent_files.load(latent="latents/ComfyUI_00001_.latent [output]", context=context)
    assert torch.equal(loaded.samples, given.samples)
    assert loaded.samples.dtype == torch.float32


def test_without_metadata_a_latent_file_holds_none(context, places):
    save(latent(), context)
    with safe_open(places.output / "latents" / "ComfyUI_00001_.latent", "pt") as file:
        assert not file.metadata()


def test_a_file_of_before_the_version_key_is_unscaled(context, places):
    tensor = torch.randn(1, 4, 2, 2)
    save_file({"latent_tensor": tensor.half()}, places.input / "old.latent")
    loaded = latent_files.load(latent="old.latent", context=context)
    assert torch.allclose(loaded.samples, tensor.half().float() / 0.18215)


def test_odd_files_are_refused_by_name(context, places):
    save_file({"weight": torch.zeros(1)}, places.input / "other.latent")
    save_file({"latent_tensor": torch.zeros(3)}, places.input / "flat.latent")
    (places.input / "text.latent").write_text("no latent")
    whole = places.output / "latents" / "ComfyUI_00001_.latent"
    save(latent(), context)
    (places.input / "cut.latent").write_bytes(whole.read_bytes()[:-100])
    for name in ("other", "flat", "text", "cut"):
        with pytest.raises(BadFile, match=f"{name}.latent"):
            latent_files.load(latent=f"{name}.latent", context=context)
    with pytest.raises(BadReference, match=r"no file 'gone\.latent'"):
        latent_files.load(latent="gone.latent", context=context)


def test_a_full_disk_says_so(context, monkeypatch):
    import errno
    import os

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EngineError, match="No room to save"):
        save(latent(), context)
