"""Two models mixed by the names of their weights, with the nodes' inputs as prompts give them."""

import pytest
import torch

from engine import models, patches
from engine.graph.declare import DEFINITION
from nodes import model_merging_by_name
from tests import tiny

DEFINITIONS = {
    value.__node_definition__.type: value.__node_definition__
    for value in vars(model_merging_by_name).values()
    if hasattr(value, DEFINITION)
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    return [models.load_checkpoint(tiny.write_checkpoint(folder / f"{n}.safetensors", n)).model for n in (1, 2)]


def merged(node_type, pair, **ratios):
    """As a prompt calls it: every ratio 1 but those given."""
    definition = DEFINITIONS[node_type]
    inputs = {spec.name: spec.widget.default for spec in definition.inputs if spec.widget is not None}
    return definition.function(model1=pair[0], model2=pair[1], **{**inputs, **ratios})


def weight(model, name):
    return model.hosted.patched_weight(name, model.weight_patches).float()


def share_of_second(model, name, pair):
    first, second = (weight(one, name) for one in pair)
    apart = second - first
    return float(((weight(model, name) - first) * apart).sum() / apart.square().sum())


@pytest.mark.parametrize("node_type", ["ModelMergeSD1", "ModelMergeSD2", "ModelMergeSDXL"])
def test_each_block_has_its_own_ratio(node_type, pair):
    dot = "" if node_type == "ModelMergeSDXL" else "."
    model = merged(node_type, pair, **{f"input_blocks.1{dot}": 0.25, f"middle_block.1{dot}": 0.5, "out.": 0.0})
    shares = {
        "input_blocks.1.0.in_layers.2.weight": 0.75,
        "input_blocks.0.0.weight": 0.0,
        "middle_block.1.proj_in.weight": 0.5,
        "middle_block.0.in_layers.2.weight": 0.0,
        "output_blocks.0.0.in_layers.2.weight": 0.0,
        "out.2.weight": 1.0,
    }
    for name, share in shares.items():
        assert share_of_second(model, name, pair) == pytest.approx(share, abs=1e-3), name


def test_of_two_beginnings_that_fit_the_longer_counts(pair):
    ratios = {"": 1.0, "input_blocks.1": 0.5, "input_blocks.1.0": 0.25}
    model = patches.merge_by_names(*pair, ratios, "any")
    assert share_of_second(model, "input_blocks.1.0.in_layers.2.weight", pair) == pytest.approx(0.75, abs=1e-3)


def test_all_ratios_of_one_leave_the_model_as_it_is(pair):
    model = merged("ModelMergeSD1", pair)
    for name in model.hosted.weights:
        assert torch.equal(weight(model, name), weight(pair[0], name))


@pytest.mark.parametrize("node_type", sorted(set(DEFINITIONS) - {"ModelMergeSD1", "ModelMergeSD2", "ModelMergeSDXL"}))
def test_models_of_another_kind_are_told_apart_by_their_names(node_type, pair):
    with pytest.raises(
        ValueError, match=r"weights are named .*; those of the model given \(Stable Diffusion 1.x\) are"
    ):
        merged(node_type, pair)


def test_models_of_two_kinds_are_not_merged(pair, tmp_path):
    other = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "xl.safetensors", 1, tiny.SDXL)).model
    with pytest.raises(ValueError, match="Only models of one kind"):
        merged("ModelMergeSDXL", [pair[0], other])
