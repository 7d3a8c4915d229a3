"""Block weights are read as people share them, and scale each block's change."""

import pytest
import torch

from engine import models, patches
from engine.errors import EngineError
from engine.patches.block_weights import read_block_weights
from tests import tiny

SIZES = tiny.Sizes(widths=(32, 64), depths=(1, 1), res_blocks=2)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("block-weights")
    tiny.write_checkpoint(folder / "model.safetensors", 3, SIZES)
    tiny.write_lora(folder / "lora.safetensors", 3, SIZES)
    checkpoint = models.load_checkpoint(folder / "model.safetensors", precision=models.choose_precision(every="fp32"))
    return checkpoint, patches.load_lora(folder / "lora.safetensors")


def changes(part, patched):
    """By weight: how far it is from what it was."""
    with part.hosted.holding(part.weight_patches) as module:
        before = {name: weight.clone() for name, weight in module.state_dict().items()}
    with patched.hosted.holding(patched.weight_patches) as module:
        return {name: weight - before[name] for name, weight in module.state_dict().items()}


def test_lists_stand_for_the_blocks_that_a_lora_of_their_kind_has():
    counts = [str(number) for number in range(17)]
    found = read_block_weights(",".join(counts))
    assert found.text == 0 and found.of("input_blocks.1.1.proj_in.weight") == 1
    assert found.of("input_blocks.8.1.x") == 6 and found.of("middle_block.1.x") == 7
    assert found.of("output_blocks.3.1.x") == 8 and found.of("output_blocks.11.1.x") == 16
    assert found.of("input_blocks.0.0.weight") == 1 and found.of("input_blocks.11.0.x") == 1
    xl = read_block_weights(" ".join(counts[:12]))
    assert xl.of("input_blocks.4.1.x") == 1 and xl.of("middle_block.1.x") == 5 and xl.of("output_blocks.5.1.x") == 11
    assert read_block_weights(",".join(["1"] * 26)).of("output_blocks.11.0.x") == 1
    assert read_block_weights(", ".join(["0.5"] * 20)).of("output_blocks.8.0.x") == 0.5
    assert read_block_weights("  ").of("anything") == 1 and read_block_weights("").text == 1


def test_names_stand_for_blocks_and_groups_of_them():
    found = read_block_weights("in=0.5, IN04 = 2,M=0,OUT11=-1, base=0.25")
    assert found.text == 0.25 and found.of("input_blocks.4.1.x") == 2 and found.of("input_blocks.40.1.x") == 0.5
    assert found.of("middle_block.0.x") == 0 and found.of("output_blocks.11.0.x") == -1
    assert found.of("output_blocks.1.0.x") == 1 and found.of("out.2.weight") == 1


@pytest.mark.parametrize("text", ["1,1", "1,1,x," + ",".join(["1"] * 14), "IN4=", "FOO=1", "BASE2=1", "IN01=nan", "=1"])
def test_anything_else_is_refused_with_what_was_expected(text):
    with pytest.raises(EngineError, match=r"block_weights.*expected"):
        read_block_weights(text)


def test_each_block_changes_by_its_factor(loaded):
    checkpoint, lora = loaded
    model, text = checkpoint.model, checkpoint.text_encoder
    plain, plain_text = patches.apply_lora(model, text, lora, 0.8, 0.4)
    blocks = read_block_weights("IN=0.5, IN04=2, MID=0, BASE=0")
    weighted, weighted_text = patches.apply_lora(model, text, lora, 0.8, 0.4, blocks)
    assert weighted_text is text and plain_text is not text
    whole, found = changes(model, plain), changes(model, weighted)
    seen = set()
    for name, change in whole.items():
        factor = blocks.of(name)
        torch.testing.assert_close(found[name], factor * change, rtol=1e-4, atol=1e-6)
        if change.any():
            seen.add(factor)
    assert seen == {0.5, 2.0, 0.0, 1.0}, "the LoRA changes blocks of each factor"
    assert not any(name.startswith("middle_block") for name in weighted.weight_patches[0].weight_names)


def test_ones_are_the_plain_lora_to_the_bit(loaded):
    checkpoint, lora = loaded
    ones = read_block_weights(",".join(["1"] * 17))
    plain, _ = patches.apply_lora(checkpoint.model, None, lora, 0.8, 0)
    same, _ = patches.apply_lora(checkpoint.model, None, lora, 0.8, 0, ones)
    whole, found = changes(checkpoint.model, plain), changes(checkpoint.model, same)
    assert all(torch.equal(whole[name], found[name]) for name in whole)
