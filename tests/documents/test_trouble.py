"""A full disk, a damaged or locked file: workflows are saved, or what was there is whole, and the user is told."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from engine.documents import keeper, on_disk
from engine.documents.contents import ANY, NO_FILE, Conflict
from engine.documents.ledger import digest_of
from engine.documents.opening import NoRoom
from engine.errors import EngineError
from engine.files.migrations import migrate
from tests.documents.looking import bodies, connection_of


def full_disk(*_: object) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise EngineError("no room") from error


def test_a_full_disk_leaves_the_old_file_whole(documents, folder, monkeypatch):
    base = documents.save("a.json", b"one", NO_FILE)
    with monkeypatch.context() as patch:
        patch.setattr(on_disk, "write_whole", full_disk)
        with pytest.raises(NoRoom, match=r"No room for 'a.json' \(3 bytes\).* is whole"):
            documents.save("a.json", b"two", base.digest)
    assert (folder / "a.json").read_bytes() == b"one" and bodies(documents, "a.json") == [b"one"]
    assert documents.save("a.json", b"two", base.digest).version.number == 2


def test_a_full_disk_of_the_versions_refuses_the_save_and_leaves_the_old_file_whole(documents, folder):
    base = documents.save("a.json", b"one", NO_FILE)
    connection = connection_of(documents)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NoRoom, match="full"):
        documents.save("a.json", os.urandom(50_000), base.digest)
    (folder / "b.json").write_bytes(os.urandom(50_000))
    assert documents.read("b.json").version is None, "it is read though it cannot be noted"
    with pytest.raises(NoRoom):
        documents.delete("b.json")
    assert (folder / "a.json").read_bytes() == b"one" and (folder / "b.json").exists()
    connection.execute("PRAGMA max_page_count=100000")
    documents.save("a.json", b"two", base.digest)
    assert bodies(documents, "a.json") == [b"one", b"two"]


def test_a_damaged_file_of_versions_is_moved_aside(documents, folder, tmp_path, open_documents):
    documents.save("a.json", b"one", NO_FILE)
    documents.close()
    database = tmp_path / "home.versions.db"
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"no database" * 1000)
    again = open_documents()
    assert again.save("a.json", b"two", digest_of(b"one")).version.number == 2
    assert bodies(again, "a.json") == [b"one", b"two"]
    assert len(list(tmp_path.glob("home.versions.db.damaged-*"))) == 1


def test_damage_that_shows_later_is_survived_too(documents, tmp_path):
    documents.save("a.json", b"one" * 5000, NO_FILE)
    connection_of(documents).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection_of(documents).execute("PRAGMA cache_size=0")
    database = tmp_path / "home.versions.db"
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))
    documents.save("a.json", b"two", ANY)
    assert documents.read("a.json").body == b"two" and bodies(documents, "a.json")[-1] == b"two"
    assert len(list(tmp_path.glob("home.versions.db.damaged-*"))) == 1


def test_while_the_file_of_versions_is_locked_workflows_are_saved_and_noted_later(documents, tmp_path, monkeypatch):
    documents.save("a.json", b"one", NO_FILE)
    connection_of(documents).execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(tmp_path / "home.versions.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    documents.save("a.json", b"two", digest_of(b"one"))
    assert "in memory only" in documents.notice and "locked" in documents.notice
    assert bodies(documents, "a.json")[-1] == b"two"
    documents.save("b.json", b"to be deleted", NO_FILE)
    documents.delete("b.json")
    documents.drafts.put("tab", "name", None, b"{}")
    other.close()
    monkeypatch.setattr(documents._keeper, "_open_again_s", 0.0)
    assert bodies(documents, "a.json") == [b"one", b"one", b"two"] and not documents.notice
    assert documents.trashed_body(documents.trashed()[0].id) == b"to be deleted"
    assert documents.drafts.read("tab") == b"{}"


@pytest.mark.parametrize("trouble", ["a folder in its place", "a later version"])
def test_without_a_file_of_versions_workflows_are_saved_with_a_notice(tmp_path, documents, trouble):
    database = tmp_path / "home.versions.db"
    if trouble == "a later version":
        connection = sqlite3.connect(database, isolation_level=None)
        migrate(connection, [(f"step {number}", f"CREATE TABLE t{number} (x)") for number in range(9)], "")
        connection.close()
    else:
        database.mkdir()
    first = documents.save("a.json", b"one", NO_FILE)
    documents.save("a.json", b"two", first.digest)
    assert "in memory only" in documents.notice and str(database) in documents.notice
    with pytest.raises(Conflict):
        documents.save("a.json", b"three", first.digest)
    assert bodies(documents, "a.json") == [b"one", b"two"]


def test_a_deletion_that_cannot_be_noted_is_found_out_later(documents, monkeypatch, folder):
    documents.save("a.json", b"one", NO_FILE)
    with monkeypatch.context() as patch:

        def unlink_and_fail(path: Path) -> None:
            path.rename(path.with_suffix(".gone"))
            raise sqlite3.OperationalError("disk I/O error")

        patch.setattr(Path, "unlink", unlink_and_fail)
        documents.delete("a.json")
    assert [(each.name, each.deleted_by) for each in documents.trashed()] == [("a.json", "outside")]


def test_a_renaming_that_cannot_be_noted_is_undone(documents, folder, monkeypatch):
    documents.save("a.json", b"one", NO_FILE)
    documents.save("b.json", b"other", NO_FILE)
    replace = Path.replace

    def replace_and_fail(path: Path, target: Path) -> None:
        replace(path, target)
        monkeypatch.setattr(Path, "replace", replace)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(keeper, "open_in_memory", lambda: pytest.fail("not wanted"))
    documents._keeper._notice = "no further try"
    documents._keeper._open_again_s = float("inf")
    monkeypatch.setattr(Path, "replace", replace_and_fail)
    with pytest.raises(sqlite3.OperationalError):
        documents.move("a.json", "b.json", overwrite=True)
    assert documents.read("a.json").body == b"one" and documents.read("b.json").body == b"other"
    assert [each.name for each in documents.listed()] == ["a.json", "b.json"]
