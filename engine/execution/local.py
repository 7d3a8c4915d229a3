"""How are graphs run in this process?"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from engine.execution.async_thread import AsyncThread
from engine.execution.cache import BoundedCache, ResultCache
from engine.execution.context import Resources
from engine.execution.events import Event
from engine.execution.graph_run import GraphRun, Surroundings
from engine.execution.lifecycle import NodeLifecycle
from engine.execution.outcome import Outcome, RunRequest
from engine.files.places import Places
from engine.graph.registry import Registry

SETTLE_WITHIN_S = 2.0  # for async nodes to end once their run has
FREE_THREADS = 4  # how many nodes that leave the device free run at once


class LocalExecutor:
    """Runs graphs on the calling thread (device nodes) and a few beside it (nodes that run freely)."""

    def __init__(
        self,
        registry: Registry,
        places: Places,
        resources: Resources,
        lifecycles: Sequence[NodeLifecycle] = (),
        cache: ResultCache | None = None,
    ) -> None:
        self._around = Surroundings(
            registry,
            places,
            resources,
            cache if cache is not None else BoundedCache(),
            tuple(lifecycles),
            ThreadPoolExecutor(FREE_THREADS, thread_name_prefix="free nodes"),
            AsyncThread(),
        )
        self.is_stuck = False  # async code of the last run goes on all the same
        self._cancelled: dict[str, threading.Event] = {}
        self._lock = threading.Lock()  # guards the above

    def run(self, request: RunRequest, emit: Callable[[Event], None]) -> Outcome:
        """Run a request to its end; one at a time."""
        try:
            places = self._around.places.of_owner(request.user)
            around = replace(self._around, places=places) if request.user else self._around
            return GraphRun(around, request, emit, self._switch(request.job)).run()
        finally:
            self.forget(request.job)
            self.is_stuck = not self._around.async_thread.settles(SETTLE_WITHIN_S)

    def interrupt(self, job: str) -> None:
        """Stop a job at its next step. One that has not begun yet ends as soon as it begins."""
        self._switch(job).set()

    def forget(self, job: str) -> None:
        """Let a job that has ended leave nothing behind, so that the next one of its id is not stopped."""
        with self._lock:
            self._cancelled.pop(job, None)

    def release(self, *, models: bool, results: bool) -> None:
        """Drop cached results; those of loaders are what keeps models in memory."""
        if models or results:
            self._around.cache.clear()

    def close(self) -> None:
        """End the threads that ran nodes beside this one."""
        self._around.pool.shutdown(wait=False, cancel_futures=True)
        self._around.async_thread.close()

    def _switch(self, job: str) -> threading.Event:
        with self._lock:
            return self._cancelled.setdefault(job, threading.Event())
