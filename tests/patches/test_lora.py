"""LoRA files change exactly the weights they name, by exactly the product they hold, and leave no trace."""

import logging

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models, patches
from engine.errors import BadFile, NoMatchingWeights
from engine.sampling import NetworkInputs
from tests import tiny

SIZES = tiny.Sizes(widths=(32, 64), depths=(1, 1), res_blocks=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora")
    tiny.write_checkpoint(folder / "model.safetensors", 3, SIZES)
    tiny.write_lora(folder / "lora.safetensors", 3, SIZES)
    return folder


@pytest.fixture(params=["fp32", "bf16"])
def checkpoint(request, folder):
    return models.load_checkpoint(folder / "model.safetensors", precision=models.choose_precision(every=request.param))


def run(model):
    return model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(torch.ones(1, 77, 64)))


def state(part):
    with part.hosted.holding(part.weight_patches) as module:
        return {name: t.clone() for name, t in module.state_dict().items()}


def test_the_product_is_added_and_taken_away_to_the_bit(checkpoint, folder):
    lora = patches.load_lora(folder / "lora.safetensors")
    before = state(checkpoint.model)
    model, text_encoder = patches.apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 0.8, -0.5)
    inside, after = state(model), state(checkpoint.model)
    assert all(torch.equal(before[name], after[name]) for name in before)
    tensors = load_file(folder / "lora.safetensors")
    alias = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    name = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
    product = tensors[f"{alias}.lora_up.weight"].float() @ tensors[f"{alias}.lora_down.weight"].float()
    original = checkpoint.model.hosted.weights[name].float()
    expected = original + 0.8 * product * float(tensors[f"{alias}.alpha"]) / 2
    torch.testing.assert_close(inside[name], expected.to(inside[name].dtype), rtol=1e-6, atol=1e-6)
    changed = {name for name in before if not torch.equal(before[name], inside[name])}
    assert len(changed) == sum(name.endswith("lora_up.weight") for name in tensors if "unet" in name)
    assert text_encoder.weight_patches and not torch.equal(
        text_encoder.encode("cat")[0], checkpoint.text_encoder.encode("cat")[0]
    )


def test_every_layer_of_the_file_finds_its_weight(checkpoint, folder, caplog):
    lora = patches.load_lora(folder / "lora.safetensors")
    with caplog.at_level(logging.WARNING):
        model, text_encoder = patches.apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1, 1)
    assert not caplog.records
    found = len(model.weight_patches[0].weight_names) + len(text_encoder.weight_patches[0].weight_names)
    assert found == len(lora.layers)


def test_two_at_once_add_up_and_strength_zero_is_nothing(checkpoint, folder):
    lora = patches.load_lora(folder / "lora.safetensors")
    apply = lambda model, strength: patches.apply_lora(model, None, lora, strength, 0)[0]  # noqa: E731
    once, twice = run(apply(checkpoint.model, 0.5)), run(apply(apply(checkpoint.model, 0.25), 0.25))
    torch.testing.assert_close(once, twice, rtol=0.05, atol=0.05)
    plain = run(checkpoint.model)
    assert not torch.equal(once, plain)
    assert apply(checkpoint.model, 0.0) is checkpoint.model
    cancelled = apply(apply(checkpoint.model, 1.0), -1.0)
    torch.testing.assert_close(run(cancelled), plain, rtol=0.05, atol=0.05)
    assert torch.equal(run(checkpoint.model), plain)


NAMES = {
    "kohya on our names": "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k{}",
    "kohya": "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k{}",
    "diffusers": "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k{}",
    "prefixed": "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k{}",
    "processor": "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor.to_k{}",
}
SUFFIXES = {
    "kohya": (".lora_up.weight", ".lora_down.weight"),
    "peft": (".lora_B.weight", ".lora_A.weight"),
    "old diffusers": (".lora.up.weight", ".lora.down.weight"),
    "processor": ("_lora.up.weight", "_lora.down.weight"),
}


SPELLINGS = [(n, s) for n in NAMES for s in SUFFIXES if (n == "processor") == (s == "processor")]  # two of a kind


@pytest.mark.parametrize(("names", "suffixes"), SPELLINGS)
def test_layers_are_known_by_every_name(names, suffixes, folder, tmp_path):
    up, down = torch.randn(64, 3), torch.randn(3, 64)
    save_file(
        {NAMES[names].format(s): t for s, t in zip(SUFFIXES[suffixes], (up, down), strict=True)},
        tmp_path / "l.safetensors",
    )
    model = models.load_checkpoint(folder / "model.safetensors", precision=models.choose_precision(every="fp32")).model
    patched, _ = patches.apply_lora(model, None, patches.load_lora(tmp_path / "l.safetensors"), 1.0, 1.0)
    name = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
    torch.testing.assert_close(state(patched)[name], state(model)[name] + up @ down)


