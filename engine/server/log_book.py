"""What was logged lately, by the server and by its workers?"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

KEPT_LINES = 1000


@dataclass(frozen=True)
class LogEntry:
    """`time` is ISO 8601 with the machine's local time."""

    time: str
    text: str


class LogBook(logging.Handler):
    """Keeps the last lines, and passes what workers print on to the console."""

    def __init__(self, console: TextIO) -> None:
        super().__init__()
        self._console = console
        self._entries: deque[LogEntry] = deque(maxlen=KEPT_LINES)
        self._listener: Callable[[LogEntry], None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self._keep(self.format(record) + "\n")

    def worker_printed(self, chunk: bytes) -> None:
        """Note what a worker printed, and show it."""
        text = chunk.decode("utf-8", "replace")
        self._keep(text)
        self._console.write(text)
        self._console.flush()

    def listen(self, listener: Callable[[LogEntry], None] | None) -> None:
        """Have what is logged from now on told to one listener, from whichever thread logs it; None ends that."""
        self._listener = listener

    def entries(self) -> list[LogEntry]:
        return list(self._entries)

    def _keep(self, text: str) -> None:
        entry = LogEntry(time.strftime("%Y-%m-%dT%H:%M:%S%z"), text)
        self._entries.append(entry)
        if self._listener is not None:
            self._listener(entry)
