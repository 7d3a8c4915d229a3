"""Native nodes are what the ecosystem's workflows expect, and declaring them needs no torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nodes
from engine.files.places import Places
from engine.graph import ChoiceWidget, Registry
from engine.sampling.catalog import SAMPLERS, SCHEDULES
from engine.wire.object_info import object_info

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = json.loads((Path(__file__).parent / "expected_nodes.json").read_text(encoding="utf-8"))
REGISTRY = Registry(nodes.definitions())
HERE = [node_type for node_type in EXPECTED if node_type in REGISTRY]
WHOLE_GROUPS = {  # groups of the ecosystem's nodes of which none may be missing
    "core",
    "extra/advanced_samplers",
    "extra/align_your_steps",
    "extra/apg",
    "extra/cfg",
    "extra/clip_sdxl",
    "extra/cond",
    "extra/custom_sampler",
    "extra/differential_diffusion",
    "extra/eps",
    "extra/fresca",
    "extra/gits",
    "extra/hooks",
    "extra/ip2p",
    "extra/mahiro",
    "extra/perpneg",
    "extra/sdupscale",
    "extra/tcfg",
    "extra/attention_multiply",
    "extra/canny",
    "extra/compositing",
    "extra/controlnet",
    "extra/freelunch",
    "extra/hypertile",
    "extra/hypernetwork",
    "extra/images",
    "extra/latent",
    "extra/lora_extract",
    "extra/mask",
    "extra/model_merging",
    "extra/model_merging_model_specific",
    "extra/morphology",
    "extra/model_downscale",
    "extra/pag",
    "extra/post_processing",
    "extra/preview_any",
    "extra/primitive",
    "extra/rebatch",
    "extra/sag",
    "extra/string",
    "extra/tomesd",
    "extra/torch_compile",
    "extra/upscale_model",
    "extra/video",
    "extra/video_model",
}
# Choices that list what is there.
OF_FILES = {
    "ckpt_name", "clip_name", "clip_name1", "clip_name2", "clip_name3", "control_net_name", "file", "image", "latent",
    "gligen_name", "hypernetwork_name", "lora_name", "model_name", "model_path", "style_model_name", "unet_name",
}  # fmt: skip


@pytest.fixture
def places(tmp_path):
    return Places.under(tmp_path)


def test_declaring_all_nodes_imports_no_torch_numpy_or_pillow():
    code = (
        "import sys, nodes; count = len(list(nodes.definitions())); "
        "print(count, [name for name in ('torch', 'numpy', 'PIL', 'safetensors') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{len(REGISTRY)} []"


def test_no_two_functions_declare_the_same_type():
    types = [definition.type for definition in nodes.definitions()]
    assert sorted(types) == sorted(set(types))


def test_the_nodes_of_whole_groups_are_all_there():
    expected = {node_type for node_type, told in EXPECTED.items() if told["group"] in WHOLE_GROUPS}
    assert sorted(expected - set(HERE)) == []


@pytest.mark.parametrize("node_type", HERE)
def test_inputs_are_those_of_the_ecosystem(node_type, places):
    info = object_info(REGISTRY[node_type], places)
    expected = EXPECTED[node_type]["inputs"]
    for group in ("required", "optional"):
        assert list(info["input"].get(group, {})) == list(expected.get(group, {}))
        for name, wanted in expected.get(group, {}).items():
            kind, options = info["input"][group][name]
            wanted_kind, wanted_options = _one_style(wanted)
            assert kind == _choices(name, wanted_kind)
            assert _telling(options) == _telling(wanted_options)
    assert set(info["input"].get("hidden", {})) == set(expected.get("hidden", {}))


def _one_style(wanted):
    """A choice is told in one of two ways that mean the same."""
    kind, options = wanted[0], dict(wanted[1]) if len(wanted) > 1 else {}
    if kind == "COMBO":
        kind = options.pop("options", [])
    return kind, options


def _telling(options):
    """Leave out what says nothing: a switch that is off, as it is without a word; and help for the user."""
    return {key: value for key, value in options.items() if key != "tooltip" and value is not False}


def _choices(name, wanted):
    """What the spec lists, without the files of the machine it was made on and samplers that are not here yet."""
    if not isinstance(wanted, list):
        return wanted
    if name in OF_FILES:
        return []
    implemented = {"sampler_name": SAMPLERS, "scheduler": SCHEDULES}.get(name, wanted)
    return [value for value in wanted if value in implemented]


@pytest.mark.parametrize("node_type", HERE)
def test_outputs_names_and_flags_are_those_of_the_ecosystem(node_type, places):
    info = object_info(REGISTRY[node_type], places)
    expected = EXPECTED[node_type]
    assert [list(pair) for pair in zip(info["output"], info["output_name"], strict=True)] == expected["outputs"]
    assert info["display_name"] == (expected["display_name"] or node_type)
    assert info["category"] == expected["category"]
    assert info["output_node"] == expected.get("output_node", False)
    assert info.get("deprecated", False) == expected.get("deprecated", False)


def test_samplers_are_those_that_are_implemented_in_the_ecosystems_order():
    wanted = EXPECTED["KSampler"]["inputs"]["required"]
    assert set(SAMPLERS) <= set(wanted["sampler_name"][0])
    assert len(SAMPLERS) >= 11
    assert list(SCHEDULES) == wanted["scheduler"][0]


@pytest.mark.parametrize("definition", REGISTRY.values(), ids=lambda definition: definition.type)
def test_every_node_is_described_and_its_choices_have_tooltips(definition):
    assert definition.description
    for spec in definition.inputs:
        if isinstance(spec.widget, ChoiceWidget) and spec.name in OF_FILES:
            assert spec.tooltip, f"{definition.type}.{spec.name} says nothing to its user"