def test_convolutions_plain_and_factored_in_three(folder, tmp_path):
    down, up = torch.randn(2, 32, 3, 3), torch.randn(32, 2, 1, 1)
    first, last, core = torch.randn(2, 32, 1, 1), torch.randn(32, 2, 1, 1), torch.randn(2, 2, 3, 3)
    tensors = {
        "lora_unet_input_blocks_1_0_in_layers_2.lora_down.weight": down,
        "lora_unet_input_blocks_1_0_in_layers_2.lora_up.weight": up,
        "lora_unet_down_blocks_0_resnets_0_conv2.lora_down.weight": first,
        "lora_unet_down_blocks_0_resnets_0_conv2.lora_up.weight": last,
        "lora_unet_down_blocks_0_resnets_0_conv2.lora_mid.weight": core,
        "lora_unet_down_blocks_0_resnets_0_conv2.alpha": torch.tensor(1.0),
    }
    save_file(tensors, tmp_path / "l.safetensors")
    model = models.load_checkpoint(folder / "model.safetensors", precision=models.choose_precision(every="fp32")).model
    patched, _ = patches.apply_lora(model, None, patches.load_lora(tmp_path / "l.safetensors"), 1.0, 1.0)
    before, inside = state(model), state(patched)
    # What a LoRA means: the second convolution behind the first. A picture shows it without restating the formula.
    picture = torch.randn(1, 32, 6, 6)
    conv = torch.nn.functional.conv2d

    def added(name):
        return conv(picture, inside[name] - before[name], padding=1)

    torch.testing.assert_close(
        added("input_blocks.1.0.in_layers.2.weight"), conv(conv(picture, down, padding=1), up), rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(
        added("input_blocks.1.0.out_layers.3.weight"),
        conv(conv(conv(picture, first), core, padding=1), last) / 2,
        rtol=1e-3,
        atol=1e-3,
    )


def test_names_that_match_nothing_show_both_sides(checkpoint, tmp_path):
    tensors = {}
    for number in range(5):
        tensors[f"lora_unet_double_blocks_{number}_img.lora_down.weight"] = torch.ones(1, 4)
        tensors[f"lora_unet_double_blocks_{number}_img.lora_up.weight"] = torch.ones(4, 1)
    save_file(tensors, tmp_path / "flux.safetensors")
    lora = patches.load_lora(tmp_path / "flux.safetensors")
    with pytest.raises(NoMatchingWeights) as caught:
        patches.apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1.0, 1.0)
    message = str(caught.value)
    assert message.count("double_blocks") == 3
    assert message.count("lora_unet_") - 3 + message.count("unet.") + message.count("diffusion_model.") >= 3
    assert "flux.safetensors" in message and "text encoder" in message


def test_layers_that_are_nobodys_are_reported(checkpoint, folder, tmp_path, caplog):
    tensors = load_file(folder / "lora.safetensors")
    tensors["lora_unet_nowhere.lora_down.weight"] = torch.ones(1, 4)
    tensors["lora_unet_nowhere.lora_up.weight"] = torch.ones(4, 1)
    save_file(tensors, tmp_path / "l.safetensors")
    lora = patches.load_lora(tmp_path / "l.safetensors")
    patches.apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 1.0, 1.0)
    [record] = caplog.records
    assert "1 of" in record.getMessage() and "lora_unet_nowhere" in record.getMessage()


def test_files_that_do_not_fit_are_explained(checkpoint, folder, tmp_path):
    with pytest.raises(BadFile, match="no LoRA"):
        patches.load_lora(folder / "model.safetensors")
    name = "lora_unet_input_blocks_4_1_proj_in"
    save_file({f"{name}.lora_down.weight": torch.ones(1, 64)}, tmp_path / "half.safetensors")
    with pytest.raises(BadFile, match="no up"):
        patches.load_lora(tmp_path / "half.safetensors")
    wide = {f"{name}.lora_down.weight": torch.ones(1, 99), f"{name}.lora_up.weight": torch.ones(64, 1)}
    save_file(wide, tmp_path / "wide.safetensors")
    model, _ = patches.apply_lora(checkpoint.model, None, patches.load_lora(tmp_path / "wide.safetensors"), 1, 1)
    before = run(checkpoint.model)
    with pytest.raises(BadFile, match="does not fit"):
        run(model)
    assert torch.equal(run(checkpoint.model), before)
