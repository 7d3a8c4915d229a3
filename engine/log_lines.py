"""How is a line of the log written, and of which job and node does it tell?

A line that is logged while a node runs carries its job and node, whichever module or pack logs it: they stand in a
context variable, which the formatters here read in the thread that logs.
"""

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]
TEXT_FORMAT = "%(levelname)s %(name)s%(about)s: %(message)s"
PRINTED = "printed"  # the logger of lines that were not logged, but printed by the code of a worker


@dataclass(frozen=True)
class Subject:
    """What lines that are logged now are about; empty where that is not known."""

    job: str = ""
    node: str = ""
    user: str = ""


_NOTHING = Subject()
_subject: ContextVar[Subject] = ContextVar("what is logged now is about", default=_NOTHING)


@contextmanager
def about(*, job: str | None = None, node: str | None = None, user: str | None = None) -> Iterator[None]:
    """Have what is logged meanwhile, in this thread or task, carry these; what is None stays as it was."""
    said = {"job": job, "node": node, "user": user}
    changed = {name: value for name, value in said.items() if value is not None}
    token = _subject.set(replace(_subject.get(), **changed))
    try:
        yield
    finally:
        _subject.reset(token)


def about_user(user: str) -> Token[Subject]:
    """Have what is logged from now on in this task carry a user."""
    return _subject.set(replace(_subject.get(), user=user))


class TextFormatter(logging.Formatter):
    """Writes lines for people."""

    def __init__(self) -> None:
        super().__init__(TEXT_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        subject = _subject.get()
        record.about = bracketed(subject.job, subject.node)
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """Writes one JSON object a line, in ASCII: no text in it can end the line.

    Args:
        worker: who logs, if it is no server.
        mark: what each line begins with, so that the server knows it from what code of the worker prints.
    """

    def __init__(self, worker: str = "", mark: str = "") -> None:
        super().__init__()
        self._worker = worker
        self._mark = mark

    def format(self, record: logging.LogRecord) -> str:
        subject = _subject.get()
        found: dict[str, Any] = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_known(job=subject.job, node=subject.node, user=subject.user, worker=self._worker),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            told = {"type": type(error).__name__, "message": str(error)}
            found["exception"] = {**told, "traceback": "".join(traceback.format_exception(error))}
        return self._mark + json.dumps(found)


def formatter(kind: LogFormat, worker: str = "", mark: str = "") -> logging.Formatter:
    """Make the formatter that was chosen (--log-format); `worker` and `mark` as in `JsonFormatter`."""
    return JsonFormatter(worker, mark) if kind == "json" else TextFormatter()


def printed_line(text: str, worker: str, at_s: float) -> str:
    """Write as a JSON record what the code of a worker printed."""
    said = {"time": _time(at_s), "level": "INFO", "logger": PRINTED, "message": text, "worker": worker}
    return json.dumps(said)


def as_text(record: Mapping[str, Any]) -> str:
    """Write a JSON record for people."""
    if record["logger"] == PRINTED:
        return str(record["message"])
    told = f"{record['level']} {record['logger']}{bracketed(record.get('job', ''), record.get('node', ''))}"
    trace = record.get("exception", {}).get("traceback", "")
    return f"{told}: {record['message']}" + (f"\n{trace.rstrip()}" if trace else "")


def bracketed(job: str, node: str) -> str:
    """Write job and node for people: ` [job ID, node 5]`, or nothing."""
    parts = [f"{name} {value}" for name, value in (("job", job), ("node", node)) if value]
    return f" [{', '.join(parts)}]".replace("\n", " ").replace("\r", " ") if parts else ""


def _known(**said: str) -> dict[str, str]:
    return {name: value for name, value in said.items() if value}


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
