"""What is asked of an executor, and what comes back when a run ends?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.execution.events import Place
from engine.graph.nodes import Graph, NodeId


@dataclass(frozen=True)
class RunRequest:
    """Run `targets` of `graph`. Plain data, so that it can cross to another process.

    Attributes:
        prompt: the graph as the client sent it, to be written into results.
        extra: what came beside it: {"extra_pnginfo": {"workflow": ...}, ...}.
        client: who is told of its events, where that is known.
        user: the account whose folders it reads and writes; empty on a server of a single user.
        metadata: whether results may carry the prompt and the workflow (--disable-metadata).
    """

    job: str
    graph: Graph
    targets: Sequence[NodeId]
    prompt: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    metadata: bool = True
    client: str = ""
    user: str = ""


@dataclass(frozen=True)
class NodeError:
    """Why a run failed, and where; an empty `node` means outside any node (a worker that died, say)."""

    node: str
    node_type: str
    exception_type: str
    message: str
    traceback: Sequence[str] = ()


@dataclass(frozen=True)
class NodeTime:
    """When a node was called, in milliseconds since 1970, and for how many seconds; expanded ones too."""

    node: str
    node_type: str
    began_ms: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        outputs: node id -> its UI result, cached ones too.
        places: node id -> where its result belongs, for every key of `outputs`.
        executed: ids of the nodes that really ran.
        times: of those that ran, in the order in which they began; of very many, the slowest.
        memory_bytes: main memory that the worker occupied at the end; 0 if it is not known.
        device_bytes: accelerator memory, likewise.
    """

    job: str
    status: Literal["success", "error", "interrupted"]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    executed: Sequence[str] = ()
    error: NodeError | None = None
    times: Sequence[NodeTime] = ()
    memory_bytes: int = 0
    device_bytes: int = 0
