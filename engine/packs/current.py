"""Which node's code runs now, and in whose run? Packs ask this globally; nothing else here does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from engine.execution.context import NodeContext
from engine.execution.outcome import RunRequest
from engine.files.places import Places

_current: ContextVar[NodeContext | None] = ContextVar("running node", default=None)
_places: ContextVar[Places | None] = ContextVar("folders of whom the running code works for", default=None)

# numbers the graph builders of one call, which may put their graphs together
_builders: ContextVar[Iterator[int] | None] = ContextVar("builders of the running call", default=None)

_beside: tuple[str, Mapping[str, Any]] = ("", {})  # the id of the run that began last, and what came beside its prompt


def note_run(request: RunRequest) -> None:
    """Note what came beside the prompt of the run that begins: tokens of services, say."""
    global _beside  # a worker runs one job at a time
    _beside = (request.job, request.extra)


def beside_prompt(job: str) -> Mapping[str, Any]:
    """Give what came beside the prompt of a run; empty if another one has begun since."""
    return _beside[1] if _beside[0] == job else {}


def running_node() -> NodeContext | None:
    """Give the context of the node in whose function this is called, also behind an `await`; else None."""
    return _current.get()


def places_in_use() -> Places | None:
    """Give the folders of the account for which code of a pack runs now; None where it runs for nobody."""
    return _places.get()


@contextmanager
def using(places: Places) -> Iterator[None]:
    """Say in whose folders the code inside looks."""
    token = _places.set(places)
    try:
        yield
    finally:
        _places.reset(token)


def next_builder() -> int | None:
    """Number one more graph builder of the running call; None outside of a node's function."""
    numbers = _builders.get()
    return None if numbers is None else next(numbers)


@contextmanager
def running(context: NodeContext | None) -> Iterator[None]:
    """Say which node's code runs inside."""
    token, numbers = _current.set(context), _builders.set(count())
    places = _places.set(_places.get() if context is None else context.places)
    try:
        yield
    finally:
        _places.reset(places)
        _builders.reset(numbers)
        _current.reset(token)
