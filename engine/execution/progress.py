"""How far is each node of a run, and when is it worth saying so?"""

import threading
import time
from collections.abc import Callable

from engine.errors import Interrupted
from engine.execution.events import Event, NodeProgress, NodeProgressState, Place, PreviewImage, ProgressStates

PREVIEW_EVERY_S = 0.1
STATES_EVERY_S = 0.05
MANY_NODES = 500  # above this, only nodes at work are listed, so that a run's messages stay linear in its nodes


class Progress:
    """Collects the progress of one run and emits it, throttled; safe to use from several threads."""

    def __init__(self, job: str, emit: Callable[[Event], None], cancelled: threading.Event) -> None:
        self._job = job
        self._emit = emit
        self._cancelled = cancelled
        self._states: dict[str, NodeProgressState] = {}
        self._last_preview_s = 0.0
        self._last_states_s = 0.0
        self._lock = threading.Lock()  # guards the three above

    def check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Interrupted("The job was cancelled.")

    def wants_preview(self) -> bool:
        """Say whether the last preview is long enough ago."""
        return time.monotonic() - self._last_preview_s >= PREVIEW_EVERY_S

    def begin(self, place: Place) -> None:
        self._set(NodeProgressState(place, "running", 0, 1))

    def report(self, place: Place, value: float, maximum: float, preview: PreviewImage | None) -> None:
        self.check_cancelled()
        if preview is not None:
            self._last_preview_s = time.monotonic()
        self._emit(NodeProgress(self._job, place, value, maximum, preview))
        self._set(NodeProgressState(place, "running", value, maximum))

    def end(self, place: Place, *, failed: bool = False) -> None:
        with self._lock:
            known = self._states.get(place.node)
        maximum = known.maximum if known else 1
        self._set(NodeProgressState(place, "error" if failed else "finished", maximum, maximum), now=failed)
        if len(self._states) > MANY_NODES:
            with self._lock:
                self._states.pop(place.node, None)

    def flush(self) -> None:
        """Emit where every node stands."""
        self._emit_states()

    def _set(self, state: NodeProgressState, *, now: bool = False) -> None:
        with self._lock:
            self._states[state.place.node] = state
        if now or time.monotonic() - self._last_states_s >= STATES_EVERY_S:
            self._emit_states()

    def _emit_states(self) -> None:
        with self._lock:
            self._last_states_s = time.monotonic()
            states = tuple(self._states.values())
        self._emit(ProgressStates(self._job, states))
