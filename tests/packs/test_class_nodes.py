"""Every feature of the class contract, run through the executor by a pack that is loaded from a file."""

import sys
import time
from pathlib import Path

import pytest

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.events import NodeBlocked, NodeProgress
from engine.files.places import Places
from engine.graph import Link, check_graph
from tests.execution.runner import graph_of


class PackRunner:
    def __init__(self, features):
        self.features = features
        self.executor = LocalExecutor(features.registry, features.places, Resources())
        self.module = sys.modules["custom_nodes.features"]
        self.events = []
        self.jobs = 0

    def run(self, target="show", extra=None, **nodes):
        self.jobs += 1
        self.events = []
        graph = graph_of(nodes)
        prompt = {name: {"class_type": kind} for name, (kind, _) in nodes.items()}
        request = RunRequest(f"job {self.jobs}", graph, (target,), prompt, extra or {})
        outcome = self.executor.run(request, self.events.append)
        if outcome.error is not None:
            raise AssertionError("".join(outcome.error.traceback))
        return outcome

    def shown(self, **nodes):
        return self.run(**nodes).outputs.get("show", {}).get("text")

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def runner(features):
    made = PackRunner(features)
    yield made
    made.executor.close()


def show(source, output=0):
    return {"show": ("Show", {"value": Link(source, output)})}


def test_a_pack_is_loaded_with_its_definitions(features):
    pack = features.pack("features")
    assert pack.errors == ()
    number = features.registry["Number"]
    assert (number.display_name, number.category, number.description) == ("A number", "features", "Give a number.")
    assert number.module == "custom_nodes.features"
    assert [(output.name, output.type) for output in number.outputs] == [("number", "INT")]
    assert number.inputs[0].tooltip == "the number"
    assert features.registry["Switch"].inputs[1].type == "*"
    assert features.registry["Split"].outputs[0].is_list


def test_inputs_required_and_optional(runner):
    add = ("Add", {"a": Link("n", 0), "b": 2, "c": 4, "unknown": 8})
    assert runner.shown(n=("Number", {"value": 1}), add=add, **show("add")) == ["7"]


def test_a_second_run_takes_everything_from_the_cache(runner):
    nodes = {"n": ("Number", {"value": 1}), **show("n")}
    runner.run(**nodes)
    assert runner.run(**nodes).executed == ()


def test_an_instance_is_kept_per_node_between_runs(runner):
    first = {"count": ("Count", {"value": 1}), **show("count")}
    assert [runner.shown(**first), runner.shown(**first)] == [["1"], ["2"]]
    assert runner.shown(other=("Count", {"value": 1}), **show("other")) == ["1"]


def test_is_changed_by_value_and_by_exception(runner):
    state = runner.module.STATE
    nodes = {"n": ("Number", {"value": 1}), "out": ("Outside", {"linked": Link("n", 0)}), **show("out")}
    assert runner.shown(**nodes) == ["1001"]
    assert runner.run(**nodes).executed == ()
    state["version"] = 2
    assert set(runner.run(**nodes).executed) == {"out", "show"}
    state["fails"] = True
    assert set(runner.run(**nodes).executed) == {"out", "show"}


def test_lists_in_and_out(runner):
    nodes = {"split": ("Split", {"count": 3}), "add": ("Add", {"a": Link("split", 0), "b": 10})}
    assert runner.shown(**nodes, **show("add")) == ["10", "11", "12"]
    nodes["join"] = ("Join", {"values": Link("add", 0)})
    assert runner.shown(**nodes, **show("join")) == ["33"]
    assert runner.shown(**nodes, **show("join", 1)) == ["join"]


def test_hidden_inputs(runner):
    extra = {"extra_pnginfo": {"workflow": {}}}
    outcome = runner.run(hidden=("Hidden", {}), extra=extra, **show("hidden"))
    assert outcome.outputs["show"]["text"] == ["hidden ['hidden', 'show'] {'workflow': {}}"]


def test_lazy_inputs(runner):
    nodes = {"yes": ("Number", {"value": 1}), "no": ("Number", {"value": 2})}
    nodes["switch"] = ("Switch", {"which": True, "on_true": Link("yes", 0), "on_false": Link("no", 0)})
    assert "no" not in runner.run(**nodes, **show("switch")).executed


def test_blockers_with_and_without_a_message(runner):
    nodes = {"block": ("Block", {"value": 1, "message": "no more"}), **show("block")}
    assert runner.shown(**nodes) is None
    assert [event.reason for event in runner.of(NodeBlocked)] == ["no more"]
    nodes["block"] = ("Block", {"value": 1, "message": ""})
    assert runner.shown(**nodes) is None
    assert not runner.of(NodeBlocked)


