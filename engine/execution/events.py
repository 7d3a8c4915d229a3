"""What happens in a run, as small typed values; engine/wire turns them into messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

NodeState = Literal["pending", "running", "finished", "error"]


@dataclass(frozen=True)
class Place:
    """Which node an event speaks of.

    Attributes:
        node: the id in the running graph; inside an expansion, the expanded id.
        display: the node of the user's graph that shows it.
        parent: the node that expanded into it, if any.
        real: the node of the user's graph whose expansion it stands in.
    """

    node: str
    display: str
    parent: str | None
    real: str

    @classmethod
    def of(cls, node_id: str) -> "Place":
        """Place a node that stands in the user's own graph."""
        return cls(node_id, node_id, None, node_id)


@dataclass(frozen=True)
class PreviewImage:
    """An encoded picture of work in progress."""

    format: Literal["JPEG", "PNG"]
    data: bytes


@dataclass(frozen=True)
class RunStarted:
    job: str
    timestamp_ms: int


@dataclass(frozen=True)
class NodesCached:
    """These nodes' results were there already."""

    job: str
    nodes: Sequence[str]
    timestamp_ms: int


@dataclass(frozen=True)
class NodeStarted:
    job: str
    place: Place


@dataclass(frozen=True)
class NodeProgress:
    """`value` of `maximum` steps are done; `preview` shows the work so far."""

    job: str
    place: Place
    value: float
    maximum: float
    preview: PreviewImage | None = None


@dataclass(frozen=True)
class NodeProgressState:
    place: Place
    state: NodeState
    value: float
    maximum: float


@dataclass(frozen=True)
class ProgressStates:
    """Where nodes stand: those at work, and those that ended since the last one (see `Progress`)."""

    job: str
    nodes: Sequence[NodeProgressState]


@dataclass(frozen=True)
class NodeText:
    """A line of text for the node's face."""

    job: str
    place: Place
    text: str


@dataclass(frozen=True)
class NodeFinished:
    """A node with something to show has ended, or its earlier result was taken from the cache."""

    job: str
    place: Place
    ui: Mapping[str, Any]


@dataclass(frozen=True)
class NodeMessage:
    """A message of a pack's own to its script in the editor."""

    job: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class NodeBlocked:
    """A node is skipped because it was given a blocked value that says why; the run goes on."""

    job: str
    place: Place
    node_type: str
    executed: Sequence[str]
    reason: str
    timestamp_ms: int = 0


@dataclass(frozen=True)
class NodeRetried:
    """Memory ran out in a node; it is called once more, after all was released that can be."""

    job: str
    place: Place
    node_type: str


@dataclass(frozen=True)
class NodeFailed:
    """The run ends here, by an error in a node."""

    job: str
    place: Place
    node_type: str
    executed: Sequence[str]
    exception_type: str
    message: str
    traceback: Sequence[str]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    timestamp_ms: int = 0


@dataclass(frozen=True)
class RunInterrupted:
    """The run ends here, by the user's wish; or for another `reason`, such as the end of the server."""

    job: str
    node: str
    node_type: str
    executed: Sequence[str]
    timestamp_ms: int = 0
    reason: str = ""


@dataclass(frozen=True)
class RunSucceeded:
    job: str
    timestamp_ms: int


Event = (
    RunStarted
    | NodesCached
    | NodeStarted
    | NodeProgress
    | ProgressStates
    | NodeText
    | NodeFinished
    | NodeMessage
    | NodeBlocked
    | NodeRetried
    | NodeFailed
    | RunInterrupted
    | RunSucceeded
)
