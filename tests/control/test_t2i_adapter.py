"""Adapters give what `diffusers` gives, from both layouts of both kinds, and are added where they belong."""

import re

import pytest
import torch
from diffusers import T2IAdapter
from safetensors.torch import save_file

from engine import control, models
from engine.control.t2i_adapter import PLACES, PLACES_XL
from engine.errors import BadFile
from engine.sampling import EPSILON, ControlCall, NoiseLevels
from tests.models import oracle

LEVELS = NoiseLevels.scaled_linear()
CHANNELS = [32, 64, 96, 96]
KINDS = {
    "full": {"adapter_type": "full_adapter", "downscale_factor": 8, "channels": CHANNELS, "num_res_blocks": 2},
    "grey": {
        "adapter_type": "full_adapter",
        "downscale_factor": 8,
        "channels": CHANNELS,
        "num_res_blocks": 2,
        "in_channels": 1,
    },
    "xl": {"adapter_type": "full_adapter_xl", "downscale_factor": 16, "channels": CHANNELS, "num_res_blocks": 2},
    "light": {"adapter_type": "light_adapter", "downscale_factor": 8, "channels": CHANNELS[:3], "num_res_blocks": 4},
}


def first_names(state):
    """The names of the first T2I-Adapter files, which count a full adapter's blocks in one row."""
    renamed = {}
    for name, tensor in state.items():
        name = name.removeprefix("adapter.")
        if any("out_conv" in other for other in state):
            name = name.replace(".resnets.", ".body.")
        else:
            name = re.sub(r"body\.(\d)\.resnets\.(\d)", lambda at: f"body.{int(at[1]) * 2 + int(at[2])}", name)
            name = re.sub(r"body\.(\d)\.in_conv", lambda at: f"body.{int(at[1]) * 2}.in_conv", name)
        renamed[name] = tensor
    return renamed


@pytest.fixture(scope="module", params=[(kind, rename) for kind in KINDS for rename in (dict, first_names)])
def case(request, tmp_path_factory):
    kind, rename = request.param
    torch.manual_seed(0)
    theirs = T2IAdapter(**KINDS[kind]).eval()
    path = tmp_path_factory.mktemp("adapter") / "adapter.safetensors"
    save_file(rename(theirs.state_dict()), path)
    ours = control.load_controlnet(path, precision=models.choose_precision("cpu", every="fp32", channels_last=False))
    return kind, theirs, ours


def call(height=8, width=6, count=2, sigma=2.0):
    x = oracle.noise(count, 4, height, width)
    return ControlCall(x, torch.full((count,), sigma), oracle.noise(count, 77, 64), None, 1, LEVELS, EPSILON)


def test_features_are_those_of_diffusers_at_their_blocks(case):
    kind, theirs, ours = case
    hint = torch.rand(1, 64, 48, 3, generator=torch.Generator().manual_seed(0))
    found = ours.use(hint, 0.7).residuals(call())
    picture = hint.movedim(-1, 1)
    with torch.no_grad():
        expected = theirs(picture.mean(dim=1, keepdim=True) if kind == "grey" else picture)
    for place, level in zip(PLACES_XL if kind == "xl" else PLACES, expected, strict=True):
        mine = found.middle[0] if place is None else found.input[place]
        torch.testing.assert_close(mine, level * 0.7, rtol=1e-4, atol=1e-5)
    wanted = {place for place in (PLACES_XL if kind == "xl" else PLACES) if place is not None}
    assert {number for number, part in enumerate(found.input) if part is not None} == wanted


def test_it_counts_in_its_time_range_only(case):
    _, _, ours = case
    hint = torch.rand(1, 64, 48, 3)
    late = float(LEVELS.at_percent(0.9))
    assert ours.use(hint, 1.0, 0.0, 0.5).residuals(call(sigma=late)) is None
    assert ours.use(hint, 0.0).residuals(call()) is None


def test_each_picture_of_a_batch_is_its_own_samples(case):
    _, _, ours = case
    hints = torch.rand(2, 64, 48, 3, generator=torch.Generator().manual_seed(1))
    x = oracle.noise(4, 4, 8, 6)
    both = ControlCall(x, torch.full((4,), 2.0), oracle.noise(4, 77, 64), None, 2, LEVELS, EPSILON)
    found = next(part for part in ours.use(hints).residuals(both).input if part is not None)
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])


def test_an_adapter_of_other_sizes_is_named(tmp_path):
    theirs = T2IAdapter(adapter_type="full_adapter", channels=[32, 64], num_res_blocks=1, downscale_factor=8)
    save_file(theirs.state_dict(), tmp_path / "two.safetensors")
    with pytest.raises(BadFile, match=r"two\.safetensors is no T2I adapter .* on 2 levels"):
        control.load_controlnet(tmp_path / "two.safetensors")
