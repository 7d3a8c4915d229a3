"""How does what happens to jobs reach those who want to know, without either knowing the other?"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.execution.events import Event
from engine.jobs.job import Job
from engine.jobs.pack_reports import Said
from engine.jobs.worker import WorkerBegan, WorkerEnded


@dataclass(frozen=True)
class QueueChanged:
    """So many jobs wait or run now."""

    remaining: int


@dataclass(frozen=True)
class JobHappened:
    """Something happened in the run of a job."""

    job: Job
    event: Event


@dataclass(frozen=True)
class JobLeft:
    """A job has ended, and its history is complete."""

    job: Job


Notice = QueueChanged | JobHappened | JobLeft | Said | WorkerBegan | WorkerEnded


class EventBus:
    """Passes each notice to every subscriber, in order, at once. Used from the server's event loop only."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Notice], None]] = []

    def subscribe(self, receive: Callable[[Notice], None]) -> None:
        self._subscribers.append(receive)

    def publish(self, notice: Notice) -> None:
        for receive in self._subscribers:
            receive(notice)
