"""Checkpoints are recognised by their header, loaded without reading them, and refused in words."""

import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models
from engine.errors import BadFile, UnknownModel
from engine.files.safetensors_header import read_header
from engine.models.detect import detect_family
from engine.models.weights import WeightFile, open_weights
from engine.sampling import NetworkInputs
from tests import tiny

FP32 = models.choose_precision(every="fp32")
FULL_SIZE = tiny.Sizes(
    widths=(320, 640, 1280, 1280),
    depths=(1, 1, 1, 0),
    res_blocks=2,
    context=768,
    text_layers=12,
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return load_file(tiny.write_checkpoint(tmp_path_factory.mktemp("loading") / "x.safetensors"))


def saved(weights, path):
    save_file(weights, path)
    return path


def run(checkpoint):
    embedding, _pooled = checkpoint.text_encoder.encode("a cat")
    x = torch.ones(1, 4, 8, 8)
    return checkpoint.model.denoise(x, torch.ones(1), NetworkInputs(embedding))


def test_a_stripped_header_of_full_size_is_recognised(tmp_path):
    shapes = tiny.checkpoint_shapes(FULL_SIZE) | {
        "model_ema.decay": (),
        "betas": (1000,),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": (1, 77),
    }
    header = read_header(tiny.write_header(tmp_path / "x.safetensors", shapes))
    detected = detect_family(header)
    network, vae, text = (
        part.config for part in (detected.config.network, detected.config.vae, detected.config.texts[0])
    )
    assert detected.family.name == "Stable Diffusion 1.x"
    assert (network.model_channels, network.time_channels, network.context_channels) == (320, 1280, 768)
    assert [len(network.input_blocks), len(network.output_blocks)] == [12, 12]
    assert network.skip_channels == (320, 320, 320, 320, 640, 640, 640, 1280, 1280, 1280, 1280, 1280)
    assert [block[1].depth for block in network.input_blocks if len(block) > 1] == [1] * 6
    assert (vae.downscale, vae.encoder_channels, vae.decoder_channels) == (8, 128, 512)
    assert (text.width, text.layers, text.heads, text.hidden_width) == (768, 12, 12, 1536)
    assert network == tiny.network_config(FULL_SIZE)
    assert vae == tiny.vae_config(FULL_SIZE)


def test_files_of_other_kinds_are_not_taken_for_a_checkpoint(tmp_path):
    with pytest.raises(UnknownModel, match=r"Stable Diffusion 1\.x"):
        models.load_checkpoint(tiny.write_controlnet(tmp_path / "c.safetensors"))
    sdxl = {"model.diffusion_model.input_blocks.0.0.weight": (8, 4, 3, 3), "conditioner.embedders.0.x": (1,)}
    with pytest.raises(BadFile, match="time_embed"):
        models.load_checkpoint(tiny.write_header(tmp_path / "xl.safetensors", sdxl))


@pytest.mark.parametrize(("prefix", "part"), [("first_stage_model.", "VAE"), ("cond_stage_model.", "text encoder")])
def test_a_part_that_is_missing_is_told_when_it_is_used(prefix, part, weights, tmp_path):
    some = {name: t for name, t in weights.items() if not name.startswith(prefix)}
    checkpoint = models.load_checkpoint(saved(some, tmp_path / "some.safetensors"), precision=FP32)
    x, inputs = torch.ones(1, 4, 8, 8), NetworkInputs(torch.ones(1, 77, 64))
    whole = models.load_checkpoint(saved(weights, tmp_path / "whole.safetensors"), precision=FP32).model
    assert torch.equal(checkpoint.model.denoise(x, torch.ones(1), inputs), whole.denoise(x, torch.ones(1), inputs))
    assert checkpoint.model.latent_format.preview_colours.weight.shape == (4, 3)
    absent = checkpoint.vae if part == "VAE" else checkpoint.text_encoder.with_embeddings(str)
    with (
        pytest.raises(BadFile, match=rf"some\.safetensors has no {part}\. Load one"),
        models.DeviceMemory().hold(absent),
    ):
        pytest.fail("nothing can be held")


DAMAGE = {
    "missing": (lambda w: w.pop("model.diffusion_model.out.0.bias"), "network.*missing: out.0.bias"),
    "missing block": (lambda w: w.pop("model.diffusion_model.input_blocks.0.0.weight"), "no checkpoint"),
    "missing time": (lambda w: w.pop("model.diffusion_model.time_embed.0.weight"), "time_embed.0.weight"),
    "unexpected": (lambda w: w.update({"first_stage_model.x.y": torch.ones(1)}), "VAE.*unexpected: x.y"),
    "reshaped": (
        lambda w: w.update({"model.diffusion_model.time_embed.2.bias": torch.ones(3)}),
        r"time_embed.2.bias is \[3\], expected \[128\]",
    ),
    "other text": (
        lambda w: w.update(
            {
                n: torch.ones(64, 128, dtype=torch.float16)
                for n in w
                if n.endswith(("attn2.to_k.weight", "attn2.to_v.weight"))
            }
        ),
        "width 128.*64 wide",
    ),
    "other channels": (
        lambda w: w.update({"model.diffusion_model.input_blocks.0.0.weight": torch.ones(32, 7, 3, 3)}),
        r"takes 7.*9 \(inpainting\), 8 \(editing\)",
    ),
    "a block too few": (
        lambda w: [w.pop(n) for n in list(w) if n.startswith("model.diffusion_model.output_blocks.3.")],
        "output",
    ),
    "a hole": (
        lambda w: [w.pop(n) for n in list(w) if n.startswith("model.diffusion_model.input_blocks.1.")],
        "one is missing",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_wrong_is_named(case, weights, tmp_path):
    damage, message = DAMAGE[case]
    changed = dict(weights)
    damage(changed)
    with pytest.raises((BadFile, UnknownModel), match=message):
        models.load_checkpoint(saved(changed, tmp_path / "x.safetensors"))


def test_left_overs_of_training_do_no_harm(weights, tmp_path):
    extra = {
        "model_ema.decay": torch.ones(()),
        "model_ema.diffusion_modelout0bias": torch.ones(4),
        "alphas_cumprod": torch.ones(1000),
        "first_stage_model.loss.logvar": torch.ones(()),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)[None],
    }
    plain = models.load_checkpoint(saved(weights, tmp_path / "a.safetensors"), precision=FP32)
    more = models.load_checkpoint(saved(weights | extra, tmp_path / "b.safetensors"), precision=FP32)
    assert torch.equal(run(plain), run(more))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_ckpt_gives_the_same_as_safetensors(zipped, nested, weights, tmp_path):
    content = {"state_dict": weights, "global_step": 3} if nested else weights
    torch.save(content, tmp_path / "x.ckpt", _use_new_zipfile_serialization=zipped)
    plain = models.load_checkpoint(saved(weights, tmp_path / "x.safetensors"), precision=FP32)
    assert torch.equal(run(models.load_checkpoint(tmp_path / "x.ckpt", precision=FP32)), run(plain))


class Hostile:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("by_torch", [True, False])
def test_code_in_a_pickle_is_not_run(by_torch, tmp_path):
    content = {"state_dict": {"a": Hostile(tmp_path / "touched")}}
    if by_torch:
        torch.save(content, tmp_path / "x.ckpt")
    else:
        (tmp_path / "x.ckpt").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(BadFile, match=r"x\.ckpt"):
        models.load_checkpoint(tmp_path / "x.ckpt")
    assert not (tmp_path / "touched").exists()


NO_PICKLES = [b"", b"PK\x03\x04 not a zip", b"garbage" * 100, b"\x80\x02K", b"\x80\x02]r\x01", b"\x80\x02}h\x05."]


@pytest.mark.parametrize("content", NO_PICKLES)
def test_a_broken_pickle_is_explained(content, tmp_path):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(BadFile, match=r"x\.ckpt"):
        models.load_checkpoint(tmp_path / "x.ckpt")
    with pytest.raises(BadFile, match=r"nowhere\.ckpt"):
        models.load_checkpoint(tmp_path / "nowhere.ckpt")


def test_loading_reads_no_weights_and_computing_reads_each_once(weights, tmp_path, monkeypatch):
    """Peak memory by counting: nothing is read before it is used, each weight is let go of once it is placed."""
    reads, held = [], set()
    get, forget = WeightFile.__getitem__, WeightFile.forget

    def counted(file, name):
        reads.append(name)
        held.add(name)
        assert len(held) <= 1, "two weights of the file in memory at once"
        return get(file, name)

    def forgotten(file, name):
        held.discard(name)
        forget(file, name)

    monkeypatch.setattr(WeightFile, "__getitem__", counted)
    monkeypatch.setattr(WeightFile, "forget", forgotten)
    checkpoint = models.load_checkpoint(saved(weights, tmp_path / "x.safetensors"))
    assert reads == []
    run(checkpoint)
    run(checkpoint)
    wanted = [name for name in weights if not name.startswith("first_stage_model.")]
    assert sorted(reads) == sorted(wanted)


def test_weights_stay_as_they_are_on_disk(weights, tmp_path):
    path = saved(weights, tmp_path / "x.safetensors")
    before = path.read_bytes()
    checkpoint = models.load_checkpoint(path, precision=FP32)
    run(checkpoint)
    originals = checkpoint.model.hosted.weights
    assert all(originals[name].dtype == torch.float16 for name in originals)
    assert path.read_bytes() == before


def test_mapped_values_are_the_files(weights, tmp_path):
    mixed = {"half": weights["first_stage_model.quant_conv.weight"], "byte": torch.arange(3, dtype=torch.uint8)} | {
        "wide": torch.arange(5, dtype=torch.float64),
        "brain": torch.ones(7, dtype=torch.bfloat16),
        "none": torch.empty(0, 4),
        "one": torch.tensor(2.5),
    }
    file = open_weights(saved(mixed, tmp_path / "x.safetensors"))
    assert file.keys() == mixed.keys()
    for name, value in mixed.items():
        assert file[name].dtype == value.dtype
        assert torch.equal(file[name], value)
        file.forget(name)
        assert torch.equal(file[name], value)


def test_unaligned_values_are_read_too(tmp_path):
    import json

    text = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    text += b" " * (1 - len(text) % 4 + 4)  # the values begin at an odd place
    (tmp_path / "x.safetensors").write_bytes(
        len(text).to_bytes(8, "little") + text + torch.tensor([1.5, -2.0]).numpy().tobytes()
    )
    assert open_weights(tmp_path / "x.safetensors")["a"].tolist() == [1.5, -2.0]


def test_a_vae_of_its_own_file(weights, tmp_path):
    own = {n.removeprefix("first_stage_model."): t for n, t in weights.items() if n.startswith("first_stage_model.")}
    samples = torch.ones(1, 4, 4, 4)
    alone = models.load_vae(saved(own, tmp_path / "vae.safetensors"), precision=FP32)
    whole = models.load_vae(saved(weights, tmp_path / "x.safetensors"), precision=FP32)
    assert torch.equal(alone.decode(samples), whole.decode(samples))
    with pytest.raises(BadFile, match="no autoencoder"):
        models.load_vae(tiny.write_embedding(tmp_path / "e.safetensors"))


def test_vae_refuses_shapes_in_words(weights, tmp_path):
    vae = models.load_vae(saved(weights, tmp_path / "x.safetensors"))
    with pytest.raises(ValueError, match=r"\(B, 4, h, w\)"):
        vae.decode(torch.ones(1, 16, 4, 4))
    with pytest.raises(ValueError, match="each side 8"):
        vae.encode(torch.ones(1, 7, 64, 3))
    with pytest.raises(ValueError, match="each side 8"):
        vae.encode(torch.ones(64, 64, 3))
    assert vae.encode(torch.ones(1, 19, 28, 4)).shape == (1, 4, 2, 3)
