"""The edges of the class contract: odd types, outputs and inputs nobody declared, lists, checks, expansion."""

import shutil
import sys
from pathlib import Path

import pytest

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.graph import Link, check_graph
from engine.wire.object_info import object_info
from tests.execution.runner import graph_of
from tests.packs.conftest import bring

PACK = Path(__file__).with_name("pack_of_odd_things.py")


class Odd:
    def __init__(self, brought):
        self.brought = brought
        self.executor = LocalExecutor(brought.registry, brought.places, Resources())
        self.module = sys.modules["custom_nodes.odd"]
        self.jobs = 0

    def problems(self, **nodes):
        found = check_graph(graph_of(nodes), self.brought.registry, self.brought.places)
        return [problem.kind for each in found.problems.values() for problem in each.problems]

    def run(self, extra=None, **nodes):
        self.jobs += 1
        request = RunRequest(f"job {self.jobs}", graph_of(nodes), ("show",), {}, extra or {}, client="me")
        self.brought.supplies.begins(request)
        outcome = self.executor.run(request, lambda event: None)
        if outcome.error is not None:
            raise AssertionError("".join(outcome.error.traceback))
        return outcome

    def shown(self, link, extra=None, **nodes):
        nodes["show"] = ("Show", {"value": link})
        assert self.problems(**nodes) == []
        text = self.run(extra, **nodes).outputs.get("show", {}).get("text")
        return None if text is None else [eval(part) for part in text]


@pytest.fixture
def odd(places):
    shutil.copy(PACK, places.custom_nodes[0] / "odd.py")
    brought = bring(places)
    assert brought.pack("odd").errors == ()
    made = Odd(brought)
    yield made
    made.executor.close()


def test_more_outputs_than_are_listed(odd):
    fan = {"fan": ("Fan", {"count": 5})}
    assert odd.shown(Link("fan", 0), **fan) == [0]
    assert odd.shown(Link("fan", 4), **fan) == [4]
    assert odd.shown(Link("fan", 7), **fan) == [None]  # it gave five only
    info = object_info(odd.brought.registry["Fan"], odd.brought.places)
    assert len(info["output"]) == len(info["output_name"]) == 1
    assert odd.problems(**fan, show=("Show", {"value": Link("fan", 1000)})) == ["bad_linked_input"]
    assert odd.problems(n=("Int", {"value": 1}), show=("Show", {"value": Link("n", 1)})) == ["bad_linked_input"]
    described = odd.brought.registry["Fan"].described()
    assert len(described.outputs) == 100 and described.shown_outputs == 1


def test_types_that_say_what_they_equal_on_either_side(odd):
    number, text = {"n": ("Int", {"value": 3})}, {"n": ("Text", {"value": "x"})}
    for kind in ("SomeTypes", "Union"):
        taking = {"take": (kind, {"value": Link("n", 0)})}
        assert odd.shown(Link("take", 0), **number, **taking) == [3]
        wrong = {**text, **taking, "show": ("Show", {"value": Link("take", 0)})}
        assert odd.problems(**wrong) == ["return_type_mismatch"]
    given = {"n": ("OddOutput", {"value": 4}), "take": ("Union", {"value": Link("n", 0)})}
    assert odd.shown(Link("take", 0), **given) == [4]


def test_inputs_of_any_name(odd):
    inputs = {"a": Link("n", 0), "zz": 9}
    assert odd.shown(Link("f", 0), n=("Int", {"value": 3}), f=("Flexible", inputs)) == [[("a", 3), ("zz", 9)]]
    assert odd.shown(Link("f", 0), f=("Flexible", {})) == [[]]


def test_raw_links_and_tokens(odd):
    raw = {"n": ("Int", {"value": 3}), "raw": ("Raw", {"value": Link("n", 0)})}
    assert odd.shown(Link("raw", 0), **raw) == [(True, ["n", 0])]
    extra = {"auth_token_comfy_org": "t", "api_key_comfy_org": "k"}
    assert odd.shown(Link("t", 0), extra, t=("Tokens", {})) == [("t", "k", None)]


