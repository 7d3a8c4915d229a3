"""How does a class-style node say that nothing shall be done with an output?"""

from engine.graph.definition import Blocked


class ExecutionBlocker(Blocked):
    """An output value: nodes that get it are skipped; with a message, the first of them shows it."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(reason=message)

    @property
    def message(self) -> str | None:
        return self.reason
