"""What does each account prefer? One JSON object each, in the file of the jobs."""

import json
import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.jobs.database import Database

log = logging.getLogger(__name__)


class Settings:
    """Keeps settings in a database, or, where there is none, until the server ends. One event loop calls it.

    An account is named as in `Job.user`: empty on a server of a single user.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._in_memory: dict[str, dict[str, Any]] = {}

    async def of(self, user: str) -> dict[str, Any]:
        """Give all settings of an account."""
        if self._database is None:
            return dict(self._in_memory.get(user, {}))
        return await self._database.read(lambda connection: _read(connection, user))

    def change(self, user: str, changes: Mapping[str, Any]) -> None:
        """Change some settings of an account soon; `JobStore.written` waits for it."""
        if self._database is None:
            self._in_memory.setdefault(user, {}).update(changes)
        else:
            self._database.change(lambda connection: _write(connection, user, {**_read(connection, user), **changes}))


def take_in(connection: sqlite3.Connection, file: Path) -> bool:
    """Take over the single user's settings from a file of earlier versions; says whether there was one to take."""
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        log.warning("The settings of an earlier version, in %s, cannot be read and are left there: %s.", file, error)
        return False
    _write(connection, "", {**found, **_read(connection, "")} if isinstance(found, dict) else {})
    return True


def _read(connection: sqlite3.Connection, user: str) -> dict[str, Any]:
    row = connection.execute("SELECT body FROM settings WHERE user=?", (user,)).fetchone()
    found: dict[str, Any] = json.loads(row[0]) if row else {}
    return found


def _write(connection: sqlite3.Connection, user: str, settings: Mapping[str, Any]) -> None:
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (user, json.dumps(settings)))
