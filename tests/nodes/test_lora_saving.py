"""What was learnt between two models is saved as a LoRA that gives it back."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from engine import models, patches
from nodes import lora_saving, model_merging
from tests import tiny

FULL = 4096
PRECISION = models.choose_precision("cpu", every="fp32", channels_last=False)


def checkpoints(folder, sizes):
    """The trained checkpoint and the one that it began as."""
    paths = [tiny.write_checkpoint(folder / f"{n}.safetensors", n, sizes, torch.float32) for n in (1, 2)]
    return [models.load_checkpoint(path, precision=PRECISION) for path in paths]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return checkpoints(tmp_path_factory.mktemp("pair"), tiny.TINY)


@pytest.fixture(scope="module")
def pair_of_sdxl(tmp_path_factory):
    return checkpoints(tmp_path_factory.mktemp("sdxl"), tiny.SDXL)


def saved(pair, context, **choices):
    trained, base = pair
    lora_saving.save_lora(
        model_diff=model_merging.subtract(model1=trained.model, model2=base.model),
        text_encoder_diff=model_merging.subtract_text(clip1=trained.text_encoder, clip2=base.text_encoder),
        context=context,
        **{"rank": FULL, "lora_type": "standard", **choices},
    )
    return sorted((context.places.output / "loras").iterdir())[-1]


def applied(path, pair):
    base = pair[1]
    return patches.apply_lora(base.model, base.text_encoder, patches.load_lora(path), 1.0, 1.0)


def weights(part):
    return {name: part.hosted.patched_weight(name, part.weight_patches) for name in part.hosted.weights}


def distance(part, other, names):
    ours, theirs = weights(part), weights(other)
    return sum(float((ours[name] - theirs[name]).square().sum()) for name in names) ** 0.5


@pytest.mark.parametrize("lora_type", ["standard", "full_diff"])
def test_at_full_rank_the_base_becomes_the_trained_model(lora_type, pair, context):
    model, text = applied(saved(pair, context, lora_type=lora_type), pair)
    for part, trained in ((model, pair[0].model), (text, pair[0].text_encoder)):
        ours, theirs = weights(part), weights(trained)
        for name in theirs:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=2e-5)


def test_a_higher_rank_comes_nearer_and_is_the_best_product_of_its_rank(pair, context):
    trained, base = pair
    names = [name for name, weight in base.model.hosted.weights.items() if weight.ndim > 1]
    far = distance(base.model, trained.model, names)
    near = []
    for rank in (2, 8):
        path = saved(pair, context, rank=rank)
        near.append(distance(applied(path, pair)[0], trained.model, names))
    assert near[1] < near[0] < far
    dropped = 0.0
    for name in names:
        difference = trained.model.hosted.weights[name] - base.model.hosted.weights[name]
        dropped += float(torch.linalg.svdvals(difference.flatten(1))[8:].square().sum())
    assert near[1] == pytest.approx(dropped**0.5, rel=1e-3)


def test_biases_are_left_if_told_so(pair, context):
    tensors = load_file(saved(pair, context, rank=2, bias_diff=False))
    assert not [name for name in tensors if name.endswith((".diff", ".diff_b"))]
    assert [name for name in load_file(saved(pair, context, rank=2)) if name.endswith(".diff_b")]


@pytest.mark.parametrize("kind", ["pair", "pair_of_sdxl"])
def test_names_are_kohyas_and_the_file_says_what_it_is(kind, request, context):
    pair = request.getfixturevalue(kind)
    path = saved(pair, context, rank=4)
    starts = ("lora_unet_", "lora_te_") if kind == "pair" else ("lora_unet_", "lora_te1_", "lora_te2_")
    lora = patches.load_lora(path)
    model, text = patches.apply_lora(pair[1].model, pair[1].text_encoder, lora, 1.0, 1.0)
    found = {name.rpartition(".")[0] for part in (model, text) for name in part.weight_patches[0].weight_names}
    assert len(found) == len(lora.layers)
    with safe_open(path, "pt") as file:
        assert all(name.startswith(starts) for name in file.keys())  # noqa: SIM118
        assert {name.split("text_model")[0] for name in file.keys() if "_te" in name} == set(starts[1:])  # noqa: SIM118
        said = file.metadata()
    assert said["ss_network_dim"] == "4"
    assert said["modelspec.architecture"].endswith("/lora")
    assert context.steps[-1][0] == context.steps[-1][1]


def test_layers_that_did_not_change_are_not_in_the_file(pair, context):
    trained, base = pair
    only_out = patches.merge(base.model, trained.model, {"out.": patches.Shares(0.0, 1.0)})
    difference = model_merging.subtract(model1=only_out, model2=base.model)
    lora_saving.save_lora(model_diff=difference, rank=2, lora_type="standard", context=context)
    tensors = load_file(next((context.places.output / "loras").iterdir()))
    assert {name.partition(".")[0] for name in tensors} <= {"lora_unet_conv_norm_out", "lora_unet_conv_out"}
    assert tensors


def test_what_is_no_difference_is_told(pair, context):
    with pytest.raises(ValueError, match="difference of two was expected: connect a ModelMergeSubtract"):
        lora_saving.save_lora(model_diff=pair[0].model, rank=2, lora_type="standard", context=context)
    with pytest.raises(ValueError, match="nothing to save: connect"):
        lora_saving.save_lora(rank=2, lora_type="standard", context=context)
    nothing = model_merging.subtract(model1=pair[0].model, model2=pair[0].model)
    with pytest.raises(ValueError, match="all weights of the two models are equal"):
        lora_saving.save_lora(model_diff=nothing, rank=2, lora_type="standard", context=context)
