"""The schema style, run through the executor by a pack that is loaded from a file."""

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.events import NodeBlocked, NodeProgress
from engine.graph import Link, check_graph
from engine.wire.object_info import object_info
from tests.execution.runner import graph_of
from tests.packs.conftest import bring

PACK = Path(__file__).with_name("pack_of_the_schema_style.py")
NAME = "custom_nodes.schemas"


class PackRunner:
    """Checks graphs, runs them, and keeps what was said."""

    def __init__(self, brought):
        self.brought = brought
        self.executor = LocalExecutor(brought.registry, brought.places, Resources())
        self.events = []
        self.jobs = 0

    @property
    def module(self):
        return sys.modules[NAME]

    def problems(self, **nodes):
        checked = check_graph(graph_of(nodes), self.brought.registry, self.brought.places)
        return {
            node: [(problem.kind, problem.input) for problem in found.problems]
            for node, found in checked.problems.items()
        }

    def run(self, target="show", extra=None, **nodes):
        self.jobs += 1
        self.events = []
        checked = check_graph(graph_of(nodes), self.brought.registry, self.brought.places)
        assert not checked.problems
        prompt = {name: {"class_type": kind} for name, (kind, _) in nodes.items()}
        request = RunRequest(f"job {self.jobs}", checked.graph, (target,), prompt, extra or {})
        outcome = self.executor.run(request, self.events.append)
        if outcome.error is not None:
            raise AssertionError("".join(outcome.error.traceback))
        return outcome

    def shown(self, **nodes):
        told = self.run(**nodes).outputs.get("show")
        return None if told is None else list(told["text"])

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def brought(places):
    shutil.copy(PACK, places.custom_nodes[0] / "schemas.py")
    return bring(places)


@pytest.fixture
def runner(brought):
    made = PackRunner(brought)
    yield made
    made.executor.close()


def show(source, output=0):
    return {"show": ("SchemaShow", {"value": Link(source, output)})}


def test_a_pack_with_an_entry_point_and_a_mapping_brings_both(brought):
    pack = brought.pack("schemas")
    assert pack.errors == ()
    assert sys.modules[NAME].STATE["loaded"]
    types = {definition.type for definition in pack.definitions}
    assert {"SchemaWidgets", "SchemaMedia", "ByMapping"} <= types
    assert brought.registry["ByMapping"].display_name == "By mapping"


def test_every_plain_kind_is_a_socket_of_its_type(brought):
    info = object_info(brought.registry["SchemaEveryKind"], brought.places)
    kinds = [kind.io_type for kind in sys.modules[NAME].PLAIN_KINDS]
    assert info["output"] == kinds
    assert [declared[0] for declared in info["input"]["optional"].values()] == kinds
    assert {"IMAGE", "LATENT", "LATENT_UPSCALE_MODEL", "FEATURE_THING", "MINE", "*", "SVG", "LOAD_3D"} <= set(kinds)
    assert len(set(kinds)) == len(kinds)


