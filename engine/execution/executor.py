"""Who runs a graph?"""

from collections.abc import Callable
from typing import Protocol

from engine.execution.events import Event
from engine.execution.outcome import Outcome, RunRequest


class Executor(Protocol):
    """Runs one graph at a time. `interrupt` and `release` may be called from other threads."""

    def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        """Run to the end. Failures of nodes are in the outcome, not raised."""

    def interrupt(self, job: str) -> None:
        """Stop a job at its next step, also one that has not begun; never another."""

    def release(self, *, models: bool, results: bool) -> None:
        """Let go of cached results (which hold models too)."""
