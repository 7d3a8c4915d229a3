"""8-bit files, with factors beside their weights or without, mean what the wide file that they were made of means."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import models
from engine.errors import BadFile
from engine.models.weights import open_weights
from engine.sampling import NetworkInputs
from tests import tiny

FP8 = torch.float8_e4m3fn
LARGEST = float(torch.finfo(FP8).max)
NETWORK = "model.diffusion_model."


def is_matrix(name, weight):
    return name.endswith(".weight") and weight.ndim > 1 and "embedding" not in name


def scaled(tensors, ending, *, by_row=False):
    """As the tools that write such files do it: the largest number of each weight becomes the type's largest."""
    made = {}
    for name, weight in tensors.items():
        if not is_matrix(name, weight):
            made[name] = weight
            continue
        weight = weight.float()
        size = weight.flatten(1).abs().amax(dim=1) if by_row else weight.abs().max()
        scale = size / LARGEST
        made[name] = (weight / scale.reshape(-1, *(1 for _ in weight.shape[1:]))).to(FP8)
        made[name.removesuffix(".weight") + ending] = scale.reshape(-1, 1) if by_row else scale
    return made


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "model.safetensors"
    return tiny.write_checkpoint(path, 3, dtype=torch.float32)


def load(path):
    return models.load_checkpoint(path, precision=models.choose_precision(every="fp32", channels_last=False))


def outputs(checkpoint):
    embedding, _ = checkpoint.text_encoder.encode("a red cat")
    denoised = checkpoint.model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(embedding))
    return denoised, embedding


def distance(ours, theirs):
    return [float((a - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True)]


@pytest.mark.parametrize(
    ("ending", "by_row", "marks"),
    [
        (
            ".scale_weight",
            False,
            {f"{NETWORK}scaled_fp8": torch.zeros(2).to(FP8), "scaled_fp8": torch.zeros(0).to(FP8)},
        ),
        (".weight_scale", False, {f"{NETWORK}out.2.input_scale": torch.tensor(1.0)}),
        (".weight_scale", True, {f"{NETWORK}out.2.comfy_quant": torch.zeros(20, dtype=torch.uint8)}),
    ],
)
def test_a_checkpoint_with_factors_is_the_wide_one_within_what_eight_bits_keep(ending, by_row, marks, wide, tmp_path):
    narrow = scaled(load_file(wide), ending, by_row=by_row)
    path = tmp_path / "scaled.safetensors"
    save_file(narrow | marks, path)
    checkpoint, original = load(path), load(wide)
    for part, whole in ((checkpoint.model, original.model), (checkpoint.text_encoder, original.text_encoder)):
        for name in whole.hosted.weights:
            ours, theirs = part.hosted.weights[name], whole.hosted.weights[name]
            largest = float(theirs.abs().max())
            torch.testing.assert_close(ours, theirs, rtol=2**-4, atol=largest * 2**-9, msg=name)
    assert max(distance(outputs(checkpoint), outputs(original))) < 0.1
    assert not checkpoint.model.hosted.weights.marks()  # what is saved again has no factors, and says so


def test_the_values_are_exactly_the_products(wide, tmp_path):
    path = tmp_path / "scaled.safetensors"
    tensors = scaled(load_file(wide), ".scale_weight")
    save_file(tensors, path)
    file = open_weights(path)
    name = f"{NETWORK}input_blocks.1.0.in_layers.2.weight"
    expected = tensors[name].float() * tensors[name.replace(".weight", ".scale_weight")]
    assert torch.equal(file[name], expected)
    assert not [name for name in file if "scale" in name]


def test_parts_alone_with_factors(wide, tmp_path):
    tensors = load_file(wide)
    network = {name.removeprefix(NETWORK): t for name, t in tensors.items() if name.startswith(NETWORK)}
    prefix = "cond_stage_model.transformer."
    text = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    for name, part in (("network", network), ("text", text)):
        marked = scaled(part, ".scale_weight") | {"scaled_fp8": torch.zeros(2).to(FP8)}
        save_file(marked, tmp_path / f"{name}.safetensors")
    precision = models.choose_precision(every="fp32", channels_last=False)
    model = models.load_network(tmp_path / "network.safetensors", precision=precision)
    encoder = models.load_text_encoder([tmp_path / "text.safetensors"], precision=precision)
    original = load(wide)
    ours, theirs = encoder.encode("a red cat")[0], original.text_encoder.encode("a red cat")[0]
    assert distance([ours], [theirs])[0] < 0.1
    inputs = NetworkInputs(theirs)
    results = [m.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), inputs) for m in (model, original.model)]
    assert distance(results[:1], results[1:])[0] < 0.1


@pytest.mark.parametrize("narrow", [FP8, torch.float8_e5m2])
def test_files_of_several_types_without_factors(narrow, wide, tmp_path):
    kinds = {0: torch.float16, 1: torch.bfloat16}
    tensors = load_file(wide)
    mixed = {
        name: t.to(narrow) if is_matrix(name, t) else t.to(kinds[number % 2])
        for number, (name, t) in enumerate(tensors.items())
    }
    save_file(mixed, tmp_path / "mixed.safetensors")
    again = {name: t.float() for name, t in mixed.items()}
    save_file(again, tmp_path / "widened.safetensors")
    for ours, theirs in zip(*(outputs(load(tmp_path / f"{n}.safetensors")) for n in ("mixed", "widened")), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("weight", "scale", "said"),
    [
        (torch.zeros(4, 4, dtype=torch.uint8), torch.ones(()), "of the type U8"),
        (None, torch.ones(()), "missing"),
        (torch.zeros(4, 4).to(FP8), torch.ones(3), "holds 3 factors"),
    ],
)
def test_factors_that_belong_to_nothing_known_are_told(weight, scale, said, tmp_path):
    tensors = {"a.weight_scale": scale} | ({} if weight is None else {"a.weight": weight})
    save_file(tensors, tmp_path / "odd.safetensors")
    with pytest.raises(BadFile, match=said):
        open_weights(tmp_path / "odd.safetensors")
