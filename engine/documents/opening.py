"""How is the file that holds versions opened, and what if it cannot be?"""

import logging
import sqlite3
from pathlib import Path

from engine.documents.ledger import Ledger
from engine.documents.schema import MIGRATIONS
from engine.errors import EngineError
from engine.files.migrations import NewerDatabase, migrate, move_aside

log = logging.getLogger(__name__)
LOCKED_FOR_S = 2.0  # another server on the same folders may be writing
FULL = 13  # SQLITE_FULL


class NoRoom(EngineError):
    """The disk is full; what was to be saved is not, and what was there is whole."""


def open_in_memory() -> Ledger:
    """Make a ledger that is lost when the program ends."""
    return _ledger(":memory:")


def open_file(path: Path) -> Ledger:
    """Open a file of versions, or begin one. A damaged one is moved aside.

    Raises:
        EngineError: it cannot be used, with why and what to do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _ledger(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            put_aside(path, error)
            return _ledger(path)
    except NewerDatabase as error:
        raise EngineError(f"{path} is of {error}") from None
    except (sqlite3.Error, OSError) as error:
        raise EngineError(
            f"{path} cannot be used ({error}). Make its folder writable, and see that no other program holds it."
        ) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, rather than locked, read-only or full."""
    return type(error) is sqlite3.DatabaseError


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk is full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == FULL


def put_aside(path: Path, error: Exception) -> None:
    """Make room for a new file in place of a damaged one, and say so."""
    aside = move_aside(path)
    log.error("%s is damaged (%s): it was moved to %s, and a new one begun.", path, error, aside.name)


def _ledger(path: Path | str) -> Ledger:
    connection = sqlite3.connect(path, timeout=LOCKED_FOR_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA auto_vacuum = FULL")  # what was purged makes the file smaller
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection, MIGRATIONS, "move the file away, which begins a new one without the old versions")
    except BaseException:
        connection.close()
        raise
    return Ledger(connection)