def test_undeclared_links_reach_a_function_that_takes_any(runner):
    nodes = {"n": ("Number", {"value": 5})}
    nodes["sum"] = ("Variadic", {"input1": 1, "input2": Link("n", 0), "input9": Link("n", 0), "stray": 7})
    assert runner.shown(**nodes, **show("sum")) == ["11"]


def test_async_functions_overlap_and_report_progress(runner):
    nodes = {f"nap{i}": ("Nap", {"value": i, "seconds": 0.4}) for i in range(5)}
    nodes["sum"] = ("Variadic", {"input1": 0} | {f"input{i + 2}": Link(f"nap{i}", 0) for i in range(5)})
    began = time.monotonic()
    assert runner.shown(**nodes, **show("sum")) == ["10"]
    assert time.monotonic() - began < 1.9
    assert {(event.value, event.maximum) for event in runner.of(NodeProgress)} == {(1, 2), (2, 2)}


@pytest.mark.parametrize("rounds", [1, 40])
def test_a_loop_that_clones_its_body(runner, rounds):
    nodes = {
        "open": ("WhileOpen", {"condition": True, "initial0": rounds, "initial1": 0}),
        "less": ("Add", {"a": Link("open", 1), "b": -1}),
        "more": ("Add", {"a": Link("open", 2), "b": Link("open", 1)}),
        "go on": ("Positive", {"value": Link("less", 0)}),
        "close": (
            "WhileClose",
            {
                "flow": Link("open", 0),
                "condition": Link("go on", 0),
                "initial0": Link("less", 0),
                "initial1": Link("more", 0),
            },
        ),
    }
    outcome = runner.run(**nodes, **show("close", 1))
    assert outcome.outputs["show"]["text"] == [str(rounds * (rounds + 1) // 2)]
    assert len(outcome.executed) == 5 * rounds + 1
    assert max(map(len, outcome.executed)) <= 200
    assert runner.run(**nodes, **show("close", 1)).executed == ()


def test_validation_that_the_class_does_itself_replaces_limits_and_link_types(features):
    def problems(**nodes):
        validation = check_graph(graph_of(nodes), features.registry, features.places)
        return [problem.kind for found in validation.problems.values() for problem in found.problems]

    def checked(**inputs):
        return problems(c=("Checked", {"mode": "a", **inputs}), **show("c"))

    assert checked(value=9) == []
    assert checked(value=13) == ["custom_validation_failed"]
    assert checked(value=1, mode="z") == ["value_not_in_list"]
    number = ("Number", {"value": 101})
    assert problems(n=number, **show("n")) == ["value_bigger_than_max"]
    typed = {"c": ("CheckedTypes", {"value": Link("n", 0)}), **show("c")}
    assert problems(n=("Number", {"value": 1}), **typed) == []
    assert problems(n=("Hidden", {}), **typed) == ["custom_validation_failed"]


def test_latents_and_conditionings_change_their_form_at_the_packs_border(features):
    import torch

    from engine.sampling import Area, Conditioning, ConditioningItem, Hook, Latent

    item = ConditioningItem(torch.zeros(1, 2, 3), torch.ones(1, 4), Area(1, 2, 3, 4), 0.5, extra={"kept": 1})
    hooked = {"hooks": (Hook("a LoRA", 1.0, 0.0),), "encoded_start": 0.2, "encoded_end": 0.7, "is_default": True}
    item = item.with_(**hooked)
    given = {"latent": Latent(torch.ones(1, 4, 2, 2), batch_index=(3,)), "conditioning": Conditioning((item,))}
    function = features.registry["TouchLatent"].function
    context = type("Context", (), {"node_id": "n", "places": Places.under(Path("nowhere"))})()
    latent, conditioning, same = function(context=context, **given).outputs
    seen = sys.modules["custom_nodes.features"].SEEN[-1]
    assert seen[0] == ["batch_index", "samples"]
    assert {name: seen[1][name] for name in ("area", "strength", "kept")} == {
        "area": (1, 2, 3, 4), "strength": 0.5, "kept": 1
    }  # fmt: skip
    assert isinstance(latent, Latent) and float(latent.samples.sum()) == 32
    assert (latent.batch_index, dict(latent.extra)) == ((3,), {"mine": 7})
    assert isinstance(same, Latent) and same.samples is given["latent"].samples
    (back,) = conditioning
    assert (back.strength, back.area, dict(back.extra)) == (0.5, item.area, {"kept": 1, "guidance": 3.5})
    assert back.pooled is item.pooled
    assert {name: getattr(back, name) for name in hooked} == hooked
