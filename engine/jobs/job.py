"""What is a job: a graph that someone asked to be run, and its place in the line?"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.execution.events import NodeFinished
from engine.execution.outcome import RunRequest

# What a client may send along for its nodes, but nobody else may read, and no file keeps.
SECRETS = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})


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
        earlier: what its nodes showed in a run that ended with the server; it does not repeat what they saved.
    """

    number: float
    request: RunRequest
    client: str = ""
    worker: str = ""
    created_ms: int = field(default_factory=now_ms)
    earlier: Mapping[str, NodeFinished] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.request.job

    @property
    def user(self) -> str:
        """Give the account whose job it is; empty on a server of a single user."""
        return self.request.user

    def __post_init__(self) -> None:
        if not math.isfinite(self.number):
            raise ValueError(f"A job's number must be finite, not {self.number}.")