WIDGETS = {
    "on": ["BOOLEAN", {"default": True, "label_on": "yes", "label_off": "no"}],
    "count": [
        "INT",
        {
            "default": 2, "min": 0, "max": 10, "step": 2, "display": "slider", "control_after_generate": True,
            "tooltip": "how many",
        },
    ],
    "amount": ["FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0, "step": 0.01, "round": 0.001}],
    "text": ["STRING", {"multiline": True, "placeholder": "write", "dynamicPrompts": True, "default": ""}],
    "mode": [["fast", "good"], {"default": "good", "multiselect": False}],
    "picture": [["a.png"], {"multiselect": False, "image_upload": True, "image_folder": "input"}],
    "remote": [
        "COMBO",
        {
            "multiselect": False,
            "remote": {"route": "/things", "refresh_button": True, "control_after_refresh": "first", "timeout": 5},
        },
    ],
    "several": [
        ["p", "q", "r"],
        {"default": ["p"], "multiselect": True, "multi_select": {"placeholder": "choose", "chip": True}},
    ],
    "number": ["FLOAT,INT,STRING", {"default": 1.5, "widgetType": "FLOAT"}],
    "socket": ["INT", {"forceInput": True, "mine": 1}],
    "color": ["COLOR", {"default": "#ffffff", "socketless": True, "advanced": True}],
}  # fmt: skip


@pytest.mark.parametrize("name", WIDGETS)
def test_how_a_widget_is_told(brought, name):
    info = object_info(brought.registry["SchemaWidgets"], brought.places)
    group = "optional" if name in ("amount", "remote", "number", "socket", "color") else "required"
    assert info["input"][group][name] == WIDGETS[name]


def test_what_is_told_of_a_node(brought):
    info = object_info(brought.registry["SchemaWidgets"], brought.places)
    told = (info["display_name"], info["category"], info["description"], info["python_module"])
    assert told == ("Schema widgets", "features/schema", "Give back what was set.", NAME)
    assert (info["output_name"], info["output_tooltips"]) == (["Said"], ["all of it"])
    assert info["experimental"] and "deprecated" not in info
    assert object_info(brought.registry["SchemaShow"], brought.places)["output_node"]


def test_a_schema_class_looks_like_a_class_style_one(brought):
    cls = sys.modules[NAME].Switch
    assert cls.INPUT_TYPES()["required"]["switch"] == ("BOOLEAN", {})
    assert (cls.RETURN_TYPES, cls.RETURN_NAMES, cls.OUTPUT_NODE) == (("*",), ("chosen",), False)
    node = brought.native.NODE_CLASS_MAPPINGS["SchemaNumber"]
    assert getattr(node(), node.FUNCTION)(value=3)["result"] == (3,)


SETTINGS = {"on": True, "count": 4, "text": "hi", "mode": "fast", "picture": "a.png", "several": ["p", "r"]}


def test_widgets_reach_execute_by_name(runner):
    nodes = {"node": ("SchemaWidgets", {**SETTINGS, "number": "many", "socket": 3, "unknown": 4}), **show("node")}
    assert runner.shown(**nodes) == ["True 4 0.25 hi fast ['p', 'r'] many ['socket']"]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"count": 11}, "value_bigger_than_max"),
        ({"mode": "slow"}, "value_not_in_list"),
        ({"several": ["p", "z"]}, "value_not_in_list"),
        ({"amount": "much"}, "invalid_input_type"),
    ],
)
def test_widgets_are_checked(runner, changed, kind):
    nodes = {"node": ("SchemaWidgets", {**SETTINGS, **changed}), **show("node")}
    assert runner.problems(**nodes) == {"node": [(kind, next(iter(changed)))]}


def test_grown_inputs_reach_execute_as_dicts(runner):
    inputs = {"numbers.n0": 1, "numbers.n1": Link("n", 0), "numbers.n3": 4, "words.b": "last"}
    nodes = {"n": ("SchemaNumber", {"value": 2}), "grow": ("SchemaGrow", inputs), **show("grow")}
    assert runner.shown(**nodes) == ["{'n0': 1, 'n1': 2, 'n3': 4} {'b': 'last'}"]


def test_the_first_grown_inputs_are_required_and_all_are_checked(runner):
    word = ("SchemaWord", {"word": "x"})
    nodes = {"w": word, "grow": ("SchemaGrow", {"numbers.n0": 1, "numbers.n2": Link("w", 0)}), **show("grow")}
    assert runner.problems(**nodes)["grow"] == [
        ("required_input_missing", "numbers.n1"),
        ("return_type_mismatch", "numbers.n2"),
    ]


CHOICES = [
    ({"kind": "text", "kind.value": "v"}, "{'kind': 'text', 'value': 'v'} None"),
    ({"kind": "int", "kind.value": 3}, "{'kind': 'int', 'value': 3} None"),
    (
        {"kind": "deep", "kind.sub": "x", "kind.sub.amount": 0.5, "kind.all.n0": 7, "kind.value": "stale"},
        "{'kind': 'deep', 'sub': {'sub': 'x', 'amount': 0.5}, 'all': {'n0': 7}} None",
    ),
    (
        {"kind": "text", "kind.value": "v", "slot": 2, "slot.scale": 3},
        "{'kind': 'text', 'value': 'v'} {'slot': 2, 'scale': 3}",
    ),
]


@pytest.mark.parametrize(("inputs", "seen"), CHOICES)
def test_a_choice_brings_its_inputs(runner, inputs, seen):
    assert runner.shown(node=("SchemaDynamic", inputs), **show("node")) == [seen]


WRONG_CHOICES = [
    ({"kind": "text"}, ("required_input_missing", "kind.value")),
    ({"kind": "int", "kind.value": 10}, ("value_bigger_than_max", "kind.value")),
    ({"kind": "none"}, ("value_not_in_list", "kind")),
    ({}, ("required_input_missing", "kind")),
    ({"kind": "deep", "kind.sub": "x", "kind.all.n0": 7}, ("required_input_missing", "kind.sub.amount")),
    ({"kind": "deep", "kind.sub": "y"}, ("required_input_missing", "kind.all.n0")),
    ({"kind": "text", "kind.value": "v", "slot": 2}, ("required_input_missing", "slot.scale")),
]


