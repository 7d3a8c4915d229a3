"""Which node's code is running now? The packs' interface asks this globally; nothing else here does."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.execution.context import NodeContext

_current: ContextVar[NodeContext | None] = ContextVar("running node", default=None)


def running_node() -> NodeContext | None:
    """Give the context of the node in whose function this is called, also behind an `await`; else None."""
    return _current.get()


@contextmanager
def running(context: NodeContext | None) -> Iterator[None]:
    """Say which node's code runs inside."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
