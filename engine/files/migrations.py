"""How does an SQLite file of an earlier version become one of this version, and where does a damaged one go?"""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from engine.errors import EngineError


class NewerDatabase(EngineError):
    """A file was written by a later version of the program."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[str, str]], way_out: str) -> None:
    """Bring a file to the present version, each step in a transaction of its own.

    Args:
        migrations: (name, statements), applied once and in this order.
        way_out: what the user of a newer file can do instead of starting the program that wrote it.

    Raises:
        NewerDatabase: the file is of a later version than this program.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER)"
    )
    found: int = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()[0]
    if found > len(migrations):
        raise NewerDatabase(
            f"version {found}, and this program knows versions up to {len(migrations)}. "
            f"Start the program that wrote it, or {way_out}."
        )
    for number, (name, script) in enumerate(migrations[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            row = (number, name, time.time_ns() // 1_000_000)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", row)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def move_aside(path: Path) -> Path:
    """Rename a damaged file with the present time; its journal is worth nothing without it."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
