"""How is the ledger used by many threads, kept small, and done without while its file cannot be used?"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from engine.documents.ledger import Ledger
from engine.documents.opening import NoRoom, is_damage, is_full, open_file, open_in_memory, put_aside
from engine.documents.thinning import DAY_MS
from engine.errors import EngineError

log = logging.getLogger(__name__)
T = TypeVar("T")
KEPT_IN_TRASH_MS = 30 * DAY_MS
DRAFTS_KEPT_MS = 90 * DAY_MS
OPENED_AGAIN_AFTER_S = 30.0


def present_ms() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Keeper:
    """Lends the ledger to one thread at a time.

    Where its file cannot be used, one in memory stands in for it, whose content goes into the file once that works.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int] = present_ms) -> None:
        """Keep everything in the file at `path`, which is opened when it is needed."""
        self.path, self.now_ms = path, now_ms
        self._lock = threading.RLock()  # guards all of the following, and keeps the saves of this program apart
        self._ledger: Ledger | None = None
        self._notice = ""
        self._open_again_s = 0.0
        self._tidied_ms = 0

    @property
    def notice(self) -> str:
        """Say what the user should know of how versions are kept; empty if all is well."""
        return self._notice

    def work(self, act: Callable[[Ledger], T]) -> T:
        """Do something with the ledger; done again where its file failed meanwhile.

        Raises:
            NoRoom: the disk is full.
        """
        with self._lock:
            try:
                return act(self._opened())
            except sqlite3.Error as error:
                if is_full(error):
                    raise NoRoom(
                        f"The disk that holds {self.path} is full. Nothing was changed. Free some space, and try again."
                    ) from error
                if self._notice:
                    raise
                return act(self._stand_in(error))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
            self._ledger, self._notice = None, ""

    def _opened(self) -> Ledger:
        is_time = time.monotonic() >= self._open_again_s
        if self._ledger is None or (self._notice and is_time):
            try:
                ledger = open_file(self.path)
                if self._ledger is not None:
                    with ledger.change():
                        ledger.take_over(self._ledger)
                    self._ledger.close()
                    log.warning("Versions of workflows are kept in %s again.", self.path)
                self._ledger, self._notice = ledger, ""
            except (EngineError, sqlite3.Error) as error:
                return self._without_file(str(error))
        self._tidy(self._ledger)
        return self._ledger

    def _stand_in(self, error: sqlite3.Error) -> Ledger:
        """Go on in memory, or in a new file where this one is damaged."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if is_damage(error):
            with suppress(OSError):  # another program has it open
                put_aside(self.path, error)
                return self._opened()
        return self._without_file(f"{self.path} cannot be used ({error}).")

    def _without_file(self, reason: str) -> Ledger:
        self._open_again_s = time.monotonic() + OPENED_AGAIN_AFTER_S
        if not self._notice:
            log.warning("Versions of workflows are kept in memory only: %s", reason)
        self._notice = (
            "Workflows are saved as files, but their earlier versions, drafts and the trash are kept in memory only, "
            f"and are lost when the server ends. {reason}"
        )
        self._ledger = self._ledger or open_in_memory()
        return self._ledger

    def _tidy(self, ledger: Ledger) -> None:
        now_ms = self.now_ms()
        if now_ms - self._tidied_ms < DAY_MS:
            return
        self._tidied_ms = now_ms
        try:
            with ledger.change():
                ledger.tidy(now_ms, now_ms - KEPT_IN_TRASH_MS, now_ms - DRAFTS_KEPT_MS)
        except sqlite3.Error as error:
            if is_damage(error):
                raise
            log.warning("Old versions of workflows are not removed today: %s.", error)
