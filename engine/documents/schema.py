"""Which tables hold what was saved, and how do files of earlier versions of the program become those of this one?"""

from collections.abc import Sequence

# Each is applied once, in this order, and never changed after it was released: what comes later is a further one.
# A document is a file of one name and its past; it keeps its id when it is renamed or goes to the trash.
MIGRATIONS: Sequence[tuple[str, str]] = (
    (
        "documents, versions and drafts",
        """
        CREATE TABLE documents (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            deleted_ms INTEGER,
            deleted_by TEXT,
            deleted_digest TEXT
        );
        CREATE UNIQUE INDEX documents_by_name ON documents (name) WHERE deleted_ms IS NULL;
        CREATE TABLE bodies (
            digest TEXT PRIMARY KEY,
            size INTEGER NOT NULL,
            data BLOB NOT NULL
        );
        CREATE TABLE versions (
            document INTEGER NOT NULL,
            number INTEGER NOT NULL,
            digest TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            kind TEXT NOT NULL,
            author TEXT NOT NULL,
            PRIMARY KEY (document, number)
        ) WITHOUT ROWID;
        CREATE INDEX versions_by_digest ON versions (digest, document);
        CREATE TABLE drafts (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            saved_as TEXT,
            changed_ms INTEGER NOT NULL,
            size INTEGER NOT NULL,
            data BLOB NOT NULL
        );
        """,
    ),
)
