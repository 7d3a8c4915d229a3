"""Hypernetworks change keys and values as their files say, whatever their layers are, and leave no trace."""

import itertools
import os

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import models, patches
from engine.errors import BadFile, NoMatchingWeights
from engine.sampling import NetworkInputs
from tests import tiny
from tests.models import oracle

WIDTHS = (64, 32)  # of the small model's prompts, and of one that it does not have
SETTINGS = {
    "linear": {"activation_func": "linear"},
    "old": {},
    "relu": {"activation_func": "relu", "layer_structure": [1, 2, 1]},
    "swish with its output": {"activation_func": "swish", "activate_output": True},
    "norms": {"activation_func": "mish", "is_layer_norm": True},
    "norms and dropout": {"activation_func": "Tanh", "is_layer_norm": True, "use_dropout": True},
}


def precise():
    return models.choose_precision("cpu", every="fp32", channels_last=False)


def small_network(width, seed, told):
    """As trainers build one: matrices, an activation, a norm and dropout behind each, as `told`."""
    torch.manual_seed(seed)
    structure, layers = told.get("layer_structure", [1, 2, 1]), []
    activations = {"relu": nn.ReLU, "swish": nn.Hardswish, "mish": nn.Mish, "tanh": nn.Tanh}
    activation = activations.get(told.get("activation_func", "linear").lower())
    for number, (narrow, wide) in enumerate(itertools.pairwise(structure)):
        layers.append(nn.Linear(width * narrow, width * wide))
        is_last = number == len(structure) - 2
        if activation and (not is_last or told.get("activate_output")):
            layers.append(activation())
        if told.get("is_layer_norm"):
            layers.append(nn.LayerNorm(width * wide))
        if told.get("use_dropout") and not is_last:
            layers.append(nn.Dropout(0.3))
    network = nn.Module()
    network.linear = nn.Sequential(*layers)
    return network.eval().requires_grad_(False)


def write(path, told, widths=WIDTHS):
    networks = {width: tuple(small_network(width, 2 * width + i, told) for i in (0, 1)) for width in widths}
    content = {width: tuple(network.state_dict() for network in pair) for width, pair in networks.items()}
    torch.save(content | {"step": 100, "name": "style", "sd_checkpoint": None, "optional_info": ""} | told, path)
    return networks


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tiny.write_checkpoint(tmp_path_factory.mktemp("hypernetwork") / "m.safetensors")
    return models.load_checkpoint(path, precision=precise()).model


def run(model):
    x, context = oracle.noise(1, 4, 8, 8), oracle.noise(1, 77, 64, seed=1)
    return model.denoise(x, torch.tensor([2.0]), NetworkInputs(context))


