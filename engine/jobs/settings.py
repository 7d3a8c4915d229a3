"""What does each account prefer? One JSON object each, in the file of the jobs.

An account is named as in `Job.user`: empty on a server of a single user.
"""

import json
import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def read_settings(connection: sqlite3.Connection, user: str) -> dict[str, Any]:
    """Give all settings of an account."""
    row = connection.execute("SELECT body FROM settings WHERE user=?", (user,)).fetchone()
    found: dict[str, Any] = json.loads(row[0]) if row else {}
    return found


def change_settings(connection: sqlite3.Connection, user: str, changes: Mapping[str, Any]) -> None:
    """Change some settings of an account; the others stay."""
    body = json.dumps({**read_settings(connection, user), **changes})
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (user, body))


def take_in(connection: sqlite3.Connection, file: Path) -> bool:
    """Take over the single user's settings from a file of earlier versions; says whether there was one to take.

    What was set since then counts. A file that cannot be read changes nothing, and stays.
    """
    try:
        found = json.loads(file.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it holds no JSON object")
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError) as error:
        log.warning("The settings of an earlier version, in %s, cannot be read and are left there: %s.", file, error)
        return False
    change_settings(connection, "", {**found, **read_settings(connection, "")})
    return True
