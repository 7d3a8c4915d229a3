"""Where do async nodes run, any number of them at once?"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

T = TypeVar("T")


class AsyncThread:
    """An event loop on a thread of its own, started when first needed, which all async nodes share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the start
        self._at_work = 0  # coroutines that have begun and not ended; changed on the loop only
        self._ended = threading.Event()  # set whenever one ends
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine; nothing waits for it here."""
        loop = self._running_loop()
        future: _TaskFuture[T] = _TaskFuture(loop)
        loop.call_soon_threadsafe(self._begin, coroutine, future)
        return future

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait in the calling thread for what is awaited on the loop."""
        return self.submit(_awaiting(awaitable)).result()

    def settles(self, within_s: float) -> bool:
        """Wait until nothing is at work; False if something is after all: code that will not be cancelled."""
        until_s = time.monotonic() + within_s
        while self._at_work and (left_s := until_s - time.monotonic()) > 0:
            self._ended.wait(left_s)
            self._ended.clear()
        return not self._at_work

    def close(self) -> None:
        """End the loop, once."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=1)
            if not thread.is_alive():
                loop.close()

    def _begin(self, coroutine: Coroutine[Any, Any, T], future: "_TaskFuture[T]") -> None:
        self._at_work += 1
        future.begin(coroutine).add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[Any]") -> None:
        self._at_work -= 1
        self._ended.set()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="async nodes", daemon=True)
                self._thread.start()
            return self._loop


class _TaskFuture(Future[T]):
    """The result of a task, for other threads. What was finished when a cancel came is still a result."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._task: asyncio.Task[T] | None = None

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start the task; on the loop."""
        self._task = self._loop.create_task(coroutine)
        self._task.add_done_callback(self._settle)
        return self._task

    def cancel(self) -> bool:
        """Ask the task to end; how it does is known later."""
        self._loop.call_soon_threadsafe(lambda: self._task is not None and self._task.cancel())
        return True

    def _settle(self, task: "asyncio.Task[T]") -> None:
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            super().cancel()
        elif error is not None:
            self.set_exception(error)
        else:
            self.set_result(task.result())


async def _awaiting(awaitable: Awaitable[T]) -> T:
    return await awaitable


class Stepwise(Awaitable[T]):
    """Awaits something so that every step of it, but none of the time between, lies inside a context.

    What a thread holds (torch's inference mode) may not stay entered while other coroutines have their turn.
    """

    def __init__(self, awaitable: Awaitable[T], around: Callable[[], AbstractContextManager[Any]]) -> None:
        self._awaitable = awaitable
        self._around = around

    def __await__(self) -> Generator[Any, Any, T]:
        inner = _awaiting(self._awaitable)
        error: BaseException | None = None
        while True:
            with self._around():
                try:
                    step = inner.send(None) if error is None else inner.throw(error)
                except StopIteration as ended:
                    result: T = ended.value
                    return result
            error = None
            try:
                yield step
            except BaseException as thrown:  # noqa: BLE001 (a cancel, handed on to what is awaited)
                error = thrown
