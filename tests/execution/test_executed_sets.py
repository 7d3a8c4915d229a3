"""After every kind of edit exactly the nodes run that must; what changes no result makes nothing run."""

import json
import math
import threading

import pytest

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.cache import BoundedCache
from engine.execution.events import NodesCached
from engine.graph import Expansion, InputSpec, Link, NodeDefinition, NodeResult, OutputSpec, Registry, Runs, check_graph
from engine.graph.widgets import NumberWidget, TextWidget
from engine.wire.prompt import read_prompt
from engine.worker.counted_cache import CountedCache
from tests.execution.runner import PLACES, graph_of

outside = {"state": 0, "fails": False, "stops": None}


def define(name, function, inputs="", outputs=("INT",), **more):
    """Define a type: inputs are numbers `name`, `name=STRING`, `name?` optional, `name~` lazy."""
    specs = []
    for part in inputs.split():
        name_only, _, kind = part.strip("?~").partition("=")
        widget = TextWidget("") if kind else NumberWidget("INT", 0)
        specs.append(InputSpec(name_only, widget.type, "?" not in part, widget, lazy="~" in part))
    listed = more.pop("gives_list", False)
    return NodeDefinition(
        name,
        name,
        "test",
        tuple(specs),
        tuple(OutputSpec(kind, kind, listed) for kind in outputs),
        function=function,
        **{"runs": Runs.ALONE, **more},
    )


def fragile(number):
    if outside["fails"]:
        raise ValueError("not today")
    return number


def stopped(number):
    if outside["stops"] is not None:
        outside["stops"]()
    return number


def fingerprint(how, places):
    if how == "raise":
        raise OSError("cannot look")
    return math.nan if how == "always" else outside["state"]


def expand(number, rounds):
    nodes = {"inner 0": ("Add", {"a": number, "b": 100})}
    for index in range(1, rounds):
        nodes[f"inner {index}"] = ("Add", {"a": Link(f"inner {index - 1}", 0), "b": index})
    return Expansion(graph_of(nodes), [Link(f"inner {rounds - 1}", 0)])


DEFINITIONS = [
    define("Give", lambda value: value, "value"),
    define("Add", lambda a, b, c=0: a + b + c, "a b c?"),
    define("Show", lambda number: NodeResult(ui={"text": [str(number)]}), "number", (), is_target=True),
    define("Look", lambda how: outside["state"], "how=STRING", fingerprint=fingerprint),
    define("List", lambda count: list(range(count)), "count", gives_list=True),
    define("Total", lambda numbers: sum(numbers), "numbers", takes_lists=True),
    define(
        "Switch",
        lambda which, yes=None, no=None: yes if which else no,
        "which yes~ no~",
        wanted_inputs=lambda which, yes, no: ["yes" if which else "no"],
    ),
    define("Expand", expand, "number rounds"),
    define("Fragile", fragile, "number"),
    define("Stopped", stopped, "number"),
]
BY_NAME = Registry(DEFINITIONS)
CACHES = {
    "classic": BoundedCache,
    "lru": lambda: CountedCache(1000),
    "none": lambda: CountedCache(0),
}


class Session:
    """A server's worker, as far as results are concerned: takes prompts as clients send them."""

    def __init__(self, cache):
        self.executor = LocalExecutor(BY_NAME, PLACES, Resources(), cache=cache)
        self.cached = []
        self.jobs = 0

    def run(self, prompt, targets=None, extra=None):
        """Run a prompt; gives its outcome."""
        found = check_graph(read_prompt(json.loads(json.dumps(prompt))), BY_NAME, PLACES, targets)
        assert found.failure is None and not found.problems, found
        self.jobs += 1
        self.cached = []
        request = RunRequest(f"job {self.jobs}", found.graph, found.targets, prompt, extra or {})
        outcome = self.executor.run(request, self._hear)
        assert len(outcome.executed) == len(set(outcome.executed)), "no node runs twice"
        return outcome

    def _hear(self, event):
        if isinstance(event, NodesCached):
            self.cached = list(event.nodes)


@pytest.fixture
def session_of():
    made = []

    def make(cache="classic"):
        made.append(Session(CACHES[cache]()))
        return made[-1]

    outside.update(state=0, fails=False, stops=None)
    yield make
    for session in made:
        session.executor.close()


def node(node_type, title=None, **inputs):
    return {"class_type": node_type, "inputs": inputs, **({"_meta": {"title": title}} if title else {})}


BASE = {
    "a": node("Give", value=2),
    "b": node("Give", value=3),
    "sum": node("Add", a=["a", 0], b=["b", 0]),
    "show": node("Show", number=["sum", 0]),
    "other": node("Give", value=9),
    "show other": node("Show", number=["other", 0]),
}


def without(*names):
    return {name: part for name, part in BASE.items() if name not in names}


def renamed(names):
    def new(value):
        return [names.get(value[0], value[0]), value[1]] if isinstance(value, list) else value

    return {
        names.get(name, name): {**part, "inputs": {key: new(value) for key, value in part["inputs"].items()}}
        for name, part in BASE.items()
    }


