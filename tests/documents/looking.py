"""What do tests see of a store beside what it tells?"""

import sqlite3

from engine.documents.store import DocumentStore


def bodies(documents: DocumentStore, name: str) -> list[bytes]:
    """The contents of all versions, oldest first."""
    _, versions = documents.versions(name)
    return [documents.version(name, each.number)[1] for each in reversed(versions)]


def connection_of(documents: DocumentStore) -> sqlite3.Connection:
    return documents._keeper._ledger._connection
