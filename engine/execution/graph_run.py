"""What is one run of one graph: what is done already, what runs now, and how does it end?"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from engine.errors import EngineError, Interrupted
from engine.execution.cache import NodeOutputs, ResultCache
from engine.execution.context import Resources
from engine.execution.evaluate import AsyncThread, Values, evaluate
from engine.execution.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodesCached,
    NodeStarted,
    NodeText,
    Place,
    PreviewImage,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.keys import ResultKey, result_key
from engine.execution.lifecycle import NodeLifecycle, enter_all
from engine.execution.outcome import NodeError, Outcome, RunRequest
from engine.execution.plan import Plan
from engine.execution.progress import Progress
from engine.files.places import Places
from engine.graph.definition import Runs
from engine.graph.nodes import Link, NodeId
from engine.graph.registry import Registry
from engine.graph.topology import dependants, order

T = TypeVar("T")
SHOWN_INPUT_CHARS = 200


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


class NodeRaised(Exception):
    """An error, and the node in which it was raised."""

    def __init__(self, node_id: NodeId, error: BaseException) -> None:
        super().__init__(str(error))
        self.node_id = node_id
        self.error = error


@dataclass(frozen=True)
class RunningNode:
    """The `NodeContext` of one node in a run."""

    job: str
    place: Place
    places: Places
    prompt: Mapping[str, Any] | None
    extra_pnginfo: Mapping[str, Any] | None
    _progress: Progress = field(repr=False)
    _resources: Resources = field(repr=False)
    _emit: Callable[[Event], None] = field(repr=False)

    @property
    def node_id(self) -> str:
        return self.place.node

    def progress(self, value: float, maximum: float, preview: PreviewImage | None = None) -> None:
        self._progress.report(self.place, value, maximum, preview)

    def wants_preview(self) -> bool:
        return self._progress.wants_preview()

    def show_text(self, text: str) -> None:
        self._emit(NodeText(self.job, self.place, text))

    def check_cancelled(self) -> None:
        self._progress.check_cancelled()

    def resource(self, kind: type[T]) -> T:
        return self._resources.get(kind)


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
        self._graph = request.graph
        self._emit_lock = threading.Lock()  # guards `emit`, which nodes call from several threads
        self._emit_raw = emit
        self._cancelled = cancelled
        self._progress = Progress(request.job, self._emit, cancelled)
        self._keys: dict[NodeId, ResultKey] = {}
        self._held: dict[NodeId, NodeOutputs] = {}  # results that nodes of this run still need
        self._users_left: dict[NodeId, int] = {}
        self._twins: dict[ResultKey, list[NodeId]] = {}  # nodes that wait for the one with the same key
        self._device_queue: deque[NodeId] = deque()
        self._in_pool = 0
        self._from_pool: SimpleQueue[tuple[NodeId, NodeOutputs | BaseException]] = SimpleQueue()
        self._executed: list[NodeId] = []
        self._outputs: dict[str, Mapping[str, Any]] = {}

    def run(self) -> Outcome:
        """Run to the end; whatever a node raises becomes the outcome."""
        job = self._request.job
        self._emit(RunStarted(job, _now_ms()))
        try:
            try:
                plan = self._prepare()
                while not plan.finished:
                    self._step(plan)
            finally:
                self._let_pool_finish()
        except NodeRaised as raised:
            return self._ended_by(raised)
        self._progress.flush()
        self._emit(RunSucceeded(job, _now_ms()))
        return self._outcome("success")

    def _prepare(self) -> Plan:
        """Compute keys, find what is cached, say so, and plan the rest."""
        sorted_ids, stuck = order(self._graph, self._request.targets)
        if stuck:
            raise NodeRaised(
                stuck[0], EngineError("This node depends on itself: validate the graph before running it.")
            )
        registry, places = self._around.registry, self._around.places
        for node_id in sorted_ids:
            node = self._graph[node_id]
            with _named(node_id):
                self._keys[node_id] = result_key(node, registry[node.type], self._keys, places)
        to_run = self._not_cached(sorted_ids)
        cached = [node_id for node_id in sorted_ids if node_id not in to_run]
        self._emit(NodesCached(self._request.job, cached, _now_ms()))
        for node_id in cached:
            outputs = self._held.get(node_id) or self._around.cache.get(self._keys[node_id])
            self._show(node_id, outputs)
        running = [node_id for node_id in sorted_ids if node_id in to_run]
        users = dependants(self._graph, running)
        self._users_left = {node_id: len(found) for node_id, found in users.items()}
        return Plan(self._graph, running)

    def _not_cached(self, sorted_ids: Sequence[NodeId]) -> set[NodeId]:
        """Walk up from the targets, stopping at results that are there; these are held for the run."""
        to_run: set[NodeId] = set()
        waiting = list(self._request.targets)
        while waiting:
            node_id = waiting.pop()
            if node_id in to_run or node_id in self._held:
                continue
            outputs = self._around.cache.get(self._keys[node_id])
            if outputs is not None:
                self._held[node_id] = outputs
                continue
            to_run.add(node_id)
            waiting.extend(link.source for _, link in self._graph[node_id].links())
        return to_run

    def _step(self, plan: Plan) -> None:
        """Start what is ready; then run one device node here, or wait for the pool."""
        for node_id in plan.take_ready():
            self._begin(node_id, plan)
        if self._device_queue:
            node_id = self._device_queue.popleft()
            self._complete(node_id, self._evaluate(node_id), plan)
        elif self._in_pool:
            self._take_from_pool(plan)
        while self._in_pool and not self._from_pool.empty():
            self._take_from_pool(plan)

    def _begin(self, node_id: NodeId, plan: Plan) -> None:
        key = self._keys[node_id]
        if key in self._twins:
            self._twins[key].append(node_id)
            return
        definition = self._around.registry[self._graph[node_id].type]
        self._twins[key] = []
        if definition.runs is Runs.FREELY:
            self._in_pool += 1
            self._around.pool.submit(self._evaluate_in_pool, node_id)
        else:
            self._device_queue.append(node_id)

    def _evaluate_in_pool(self, node_id: NodeId) -> None:
        try:
            self._from_pool.put((node_id, self._evaluate(node_id)))
        except BaseException as error:  # noqa: BLE001 (handed to the run's own thread, which raises it)
            self._from_pool.put((node_id, error))

    def _take_from_pool(self, plan: Plan) -> None:
        node_id, outputs = self._from_pool.get()
        self._in_pool -= 1
        if isinstance(outputs, BaseException):
            raise outputs
        self._complete(node_id, outputs, plan)

    def _let_pool_finish(self) -> None:
        """Wait for nodes on the pool, so that nothing is being saved when the run is said to have ended."""
        while self._in_pool:
            node_id, outputs = self._from_pool.get()
            self._in_pool -= 1
            if isinstance(outputs, NodeOutputs):
                self._around.cache.put(self._keys[node_id], outputs)
                self._show(node_id, outputs)

    def _evaluate(self, node_id: NodeId) -> NodeOutputs:
        node = self._graph[node_id]
        definition = self._around.registry[node.type]
        place = Place.of(node_id)
        with _named(node_id):
            self._progress.check_cancelled()
            self._emit(NodeStarted(self._request.job, place))
            self._progress.begin(place)
            with enter_all(self._around.lifecycles, definition, node_id):
                outputs = evaluate(
                    node, definition, self._value_of, self._context(place), self._around.async_thread.wait
                )
            self._progress.end(place)
        self._executed.append(node_id)
        return outputs

    def _context(self, place: Place) -> RunningNode:
        request = self._request
        prompt = request.prompt if request.metadata else None
        extra = request.extra.get("extra_pnginfo") if request.metadata else None
        around = self._around
        return RunningNode(
            request.job, place, around.places, prompt, extra, self._progress, around.resources, self._emit
        )

    def _value_of(self, link: Link) -> Values:
        return self._held[link.source].values[link.output]

    def _complete(self, node_id: NodeId, outputs: NodeOutputs, plan: Plan) -> None:
        """Keep a result, show it, and do the same for the nodes that waited for one with the same key."""
        self._around.cache.put(self._keys[node_id], outputs)
        for done in (node_id, *self._twins.pop(self._keys[node_id], ())):
            if self._users_left.get(done):
                self._held[done] = outputs
            self._show(done, outputs)
            plan.complete(done)
            self._let_go_of_sources(done)

    def _let_go_of_sources(self, node_id: NodeId) -> None:
        """Drop results that no node of this run needs any more; the cache may keep them."""
        for source in {link.source for _, link in self._graph[node_id].links()}:
            self._users_left[source] -= 1
            if self._users_left[source] == 0:
                self._held.pop(source, None)

    def _show(self, node_id: NodeId, outputs: NodeOutputs | None) -> None:
        if outputs is not None and outputs.ui:
            self._outputs[node_id] = outputs.ui
            self._emit(NodeFinished(self._request.job, Place.of(node_id), outputs.ui))

    def _ended_by(self, raised: NodeRaised) -> Outcome:
        node_id, error = raised.node_id, raised.error
        job, node_type = self._request.job, self._graph[node_id].type
        if isinstance(error, Interrupted):
            self._emit(RunInterrupted(job, node_id, node_type, tuple(self._executed), _now_ms()))
            return self._outcome("interrupted")
        place = Place.of(node_id)
        self._progress.end(place, failed=True)
        found = NodeError(
            node_id,
            node_type,
            type(error).__name__,
            str(error) or type(error).__name__,
            traceback.format_exception(error),
        )
        self._emit(
            NodeFailed(
                job,
                place,
                node_type,
                tuple(self._executed),
                found.exception_type,
                found.message,
                found.traceback,
                self._shown_inputs(node_id),
                _now_ms(),
            )
        )
        return self._outcome("error", found)

    def _shown_inputs(self, node_id: NodeId) -> dict[str, str]:
        """Give a node's literals as text; what came over links is named by where it came from."""
        shown = {}
        for name, value in self._graph[node_id].inputs.items():
            text = f"output {value.output} of node {value.source}" if isinstance(value, Link) else repr(value)
            shown[name] = text[:SHOWN_INPUT_CHARS]
        return shown

    def _outcome(self, status: Any, error: NodeError | None = None) -> Outcome:
        places = {node_id: Place.of(node_id) for node_id in self._outputs}
        return Outcome(self._request.job, status, self._outputs, places, tuple(self._executed), error)

    def _emit(self, event: Event) -> None:
        with self._emit_lock:
            self._emit_raw(event)


class _named:
    """Turns whatever is raised inside into `NodeRaised` with the node's id."""

    def __init__(self, node_id: NodeId) -> None:
        self._node_id = node_id

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and not isinstance(error, (NodeRaised, KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise NodeRaised(self._node_id, error) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
