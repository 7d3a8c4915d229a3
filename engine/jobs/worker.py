"""What is a worker to those who hand out jobs, and which plain messages cross to it?

`engine/worker` holds the implementations: a process, and one inside this process.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.execution.events import Event
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.definition import NodeDefinition
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.problems import Problem
from engine.jobs.pack_reports import BroughtByPacks, Said

Stage = Literal["starting", "up", "dead"]


@dataclass(frozen=True)
class DeviceStats:
    """A device of a worker; sizes in bytes."""

    name: str
    type: str
    index: int | None
    memory_total: int
    memory_free: int
    torch_memory_total: int
    torch_memory_free: int


@dataclass(frozen=True)
class WorkerDescription:
    """What a worker says of itself once it is up.

    Attributes:
        definitions: those of the packs, without functions.
        accelerators: how many the machine has, this worker's own among them; one worker is made for each.
        brought: what the packs bring beside node types.
        is_anew: packs were asked again for the choices of their node types.
    """

    definitions: Sequence[NodeDefinition]
    devices: Sequence[DeviceStats]
    torch_version: str
    process_id: int
    accelerators: int = 0
    brought: BroughtByPacks = field(default_factory=BroughtByPacks)
    is_anew: bool = False


@dataclass(frozen=True)
class Run:
    request: RunRequest


@dataclass(frozen=True)
class Cancel:
    job: str


@dataclass(frozen=True)
class Describe:
    """Ask the worker what it has; `anew`: it asks its packs again for the choices of their node types."""

    anew: bool = False


@dataclass(frozen=True)
class Release:
    models: bool
    results: bool


@dataclass(frozen=True)
class Check:
    """Ask the worker's node types to check inputs; `number` names the question."""

    number: int
    checks: Sequence[OwnCheck]


@dataclass(frozen=True)
class Checked:
    """What one node's type says of it; the nodes of a question are answered one after the other."""

    number: int
    node: NodeId
    problems: Sequence[Problem]


@dataclass(frozen=True)
class Stop:
    pass


@dataclass(frozen=True)
class Importing:
    """The worker is about to import a pack; sent while it starts, since a pack may end the whole process."""

    pack: str


@dataclass(frozen=True)
class Happened:
    event: Event


@dataclass(frozen=True)
class Ended:
    outcome: Outcome


@dataclass(frozen=True)
class WorkerBegan:
    """A process was started for a worker."""

    worker: str
    process_id: int


@dataclass(frozen=True)
class WorkerEnded:
    """The process of a worker ended, unasked or by force. `kind` is one of few words, such as a signal's name."""

    worker: str
    kind: str


Order = Run | Cancel | Check | Describe | Release | Stop
Report = Importing | Happened | Ended | Checked | Said | WorkerDescription


class Worker(Protocol):
    """Someone who runs one job at a time, in this process or another. All calls from the server's event loop.

    Attributes:
        said: told what packs say to the editors outside of any run; set by whoever passes it on.
        lived: told when a process of it begins and ends; likewise.
    """

    said: Callable[[Said], None]
    lived: Callable[[WorkerBegan | WorkerEnded], None]

    @property
    def name(self) -> str: ...

    @property
    def stage(self) -> Stage:
        """Say whether it can work: a dead one could not start, or died idle; it tries again when it is needed."""

    async def start(self) -> None:
        """Begin starting up; returns at once."""

    async def describe(self, *, anew: bool = False) -> WorkerDescription:
        """Ask what the worker has; waits until it is up. What takes too long is answered from what was said first.

        Args:
            anew: have packs asked again for the choices of their node types.

        Raises:
            WorkerDied: it cannot start.
        """

    async def check(self, checks: Sequence[OwnCheck], within_s: float) -> Mapping[NodeId, Sequence[Problem]]:
        """Let the packs' node types check inputs of theirs; also while a job runs.

        A node whose check gives no answer for `within_s` gets a problem that says so.

        Raises:
            WorkerDied: the process ended meanwhile.
        """

    async def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        """Run a job to its end.

        Raises:
            WorkerDied: the process ended meanwhile; the message says how. The next call finds a fresh one.
            Interrupted: the job was cancelled before it reached the process.
        """

    def cancel(self, job: str) -> None:
        """Stop a job if it is the one that runs; never another."""

    def abandon(self, job: str) -> None:
        """End the process in which this job runs, if it still does: it would not be stopped."""

    async def release(self, *, models: bool, results: bool) -> None:
        """Let go of models and cached results after the present job."""

    async def stop(self) -> None:
        """End the worker within a second."""
