"""How does what must not be lost reach the disk, while the event loop never waits for it?

One SQLite file in WAL mode, held by one connection that one thread uses. What comes while a commit is under way
goes into the next one, so that a hundred jobs handed in at once cost a few commits.
"""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from engine.errors import EngineError
from engine.jobs.schema import migrate

log = logging.getLogger(__name__)
T = TypeVar("T")
Change = Callable[[sqlite3.Connection], object]
GATHER_S = 0.02  # changes that nobody waits for are gathered for so long before they are committed
TRY_AGAIN_AFTER_S = 1.0  # what could not be written, since the disk was full, say
LOCKED_FOR_S = 2.0  # the server that ran before may still be ending


class DatabaseLocked(EngineError):
    """Another running program holds the file."""


class NotWritten(EngineError):
    """What was to be kept is not on the disk yet; it is tried again."""


@dataclass(frozen=True)
class _Waiter:
    """Someone who waits until all that came before is on the disk, or for what a question about it finds."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    question: Callable[[sqlite3.Connection], Any] | None = None

    def tell(self, found: Any = None, error: Exception | None = None) -> None:
        def settle() -> None:
            if self.future.done():  # the waiting task was cancelled
                return
            if error is None:
                self.future.set_result(found)
            else:
                self.future.set_exception(error)

        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            self.loop.call_soon_threadsafe(settle)


class _Stop:
    pass


def connect(path: Path, locked_for_s: float = LOCKED_FOR_S) -> sqlite3.Connection:
    """Open a file for this program alone, and bring it to the present version.

    Raises:
        DatabaseLocked: another program has it.
        NewerDatabase: it is of a later version of this program.
        sqlite3.OperationalError: it cannot be opened or written to.
        sqlite3.DatabaseError: it is damaged.
    """
    until_s = time.monotonic() + locked_for_s
    was_ended_by_force = path.with_name(path.name + "-wal").exists()
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                connection.execute("BEGIN EXCLUSIVE")
                connection.commit()
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                if time.monotonic() > until_s:
                    raise DatabaseLocked(
                        f"{path} is used by another Weft that is running: queue, history, pause and settings of this "
                        "one are kept in memory only, and are lost when it ends. To keep those of both, give one of "
                        "them a --database-file or --user-directory of its own."
                    ) from None
                time.sleep(0.05)
        connection.execute("PRAGMA synchronous = FULL")
        if was_ended_by_force:
            _check(connection)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


class Database:
    """Carries out changes in the order in which they come. All methods are called from one event loop."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take over a connection, which nobody else may use from now on."""
        self._connection = connection
        self._work: SimpleQueue[Change | _Waiter | _Stop] = SimpleQueue()
        self._unwritten: list[Change] = []
        self._failure = ""
        self.failures = 0  # how many times a commit has failed
        self._thread = threading.Thread(target=self._write, name="jobs to disk", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> str:
        """Say why nothing can be written at present; empty if all is well."""
        return self._failure

    def change(self, change: Change) -> None:
        """Have a change made soon; returns at once."""
        self._work.put(change)

    async def written(self) -> None:
        """Wait until all changes so far are on the disk.

        Raises:
            NotWritten: they could not be written; they are tried again until they can.
        """
        await self._ask(None)

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask something of the file, between two commits."""
        found: T = await self._ask(question)
        return found

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._work.put(_Stop())
        self._thread.join()

    async def _ask(self, question: Callable[[sqlite3.Connection], Any] | None) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._work.put(_Waiter(loop, future, question))
        return await future

    def _write(self) -> None:
        """Commit what has come, again and again; the life of the thread."""
        while True:
            come = self._gather()
            self._unwritten += [each for each in come if callable(each)]
            self._commit()
            for waiter in come:
                if isinstance(waiter, _Waiter):
                    self._answer(waiter)
            if any(isinstance(each, _Stop) for each in come):
                if self._unwritten:
                    log.error("What could not be written is lost: %s", self._failure)
                self._connection.close()
                return

    def _gather(self) -> list[Change | _Waiter | _Stop]:
        """Wait for work, and take all that is there; what nobody waits for may wait for a little more."""
        come: list[Change | _Waiter | _Stop] = []
        until_s = time.monotonic() + TRY_AGAIN_AFTER_S if self._unwritten else None
        while True:
            try:
                left_s = None if until_s is None else max(0.0, until_s - time.monotonic())
                come.append(self._work.get(timeout=left_s))
            except Empty:
                return come
            if not callable(come[-1]):
                until_s = 0.0  # only what is there already
            elif until_s is None:
                until_s = time.monotonic() + GATHER_S

    def _commit(self) -> None:
        if not self._unwritten:
            return
        try:
            try:
                self._in_one(self._unwritten)
                self._unwritten = []
            except Exception as error:
                if _is_the_disk(error):
                    raise
                self._one_by_one()
        except sqlite3.Error as error:
            self._fail(error)
            return
        if self._failure:
            log.warning("Jobs are written to disk again.")
        self._failure = ""

    def _in_one(self, changes: Sequence[Change]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                change(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                self._connection.execute("ROLLBACK")
            raise

    def _one_by_one(self) -> None:
        """Leave out the change that is itself at fault, which would fail for ever. Raises what the disk does."""
        while self._unwritten:
            try:
                self._in_one(self._unwritten[:1])
            except Exception as error:
                if _is_the_disk(error):
                    raise
                log.exception("A change to the kept jobs is left out, by an error of the server itself.")
            del self._unwritten[0]

    def _fail(self, error: sqlite3.Error) -> None:
        if not self._failure:
            log.error("Jobs cannot be written to disk: %s. No further ones are taken until they can be.", error)
        self._failure = str(error)
        self.failures += 1

    def _answer(self, waiter: _Waiter) -> None:
        if waiter.question is None:
            waiter.tell(error=NotWritten(self._failure) if self._failure else None)
            return
        try:
            waiter.tell(waiter.question(self._connection))
        except Exception as error:  # noqa: BLE001 (it is raised where the question was asked)
            waiter.tell(error=error)


def _is_the_disk(error: Exception) -> bool:
    """Whether the file is what fails (full, read-only, damaged), and not what was to be written into it."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
