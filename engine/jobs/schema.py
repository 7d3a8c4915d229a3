"""Which tables hold jobs and settings, and how do files of earlier versions become those of this one?"""

import sqlite3
from collections.abc import Sequence

from engine.files import migrations

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
    ("accounts", "ALTER TABLE outputs ADD COLUMN user TEXT NOT NULL DEFAULT ''"),
    ("settings", "CREATE TABLE settings (user TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"),
    (
        "workflows of results",
        """
        CREATE INDEX history_by_workflow ON history (
            CASE WHEN json_valid(extra) THEN json_extract(extra, '$.extra_pnginfo.workflow.id') END
        );
        """,
    ),
)


def migrate(connection: sqlite3.Connection, steps: Sequence[tuple[str, str]] = MIGRATIONS) -> None:
    """Bring a file to the present version. Raises NewerDatabase for one of a later version than this program."""
    migrations.migrate(connection, steps, "name another file with --database-file")
