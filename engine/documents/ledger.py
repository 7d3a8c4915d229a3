"""What is written down of documents, their versions, the trash and drafts? Questions and changes, each in SQL.

One thread at a time may use a ledger; the store sees to that.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from engine.documents.thinning import superfluous

Kind = Literal["save", "restore", "outside"]
Remover = Literal["user", "outside"]
VERSION = "SELECT number, digest, size, created_ms, kind, author FROM versions JOIN bodies USING (digest) "


@dataclass(frozen=True)
class Version:
    """A content that a document had.

    Attributes:
        digest: SHA-256 of the content, in hexadecimal.
        size: bytes.
        kind: saved by a client, restored from an earlier version, or found to be changed by another program.
        author: who saved it, as the client said; may be empty.
    """

    number: int
    digest: str
    size: int
    created_ms: int
    kind: Kind
    author: str


@dataclass(frozen=True)
class Trashed:
    """A document that was deleted.

    Attributes:
        deleted_by: "outside" if its file was found to be gone.
        digest: the content that it had at the end.
        versions: how many it has.
    """

    id: int
    name: str
    deleted_ms: int
    deleted_by: Remover
    digest: str
    size: int
    versions: int


@dataclass(frozen=True)
class Draft:
    """Work in an editor that was not saved yet; `saved_as` is the file that it is to become, where it has one."""

    id: str
    name: str
    saved_as: str | None
    changed_ms: int
    size: int


def digest_of(body: bytes) -> str:
    """Give the name of a content."""
    return hashlib.sha256(body).hexdigest()


class Ledger:
    """The tables of one SQLite file. Everything may raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on a connection in autocommit mode, whose tables are those of this version of the program."""
        self._connection = connection

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make changes that are kept all or not at all; no other program changes the file meanwhile."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # Documents

    def document(self, name: str) -> int | None:
        """Find the document of this name that is not in the trash."""
        row = self._connection.execute("SELECT id FROM documents WHERE name=? AND deleted_ms IS NULL", (name,))
        return _first(row)

    def document_for(self, name: str) -> int:
        """Find the document of this name, or begin one. One whose file was gone and is there again goes on."""
        found = self.document(name)
        if found is not None:
            return found
        gone = "SELECT max(id) FROM documents WHERE name=? AND deleted_by='outside'"
        found = _first(self._connection.execute(gone, (name,)))
        if found is not None:
            self.revive(found, name)
            return found
        begun = self._connection.execute("INSERT INTO documents (name) VALUES (?)", (name,)).lastrowid
        assert begun is not None
        return begun

    def names(self) -> dict[str, int]:
        """Give the documents that are not in the trash, by name."""
        return dict(self._connection.execute("SELECT name, id FROM documents WHERE deleted_ms IS NULL"))

    def rename(self, document: int, name: str) -> None:
        """Give a document another name, which must be free."""
        self._connection.execute("UPDATE documents SET name=? WHERE id=?", (name, document))

    # Versions

    def add(self, document: int, body: bytes, kind: Kind, author: str, created_ms: int) -> Version:
        """Write a version down."""
        digest = digest_of(body)
        known = self._connection.execute("SELECT 1 FROM bodies WHERE digest=?", (digest,)).fetchone()
        if not known:
            self._connection.execute("INSERT INTO bodies VALUES (?,?,?)", (digest, len(body), zlib.compress(body)))
        last = self._connection.execute("SELECT max(number) FROM versions WHERE document=?", (document,)).fetchone()[0]
        version = Version((last or 0) + 1, digest, len(body), created_ms, kind, author)
        row = (document, version.number, digest, created_ms, kind, author)
        self._connection.execute("INSERT INTO versions VALUES (?,?,?,?,?,?)", row)
        return version

    def drop(self, document: int, number: int) -> None:
        """Forget a version."""
        self._connection.execute("DELETE FROM versions WHERE document=? AND number=?", (document, number))

    def versions(self, document: int) -> list[Version]:
        """Give all versions, newest first."""
        rows = self._connection.execute(VERSION + "WHERE document=? ORDER BY number DESC", (document,))
        return [Version(*row) for row in rows]

    def version(self, document: int, number: int) -> Version | None:
        """Find a version."""
        return self._version("WHERE document=? AND number=?", document, number)

    def newest(self, document: int) -> Version | None:
        """Give the last version."""
        return self._version("WHERE document=? ORDER BY number DESC LIMIT 1", document)

    def with_digest(self, document: int, digest: str) -> Version | None:
        """Find the last version that had this content."""
        return self._version("WHERE document=? AND digest=? ORDER BY number DESC LIMIT 1", document, digest)

    def counts(self) -> dict[int, int]:
        """Say how many versions each document has."""
        return dict(self._connection.execute("SELECT document, count(*) FROM versions GROUP BY document"))

    def body(self, digest: str) -> bytes | None:
        """Give a content, wherever it stood."""
        row = self._connection.execute("SELECT data FROM bodies WHERE digest=?", (digest,)).fetchone()
        return zlib.decompress(row[0]) if row else None

    # Trash

    def trash(self, document: int, digest: str, by: Remover, now_ms: int) -> None:
        """Move a document to the trash; its name becomes free."""
        row = (now_ms, by, digest, document)
        self._connection.execute("UPDATE documents SET deleted_ms=?, deleted_by=?, deleted_digest=? WHERE id=?", row)

    def revive(self, document: int, name: str) -> None:
        """Take a document out of the trash, under a name that must be free."""
        change = "UPDATE documents SET name=?, deleted_ms=NULL, deleted_by=NULL, deleted_digest=NULL WHERE id=?"
        self._connection.execute(change, (name, document))

    def trashed(self) -> list[Trashed]:
        """Give what is in the trash, last deleted first."""
        rows = self._connection.execute(
            "SELECT id, name, deleted_ms, deleted_by, deleted_digest, size, "
            "(SELECT count(*) FROM versions WHERE document=documents.id) "
            "FROM documents JOIN bodies ON digest=deleted_digest WHERE deleted_ms IS NOT NULL "
            "ORDER BY deleted_ms DESC, id DESC"
        )
        return [Trashed(*row) for row in rows]

    def purge(self, document: int) -> None:
        """Forget a document and its versions."""
        self._connection.execute("DELETE FROM versions WHERE document=?", (document,))
        self._connection.execute("DELETE FROM documents WHERE id=?", (document,))

    # Drafts

    def drafts(self) -> list[Draft]:
        """Give all drafts, last changed first."""
        rows = self._connection.execute(
            "SELECT id, name, saved_as, changed_ms, size FROM drafts ORDER BY changed_ms DESC"
        )
        return [Draft(*row) for row in rows]

    def draft(self, draft_id: str) -> bytes | None:
        """Give the content of a draft."""
        row = self._connection.execute("SELECT data FROM drafts WHERE id=?", (draft_id,)).fetchone()
        return zlib.decompress(row[0]) if row else None

    def put_draft(self, draft: Draft, body: bytes) -> None:
        """Write a draft down, in place of what it was before."""
        row = (draft.id, draft.name, draft.saved_as, draft.changed_ms, draft.size, zlib.compress(body))
        self._connection.execute("INSERT OR REPLACE INTO drafts VALUES (?,?,?,?,?,?)", row)

    def other_drafts(self, draft_id: str) -> int:
        """Count the drafts beside one."""
        return _first(self._connection.execute("SELECT count(*) FROM drafts WHERE id<>?", (draft_id,))) or 0

    def drop_draft(self, draft_id: str) -> None:
        """Forget a draft, if there is one."""
        self._connection.execute("DELETE FROM drafts WHERE id=?", (draft_id,))

    # Growth

    def tidy(self, now_ms: int, trash_before_ms: int, drafts_before_ms: int) -> None:
        """Forget what is too old, or one of too many."""
        run = self._connection.execute
        for (document,) in run("SELECT id FROM documents WHERE deleted_ms<?", (trash_before_ms,)).fetchall():
            self.purge(document)
        run("DELETE FROM drafts WHERE changed_ms<?", (drafts_before_ms,))
        for (document,) in run("SELECT id FROM documents").fetchall():
            rows = run("SELECT number, created_ms FROM versions WHERE document=? ORDER BY number DESC", (document,))
            for number in list(superfluous(rows.fetchall(), now_ms)):
                self.drop(document, number)
        run(
            "DELETE FROM bodies WHERE digest NOT IN (SELECT digest FROM versions) AND digest NOT IN "
            "(SELECT deleted_digest FROM documents WHERE deleted_digest IS NOT NULL)"
        )

    def take_over(self, other: "Ledger") -> None:
        """Write down what another ledger holds, as later versions of the documents of the same names."""
        for document, name, deleted_ms, by, digest in other._connection.execute(
            "SELECT id, name, deleted_ms, deleted_by, deleted_digest FROM documents ORDER BY id"
        ).fetchall():
            own = self.document_for(name)
            for version in reversed(other.versions(document)):
                body = other.body(version.digest)
                assert body is not None
                self.add(own, body, version.kind, version.author, version.created_ms)
            if deleted_ms is not None:
                self.trash(own, digest, by, deleted_ms)
        for row in other._connection.execute("SELECT * FROM drafts").fetchall():
            self._connection.execute("INSERT OR REPLACE INTO drafts VALUES (?,?,?,?,?,?)", row)

    def _version(self, where: str, *values: object) -> Version | None:
        row = self._connection.execute(VERSION + where, values).fetchone()
        return Version(*row) if row else None


def _first(rows: sqlite3.Cursor) -> int | None:
    row: tuple[int | None] | None = rows.fetchone()
    return row[0] if row else None
