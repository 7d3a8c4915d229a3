"""Upscale networks load from every layout that is shared, and compute what their papers draw."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine import models
from engine.errors import BadFile
from engine.models.upscalers.compact import CompactConfig, CompactNet
from engine.models.upscalers.rrdb import RrdbConfig, RrdbNet

PRECISION = models.choose_precision("cpu", every="fp32", channels_last=False)
SMALL = {"blocks": 2, "features": 8, "growth": 4}


def seeded(module: nn.Module) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    state = {name: torch.randn(t.shape, generator=generator) * 0.1 for name, t in module.state_dict().items()}
    module.load_state_dict(state)
    return state


def rrdb(doublings=2, unshuffle=1):
    return RrdbNet(RrdbConfig(3, 3, **SMALL, doublings=doublings, unshuffle=unshuffle))


def old_names(state, doublings=2):
    """The names of the first ESRGAN files: places in nested lists."""
    last = 3 * doublings + 2
    table = {
        "conv_first": "model.0",
        "conv_body": "model.1.sub.2",
        "conv_hr": f"model.{last}",
        "conv_last": f"model.{last + 2}",
    }
    table |= {f"conv_up{number + 1}": f"model.{3 * (number + 1)}" for number in range(doublings)}
    renamed = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        if layer.startswith("body."):
            _, block, dense, convolution = layer.split(".")
            layer = f"model.1.sub.{block}.RDB{dense[-1]}.{convolution}.0"
        renamed[f"{table.get(layer, layer)}.{kind}"] = tensor
    return renamed


def second_names(state):
    changes = (("conv_body", "trunk_conv"), ("body.", "RRDB_trunk."), (".rdb", ".RDB"), ("conv_up", "upconv"))
    renamed = {}
    for name, tensor in state.items():
        for new, old in (*changes, ("conv_hr", "HRconv")):
            name = name.replace(new, old)
        renamed[name] = tensor
    return renamed


@pytest.mark.parametrize(
    "rename", [dict, old_names, second_names, lambda state: {f"params_ema.{name}": t for name, t in state.items()}]
)
def test_every_way_to_name_an_rrdb_network_loads_the_same(tmp_path, rename):
    network = rrdb()
    save_file(rename(seeded(network)), tmp_path / "x4.safetensors")
    model = models.load_upscale_model(tmp_path / "x4.safetensors", precision=PRECISION)
    picture = torch.rand(1, 12, 10, 3, generator=torch.Generator().manual_seed(2))
    made = model.upscale(picture)
    assert model.scale == 4 and made.shape == (1, 48, 40, 3)
    with torch.no_grad():
        expected = network(picture.movedim(-1, 1)).movedim(1, -1).clamp(0, 1)
    torch.testing.assert_close(made, expected)


@pytest.mark.parametrize(("doublings", "unshuffle", "scale"), [(1, 1, 2), (3, 1, 8), (2, 2, 2), (2, 4, 1)])
def test_scales_are_read_off_the_file(tmp_path, doublings, unshuffle, scale):
    save_file(seeded(rrdb(doublings, unshuffle)), tmp_path / "model.safetensors")
    model = models.load_upscale_model(tmp_path / "model.safetensors", precision=PRECISION)
    assert model.scale == scale
    assert model.upscale(torch.rand(2, 9, 7, 4)).shape == (2, 9 * scale, 7 * scale, 3)


def test_old_names_of_other_scales(tmp_path):
    save_file(old_names(seeded(rrdb(1)), 1), tmp_path / "x2.safetensors")
    assert models.load_upscale_model(tmp_path / "x2.safetensors", precision=PRECISION).scale == 2


def test_pickles_hold_their_weights_a_level_deeper(tmp_path):
    network = CompactNet(CompactConfig(3, 2, 8, 4))
    torch.save({"params": seeded(network)}, tmp_path / "compact.pth")
    model = models.load_upscale_model(tmp_path / "compact.pth", precision=PRECISION)
    picture = torch.rand(1, 6, 5, 3)
    with torch.no_grad():
        expected = network(picture.movedim(-1, 1)).movedim(1, -1).clamp(0, 1)
    torch.testing.assert_close(model.upscale(picture), expected)


def test_large_pictures_are_computed_in_tiles_without_seams(tmp_path):
    network = rrdb(1)
    save_file(seeded(network), tmp_path / "x2.safetensors")
    model = models.load_upscale_model(tmp_path / "x2.safetensors", precision=PRECISION)
    wide = torch.rand(1, 24, 600, 3, generator=torch.Generator().manual_seed(0))
    told = []
    made = model.upscale(wide, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    with torch.no_grad():
        expected = network(wide.movedim(-1, 1)).movedim(1, -1).clamp(0, 1)
    difference = (made - expected).abs()  # not 0: at its border a tile knows less of its neighbours
    assert difference.max() < 0.03 and difference.mean() < 1e-4


def test_an_unknown_network_is_named(tmp_path):
    save_file({"strange.weight": torch.zeros(2, 2)}, tmp_path / "strange.safetensors")
    with pytest.raises(BadFile, match=r"strange\.safetensors"):
        models.load_upscale_model(tmp_path / "strange.safetensors", precision=PRECISION)