def test_blockers_inside_lists_skip_their_elements_only(odd):
    some = {"some": ("SomeBlocked", {"count": 5})}
    assert odd.run(**some, show=("Show", {"value": Link("some", 0)})).outputs["show"]["text"] == ["0", "2", "4"]
    assert odd.shown(Link("join", 0), **some, join=("Join", {"values": Link("some", 0)})) is None


def test_expansions_in_expansions_and_in_another_run(odd):
    nodes = {"nested": ("Nested", {"depth": 4})}
    assert odd.shown(Link("nested", 0), **nodes) == [16]
    assert odd.run(**nodes, show=("Show", {"value": Link("nested", 0)})).executed == ()
    assert odd.shown(Link("nested", 0), nested=("Nested", {"depth": 5})) == [32]


@pytest.mark.parametrize("which", [0, 1])
def test_async_lazy_checks_and_functions(odd, which):
    nodes = {"a": ("Int", {"value": 10}), "b": ("Int", {"value": 20})}
    nodes["lazy"] = ("AsyncLazy", {"which": which, "a": Link("a", 0), "b": Link("b", 0)})
    nodes["show"] = ("Show", {"value": Link("lazy", 0)})
    outcome = odd.run(**nodes)
    assert outcome.outputs["show"]["text"] == [str([10, 20][which])]
    assert ("ab"[1 - which]) not in outcome.executed


def test_async_is_changed(odd):
    nodes = {"c": ("Changes", {"value": 1}), "show": ("Show", {"value": Link("c", 0)})}
    assert set(odd.run(**nodes).executed) == {"c", "show"}
    assert odd.run(**nodes).executed == ()
    odd.module.Changes.STATE = 1
    assert set(odd.run(**nodes).executed) >= {"c"}


def test_a_check_of_every_input_replaces_all_limits(odd):
    definition = odd.brought.registry["ChecksAll"]
    assert all(spec.checked_by_node for spec in definition.inputs)

    def checked(**literals):
        return definition.check(places=odd.brought.places, **literals)

    assert checked(value=100, mode="z") is None
    assert checked(value=12, mode="z", more=1) == "refused: ['mode', 'more', 'value']"
    with pytest.raises(RuntimeError, match="cannot check"):
        checked(value=13, mode="a")


def test_packs_by_odd_names_relative_imports_and_each_other(places):
    def write(name, text):
        path = places.custom_nodes[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    node = "class N:\n    INPUT_TYPES = classmethod(lambda cls: {})\n    RETURN_TYPES = ()\n    FUNCTION = 'run'\n"
    node += "    def run(self): return ()\n"
    write("a-dashed pack/inner/deep.py", node)
    write("a-dashed pack/__init__.py", "from .inner.deep import N\nNODE_CLASS_MAPPINGS = {'Dashed': N}")
    write("b.dotted-1.0/__init__.py", "from .part import N\nNODE_CLASS_MAPPINGS = {'Dotted': N}")
    write("b.dotted-1.0/part.py", node)
    write(
        "c_user.py",
        "import importlib\nfound = importlib.import_module('custom_nodes.a-dashed pack')\n"
        "assert found.NODE_CLASS_MAPPINGS['Dashed'] is found.N\nNODE_CLASS_MAPPINGS = {}",
    )
    brought = bring(places)
    assert [pack.errors for pack in brought.packs] == [(), (), ()]
    assert {"Dashed", "Dotted"} <= set(brought.registry)
    assert {"Dashed", "Dotted"} <= set(brought.native.NODE_CLASS_MAPPINGS)


def test_packs_in_a_folder_that_a_file_names(places, tmp_path):
    from engine.files.extra_paths import with_extra_roots

    (tmp_path / "elsewhere" / "far").mkdir(parents=True)
    (tmp_path / "elsewhere" / "far" / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}")
    (tmp_path / "extra.yaml").write_text("mine:\n  custom_nodes: elsewhere\n")
    brought = bring(with_extra_roots(places, [tmp_path / "extra.yaml"]))
    assert [pack.name for pack in brought.packs] == ["far"]


def test_model_folders_of_a_pack_are_searched_by_native_nodes_too(odd):
    places = odd.brought.places
    (places.temp / "m.odd").write_text("")
    assert places.model_names("odd_models") == ["m.odd"]
