"""How far has a running job come, as far as its worker has told?"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from engine.execution.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodesCached,
    NodeStarted,
    Place,
    ProgressStates,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.graph.nodes import NodeId
from engine.jobs.job import Job, now_ms
from engine.jobs.worker import Worker

LAST_EVENTS = (NodeFailed, RunInterrupted, RunSucceeded)


@dataclass
class Running:
    """A job on a worker.

    Attributes:
        course: the events that mark it, as the history keeps them; `last` is the one that ends it.
        finished: of nodes with something to show.
        grace: runs out some time after a cancel; None if the job was not cancelled.
    """

    job: Job
    worker: Worker
    started_ms: int = field(default_factory=now_ms)
    executed: list[str] = field(default_factory=list)
    finished: dict[str, NodeFinished] = field(default_factory=dict)
    course: list[Event] = field(default_factory=list)
    last: Event | None = None
    grace: asyncio.TimerHandle | None = None
    _at_work: dict[str, Place] = field(default_factory=dict)
    _started_last: Place | None = None

    def note(self, event: Event) -> None:
        """Remember what an event says."""
        match event:
            case NodeStarted():
                self._started_last = self._at_work[event.place.node] = event.place
                self.executed.append(event.place.node)
            case ProgressStates():
                for state in event.nodes:
                    if state.state in ("finished", "error"):
                        self._at_work.pop(state.place.node, None)
            case NodeFinished():
                self.finished[event.place.node] = event
                self._at_work.pop(event.place.node, None)
            case RunStarted() | NodesCached():
                self.course.append(event)
            case NodeFailed() | RunInterrupted() | RunSucceeded():
                self.last = event

    def place(self, suspects: Collection[str] = ()) -> Place | None:
        """Say which node is at work; of several the one that began last, those of suspect types before others.

        A worker tells that nodes have ended a moment later, all at once, so that this may name one that has.
        """
        places = list(self._at_work.values())
        suspected = [place for place in places if self.node_type(place) in suspects]
        return next(reversed(suspected or places), self._started_last)

    def node_type(self, place: Place | None) -> str:
        """Give the type of the user's node in which a place lies; "" if it is none."""
        node = self.job.request.graph.nodes.get(NodeId(place.real)) if place else None
        return node.type if node else ""
