"""Which nodes of a run are at work beside its own thread: on the pool, or waiting on the event loop?"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from engine.graph.nodes import NodeId

T = TypeVar("T")
LOOK_EVERY_S = 0.05  # how often a run that waits looks whether it was cancelled
CANCEL_WITHIN_S = 2.0  # for an async node to end after it was cancelled


@dataclass(frozen=True)
class AtWork(Generic[T]):
    future: "Future[T]"
    is_async: bool


class Beside(Generic[T]):
    """The nodes at work elsewhere. Used by the run's own thread; only the callbacks of futures come from others."""

    def __init__(self) -> None:
        self._at_work: dict[NodeId, AtWork[T]] = {}
        self._ended: SimpleQueue[NodeId] = SimpleQueue()

    def __bool__(self) -> bool:
        return bool(self._at_work)

    @property
    def first(self) -> NodeId:
        """The node that has been at work the longest."""
        return next(iter(self._at_work))

    @property
    def has_ended(self) -> bool:
        """Whether `take` would not have to wait."""
        return not self._ended.empty()

    def add(self, node_id: NodeId, future: "Future[T]", *, is_async: bool) -> None:
        self._at_work[node_id] = AtWork(future, is_async)
        future.add_done_callback(lambda _: self._ended.put(node_id))

    def take(self, look: Callable[[], None]) -> "tuple[NodeId, Future[T]]":
        """Wait for a node to end; `look` is called now and then meanwhile, and may raise."""
        while True:
            try:
                node_id = self._ended.get(timeout=LOOK_EVERY_S)
            except Empty:
                look()
            else:
                return node_id, self._at_work.pop(node_id).future

    def end(self) -> Iterator[tuple[NodeId, T]]:
        """Cancel what is async, wait for what is on a thread, and yield what was finished all the same."""
        for at_work in self._at_work.values():
            if at_work.is_async:
                at_work.future.cancel()
        while self._at_work:
            only_async = all(at_work.is_async for at_work in self._at_work.values())
            try:
                node_id = self._ended.get(timeout=CANCEL_WITHIN_S if only_async else None)
            except Empty:
                return  # a coroutine that will not be cancelled; its result finds nobody
            future = self._at_work.pop(node_id).future
            if not future.cancelled() and future.exception() is None:  # else the run has its own error to report
                yield node_id, future.result()
