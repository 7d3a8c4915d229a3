"""What is a job: a graph that someone asked to be run, and its place in the line?"""

import math
import time
from dataclasses import dataclass, field

from engine.execution.outcome import RunRequest


def now_ms() -> int:
    """Give the present time as the protocol writes it: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Job:
    """A submitted graph.

    Attributes:
        number: its place in the line; the smallest runs first.
        client: who is told of its events; empty for nobody.
        worker: the name of the one worker that may run it; empty for any.
    """

    number: float
    request: RunRequest
    client: str = ""
    worker: str = ""
    created_ms: int = field(default_factory=now_ms)

    @property
    def id(self) -> str:
        return self.request.job

    def __post_init__(self) -> None:
        if not math.isfinite(self.number):
            raise ValueError(f"A job's number must be finite, not {self.number}.")