def backwards(prompt):
    return {
        name: {"inputs": dict(reversed(part["inputs"].items())), "class_type": part["class_type"]}
        for name, part in reversed(prompt.items())
    }


# edit -> (the prompt after it, what runs of it)
EDITS = {
    "nothing": (BASE, set()),
    "a literal": ({**BASE, "a": node("Give", value=7)}, {"a", "sum", "show"}),
    "two literals": (
        {**BASE, "a": node("Give", value=7), "other": node("Give", value=8)},
        {"a", "sum", "show", "other", "show other"},
    ),
    "a literal to that of another node": ({**BASE, "a": node("Give", value=3)}, {"sum", "show"}),
    "a literal in other clothes": ({**BASE, "a": node("Give", value="2"), "b": node("Give", value=3.0)}, set()),
    "a link to another source": ({**BASE, "sum": node("Add", a=["other", 0], b=["b", 0])}, {"sum", "show"}),
    "two links exchanged": ({**BASE, "sum": node("Add", a=["b", 0], b=["a", 0])}, {"sum", "show"}),
    "a link replaced by its value": ({**BASE, "sum": node("Add", a=2, b=["b", 0])}, {"sum", "show"}),
    "a value replaced by a link that brings it": (
        {**BASE, "two": node("Give", value=5), "other": node("Add", a=["two", 0], b=4)},
        {"two", "other", "show other"},
    ),
    "an optional link more": ({**BASE, "sum": node("Add", a=["a", 0], b=["b", 0], c=["other", 0])}, {"sum", "show"}),
    "a node added at the end": ({**BASE, "more": node("Show", number=["a", 0])}, {"more"}),
    "a node put into a link": (
        {**BASE, "in": node("Add", a=["sum", 0], b=1), "show": node("Show", number=["in", 0])},
        {"in", "show"},
    ),
    "a node that nothing needs": ({**BASE, "idle": node("Give", value=77)}, set()),
    "a twin of a node": ({**BASE, "sum 2": BASE["sum"], "show 2": node("Show", number=["sum 2", 0])}, set()),
    "a node removed": (without("other", "show other"), set()),
    "a node muted between others": ({**without("b"), "sum": node("Add", a=["a", 0], b=0)}, {"sum", "show"}),
    "every id": (renamed({name: f"n{index}:{index}" for index, name in enumerate(BASE)}), set()),
    "two ids exchanged": (renamed({"a": "b", "b": "a"}), set()),
    "titles": ({name: {**part, "_meta": {"title": f"my {name}"}} for name, part in BASE.items()}, set()),
    "the order of everything": (backwards(BASE), set()),
    "an input that the node has not": ({**BASE, "a": node("Give", value=2, hue="green")}, set()),
    "the type of a node": ({**BASE, "sum": node("Total", numbers=["other", 0])} | {
        "other": node("List", count=3), "show other": node("Show", number=["b", 0])
    }, {"other", "sum", "show", "show other"}),
}  # fmt: skip


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_exactly_what_must_run_does(session_of, edit, cache):
    prompt, expected = EDITS[edit]
    session = session_of(cache)
    session.run(BASE)
    outcome = session.run(prompt)
    fresh = session_of().run(prompt)
    assert outcome.outputs == fresh.outputs
    assert set(outcome.executed) == (set(fresh.executed) if cache == "none" else expected)
    if cache != "none":
        needed = set(fresh.executed) | set(session.cached)
        assert set(session.cached) == needed - expected


@pytest.mark.parametrize("cache", ["classic", "lru"])
def test_what_the_workflow_looks_like_changes_nothing(session_of, cache):
    session = session_of(cache)
    looks = [{"pos": [0, 0], "color": "#322"}, {"pos": [900, 5], "color": "#232", "size": [1, 2], "collapsed": True}]
    runs = [session.run(BASE, extra={"extra_pnginfo": {"workflow": {"nodes": [look]}}}) for look in looks]
    assert set(runs[0].executed) == set(BASE)
    assert runs[1].executed == ()


@pytest.mark.parametrize(
    ("cache", "again"), [("classic", set()), ("lru", set()), ("none", set(BASE)), ("lru 2", {"a", "sum", "show"})]
)
def test_changed_and_changed_back(session_of, cache, again):
    """A small LRU has forgotten what the first run gave where the second gave something else."""
    CACHES_HERE = {**CACHES, "lru 2": lambda: CountedCache(2)}
    session = Session(CACHES_HERE[cache]())
    first = session.run(BASE)
    session.run({**BASE, "a": node("Give", value=7)})
    outcome = session.run(BASE)
    session.executor.close()
    assert outcome.outputs == first.outputs
    assert set(outcome.executed) >= again
    if cache != "lru 2":
        assert set(outcome.executed) == again


def test_targets_that_are_added_and_taken_away(session_of):
    session = session_of()
    assert set(session.run(BASE, {"show"}).executed) == {"a", "b", "sum", "show"}
    assert set(session.run(BASE).executed) == {"other", "show other"}
    outcome = session.run(BASE, {"show other"})
    assert outcome.executed == () and set(outcome.outputs) == {"show other"}
    assert set(session.cached) == {"other", "show other"}