@pytest.mark.parametrize(("inputs", "problem"), WRONG_CHOICES)
def test_the_inputs_of_the_chosen_value_are_checked(runner, inputs, problem):
    assert runner.problems(node=("SchemaDynamic", inputs), **show("node")) == {"node": [problem]}


def test_a_node_judges_and_fingerprints_grown_inputs_as_a_dict(runner):
    told = {"all.n0": 3, "all.n2": 99}
    assert runner.problems(node=("SchemaJudged", told), **show("node")) == {"node": [("custom_validation_failed", "")]}
    assert runner.shown(node=("SchemaJudged", {**told, "all.n2": 9}), **show("node")) == ["{'n0': 3, 'n2': 9}"]
    assert runner.module.STATE["fingerprinted"] == {"n0": 3, "n2": 9}


def test_lazy_grown_inputs_are_asked_for_by_their_full_names(runner):
    nodes = {f"n{index}": ("SchemaNumber", {"value": index}) for index in range(3)}
    links = {f"all.n{index}": Link(f"n{index}", 0) for index in range(3)}
    lazy = ("SchemaLazyGrow", {"wanted": 2, **links})
    outcome = runner.run(**nodes, lazy=lazy, **show("lazy"))
    assert list(outcome.outputs["show"]["text"]) == ["{'n0': 0, 'n1': 1, 'n2': None}"]
    assert runner.module.SEEN == [0, 1]


def test_choices_and_matched_types_grow_and_lists_reach_them(runner):
    inputs = {"all.m0": Link("n", 0), "all.m1": Link("split", 1), "choices.second": "on", "choices.second.x": 4}
    nodes = {"n": ("SchemaNumber", {"value": 2}), "split": ("SchemaLists", {"values": 1})}
    shown = runner.shown(**nodes, node=("SchemaLazyLists", inputs), **show("node"))
    assert shown == ["{'m0': [2], 'm1': [2, 10]} {'second': {'c': ['on'], 'x': [4]}}"]
    del inputs["choices.second.x"]
    wrong = runner.problems(**nodes, node=("SchemaLazyLists", inputs), **show("node"))
    assert wrong == {"node": [("required_input_missing", "choices.second.x")]}


@pytest.mark.parametrize("switch", [True, False])
def test_a_switch_evaluates_one_side_and_passes_its_type_on(runner, switch):
    nodes = {
        "a": ("SchemaNumber", {"value": 1}),
        "b": ("SchemaNumber", {"value": 2}),
        "switch": ("SchemaSwitch", {"switch": switch, "on_true": Link("a", 0), "on_false": Link("b", 0)}),
        "after": ("SchemaNumber", {"value": Link("switch", 0)}),
    }
    assert runner.shown(**nodes, **show("after")) == ["1" if switch else "2"]
    assert len(runner.module.SEEN) == 2  # one side, and what follows


def test_matched_inputs_take_the_allowed_types_only(runner):
    nodes = {
        "list": ("SchemaEveryKind", {}),
        "switch": ("SchemaSwitch", {"switch": True, "on_true": Link("list", 0), "on_false": Link("list", 0)}),
    }
    kinds = {kind for kind, _ in runner.problems(**nodes, **show("switch"))["switch"]}
    assert kinds == {"return_type_mismatch"}


def test_validate_inputs_judges(runner):
    assert runner.problems(n=("SchemaNumber", {"value": 13}), **show("n")) == {"n": [("custom_validation_failed", "")]}
    assert runner.shown(n=("SchemaNumber", {"value": 60}), **show("n")) == ["60"]  # it names `value`: no limit then


def test_a_changed_fingerprint_runs_the_node_again(runner):
    nodes = {"n": ("SchemaNumber", {"value": 1}), "out": ("SchemaOutside", {"linked": Link("n", 0)}), **show("out")}
    assert runner.shown(**nodes) == ["1001"]
    assert runner.run(**nodes).executed == ()
    runner.module.STATE["version"] = 2
    assert set(runner.run(**nodes).executed) == {"out", "show"}


@pytest.mark.parametrize(("kind", "last"), [("SchemaNap", (4, 4)), ("SchemaNapSync", (2, 3))])
def test_nodes_sync_and_async_tell_their_progress(runner, kind, last):
    assert runner.shown(nap=(kind, {"value": 7}), **show("nap")) == ["7"]
    told = [(event.value, event.maximum) for event in runner.of(NodeProgress)]
    assert last in told


def test_hidden_ones_are_told_through_the_class(runner):
    extra = {"extra_pnginfo": {"workflow": {}}}
    outcome = runner.run(h=("SchemaHidden", {}), extra=extra, **show("h"))
    assert list(outcome.outputs["show"]["text"]) == ["h ['h', 'show'] {'workflow': {}} SchemaHidden"]


