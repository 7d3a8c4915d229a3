"""Whatever the names and shapes in a file are, it is taken for one of ours or refused in words: no other error."""

import math

import pytest
import torch
from safetensors.torch import save_file

from engine import control, models, patches
from engine.errors import BadFile
from tests import tiny
from tests.control.test_style_model import ADAPTER
from tests.models.test_damaged_headers import damaged
from tests.tiny import gligen_shapes

UNION = {
    "control_model.task_embedding": (8, 32),
    "control_model.control_add_embedding.linear_1.weight": (128, 8 * 256),
    "control_model.control_add_embedding.linear_1.bias": (128,),
    "control_model.control_add_embedding.linear_2.weight": (128, 128),
    "control_model.control_add_embedding.linear_2.bias": (128,),
    "control_model.spatial_ch_projs.weight": (32, 32),
    "control_model.spatial_ch_projs.bias": (32,),
}
RANKS = {"lora_controlnet": (0,), "time_embed.0.up": (128, 3), "time_embed.0.down": (3, 32)}
REDUX = {"redux_up.weight": (24, 16), "redux_up.bias": (24,), "redux_down.weight": (64, 24), "redux_down.bias": (64,)}


def lora_shapes():
    own = {name.removeprefix("control_model."): shape for name, shape in tiny.controlnet_shapes().items()}
    whole = ("input_hint", "zero_convs", "middle_block_out", "time_embed.2", "input_blocks.0")
    return RANKS | {name: shape for name, shape in own.items() if name.startswith(whole)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tiny.write_checkpoint(tmp_path_factory.mktemp("damaged") / "m.safetensors")
    return models.load_checkpoint(path, precision=models.choose_precision(every="fp32")).model


def load_control(path, model):
    loaded = control.load_controlnet(path)
    if isinstance(loaded, control.ControlLora):
        loaded.beside(model)


KINDS = {
    "union": (lambda: tiny.controlnet_shapes() | UNION, load_control),
    "ranks": (lora_shapes, load_control),
    "gligen": (gligen_shapes, lambda path, _: control.load_gligen(path)),
    "style adapter": (lambda: ADAPTER, lambda path, _: control.load_style_model(path)),
    "redux": (lambda: REDUX, lambda path, _: control.load_style_model(path)),
}


def changed(shapes, seed):
    """Damaged names and shapes, without the largest, which no test can write; small files have more to lose."""
    fillers = {f"filler.{number}": (1,) for number in range(40)}
    found = damaged(shapes | fillers if len(shapes) < len(fillers) else shapes, seed)
    return {name: shape for name, shape in found.items() if "filler" not in name and math.prod(shape) < 10**7}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_names_and_shapes(kind, model, tmp_path):
    shapes, load = KINDS[kind][0](), KINDS[kind][1]
    load(tiny.write_header(tmp_path / "whole.safetensors", shapes), model)
    refused = 0
    for seed in range(60):
        try:
            load(tiny.write_header(tmp_path / f"{seed}.safetensors", changed(shapes, seed)), model)
        except BadFile:
            refused += 1
    assert refused > 10


def test_damaged_hypernetworks(tmp_path):
    shapes = {f"linear.{n}.{kind}": s for n in (0, 2) for kind, s in (("weight", (64, 64)), ("bias", (64,)))}
    refused = 0
    for seed in range(60):
        kept = {name: torch.zeros(shape) for name, shape in changed(shapes, seed).items()}
        content = {64: (kept, kept)} if seed % 3 else {64: (kept,), "80": [kept, kept, kept], "x": kept}
        torch.save(content, tmp_path / "h.pt")
        try:
            patches.load_hypernetwork(tmp_path / "h.pt")
        except BadFile:
            refused += 1
    assert refused > 10


def test_the_kinds_do_not_take_each_others_files(model, tmp_path):
    save_file(tiny.random_weights(REDUX, 0), tmp_path / "redux.safetensors")
    save_file(tiny.random_weights(gligen_shapes(), 0), tmp_path / "gligen.safetensors")
    for load, file in (
        (control.load_controlnet, "redux"),
        (control.load_gligen, "redux"),
        (control.load_controlnet, "gligen"),
        (control.load_style_model, "gligen"),
        (patches.load_hypernetwork, "gligen"),
    ):
        with pytest.raises(BadFile, match=rf"{file}\.safetensors"):
            load(tmp_path / f"{file}.safetensors")
