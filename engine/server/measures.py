"""What has this server done so far, in numbers? Counted as it happens, on the event loop; read by /metrics.

Nothing here holds a word of a user's: no prompt, no file name, no id.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from aiohttp import web

from engine.execution.events import NodeFailed, NodeRetried, NodesCached
from engine.jobs.bus import JobHappened, JobLeft, Notice
from engine.jobs.history import History, HistoryItem
from engine.jobs.worker import WorkerBegan, WorkerEnded

JOB_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
NODE_SECONDS = (0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800)
REQUEST_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30)
MOST_TYPES = 400  # of nodes; packs may bring any number, and every one costs a dozen lines in each answer
MOST_ERRORS = 100
LONGEST_NAME = 100
OTHER = "(other)"
Labels = tuple[str, ...]


@dataclass
class Histogram:
    """How often a value lay below each bound, and their sum."""

    bounds: Sequence[float]
    sum: float = 0.0
    _counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[int]:
        """Give for each bound how many values were no larger; at the end, how many there were."""
        return list(accumulate(self._counts))


@dataclass
class Histograms:
    """One for each set of labels."""

    bounds: Sequence[float]
    by_labels: dict[Labels, Histogram] = field(default_factory=dict)

    def add(self, value: float, *labels: str) -> None:
        found = self.by_labels.get(labels)
        if found is None:
            found = self.by_labels[labels] = Histogram(self.bounds)
        found.add(value)


class Names:
    """Names that may be labels: the first so many; all others count as one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def label(self, name: str) -> str:
        if name not in self._known:
            if len(self._known) >= self._most or len(name) > LONGEST_NAME:
                return OTHER
            self._known.add(name)
        return name


class Measures:
    """Counts. Used from the server's event loop only.

    Attributes:
        processes: of workers that live, as far as they were told of: name -> process id.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._types = Names(MOST_TYPES)
        self._errors = Names(MOST_ERRORS)
        self.jobs: Counter[Labels] = Counter()  # (status,)
        self.job_seconds = Histograms(JOB_SECONDS)  # (status,)
        self.wait_seconds = Histograms(JOB_SECONDS)
        self.node_seconds = Histograms(NODE_SECONDS)  # (node type,)
        self.nodes_cached = 0
        self.errors: Counter[Labels] = Counter()  # (exception, node type)
        self.memory_retries: Counter[Labels] = Counter()  # (node type,)
        self.worker_starts: Counter[Labels] = Counter()  # (worker,)
        self.worker_deaths: Counter[Labels] = Counter()  # (worker, cause)
        self.processes: dict[str, int] = {}
        self.requests: Counter[Labels] = Counter()  # (method, route, status)
        self.request_seconds = Histograms(REQUEST_SECONDS)  # (route,)
        self.uploads = 0
        self.uploaded_bytes = 0

    def receive(self, notice: Notice) -> None:
        """Count what the bus tells."""
        match notice:
            case JobHappened(event=NodesCached() as event):
                self.nodes_cached += len(event.nodes)
            case JobHappened(event=NodeFailed() as event):
                self.errors[self._errors.label(event.exception_type), self._type(event.node_type)] += 1
            case JobHappened(event=NodeRetried() as event):
                self.memory_retries[(self._type(event.node_type),)] += 1
            case JobLeft():
                item = self._history.get(notice.job.id)
                if item is not None:
                    self._ended(item)
            case WorkerBegan():
                self.worker_starts[(notice.worker,)] += 1
                self.processes[notice.worker] = notice.process_id
            case WorkerEnded():
                self.worker_deaths[notice.worker, notice.kind] += 1
                self.processes.pop(notice.worker, None)
            case _:
                pass

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. A websocket's lasts as long as its client listens, which says nothing of the server."""
        self.requests[method, route, str(status)] += 1
        if status != 101:
            self.request_seconds.add(seconds, route)

    def uploaded(self, size: int) -> None:
        """Count a file that was uploaded and kept."""
        self.uploads += 1
        self.uploaded_bytes += size

    def _ended(self, item: HistoryItem) -> None:
        status = item.outcome.status
        self.jobs[(status,)] += 1
        self.job_seconds.add(max(0, item.ended_ms - item.started_ms) / 1000, status)
        self.wait_seconds.add(max(0, item.started_ms - item.job.created_ms) / 1000)
        for time in item.outcome.times:
            self.node_seconds.add(time.seconds, self._type(time.node_type))

    def _type(self, node_type: str) -> str:
        return self._types.label(node_type) if node_type else "(none)"


@dataclass(frozen=True)
class Family:
    """What one name of /metrics says: rows of labels with a number, or a histogram's."""

    kind: str
    name: str
    help: str
    labels: Labels = ()
    rows: Mapping[Labels, float] = field(default_factory=dict)
    histograms: Mapping[Labels, tuple[Sequence[float], Sequence[int], float]] = field(default_factory=dict)


MEASURES = web.AppKey("measures", Measures)
