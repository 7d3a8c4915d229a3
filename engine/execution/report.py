"""What does a run tell of itself while it goes on, and when it ends?"""

import heapq
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from engine.errors import Interrupted
from engine.execution.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodesCached,
    NodeStarted,
    Place,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.outcome import NodeError, NodeTime, Outcome
from engine.execution.progress import Progress
from engine.graph.nodes import Link, Node

SHOWN_INPUT_CHARS = 200
MOST_TIMES = 300
SHOWN_VALUES = 20  # of a list that came over a link
ValuesOf = Callable[[Link], Sequence[Any] | None]


class RunReport:
    """Emits the events of one run, and remembers what its outcome says. Safe to use from several threads."""

    def __init__(self, job: str, emit: Callable[[Event], None], cancelled: threading.Event) -> None:
        self._job = job
        self._emit_raw = emit
        self._lock = threading.Lock()  # guards `emit`, which nodes call from several threads
        self.progress = Progress(job, self.emit, cancelled)
        self._executed: list[str] = []
        self._times: list[tuple[float, int, NodeTime]] = []
        self._outputs: dict[str, Mapping[str, Any]] = {}
        self._places: dict[str, Place] = {}

    def emit(self, event: Event) -> None:
        with self._lock:
            self._emit_raw(event)

    def run_started(self) -> None:
        self.emit(RunStarted(self._job, _now_ms()))

    def cached(self, nodes: Sequence[str]) -> None:
        self.emit(NodesCached(self._job, nodes, _now_ms()))

    def node_started(self, place: Place) -> None:
        self.emit(NodeStarted(self._job, place))
        self.progress.begin(place)

    def node_retried(self, place: Place, node_type: str) -> None:
        self.emit(NodeRetried(self._job, place, node_type))

    def node_executed(self, place: Place, node_type: str, seconds: float) -> None:
        """Note that a node has run; of very many, the times of the slowest."""
        self._executed.append(place.node)
        began_ms = _now_ms() - round(seconds * 1000)
        timed = seconds, len(self._executed), NodeTime(place.node, node_type, began_ms, seconds)
        if len(self._times) < MOST_TIMES:
            heapq.heappush(self._times, timed)
        else:
            heapq.heappushpop(self._times, timed)

    def node_ended(self, place: Place) -> None:
        self.progress.end(place)

    def blocked(self, place: Place, node_type: str, reasons: Iterable[str]) -> None:
        for reason in reasons:
            self.emit(NodeBlocked(self._job, place, node_type, tuple(self._executed), reason, _now_ms()))

    def show(self, place: Place, ui: Mapping[str, Any]) -> None:
        """Tell what a node has to show, if anything."""
        if ui:
            self._outputs[place.node] = ui
            self._places[place.node] = place
            self.emit(NodeFinished(self._job, place, ui))

    def succeeded(self) -> Outcome:
        self.progress.flush()
        self.emit(RunSucceeded(self._job, _now_ms()))
        return self._outcome("success")

    def failed(self, place: Place, node: Node | None, error: BaseException, values_of: ValuesOf) -> Outcome:
        """End the run by an error in a node, or by a cancel that it heard."""
        node_type = node.type if node else ""
        if isinstance(error, Interrupted):
            self.progress.flush()
            self.emit(RunInterrupted(self._job, place.node, node_type, tuple(self._executed), _now_ms()))
            return self._outcome("interrupted")
        self.progress.end(place, failed=True)
        self.progress.flush()
        kind, message = type(error).__name__, str(error) or type(error).__name__
        lines = traceback.format_exception(error)
        inputs = shown_inputs(node, values_of) if node else {}
        executed = tuple(self._executed)
        self.emit(NodeFailed(self._job, place, node_type, executed, kind, message, lines, inputs, _now_ms()))
        return self._outcome("error", NodeError(place.node, node_type, kind, message, lines))

    def _outcome(self, status: Literal["success", "error", "interrupted"], error: NodeError | None = None) -> Outcome:
        times = sorted((time for *_, time in self._times), key=lambda time: time.began_ms)
        return Outcome(self._job, status, self._outputs, self._places, tuple(self._executed), error, tuple(times))


def shown_inputs(node: Node, values_of: ValuesOf) -> dict[str, list[Any]]:
    """Give what each input held, a list of its values: plain ones as they are, others in a few words."""
    shown = {}
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            there = values_of(value)
            values = [f"output {value.output} of node {value.source}"] if there is None else there[:SHOWN_VALUES]
        else:
            values = [value]
        shown[name] = [_shown(each) for each in values]
    return shown


def _shown(value: Any) -> Any:
    """Tensors are told by their shape: their numbers help nobody, and reading them may fail as the node did."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__}{tuple(shape)}"
    try:
        return str(value)[:SHOWN_INPUT_CHARS]
    except Exception as error:  # noqa: BLE001 (a foreign object; the error to tell of is another one)
        return f"{type(value).__name__}, which cannot be shown: {error!r}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
