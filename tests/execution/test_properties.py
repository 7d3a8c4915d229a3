"""Properties that hold of any graph: how it is read, its keys, the order in which it runs, and what a cancel leaves."""

import asyncio
import json
import random
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.cache import BoundedCache
from engine.execution.events import NodesCached, NodeStarted, RunInterrupted
from engine.execution.keys import result_keys
from engine.execution.plan import Plan
from engine.graph import (
    Expansion,
    Graph,
    InputSpec,
    Link,
    Node,
    NodeDefinition,
    NodeResult,
    OutputSpec,
    Registry,
    Runs,
    Undeclared,
    order,
)
from engine.wire.prompt import read_prompt
from engine.worker.counted_cache import CountedCache
from engine.worker.link import decode, encode
from tests.execution.runner import PLACES

quick = settings(max_examples=60, deadline=None, database=None, derandomize=True)  # the same cases every time

# Reading

names = st.text(min_size=1, max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | names
literals = st.recursive(
    scalars, lambda part: st.lists(part, max_size=4) | st.dictionaries(names, part, max_size=3), max_leaves=8
)


def as_input(value):
    """Write a literal as clients do: lists are wrapped, or two parts would be a link."""
    plain = not isinstance(value, list) and not (isinstance(value, dict) and set(value) == {"__value__"})
    return value if plain else {"__value__": value}


links = st.tuples(names, st.integers(0, 3)).map(lambda pair: Link(*pair))
graphs = st.dictionaries(
    names,
    st.tuples(names, st.dictionaries(names, links | literals, max_size=4), st.text(max_size=5)),
    min_size=1,
    max_size=6,
).map(lambda rows: Graph({name: Node(name, kind, inputs, title) for name, (kind, inputs, title) in rows.items()}))


def as_prompt(graph):
    def written(value):
        return [value.source, value.output] if isinstance(value, Link) else as_input(value)

    return {
        name: {
            "class_type": node.type,
            "inputs": {key: written(value) for key, value in node.inputs.items()},
            "_meta": {"title": node.title},
        }
        for name, node in graph.nodes.items()
    }


@quick
@given(graphs)
def test_a_graph_that_is_written_as_a_prompt_is_read_back_the_same(graph):
    found = read_prompt(json.loads(json.dumps(as_prompt(graph))))
    assert found == graph
    assert [list(node.inputs) for node in found.nodes.values()] == [list(node.inputs) for node in graph.nodes.values()]


@quick
@given(graphs)
def test_a_graph_crosses_to_a_worker_unchanged(graph):
    found = decode(encode(graph)[8:])
    assert found == graph
    assert list(found.nodes) == list(graph.nodes)
    assert [list(node.inputs) for node in found.nodes.values()] == [list(node.inputs) for node in graph.nodes.values()]


# Keys


def definition(name, function=None, **more):
    return NodeDefinition(
        name,
        name,
        "test",
        outputs=(OutputSpec("0", "*"), OutputSpec("1", "*")),
        undeclared=Undeclared.ALL,
        function=function,
        **more,
    )


KINDS = ("First", "Second", "Third")
KEYED = Registry([definition(name) for name in KINDS])


@st.composite
def acyclic(draw, most=8):
    """Draw a graph in which nodes take outputs of earlier ones."""
    nodes = {}
    for index in range(draw(st.integers(1, most))):
        inputs = {}
        for name in draw(st.lists(st.sampled_from("abcd"), max_size=3, unique=True)):
            to_earlier = index > 0 and draw(st.booleans())
            if to_earlier:
                inputs[name] = Link(str(draw(st.integers(0, index - 1))), draw(st.integers(0, 1)))
            else:
                inputs[name] = draw(scalars)
        nodes[str(index)] = Node(str(index), draw(st.sampled_from(KINDS)), inputs)
    return Graph(nodes)


def keys_of(graph):
    sorted_ids, stuck = order(graph, graph.nodes)
    assert not stuck
    return result_keys(graph, sorted_ids, KEYED, PLACES)


def moved(graph, new_ids, seed):
    """Give the same graph under other ids, in another order, with other titles."""

    def led(value):
        return Link(new_ids[value.source], value.output) if isinstance(value, Link) else value

    shuffled = random.Random(seed)
    rows = list(graph.nodes.values())
    shuffled.shuffle(rows)
    nodes = {}
    for row in rows:
        inputs = [(name, led(value)) for name, value in row.inputs.items()]
        shuffled.shuffle(inputs)
        nodes[new_ids[row.id]] = Node(new_ids[row.id], row.type, dict(inputs), f"title {shuffled.random()}")
    return Graph(nodes)


@quick
@given(acyclic(), st.integers(), st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_ids_order_or_titles(graph, seed, chance):
    ids = [f"x{index}:{chance.random()}" for index in range(len(graph))]
    chance.shuffle(ids)
    new_ids = dict(zip(graph.nodes, ids, strict=True))
    before, after = keys_of(graph), keys_of(moved(graph, new_ids, seed))
    assert {new_ids[name]: key for name, key in before.items()} == after


def downstream(graph, node_id):
    found = {node_id}
    for name, node in graph.nodes.items():  # sources come first
        if any(link.source in found for _, link in node.links()):
            found.add(name)
    return found


@quick
@given(acyclic(), st.data())
def test_a_changed_literal_link_or_type_changes_the_keys_of_what_depends_on_it_and_no_others(graph, data):
    node_id = data.draw(st.sampled_from(list(graph.nodes)))
    node = graph[node_id]
    how = data.draw(st.sampled_from(["type", "more", *node.inputs]))
    if how == "type":
        changed = Node(node.id, next(kind for kind in KINDS if kind != node.type), node.inputs)
    elif how == "more":
        changed = Node(node.id, node.type, {**node.inputs, "new": data.draw(scalars)})
    elif isinstance(node.inputs[how], Link):
        link = node.inputs[how]
        changed = Node(node.id, node.type, {**node.inputs, how: Link(link.source, 1 - link.output)})
    else:
        old = node.inputs[how]
        other = data.draw(scalars.filter(lambda value: json.dumps(value) != json.dumps(old)))
        changed = Node(node.id, node.type, {**node.inputs, how: other})
    before, after = keys_of(graph), keys_of(Graph({**graph.nodes, node_id: changed}))
    assert {name for name in graph.nodes if before[name] != after[name]} == downstream(graph, node_id)


# Order


@quick
@given(acyclic(20), st.data())
def test_a_plan_gives_everything_wanted_once_and_sources_first(graph, data):
    wanted = data.draw(st.lists(st.sampled_from(list(graph.nodes)), max_size=4))
    settled = set(data.draw(st.lists(st.sampled_from(list(graph.nodes)), max_size=4)))
    given, done = [], []
    plan = Plan(lambda node_id: graph[node_id].sources(), lambda node_id: node_id in settled or node_id in done)
    position = {name: index for index, name in enumerate(graph.nodes)}
    added = plan.require(wanted, position.__getitem__)
    while not plan.finished:
        given += plan.take_ready()
        ended = given.pop(data.draw(st.integers(0, len(given) - 1)))  # nodes end in any order
        assert set(graph[ended].sources()) <= settled | set(done)
        plan.complete(ended)
        done.append(ended)
        if data.draw(st.booleans()):  # some are wanted late, as lazy inputs are
            late = data.draw(st.sampled_from(list(graph.nodes)))
            added += plan.require([late], position.__getitem__)
    assert sorted(done) == sorted(set(added)) and len(done) == len(set(done))
    assert set(wanted) <= settled | set(done)


class Trace:
    """What the nodes of a run did, in order."""

    def __init__(self):
        self.began, self.ended = [], []
        self.stop_after, self.stop, self.stopper = None, lambda: None, None
        self._lock = threading.Lock()  # guards the above: nodes run in several threads

    def work(self, name, values):
        with self._lock:
            self.began.append(name)
            if len(self.began) == self.stop_after:
                self.stopper = name
                self.stop()
            self.ended.append(name)
        return 1 + sum(value for value in values if value is not None)


def definitions(trace):
    """Node types that add up what they are given: at once, in a thread, async, lazily, or by expanding."""

    def plain(context, **inputs):
        return trace.work(context.node_id, inputs.values())

    async def later(context, **inputs):
        await asyncio.sleep(0)
        return trace.work(context.node_id, inputs.values())

    def chosen(context, a=None, b=None, **not_wanted):
        return trace.work(context.node_id, (a, b, not_wanted["salt"]))

    def wanted(context, **inputs):
        return [name for name in ("a", "b") if name in inputs]

    def expanding(context, **inputs):
        trace.work(context.node_id, ())
        values = [value for value in inputs.values() if value is not None]
        inner = {"one": Node("one", "Plain", {f"in {index}": value for index, value in enumerate(values)})}
        inner["two"] = Node("two", "Free", {"a": Link("one", 0), "salt": 7})
        return Expansion(Graph(inner), [Link("two", 0)])

    def shown(context, **inputs):
        return NodeResult(ui={"text": [str(trace.work(context.node_id, inputs.values()))]})

    def define(name, function, runs=Runs.ALONE, outputs=1, **more):
        return NodeDefinition(
            name,
            name,
            "test",
            outputs=tuple(OutputSpec(str(index), "*") for index in range(outputs)),
            undeclared=Undeclared.ALL,
            runs=runs,
            wants_context=True,
            is_async=asyncio.iscoroutinefunction(function),
            function=function,
            **more,
        )

    lazy = tuple(InputSpec(name, "*", required=False, lazy=True) for name in "abcd")
    return [
        define("Plain", plain),
        define("Free", plain, Runs.FREELY),
        define("Later", later, Runs.FREELY),
        define("Lazy", chosen, inputs=lazy, wanted_inputs=wanted),
        define("Expand", expanding),
        define("Show", shown, outputs=0, is_target=True),
    ]


@st.composite
def runs_of_all_kinds(draw, most=10):
    nodes = {}
    for index in range(draw(st.integers(1, most))):
        inputs = {"salt": index}  # no twins
        if index:
            chosen = draw(st.lists(st.sampled_from("abcd"), max_size=4, unique=True))
            inputs |= {name: Link(str(draw(st.integers(0, index - 1))), 0) for name in chosen}
        kind = draw(st.sampled_from(["Plain", "Free", "Later", "Lazy", "Expand"]))
        nodes[str(index)] = Node(str(index), kind, inputs)
    for index in range(draw(st.integers(1, 3))):
        source = draw(st.integers(0, len(nodes) - 1 - index))
        nodes[f"show {index}"] = Node(f"show {index}", "Show", {"a": Link(str(source), 0), "salt": index})
    return Graph(nodes)


def eager(graph):
    """Give the graph without the links that lazy nodes never ask for."""

    def asked(node):
        return {name: value for name, value in node.inputs.items() if node.type != "Lazy" or name not in ("c", "d")}

    return Graph({name: Node(name, node.type, asked(node)) for name, node in graph.nodes.items()})


def really_needed(graph):
    """Give the nodes of the user's graph that must run, and the value of each target."""
    needed, values = eager(graph), {}

    def value(node_id):
        if node_id not in values:
            node = needed[node_id]
            total = sum(value(link.source) for _, link in node.links())
            values[node_id] = 1 + node.inputs["salt"] + total + (8 if node.type == "Expand" else 0)
        return values[node_id]

    shown = {name: {"text": [str(value(name))]} for name in graph.nodes if name.startswith("show")}
    return set(values), shown


def run(graph, trace, executor, job="job"):
    events = []
    targets = tuple(name for name in graph.nodes if name.startswith("show"))
    return executor.run(RunRequest(job, graph, targets), events.append), events


@quick
@given(runs_of_all_kinds(), st.booleans())
def test_any_graph_runs_what_it_needs_once_with_sources_first(graph, keeps):
    trace = Trace()
    cache = BoundedCache() if keeps else CountedCache(0)
    executor = LocalExecutor(Registry(definitions(trace)), PLACES, Resources(), cache=cache)
    outcome, events = run(graph, trace, executor)
    executor.close()
    needed, shown = really_needed(graph)
    assert outcome.status == "success", outcome.error
    assert outcome.outputs == shown
    assert sorted(trace.began) == sorted(set(trace.began))
    assert {name for name in trace.began if name in graph} == needed
    assert sorted(outcome.executed) == sorted(trace.began)
    place = {name: index for index, name in enumerate(trace.ended)}
    for name in needed:
        assert all(place[source] < trace.began.index(name) for source in eager(graph)[name].sources())
    assert [event.place.node for event in events if isinstance(event, NodeStarted)] != []


@quick
@given(runs_of_all_kinds(), st.integers(1, 12))
def test_after_a_cancel_nothing_starts_and_the_next_run_does_the_rest(graph, stop_after):
    trace = Trace()
    executor = LocalExecutor(Registry(definitions(trace)), PLACES, Resources())
    trace.stop_after, trace.stop = stop_after, lambda: executor.interrupt("first")
    first, events = run(graph, trace, executor, "first")
    stopped = len(trace.began) >= stop_after
    began, ended = list(trace.began), set(trace.ended)
    assert first.status == ("interrupted" if stopped and first.status != "success" else "success")
    if first.status == "interrupted":
        assert sum(isinstance(event, RunInterrupted) for event in events) == 1
        assert set(began) == ended  # what had begun was let end, nothing else began
        # nodes that were beside it may have begun already, but none that depends on the one in which it was cancelled
        later = downstream(eager(graph), trace.stopper) - {trace.stopper} if trace.stopper in graph else set()
        assert not later & set(began)
    trace.began.clear()
    second, events = run(graph, trace, executor, "second")
    executor.close()
    needed, shown = really_needed(graph)
    assert second.status == "success" and second.outputs == shown
    expanding = {name for name in began if name in graph and graph[name].type == "Expand"}
    again = set(trace.began) & set(began)
    assert again <= expanding, "only nodes whose expansion was not finished run again"
    assert {name for name in set(began) | set(trace.began) if name in graph} == needed
    cached = {name for event in events if isinstance(event, NodesCached) for name in event.nodes}
    assert cached.isdisjoint(trace.began)