@pytest.mark.parametrize("kind", SETTINGS)
def test_keys_and_values(kind, tmp_path):
    networks = write(tmp_path / "h.pt", SETTINGS[kind])
    loaded = patches.load_hypernetwork(tmp_path / "h.pt", precision=precise())
    for width, (on_keys, on_values) in networks.items():
        x = oracle.noise(2, 5, width)
        keys, values = loaded.changed(x, x, 0.7)
        torch.testing.assert_close(keys, x + 0.7 * on_keys.linear(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(values, x + 0.7 * on_values.linear(x), rtol=1e-5, atol=1e-5)
    other = oracle.noise(2, 5, 48)
    assert all(t is other for t in loaded.changed(other, other, 0.7))


def test_the_first_files_counted_from_one(tmp_path):
    matrices = {f"linear{n}.{k}": oracle.noise(*shape, seed=n) for n in (1, 2) for k, shape in SHAPES[n].items()}
    torch.save({64: [matrices, matrices]}, tmp_path / "first.pt")
    x = oracle.noise(1, 3, 64)
    keys, _ = patches.load_hypernetwork(tmp_path / "first.pt", precision=precise()).changed(x, x, 1.0)
    hidden = F.linear(x, matrices["linear1.weight"], matrices["linear1.bias"])
    torch.testing.assert_close(keys, x + F.linear(hidden, matrices["linear2.weight"], matrices["linear2.bias"]))


SHAPES = {1: {"weight": (128, 64), "bias": (128,)}, 2: {"weight": (64, 128), "bias": (64,)}}


def test_every_attention_of_the_network_reads_it(model, tmp_path):
    networks = write(tmp_path / "h.pt", SETTINGS["relu"])
    changed = patches.with_hypernetwork(model, patches.load_hypernetwork(tmp_path / "h.pt", precision=precise()), 0.5)
    found = run(changed)
    hooks = []
    for name, layer in model.hosted.module.named_modules():
        kind = {"to_k": 0, "to_v": 1}.get(name.rpartition(".")[2])
        if kind is not None:
            network = networks[layer.in_features][kind].linear
            hooks.append(layer.register_forward_pre_hook(lambda _m, args, n=network: (args[0] + 0.5 * n(args[0]),)))
    expected = run(model)
    for hook in hooks:
        hook.remove()
    assert len(hooks) >= 4
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_nothing_stays_and_strength_zero_is_neutral(model, tmp_path):
    write(tmp_path / "h.pt", SETTINGS["norms"])
    loaded = patches.load_hypernetwork(tmp_path / "h.pt", precision=precise())
    before = run(model)
    changed = patches.with_hypernetwork(model, loaded, 1.0)
    assert not torch.allclose(run(changed), before, atol=1e-3)
    assert torch.equal(run(model), before)
    assert patches.with_hypernetwork(model, loaded, 0.0) is model


def test_another_kind_of_model_is_named(model, tmp_path):
    write(tmp_path / "h.pt", {}, widths=(48, 80))
    loaded = patches.load_hypernetwork(tmp_path / "h.pt")
    with pytest.raises(NoMatchingWeights, match=r"h\.pt changes attention that reads 48, 80 channels, .* reads 64"):
        patches.with_hypernetwork(model, loaded, 1.0)


def test_what_is_no_hypernetwork_is_named(tmp_path):
    torch.save({"a": torch.ones(3)}, tmp_path / "embedding.pt")
    with pytest.raises(BadFile, match=r"embedding\.pt is no hypernetwork"):
        patches.load_hypernetwork(tmp_path / "embedding.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(BadFile, match=r"list\.pt is no hypernetwork"):
        patches.load_hypernetwork(tmp_path / "list.pt")
    write(tmp_path / "h.pt", {"activation_func": "wobble"}, widths=(32,))
    with pytest.raises(BadFile, match="activation function 'wobble'"):
        patches.load_hypernetwork(tmp_path / "h.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(BadFile, match=r"junk\.pt cannot be read"):
        patches.load_hypernetwork(tmp_path / "junk.pt")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"linear.0.weight": torch.ones(64, 32)}, r"linear\.0\.weight is \[64, 32\]; .* takes 64"),
        ({"linear.0.weight": torch.ones(128, 64), "linear.0.bias": torch.ones(128)}, "gives 128 channels"),
        ({"linear.0.weight": torch.ones(64), "linear.0.bias": torch.ones(64)}, "at least one matrix"),
        ({"linear.0.bias": torch.ones(64)}, r"linear\.0\.weight is \[\]"),
        ({"linear.0.weight": torch.ones(64, 64)}, r"1 missing: 64\.0\.layers\.0\.bias"),
    ],
)
def test_sizes_that_do_not_go_together_are_named(state, told, tmp_path):
    whole = {"linear.0.weight": torch.ones(64, 64), "linear.0.bias": torch.ones(64)}
    torch.save({64: (state, whole)}, tmp_path / "odd.pt")
    with pytest.raises(BadFile, match=told):
        patches.load_hypernetwork(tmp_path / "odd.pt")


class Hostile:
    def __reduce__(self):
        return os.system, ("true",)


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save({64: Hostile()}, tmp_path / "hostile.pt")
    with pytest.raises(BadFile, match="would run code"):
        patches.load_hypernetwork(tmp_path / "hostile.pt")