# The outside


@pytest.mark.parametrize(
    ("how", "state", "again"),
    [
        ("watch", 0, set()),
        ("watch", 1, {"look", "show"}),
        ("always", 0, {"look", "show"}),
        ("raise", 0, {"look", "show"}),
    ],
)
def test_what_a_node_says_of_the_outside_decides(session_of, how, state, again):
    prompt = {"look": node("Look", how=how), "show": node("Show", number=["look", 0]), "a": node("Give", value=1)}
    prompt["show a"] = node("Show", number=["a", 0])
    session = session_of()
    assert set(session.run(prompt).executed) == set(prompt)
    outside["state"] = state
    assert set(session.run(prompt).executed) == again
    outside["state"] = 0
    if how == "watch":
        assert session.run(prompt).executed == ()


# What a run finds out as it goes


def listed(count):
    return {
        "list": node("List", count=count),
        "add": node("Add", a=["list", 0], b=1),
        "total": node("Total", numbers=["list", 0]),
        "show": node("Show", number=["add", 0]),
        "show total": node("Show", number=["total", 0]),
    }


def test_nodes_that_give_and_take_lists(session_of):
    session = session_of()
    assert set(session.run(listed(3)).executed) == set(listed(3))
    assert session.run(listed(3)).executed == ()
    assert set(session.run(listed(4)).executed) == set(listed(4))
    assert session.run(listed(3)).outputs["show"] == {"text": ["1", "2", "3"]}


def switched(which):
    return {
        "yes": node("Give", value=10),
        "no": node("Give", value=20),
        "switch": node("Switch", which=which, yes=["yes", 0], no=["no", 0]),
        "show": node("Show", number=["switch", 0]),
    }


def test_a_lazy_branch_that_is_switched(session_of):
    session = session_of()
    assert set(session.run(switched(1)).executed) == {"yes", "switch", "show"}
    assert session.run(switched(1)).executed == ()
    assert set(session.run(switched(0)).executed) == {"no", "switch", "show"}
    assert session.run(switched(1)).executed == ()
    unused = {**switched(1), "no": node("Give", value=21)}
    assert set(session.run(unused).executed) == {"switch", "show"}  # its key names all its links; "no" still waits


def expanded(number, rounds):
    return {
        "number": node("Give", value=number),
        "big": node("Expand", number=["number", 0], rounds=rounds),
        "show": node("Show", number=["big", 0]),
    }


def test_an_expansion_runs_what_is_new_in_it(session_of):
    session = session_of()
    inner = {f"big.0.inner {index}" for index in range(3)}
    assert set(session.run(expanded(1, 2)).executed) == {"number", "big", "show", *sorted(inner)[:2]}
    assert session.run(expanded(1, 2)).executed == ()
    assert set(session.run(expanded(1, 3)).executed) == {"big", "big.0.inner 2", "show"}
    assert set(session.run(expanded(2, 3)).executed) == {"number", "big", "show", *inner}


@pytest.mark.parametrize("cache", CACHES)
def test_a_node_that_failed_runs_again_and_what_was_done_before_it_does_not(session_of, cache):
    prompt = {**BASE, "f": node("Fragile", number=["sum", 0]), "show": node("Show", number=["f", 0])}
    session = session_of(cache)
    outside["fails"] = True
    assert session.run(prompt, {"show"}).status == "error"
    assert set(session.run(prompt, {"show"}).executed) == ({"a", "b", "sum"} if cache == "none" else set())
    outside["fails"] = False
    outcome = session.run(prompt, {"show"})
    assert set(outcome.executed) == ({"a", "b", "sum", "f", "show"} if cache == "none" else {"f", "show"})


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(session_of):
    prompt = {**BASE, "s": node("Stopped", number=["sum", 0]), "show": node("Show", number=["s", 0])}
    session = session_of()
    outside["stops"] = lambda: session.executor.interrupt("job 1")
    outcome = session.run(prompt, {"show"})
    assert outcome.status == "interrupted"
    assert set(outcome.executed) == {"a", "b", "sum", "s"}
    outside["stops"] = None
    assert set(session.run(prompt, {"show"}).executed) == {"show"}


def test_a_result_whose_picture_was_deleted_runs_again(tmp_path):
    from engine.files.places import Places

    places = Places.under(tmp_path)
    places.make()
    counter = iter(range(100))

    def save(number):
        name = f"{next(counter)}.png"
        (places.output / name).write_bytes(b"picture")
        return NodeResult(ui={"images": [{"filename": name, "subfolder": "", "type": "output"}]})

    registry = Registry([DEFINITIONS[0], define("Save", save, "number", (), is_target=True)])
    executor = LocalExecutor(registry, places, Resources())
    graph = read_prompt({"a": node("Give", value=1), "save": node("Save", number=["a", 0])})
    runs = []
    for step in range(4):
        if step == 2:
            (places.output / "0.png").unlink()
        runs.append(list(executor.run(RunRequest(f"job {step}", graph, ("save",)), lambda event: None).executed))
    executor.close()
    assert runs == [["a", "save"], [], ["save"], []]
    assert threading.active_count() < 50
