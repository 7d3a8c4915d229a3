"""Every kind of change that LoRA files hold is what its paper says, written out."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine import models, patches
from engine.errors import BadFile
from engine.patches.weight_changes import (
    Decomposed,
    Difference,
    Generalised,
    Hadamard,
    Kronecker,
    LowRank,
    Replacement,
    Rotation,
    apply_change,
)
from tests import tiny

GENERATOR = torch.Generator().manual_seed(0)


def random(*shape):
    return torch.randn(*shape, generator=GENERATOR)


WEIGHT = random(6, 8)
KERNEL = random(6, 4, 3, 3)


def test_low_rank():
    up, down = random(6, 2), random(2, 8)
    torch.testing.assert_close(LowRank(down, up, None, 4.0).change(WEIGHT), up @ down * 2)
    core, up, down = random(2, 2, 3, 3), random(6, 2, 1, 1), random(2, 4, 1, 1)
    expected = torch.einsum("or,rsyx,si->oiyx", up[..., 0, 0], core, down[..., 0, 0])
    torch.testing.assert_close(LowRank(down, up, core, None).change(KERNEL), expected)


def test_hadamard():
    a, b, c, d = random(6, 2), random(2, 8), random(6, 2), random(2, 8)
    torch.testing.assert_close(Hadamard(a, b, c, d, None, None, 1.0).change(WEIGHT), (a @ b) * (c @ d) / 2)


def test_hadamard_with_cores():
    up, down, core = random(2, 6), random(2, 4), random(2, 2, 3, 3)
    product = torch.einsum("ro,rsyx,si->oiyx", up, core, down)
    change = Hadamard(up, down, up, down, core, core, None).change(KERNEL)
    torch.testing.assert_close(change, product * product)


def test_kronecker():
    first, second = random(3, 2), random(2, 4)
    expected = torch.from_numpy(np.kron(first.numpy(), second.numpy()))
    whole = Kronecker(first, None, None, second, None, None, None, 5.0)
    torch.testing.assert_close(whole.change(WEIGHT), expected)  # without a rank there is no scale
    up, down = random(2, 2), random(2, 4)
    factored = Kronecker(first, None, None, None, up, down, None, 1.0).change(WEIGHT)
    torch.testing.assert_close(factored, torch.from_numpy(np.kron(first.numpy(), (up @ down).numpy())) / 2)


def test_kronecker_of_a_convolution():
    first, second = random(3, 2), random(2, 2, 3, 3)
    change = Kronecker(first, None, None, second, None, None, None, None).change(KERNEL)
    assert change.shape == KERNEL.shape
    torch.testing.assert_close(change[2:4, 2:4], first[1, 1] * second)


@pytest.mark.parametrize("first_order", [True, False])
def test_generalised(first_order):
    rank = 2
    if first_order:
        a1, a2, b1, b2 = random(rank, 8), random(8, rank), random(rank, 8), random(6, rank)
        expected = b2 @ b1 + WEIGHT @ a2 @ a1
    else:
        a1, a2, b1, b2 = random(8, rank), random(rank, 8), random(6, rank), random(rank, 8)
        expected = b1 @ b2 + WEIGHT @ a1 @ a2
    torch.testing.assert_close(Generalised(a1, a2, b1, b2, 2.0).change(WEIGHT), expected)


def test_whole_differences_and_weights():
    torch.testing.assert_close(apply_change(Difference(WEIGHT), WEIGHT.clone(), 0.5), WEIGHT * 1.5)
    torch.testing.assert_close(apply_change(Replacement(WEIGHT * 3), WEIGHT.clone(), 1.0), WEIGHT * 3)


@pytest.mark.parametrize(("shape", "axis"), [((6, 1), 1), ((1, 8), 0)])
def test_decomposed_weights_have_the_learnt_lengths(shape, axis):
    lengths = random(*shape).abs() + 0.5
    changed = apply_change(Decomposed(LowRank(random(2, 8), random(6, 2), None, None), lengths), WEIGHT.clone(), 1.0)
    torch.testing.assert_close(changed.norm(dim=axis, keepdim=True), lengths)


@pytest.mark.parametrize("blocks", [(3, 2, 2), (1, 3, 2, 2), (1, 1, 6, 6)])
def test_rotations_keep_lengths_and_turn(blocks):
    turned = apply_change(Rotation(random(*blocks), None, None), WEIGHT.clone(), 1.0)
    torch.testing.assert_close(turned.norm(dim=0), WEIGHT.norm(dim=0))
    assert not torch.allclose(turned, WEIGHT, atol=0.1)
    still = apply_change(Rotation(torch.zeros(*blocks), None, None), WEIGHT.clone(), 1.0)
    torch.testing.assert_close(still, WEIGHT)


def test_a_rotation_by_cayley_of_a_known_angle():
    """Q = [[0, -t], [t, 0]] turns by 2 atan(t): with t = 1 a right angle."""
    blocks = torch.tensor([[[0.0, -0.5], [0.5, 0.0]]])
    turned = apply_change(Rotation(blocks, None, None), torch.eye(2), 1.0)
    torch.testing.assert_close(turned.abs(), torch.tensor([[0.0, 1.0], [1.0, 0.0]]))


def test_a_constraint_holds_the_rotation_back_and_outputs_are_rescaled():
    blocks = random(3, 2, 2) * 10
    held = apply_change(Rotation(blocks, 1e-4, None), WEIGHT.clone(), 1.0)
    torch.testing.assert_close(held, WEIGHT, atol=1e-2, rtol=0)
    scaled = apply_change(Rotation(torch.zeros(3, 2, 2), None, torch.full((6, 1), 2.0)), WEIGHT.clone(), 1.0)
    torch.testing.assert_close(scaled, WEIGHT * 2)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(BadFile, match=r"up \[5, 2\].*weight of shape \[6, 8\]"):
        apply_change(LowRank(random(2, 8), random(5, 2), None, None), WEIGHT.clone(), 1.0)


LAYER = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q"
OWN = "input_blocks.4.1.transformer_blocks.0.attn2.to_q.weight"
SIZES = tiny.Sizes(widths=(32, 64), depths=(1, 1), res_blocks=2)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("weight changes") / "model.safetensors"
    tiny.write_checkpoint(path, 3, SIZES)
    return models.load_checkpoint(path, precision=models.choose_precision("cpu", every="fp32", channels_last=False))


def layouts(out, read):
    """What files of each kind hold for one layer of this shape."""
    return {
        "lora": {"lora_down.weight": random(2, read), "lora_up.weight": random(out, 2), "alpha": torch.tensor(1.0)},
        "diffusers": {"lora_A.weight": random(2, read), "lora_B.weight": random(out, 2)},
        "dora": {
            "lora_down.weight": random(2, read),
            "lora_up.weight": random(out, 2),
            "dora_scale": random(out, 1),
        },
        "loha": {
            "hada_w1_a": random(out, 2),
            "hada_w1_b": random(2, read),
            "hada_w2_a": random(out, 2),
            "hada_w2_b": random(2, read),
        },
        "lokr": {"lokr_w1": random(2, 2), "lokr_w2_a": random(out // 2, 2), "lokr_w2_b": random(2, read // 2)},
        "glora": {
            "a1.weight": random(2, read),
            "a2.weight": random(read, 2),
            "b1.weight": random(2, read),
            "b2.weight": random(out, 2),
        },
        "oft": {"oft_blocks": random(out // 4, 4, 4)},
        "boft": {"oft_blocks": random(2, out // 4, 4, 4)},
        "diff": {"diff": random(out, read)},
        "set_weight": {"set_weight": random(out, read)},
    }


@pytest.mark.parametrize("kind", layouts(4, 4))
def test_every_layout_changes_its_layer_and_is_taken_away_to_the_bit(checkpoint, tmp_path, kind):
    out, read = checkpoint.model.hosted.weights.shape(OWN)
    tensors = layouts(out, read)[kind]
    save_file({f"{LAYER}.{name}": tensor for name, tensor in tensors.items()}, tmp_path / "lora.safetensors")
    lora = patches.load_lora(tmp_path / "lora.safetensors")
    changed, _ = patches.apply_lora(checkpoint.model, checkpoint.text_encoder, lora, 0.5, 0.5)
    with checkpoint.model.hosted.holding() as network:
        before = network.state_dict()[OWN].clone()
    with changed.hosted.holding(changed.weight_patches) as network:
        inside = network.state_dict()[OWN].clone()
        others = [name for name in network.state_dict() if name != OWN]
    assert others and not torch.allclose(inside, before)
    with checkpoint.model.hosted.holding() as network:
        assert torch.equal(network.state_dict()[OWN], before)


def test_biases_change_too(checkpoint, tmp_path):
    own = "input_blocks.1.0.in_layers.2.bias"
    size = checkpoint.model.hosted.weights.shape(own)[0]
    names = {layer: foreign for foreign, layer in checkpoint.model.names.aliases.items()}
    foreign = names["input_blocks.1.0.in_layers.2"]
    save_file({f"{foreign}.diff_b": torch.ones(size)}, tmp_path / "bias.safetensors")
    lora = patches.load_lora(tmp_path / "bias.safetensors")
    changed, _ = patches.apply_lora(checkpoint.model, None, lora, 2.0, 0.0)
    with checkpoint.model.hosted.holding() as network:
        before = network.state_dict()[own].clone()
    with changed.hosted.holding(changed.weight_patches) as network:
        torch.testing.assert_close(network.state_dict()[own], before + 2)


def test_an_incomplete_layer_is_named(tmp_path):
    save_file({f"{LAYER}.hada_w1_a": random(4, 2)}, tmp_path / "half.safetensors")
    with pytest.raises(BadFile, match=r"half\.safetensors is incomplete: layer .* has no hada_w1_b and no"):
        patches.load_lora(tmp_path / "half.safetensors")