def test_lists(runner):
    nodes = {"first": ("SchemaLists", {"values": 1}), "again": ("SchemaLists", {"values": Link("first", 1)})}
    assert runner.shown(**nodes, **show("again")) == ["12"]
    assert runner.shown(**nodes, **show("first", 1)) == ["2", "10"]


def test_a_plain_tuple_is_a_result(runner):
    assert runner.shown(w=("SchemaWord", {"word": "plain"}), **show("w")) == ["plain"]


def test_blocked_outputs(runner):
    assert runner.shown(b=("SchemaBlock", {"value": 1, "why": ""}), **show("b")) is None
    runner.run(b=("SchemaBlock", {"value": 1, "why": "not today"}), **show("b"))
    assert [event.reason for event in runner.of(NodeBlocked)] == ["not today"]


def test_expansion(runner):
    assert runner.shown(e=("SchemaExpand", {"value": 4}), **show("e")) == ["5"]


def shown_files(runner, mode, key="images"):
    ui = runner.run(target="m", extra={"extra_pnginfo": {"workflow": {"a": 1}}}, m=("SchemaMedia", {"mode": mode}))
    told = ui.outputs["m"]
    places = runner.brought.places
    files = [places.area(entry["type"]) / entry["subfolder"] / entry["filename"] for entry in told[key]]
    return told, [Image.open(io.BytesIO(file.read_bytes())) if key == "images" else file for file in files]


def test_previews_are_files_in_the_temporary_folder(runner):
    told, files = shown_files(runner, "preview")
    assert [entry["type"] for entry in told["images"]] == ["temp", "temp"]
    pictures = [np.asarray(picture) for picture in files]
    expected = (np.linspace(0, 1, 144, dtype=np.float32).reshape(2, 6, 4, 3) * np.float32(255)).astype(np.uint8)
    assert np.abs(np.stack(pictures).astype(int) - expected).max() <= 1


def test_saved_pictures_carry_the_workflow(runner):
    told, files = shown_files(runner, "save")
    assert told["images"][0] == {"filename": "pic_00001_.png", "subfolder": "mine", "type": "output"}
    assert files[0].info["workflow"] == '{"a": 1}'


@pytest.mark.parametrize(("mode", "frames"), [("animated", 2), ("webp", 2), ("mask", 1)])
def test_animations_and_masks(runner, mode, frames):
    told, files = shown_files(runner, mode)
    assert files[0].n_frames == frames
    assert tuple(told["animated"]) == (mode != "mask",)


def test_a_sound_is_previewed_as_flac(runner):
    pytest.importorskip("av")
    _, files = shown_files(runner, "audio", "audio")
    assert files[0].read_bytes()[:4] == b"fLaC"


def test_a_dict_is_a_result(runner):
    assert runner.run(target="m", m=("SchemaMedia", {"mode": "dict"})).outputs["m"] == {"text": ["plain"]}


def test_editors_are_told_owners_and_what_belongs_to_them(runner):
    told = {
        name: object_info(runner.brought.registry.get(name), runner.brought.places)["input"]
        for name in ("SchemaGrow", "SchemaDynamic")
    }
    number = ["INT", {"forceInput": True}]
    grown = {"template": {"input": {"required": {"n": number}}, "prefix": "n", "max": 5, "min": 2}}
    word = {
        "template": {
            "input": {"required": {}, "optional": {"word": ["STRING", {"multiline": False, "forceInput": True}]}},
            "names": ["a", "b"],
            "min": 0,
        }
    }
    assert told["SchemaGrow"] == {
        "required": {"numbers": ["COMFY_AUTOGROW_V3", grown], "words": ["COMFY_AUTOGROW_V3", word]}
    }
    kind, options = told["SchemaDynamic"]["required"]["kind"]
    assert (kind, [option["key"] for option in options["options"]]) == (
        "COMFY_DYNAMICCOMBO_V3",
        ["text", "int", "deep"],
    )
    assert options["options"][1]["inputs"] == {
        "required": {"value": ["INT", {"min": 0, "max": 9}]}, "optional": {"more": ["INT", {}]},
    }  # fmt: skip
    deep = options["options"][2]["inputs"]["required"]
    assert [entry[0] for entry in deep.values()] == ["COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3"]
    slot = {"slotType": "INT", "inputs": {"required": {"scale": ["INT", {}]}}}
    assert told["SchemaDynamic"]["optional"]["slot"] == ["COMFY_DYNAMICSLOT_V3", slot]
    assert list(told["SchemaDynamic"]["required"]) == ["kind"]
