"""What is one run of one graph: what is done already, what runs now, and how does it end?"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.errors import EngineError
from engine.execution.async_thread import AsyncThread
from engine.execution.beside import Beside
from engine.execution.cache import NodeOutputs, ResultCache
from engine.execution.context import Resources
from engine.execution.evaluate import InThread, OnLoop, Results, Values, Visit, Waiting, Wants, collect, finish_here
from engine.execution.events import Event
from engine.execution.held import HeldResults
from engine.execution.keys import ResultKey
from engine.execution.lifecycle import NodeInLog, NodeLifecycle, enter_all
from engine.execution.node_context import RunningNode
from engine.execution.outcome import Outcome, RunRequest
from engine.execution.plan import Plan
from engine.execution.reading import NodeRaised, Reader, blamed
from engine.execution.report import RunReport
from engine.execution.running_graph import Graft, RunningGraph
from engine.execution.shown_files import are_there
from engine.files.places import Places
from engine.graph.definition import Expansion, NodeResult, Runs
from engine.graph.nodes import Graph, Link, NodeId
from engine.graph.registry import Registry
from engine.graph.topology import order


@dataclass(frozen=True)
class Surroundings:
    """What outlives a run and is shared by all of them."""

    registry: Registry
    places: Places
    resources: Resources
    cache: ResultCache
    lifecycles: Sequence[NodeLifecycle]
    pool: ThreadPoolExecutor
    async_thread: AsyncThread


class DependsOnItself(EngineError):
    """Nodes wait for each other in a circle."""


class GraphRun:
    """Runs one request: keys, then what is not cached, each node as soon as its sources are there."""

    def __init__(
        self,
        around: Surroundings,
        request: RunRequest,
        emit: Callable[[Event], None],
        cancelled: threading.Event,
    ) -> None:
        self._around = around
        self._request = request
        self._lifecycles = (NodeInLog(request.job, request.user), *around.lifecycles)
        self._graph = RunningGraph(request.graph)
        self._reader = Reader(self._graph, around.registry, around.places)
        self._report = RunReport(request.job, emit, cancelled)
        self._held = HeldResults()
        self._plan = Plan(self._reader.sources, self._is_settled)
        self._expanded: dict[NodeId, list[NodeResult | Expansion]] = {}  # nodes that wait for their expansions
        self._twins: dict[ResultKey, list[NodeId]] = {}  # nodes that wait for the one with the same key
        self._here: deque[NodeId] = deque()  # nodes for this thread: on the device, or of strangers
        self._beside: Beside[Wants | Results] = Beside()

    def run(self) -> Outcome:
        """Run to the end; whatever a node raises becomes the outcome."""
        try:
            return self._run()
        finally:
            # This object is in a circle, which the collector finds when it looks next; results are too large for that.
            self._held, self._expanded = HeldResults(), {}

    def _run(self) -> Outcome:
        self._report.run_started()
        try:
            try:
                self._prepare()
                while not self._plan.finished:
                    self._step()
            finally:
                self._end_beside()
        except NodeRaised as raised:
            node_id = raised.node_id
            place, node = self._graph.place(node_id), self._graph.get(node_id)
            return self._report.failed(place, node, raised.error, self._values_of)
        return self._report.succeeded()

    # What is to be done

    def _prepare(self) -> None:
        """Compute keys, find what is cached, say so, and plan the rest."""
        graph = self._request.graph
        sorted_ids, stuck = order(graph, self._request.targets)
        if stuck:
            raise NodeRaised(stuck[0], DependsOnItself("This node depends on itself: validate the graph first."))
        self._reader.find_keys(sorted_ids)
        to_run = set(self._require(self._request.targets))
        undecided = self._undecided(to_run)
        self._held_for(undecided)
        self._pin([*to_run, *undecided])
        cached = [node_id for node_id in sorted_ids if node_id not in to_run and node_id not in undecided]
        self._report.cached(cached)
        for node_id in cached:
            outputs = self._held.get(node_id) or self._cached(node_id)
            if outputs is not None:
                self._report.show(self._graph.place(node_id), outputs.ui)

    def _require(self, wanted: Iterable[NodeId]) -> list[NodeId]:
        added = self._plan.require(wanted, self._graph.position)
        self._held_for(added)
        self._graph.planned(added)
        return added

    def _held_for(self, users: Iterable[NodeId]) -> None:
        for user in users:
            self._held.expect(user, self._reader.links(user))

    def _pin(self, node_ids: Iterable[NodeId]) -> None:
        """Hold what the expansions of these nodes may link to until they are done."""
        self._held.pin(*self._reader.read_by_nodes(node_ids))

    def _is_settled(self, node_id: NodeId) -> bool:
        """Say whether a result is there; one that is found in the cache is held."""
        if self._held.get(node_id) is not None:
            return True
        outputs = self._cached(node_id)
        if outputs is None:
            return False
        self._held.hold(node_id, outputs)
        return True

    def _cached(self, node_id: NodeId) -> NodeOutputs | None:
        """Find a result in the cache; one that shows files which are gone is none."""
        outputs = self._around.cache.get(self._reader.key(node_id))
        return outputs if outputs is not None and are_there(outputs.ui, self._around.places) else None

    def _undecided(self, to_run: set[NodeId]) -> set[NodeId]:
        """Give the nodes that only lazy inputs lead to, and that are not cached: they may run, or not."""
        lazily = (node_id for node_id in to_run if self._reader.definition(node_id).lazy_inputs)
        waiting = [source for node_id in lazily for source in self._reader.links(node_id)]
        found: set[NodeId] = set()
        while waiting:
            node_id = waiting.pop()
            known = node_id in found or node_id in to_run or self._held.get(node_id) is not None
            if not known and self._cached(node_id) is None:
                found.add(node_id)
                waiting.extend(self._reader.links(node_id))
        return found

    # What runs now

    def _step(self) -> None:
        """Start what is ready; then run one node here, or wait for one elsewhere."""
        for node_id in self._plan.take_ready():
            with blamed(node_id):
                self._begin(node_id)
        if self._here:
            node_id = self._here.popleft()
            with blamed(node_id):
                self._take(node_id, self._visit_in_thread(node_id))
        elif self._beside:
            self._take_from_beside()
        elif not self._plan.finished and not self._plan.has_ready:
            raise self._stuck()
        while self._beside.has_ended:
            self._take_from_beside()

    def _begin(self, node_id: NodeId) -> None:
        if node_id in self._expanded:
            self._finish_expansion(node_id)
            return
        key = self._reader.key(node_id)
        if key in self._twins:
            self._twins[key].append(node_id)
            return
        self._twins[key] = []
        definition = self._reader.definition(node_id)
        if definition.is_async:
            future = self._around.async_thread.submit(self._visit(node_id, OnLoop()).made())
            self._beside.add(node_id, future, is_async=True)
        elif definition.runs is Runs.FREELY:
            self._beside.add(node_id, self._around.pool.submit(self._visit_in_thread, node_id), is_async=False)
        else:
            self._here.append(node_id)

    def _take_from_beside(self) -> None:
        node_id, future = self._beside.take(self._look_for_cancel)
        with blamed(node_id):
            self._take(node_id, future.result())

    def _look_for_cancel(self) -> None:
        with blamed(self._beside.first):
            self._report.progress.check_cancelled()

    def _visit(self, node_id: NodeId, waiting: Waiting) -> Visit:
        """Prepare to run a node in this or another thread."""
        node, definition, place = self._graph[node_id], self._reader.definition(node_id), self._graph.place(node_id)
        self._report.progress.check_cancelled()
        request, around = self._request, self._around
        told = request.metadata
        context = RunningNode(
            request.job,
            place,
            around.places,
            request.prompt if told else None,
            request.extra.get("extra_pnginfo") if told else None,
            self._graph,
            self._report.progress,
            around.resources,
            self._report.emit,
        )
        return Visit(
            node,
            definition,
            self._values_of,
            context,
            begin=lambda: self._report.node_started(place),
            around=lambda: enter_all(self._lifecycles, definition, node_id),
            waiting=waiting,
            retried=lambda: self._report.node_retried(place, node.type),
        )

    def _visit_in_thread(self, node_id: NodeId) -> Wants | Results:
        return finish_here(self._visit(node_id, InThread(self._around.async_thread)).made())

    def _values_of(self, link: Link) -> Values | None:
        outputs = self._held.get(link.source)
        return None if outputs is None else outputs.values[link.output]

    def _values_there(self, link: Link) -> Values:
        values = self._values_of(link)
        assert values is not None, f"node {link.source} was waited for"
        return values

    # What becomes of a node that was visited

    def _take(self, node_id: NodeId, made: Wants | Results) -> None:
        if isinstance(made, Wants):
            self._wait_for_inputs(node_id, made)
        else:
            self._take_results(node_id, made)

    def _wait_for_inputs(self, node_id: NodeId, made: Wants) -> None:
        """Let a node wait for lazy inputs that it asked for; then it is visited again."""
        inputs = self._graph[node_id].inputs
        links = [value for name in made.inputs if isinstance(value := inputs[name], Link)]
        self._require(link.source for link in links)
        self._plan.wait(node_id, [link.source for link in links])
        for twin in self._twins.pop(self._reader.key(node_id)):
            self._plan.wait(twin, ())  # each asks for itself

    def _take_results(self, node_id: NodeId, made: Results) -> None:
        place = self._graph.place(node_id)
        if made.ran:
            self._report.node_executed(place, self._graph[node_id].type, made.seconds)
        self._report.blocked(place, self._graph[node_id].type, made.reasons)
        if any(isinstance(result, Expansion) for result in made.calls):
            self._expand(node_id, made.calls)
        else:
            outputs = collect(self._reader.definition(node_id), made.calls)
            if made.ran:
                self._report.node_ended(place)
            # results of skipped nodes are not kept: the reason shall be shown again in the next run
            self._complete(node_id, outputs, made.seconds, keep=made.ran and not made.reasons)

    def _complete(self, node_id: NodeId, outputs: NodeOutputs, seconds: float = 0.0, *, keep: bool = True) -> None:
        """Keep a result, show it, and do the same for the nodes that waited for one with the same key."""
        if keep:
            self._around.cache.put(self._reader.key(node_id), outputs, seconds)
        waiting = self._twins.pop(self._reader.key(node_id), [])
        for done in (node_id, *waiting):
            self._held.hold_if_expected(done, outputs)
            self._report.show(self._graph.place(done), outputs.ui)
            self._plan.complete(done)
            self._left(done)

    def _left(self, node_id: NodeId) -> None:
        self._held.leave(node_id)
        self._reader.forget(self._graph.finished(node_id))

    # Expansions

    def _expand(self, node_id: NodeId, results: Sequence[NodeResult | Expansion]) -> None:
        """Run the graphs that a node returned in its place; it waits for what its outputs are linked to."""
        led: list[NodeResult | Expansion] = []
        wanted: list[NodeId] = []
        grafts: list[Graft] = []
        for call, result in enumerate(results):
            if isinstance(result, Expansion):
                graft, result = self._graph.graft(node_id, call, result, self._reader.key(node_id))
                grafts.append(graft)
                wanted += self._prepare_graft(graft)
                given = [value for value in result.outputs if isinstance(value, Link)]
                self._reader.check_links(node_id, given)
                wanted += [link.source for link in given]
            led.append(result)
        self._reader.find_missing_keys(wanted)
        sources = [value.source for each in led for value in each.outputs if isinstance(value, Link)]
        self._held.expect(node_id, sources)
        self._pin(self._require(wanted))
        for graft in grafts:
            self._reader.forget(self._graph.let_go(graft))  # when all of it was cached
        self._expanded[node_id] = led
        if not self._hand_over(node_id, sources):
            self._plan.wait(node_id, sources)

    def _prepare_graft(self, graft: Graft) -> list[NodeId]:
        """Find the keys of an expansion's nodes; gives those that are targets."""
        part = Graph(graft.nodes)
        sorted_ids, stuck = order(part, part.nodes)
        if stuck:
            raise NodeRaised(graft.caller, DependsOnItself(f"In the graph it returned, {stuck[0]} depends on itself."))
        links = [link for node in graft.nodes.values() for _, link in node.links()]
        self._reader.check_links(graft.caller, links)
        self._reader.find_missing_keys({link.source for link in links} - graft.nodes.keys())
        self._reader.find_keys(sorted_ids, graft.origins)
        return [node_id for node_id in sorted_ids if self._reader.definition(node_id).is_target]

    def _hand_over(self, node_id: NodeId, sources: Sequence[NodeId]) -> bool:
        """Take a node out if all that wait for it only pass its outputs on: they take them from its expansion.

        A loop is an expansion that ends in an expansion. Without this, iteration n would leave n nodes waiting.
        """
        users = self._plan.users(node_id)
        passing_on = bool(users) and all(self._passes_on(user, node_id) for user in users)
        if not (passing_on and self._graph.is_grafted(node_id) and self._passes_on(node_id)):
            return False
        if self._twins[self._reader.key(node_id)]:
            return False
        del self._twins[self._reader.key(node_id)]
        given = self._expanded.pop(node_id)[0]
        for user in users:
            self._held.expect(user, sources)
            self._expanded[user] = [_with_outputs_of(each, node_id, given) for each in self._expanded[user]]
        place = self._graph.place(node_id)
        self._report.show(place, given.ui)
        self._report.node_ended(place)
        self._held.forget(node_id, users)
        self._plan.replace(node_id, sources)
        self._left(node_id)
        return True

    def _passes_on(self, node_id: NodeId, source: NodeId | None = None) -> bool:
        """Say whether a node was expanded once and gives no lists, so that its outputs are merely links or values."""
        results = self._expanded.get(node_id)
        if results is None or len(results) != 1:
            return False
        if any(output.is_list for output in self._reader.definition(node_id).outputs):
            return False
        return source is None or source not in self._reader.links(node_id)

    def _finish_expansion(self, node_id: NodeId) -> None:
        outputs = collect(self._reader.definition(node_id), self._expanded.pop(node_id), self._values_there)
        self._report.node_ended(self._graph.place(node_id))
        self._complete(node_id, outputs)

    # The end

    def _stuck(self) -> NodeRaised:
        text = "This node waits for others that wait for it: an expansion or a lazy input closed a circle."
        return NodeRaised(self._plan.unfinished[0], DependsOnItself(text))

    def _end_beside(self) -> None:
        """See that nothing is being saved any more when the run is said to be over; keep what was finished."""
        for node_id, made in self._beside.end():
            self._keep(node_id, made)

    def _keep(self, node_id: NodeId, made: Wants | Results) -> None:
        """Keep and show what was still finished when the run ended early."""
        if isinstance(made, Results) and made.ran and not any(isinstance(each, Expansion) for each in made.calls):
            outputs = collect(self._reader.definition(node_id), made.calls)
            self._around.cache.put(self._reader.key(node_id), outputs, made.seconds)
            self._report.node_executed(self._graph.place(node_id), self._graph[node_id].type, made.seconds)
            self._report.show(self._graph.place(node_id), outputs.ui)


def _with_outputs_of(
    result: NodeResult | Expansion, source: NodeId, given: NodeResult | Expansion
) -> NodeResult | Expansion:
    """Replace links to the outputs of `source` by what it gives."""
    outputs = [
        given.outputs[value.output] if isinstance(value, Link) and value.source == source else value
        for value in result.outputs
    ]
    return NodeResult(outputs, result.ui) if isinstance(result, NodeResult) else _expansion_with(result, outputs)


def _expansion_with(expansion: Expansion, outputs: Sequence[object]) -> Expansion:
    """What has been grafted is not needed again: only outputs and `ui` remain."""
    return Expansion(Graph({}), outputs, expansion.ui)
