"""Node types are described as editors and scripts expect."""

from pathlib import Path

from engine.files.places import Places
from engine.graph.definition import InputSpec, NodeDefinition, OutputSpec
from engine.graph.registry import Registry
from engine.graph.widgets import ChoiceWidget, NumberWidget, TextWidget, ToggleWidget
from engine.wire.object_info import input_info, object_info
from tests import doubles


def test_a_whole_node_type(tmp_path):
    definition = Registry(doubles.definitions())["Both"]
    assert object_info(definition, Places.under(tmp_path)) == {
        "input": {"required": {"a": ["NUMBER", {}]}, "optional": {"b": ["NUMBER", {}]}},
        "input_order": {"required": ["a"], "optional": ["b"]},
        "is_input_list": False,
        "output": ["NUMBER", "NUMBER"],
        "output_is_list": [False, False],
        "output_name": ["NUMBER", "count"],
        "output_tooltips": ["", ""],
        "name": "Both",
        "display_name": "Sum and count",
        "description": "Give a sum, and how many numbers went into it.",
        "python_module": "tests.doubles",
        "category": "test",
        "output_node": False,
    }


def test_flags_and_hidden_inputs(tmp_path):
    definition = NodeDefinition(
        "Old", "Old", "c", outputs=(OutputSpec("n", "INT", is_list=True, tooltip="numbers"),), takes_lists=True,
        hidden={"prompt": "PROMPT"}, deprecated=True, experimental=True,
    )  # fmt: skip
    info = object_info(definition, Places.under(tmp_path))
    assert info["input"] == {"required": {}, "hidden": {"prompt": "PROMPT"}}
    assert info["input_order"] == {"required": [], "hidden": ["prompt"]}
    assert info["deprecated"] and info["experimental"] and info["is_input_list"]
    assert info["output_is_list"] == [True] and info["output_tooltips"] == ["numbers"]


def test_inputs_of_every_kind(tmp_path):
    places = Places.under(tmp_path)
    seed = NumberWidget("INT", 0, 0, 2**64 - 1, control_after_generate=True)
    cases = [
        (InputSpec("seed", "INT", widget=seed, tooltip="chance"),
         ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True, "tooltip": "chance"}]),
        (InputSpec("cfg", "FLOAT", widget=NumberWidget("FLOAT", 8.0, 0.0, 100.0, 0.1, 0.01)),
         ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}]),
        (InputSpec("text", "STRING", widget=TextWidget("", multiline=True, dynamic_prompts=True)),
         ["STRING", {"default": "", "multiline": True, "dynamicPrompts": True}]),
        (InputSpec("on", "BOOLEAN", widget=ToggleWidget(True, "yes", "no")),
         ["BOOLEAN", {"default": True, "label_on": "yes", "label_off": "no"}]),
        (InputSpec("mode", "COMBO", widget=ChoiceWidget(("a", "b"), "b", more={"image_upload": True})),
         [["a", "b"], {"default": "b", "image_upload": True}]),
        (InputSpec("model", "MODEL", lazy=True, raw_link=True, more={"advanced": True}),
         ["MODEL", {"lazy": True, "rawLink": True, "advanced": True}]),
    ]  # fmt: skip
    for spec, expected in cases:
        assert input_info(spec, places) == expected


def test_files_are_listed_as_they_are_now(tmp_path: Path):
    places = Places.under(tmp_path)
    definition = Registry(doubles.definitions())["ChooseModel"]
    assert object_info(definition, places)["input"]["required"]["name"] == [[], {}]
    folder = tmp_path / "models" / "checkpoints" / "sub"
    folder.mkdir(parents=True)
    (folder / "m.safetensors").touch()
    assert object_info(definition, places)["input"]["required"]["name"] == [["sub/m.safetensors"], {}]
