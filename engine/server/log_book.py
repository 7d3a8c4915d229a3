"""What was logged lately, by the server and by its workers?"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from engine.log_lines import as_text, printed_line

KEPT_LINES = 1000
LONGEST_LINE_BYTES = 64 * 1024  # of what is printed without a line break; then it counts as a line


@dataclass(frozen=True)
class LogEntry:
    """`time` is ISO 8601 with the machine's local time."""

    time: str
    text: str


class LogBook(logging.Handler):
    """Keeps the last lines, written for people, and passes what workers print on to the console."""

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
        self._show(text)

    def records_of(self, worker: str, mark: str) -> Callable[[bytes], None]:
        """Make what takes the output of a worker that logs in JSON.

        Its records are those that follow `mark`, which nobody who makes a node print something knows. Every other
        line becomes a record that says that it was printed.
        """
        output = _Records(worker, mark.encode())

        def take(chunk: bytes) -> None:
            for line in output.feed(chunk):
                self._keep(as_text(json.loads(line)) + "\n")
                self._show(line + "\n")

        return take

    def listen(self, listener: Callable[[LogEntry], None] | None) -> None:
        """Have what is logged from now on told to one listener, from whichever thread logs it; None ends that."""
        self._listener = listener

    def entries(self) -> list[LogEntry]:
        return list(self._entries)

    def _show(self, text: str) -> None:
        self._console.write(text)
        self._console.flush()

    def _keep(self, text: str) -> None:
        entry = LogEntry(time.strftime("%Y-%m-%dT%H:%M:%S%z"), text)
        self._entries.append(entry)
        if self._listener is not None:
            self._listener(entry)


class _Records:
    """Makes lines of JSON of what a worker's process writes."""

    def __init__(self, worker: str, mark: bytes) -> None:
        self._worker = worker
        self._mark = mark
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes as they come; gives the records that are complete."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        return [record for line in lines for record in self._records(line)]

    def _records(self, line: bytes) -> list[str]:
        printed, mark, logged = line.partition(self._mark)
        text = printed.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]  # of a progress bar the last state
        records = [printed_line(text, self._worker, time.time())] if text.strip() else []
        if not mark:
            return records
        try:
            json.loads(logged)
        except ValueError:  # two threads' writes ran into each other
            return [*records, printed_line(logged.decode("utf-8", "replace"), self._worker, time.time())]
        return [*records, logged.decode("ascii")]
