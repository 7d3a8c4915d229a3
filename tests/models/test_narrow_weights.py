"""8-bit weights: in files, of mixed types, and in memory, where they are widened while they are used."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models
from engine.models.memory.narrow_weights import narrow_names
from engine.sampling import NetworkInputs
from tests import tiny
from tests.models import oracle

STORED = {"fp8_e4m3fn": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tiny.write_checkpoint(tmp_path_factory.mktemp("narrow") / "x.safetensors", 8, tiny.SDXL)


def run(checkpoint):
    embedding, _pooled = checkpoint.text_encoder.encode("a cat")
    inputs = NetworkInputs(embedding, vector=oracle.noise(1, tiny.SDXL.vector_channels))
    return checkpoint.model.denoise(oracle.noise(1, 4, 8, 8), torch.ones(1), inputs)


def narrowed(path, target, dtype):
    """The file with every large weight of network and text encoders in 8 bits, the others as they are."""
    weights = load_file(path)
    large = {n for n, t in weights.items() if t.ndim > 1 and n.endswith("weight") and "position" not in n}
    changed = {n: t.to(dtype) if n in large and not n.startswith("first_stage") else t for n, t in weights.items()}
    save_file(changed, target)
    return target


@pytest.mark.parametrize("kind", STORED)
def test_a_file_of_8_bit_and_other_weights_computes_with_their_values(kind, path, tmp_path):
    mixed = narrowed(path, tmp_path / "mixed.safetensors", STORED[kind])
    wide = {n: t.float() for n, t in load_file(mixed).items()}
    save_file(wide, tmp_path / "wide.safetensors")
    precision = models.choose_precision(every="fp32")
    results = [run(models.load_checkpoint(p, precision=precision)) for p in (mixed, tmp_path / "wide.safetensors")]
    assert torch.equal(*results)


@pytest.mark.parametrize("kind", STORED)
def test_weights_kept_in_8_bits_compute_with_their_values(kind, path, tmp_path):
    plain = models.choose_precision(network="fp32", text_encoder="fp32", channels_last=False)
    stored = plain.storing_network(kind)
    checkpoint = models.load_checkpoint(path, precision=stored)
    module = checkpoint.model.hosted
    expected = {n: t.float() for n, t in load_file(path).items()}
    for name in narrow_names(module.module):
        full = "model.diffusion_model." + name
        expected[full] = expected[full].to(STORED[kind]).float()
    save_file(expected, tmp_path / "rounded.safetensors")
    with module.holding() as network:
        kept = network.state_dict()
        assert kept["input_blocks.1.0.in_layers.2.weight"].dtype == STORED[kind]
        assert kept["input_blocks.1.0.in_layers.2.bias"].dtype == torch.float32
        result = run(checkpoint)
        assert network.state_dict()["out.2.weight"].dtype == STORED[kind]
    torch.testing.assert_close(result, run(models.load_checkpoint(tmp_path / "rounded.safetensors", precision=plain)))
    assert module.nbytes < 0.3 * models.load_checkpoint(path, precision=plain).model.hosted.nbytes


def test_flags_keep_networks_and_text_encoders_in_8_bits(path):
    precision = models.choose_precision(network="fp8_e4m3fn", text_encoder="fp8_e5m2")
    checkpoint = models.load_checkpoint(path, precision=precision)
    assert run(checkpoint).isfinite().all()
    with checkpoint.text_encoder.hosted.holding() as encoders:
        weights = encoders.state_dict()
        assert weights["clip_g.encoder.layers.0.mlp.fc1.weight"].dtype == torch.float8_e5m2
        assert weights["clip_g.encoder.layers.0.layer_norm1.weight"].dtype == torch.float32
    assert precision.vae.storage is None
    assert checkpoint.model.hosted.placement.dtype == models.choose_precision().network.dtype


def test_a_lora_changes_weights_kept_in_8_bits_and_leaves_them_as_they_were(path, tmp_path):
    from engine.patches import apply_lora, load_lora

    checkpoint = models.load_checkpoint(path, precision=models.choose_precision("cpu").storing_network("fp8_e4m3fn"))
    lora = load_lora(tiny.write_lora(tmp_path / "lora.safetensors", sizes=tiny.SDXL))
    plain = run(checkpoint)
    model, _ = apply_lora(checkpoint.model, None, lora, 1.0, 0.0)
    changed = run(models.Checkpoint(model, checkpoint.text_encoder, checkpoint.vae))
    assert not torch.allclose(changed, plain, atol=1e-3)
    assert torch.equal(run(checkpoint), plain)
