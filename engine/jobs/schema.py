"""Which tables hold the jobs, and how do files of earlier versions become those of this one?"""

import sqlite3
import time
from collections.abc import Sequence

from engine.errors import EngineError

# Each is applied once, in this order, and never changed after it was released: what comes later is a further one.
MIGRATIONS: Sequence[tuple[str, str]] = (
    (
        "jobs, history and outputs",
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            arrival INTEGER NOT NULL,
            number REAL NOT NULL,
            client TEXT NOT NULL,
            worker TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            started_ms INTEGER,
            submitted TEXT NOT NULL,
            prompt TEXT NOT NULL,
            extra TEXT NOT NULL,
            graph TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE shown (
            job TEXT NOT NULL,
            node TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (job, node)
        ) WITHOUT ROWID;
        CREATE TABLE history (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            started_ms INTEGER NOT NULL,
            ended_ms INTEGER NOT NULL,
            submitted TEXT NOT NULL,
            prompt TEXT NOT NULL,
            extra TEXT NOT NULL,
            outcome TEXT NOT NULL
        );
        CREATE TABLE outputs (
            job TEXT NOT NULL,
            node TEXT NOT NULL,
            kind TEXT NOT NULL,
            position INTEGER NOT NULL,
            type TEXT NOT NULL,
            subfolder TEXT NOT NULL,
            filename TEXT NOT NULL,
            PRIMARY KEY (job, node, kind, position)
        ) WITHOUT ROWID;
        CREATE INDEX outputs_by_file ON outputs (type, subfolder, filename);
        CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        """,
    ),
)


class NewerDatabase(EngineError):
    """A file was written by a later version of the program."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[str, str]] = MIGRATIONS) -> None:
    """Bring a file to the present version, each step in a transaction of its own.

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
            "Start the program that wrote it, or name another file with --database-file."
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
