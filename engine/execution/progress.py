"""How far is each node of a run, and when is it worth saying so?"""

import threading
import time
from collections.abc import Callable

from engine.errors import Interrupted
from engine.execution.events import Event, NodeProgress, NodeProgressState, Place, PreviewImage, ProgressStates

PREVIEW_EVERY_S = 0.1
STATES_EVERY_S = 0.1
MOST_AT_WORK = 100  # with more nodes at work than this, only those that came further are named


class Progress:
    """Collects the progress of one run and emits it, at most once in `STATES_EVERY_S`; any thread may report.

    Each emission names the nodes at work and those that ended since the last one, so that a node which has ended
    is named once, and what a run says of its states is linear in its nodes.
    """

    def __init__(self, job: str, emit: Callable[[Event], None], cancelled: threading.Event) -> None:
        self._job = job
        self._emit = emit
        self._cancelled = cancelled
        self._last_preview_s = 0.0
        self._lock = threading.Lock()  # guards the six below, and keeps emissions in order
        self._at_work: dict[str, NodeProgressState] = {}
        self._further: set[str] = set()  # nodes at work that began or came further since the last emission
        self._ended: list[NodeProgressState] = []  # since the last emission
        self._last_states_s = 0.0
        self._later: threading.Timer | None = None
        self._over = False

    def check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Interrupted("The job was cancelled.")

    def wants_preview(self) -> bool:
        """Say whether the last preview is long enough ago."""
        return time.monotonic() - self._last_preview_s >= PREVIEW_EVERY_S

    def begin(self, place: Place) -> None:
        self._advance(NodeProgressState(place, "running", 0, 1))

    def report(self, place: Place, value: float, maximum: float, preview: PreviewImage | None) -> None:
        self.check_cancelled()
        if preview is not None:
            self._last_preview_s = time.monotonic()
        self._emit(NodeProgress(self._job, place, value, maximum, preview))
        self._advance(NodeProgressState(place, "running", value, maximum))

    def end(self, place: Place, *, failed: bool = False) -> None:
        with self._lock:
            known = self._at_work.pop(place.node, None)
            self._further.discard(place.node)
            maximum = known.maximum if known else 1
            self._ended.append(NodeProgressState(place, "error" if failed else "finished", maximum, maximum))
            self._tell_in_time()

    def flush(self) -> None:
        """Emit what was not told yet, as the run's last state; nothing follows."""
        with self._lock:
            if self._further or self._ended:
                self._tell()
            self._over = True
            if self._later is not None:
                self._later.cancel()

    def _advance(self, state: NodeProgressState) -> None:
        with self._lock:
            self._at_work[state.place.node] = state
            self._further.add(state.place.node)
            self._tell_in_time()

    def _tell_in_time(self) -> None:
        """Emit now, or as soon as the last emission is long enough ago."""
        if self._later is not None or self._over:
            return
        wait_s = self._last_states_s + STATES_EVERY_S - time.monotonic()
        if wait_s <= 0:
            self._tell()
            return
        self._later = threading.Timer(wait_s, self._tell_later)
        self._later.daemon = True
        self._later.start()

    def _tell_later(self) -> None:
        with self._lock:
            self._later = None
            if not self._over:
                self._tell()

    def _tell(self) -> None:
        shown = self._at_work if len(self._at_work) <= MOST_AT_WORK else sorted(self._further)
        states = (*self._ended, *(self._at_work[node] for node in shown))
        self._ended.clear()
        self._further.clear()
        self._last_states_s = time.monotonic()
        self._emit(ProgressStates(self._job, states))
