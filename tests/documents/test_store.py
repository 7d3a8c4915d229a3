"""Nothing that was ever saved is lost, and nobody overwrites what he has not seen."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.documents import ledger, opening
from engine.documents.contents import ANY, NO_FILE, Conflict, NoDocument, TooMuch
from engine.documents.drafts import LARGEST_BYTES, MOST_DRAFTS
from engine.documents.ledger import digest_of
from engine.documents.thinning import ALWAYS_KEPT, DAY_MS, HOUR_MS, superfluous
from engine.errors import BadReference
from tests.documents.looking import bodies, connection_of


def test_every_save_is_a_version_and_the_file_is_plain(documents, folder):
    first = documents.save("cats/a.json", b"one", NO_FILE, author="me")
    assert (folder / "cats" / "a.json").read_bytes() == b"one"
    second = documents.save("cats/a.json", b"two", first.digest)
    assert second.digest == digest_of(b"two") and second.version.number == 2
    content = documents.read("cats/a.json")
    assert (content.body, content.version) == (b"two", second.version)
    assert bodies(documents, "cats/a.json") == [b"one", b"two"]
    assert documents.version("cats/a.json", 1)[0].author == "me"
    [listed] = documents.listed()
    assert (listed.name, listed.digest, listed.size, listed.version, listed.versions) == (
        "cats/a.json", second.digest, 3, 2, 2,
    )  # fmt: skip


def test_saving_the_same_again_makes_no_version(documents):
    first = documents.save("a.json", b"one", NO_FILE)
    assert documents.save("a.json", b"one", "digest of something else") == first
    assert len(documents.versions("a.json")[1]) == 1


def test_a_save_over_what_was_not_seen_is_a_conflict_that_shows_both(documents, folder):
    base = documents.save("a.json", b"base", NO_FILE)
    documents.save("a.json", b"theirs", base.digest, author="them")
    with pytest.raises(Conflict, match=r"'a.json' was changed meanwhile by someone else. Nothing was over") as refused:
        documents.save("a.json", b"mine", base.digest)
    current = refused.value.current
    assert (current.body, current.version.author, current.version.kind) == (b"theirs", "them", "save")
    assert refused.value.base == b"base"
    assert (folder / "a.json").read_bytes() == b"theirs" and bodies(documents, "a.json") == [b"base", b"theirs"]
    with pytest.raises(Conflict, match="is there already"):
        documents.save("a.json", b"mine", NO_FILE)
    documents.save("a.json", b"mine", current.digest)
    documents.delete("a.json")
    with pytest.raises(Conflict, match="was deleted or renamed meanwhile"):
        documents.save("a.json", b"later", digest_of(b"mine"))


def test_what_another_program_wrote_becomes_a_version(documents, folder):
    base = documents.save("a.json", b"base", NO_FILE)
    (folder / "a.json").write_bytes(b"outside")
    with pytest.raises(Conflict):
        documents.save("a.json", b"mine", base.digest)
    documents.save("a.json", b"mine", ANY)
    (folder / "a.json").write_bytes(b"outside again")
    assert documents.read("a.json").version.kind == "outside"
    (folder / "new.json").write_bytes(b"never seen")
    documents.delete("new.json")
    assert documents.trashed_body(documents.trashed()[0].id) == b"never seen"
    assert bodies(documents, "a.json") == [b"base", b"outside", b"mine", b"outside again"]
    (folder / "a.json").write_bytes(b"base")
    assert documents.read("a.json").version.number == 1


def test_a_restored_version_is_a_further_one(documents):
    documents.save("a.json", b"one", NO_FILE)
    second = documents.save("a.json", b"two", ANY)
    restored = documents.restore("a.json", 1, second.digest)
    assert (restored.version.number, restored.version.kind) == (3, "restore")
    assert documents.read("a.json").body == b"one" and bodies(documents, "a.json") == [b"one", b"two", b"one"]
    with pytest.raises(Conflict):
        documents.restore("a.json", 2, second.digest)
    with pytest.raises(NoDocument, match="no version 9"):
        documents.restore("a.json", 9, ANY)


def test_what_is_deleted_is_in_the_trash_for_30_days(documents, clock, folder):
    documents.save("a.json", b"one", NO_FILE)
    documents.save("a.json", b"two", ANY)
    documents.delete("a.json")
    assert not (folder / "a.json").exists() and documents.listed() == []
    with pytest.raises(NoDocument):
        documents.read("a.json")
    [trashed] = documents.trashed()
    assert (trashed.name, trashed.deleted_by, trashed.versions, trashed.size) == ("a.json", "user", 2, 3)
    documents.save("a.json", b"another", NO_FILE)
    assert documents.revive(trashed.id) == "a (1).json"
    assert documents.read("a (1).json").body == b"two" and bodies(documents, "a (1).json") == [b"one", b"two"]
    documents.delete("a.json")
    clock.now_ms += 30 * DAY_MS - HOUR_MS
    assert [each.name for each in documents.trashed()] == ["a.json"]
    clock.now_ms += DAY_MS
    assert documents.trashed() == []
    with pytest.raises(NoDocument):
        documents.revive(trashed.id)


def test_purging_is_for_good(documents, tmp_path):
    documents.save("a.json", b"secret" * 50, NO_FILE)
    documents.delete("a.json")
    documents.purge(documents.trashed()[0].id)
    assert documents.trashed() == []
    with pytest.raises(NoDocument):
        documents.purge(1)


def test_a_file_that_another_program_removed_is_in_the_trash_and_goes_on_when_it_is_back(documents, folder):
    documents.save("a.json", b"one", NO_FILE)
    (folder / "a.json").rename(folder / "kept elsewhere")
    [trashed] = documents.trashed()
    assert (trashed.name, trashed.deleted_by) == ("a.json", "outside")
    (folder / "kept elsewhere").rename(folder / "a.json")
    documents.save("a.json", b"two", digest_of(b"one"))
    assert bodies(documents, "a.json") == [b"one", b"two"] and documents.trashed() == []


def test_a_disk_that_is_away_empties_nothing_into_the_trash(documents, folder, tmp_path):
    documents.save("a.json", b"one", NO_FILE)
    (tmp_path / "home").rename(tmp_path / "unmounted")
    assert documents.trashed() == []
    (tmp_path / "unmounted").rename(tmp_path / "home")
    assert bodies(documents, "a.json") == [b"one"]


def test_versions_move_along(documents):
    documents.save("a.json", b"one", NO_FILE)
    documents.save("a.json", b"two", ANY)
    documents.save("b.json", b"other", NO_FILE)
    with pytest.raises(Conflict):
        documents.move("a.json", "b.json", overwrite=False)
    documents.move("a.json", "b.json", overwrite=True)
    assert bodies(documents, "b.json") == [b"one", b"two"]
    assert [each.name for each in documents.listed()] == ["b.json"]
    [trashed] = documents.trashed()
    assert documents.trashed_body(trashed.id) == b"other"
    documents.move("b.json", "deep/er/c.json", overwrite=False)
    documents.move("deep/er/c.json", "deep/er/c.json", overwrite=True)
    assert documents.read("deep/er/c.json").body == b"two"
    with pytest.raises(NoDocument):
        documents.move("b.json", "d.json", overwrite=True)


@pytest.mark.parametrize("name", ["", "../a.json", "/etc/passwd", "a/../../b", "a.json/", "C:x.json", "a\0", "folder"])
def test_names_lead_nowhere_else(documents, folder, name):
    (folder / "folder").mkdir()
    for refused in (
        lambda: documents.save(name, b"x", ANY),
        lambda: documents.read(name),
        lambda: documents.delete(name),
        lambda: documents.versions(name),
    ):
        with pytest.raises(BadReference):
            refused()


def test_one_file_has_one_past_however_it_is_named(documents):
    documents.save("cats/a.json", b"one", NO_FILE)
    documents.save("./cats//a.json", b"two", ANY)
    documents.save("cats\\a.json", b"three", ANY)
    assert bodies(documents, "cats/a.json") == [b"one", b"two", b"three"]


def test_links_that_lead_outside_are_neither_listed_nor_followed(documents, folder, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    assert documents.listed() == []
    with pytest.raises(BadReference):
        documents.read("link.json")


def test_two_that_save_at_once_are_told_apart(open_documents):
    """Two programs (two stores) with two threads each: of all that begin with one content, one is taken each time."""
    programs = [open_documents(), open_documents()]
    base = programs[0].save("a.json", b"0", NO_FILE).digest
    barrier = threading.Barrier(4)

    def save(turn: int, which: int) -> tuple[bool, str]:
        barrier.wait()
        try:
            return True, programs[which % 2].save("a.json", f"{turn} by {which}".encode(), base).digest
        except Conflict as conflict:
            return False, conflict.current.digest

    with ThreadPoolExecutor(4) as pool:
        for turn in range(12):
            came = list(pool.map(save, [turn] * 4, range(4)))
            [base] = [digest for was_taken, digest in came if was_taken]
            assert {digest for _, digest in came} == {base}
    assert len(bodies(programs[0], "a.json")) == 13
    assert not programs[0].notice and not programs[1].notice


def test_drafts_are_kept_by_tab(documents, open_documents, clock):
    documents.drafts.put("tab-1", "a cat", None, b'{"nodes":1}')
    documents.drafts.put("tab-2", "a dog", "dog.json", b'{"nodes":2}')
    documents.drafts.put("tab-1", "a cat", "cat.json", b'{"nodes":3}')
    again = open_documents()
    assert [(each.id, each.name, each.saved_as, each.size) for each in again.drafts.listed()] == [
        ("tab-1", "a cat", "cat.json", 11), ("tab-2", "a dog", "dog.json", 11),
    ]  # fmt: skip
    assert again.drafts.read("tab-1") == b'{"nodes":3}'
    again.drafts.drop("tab-1")
    again.drafts.drop("tab-1")
    with pytest.raises(NoDocument):
        again.drafts.read("tab-1")
    clock.now_ms += 91 * DAY_MS
    assert again.drafts.listed() == []


def test_drafts_are_limited_in_number_and_size(documents):
    with pytest.raises(TooMuch, match=r"33.0 MiB; at most 32 MiB"):
        documents.drafts.put("large", "large", None, bytes(LARGEST_BYTES + 2**20))
    for number in range(MOST_DRAFTS):
        documents.drafts.put(f"tab-{number}", "x", None, b"{}")
    with pytest.raises(TooMuch, match=f"{MOST_DRAFTS} drafts"):
        documents.drafts.put("one more", "x", None, b"{}")
    documents.drafts.put("tab-1", "x", None, b"{1}")


def test_thinning_keeps_the_newest_hundred_the_last_day_and_the_last_of_each_span():
    now_ms = 400 * DAY_MS
    recent = [(number, now_ms - (2000 - number) * 1000) for number in range(2000, 1000, -1)]
    assert list(superfluous(recent, now_ms)) == []
    minutes = [(number, now_ms - 3 * DAY_MS - (1000 - number) * 60_000) for number in range(1000, 0, -1)]
    gone = set(superfluous(minutes, now_ms))
    left = [number for number, _ in minutes if number not in gone]
    assert left[:ALWAYS_KEPT] == list(range(1000, 1000 - ALWAYS_KEPT, -1))
    hours = [made // HOUR_MS for number, made in minutes if number in left[ALWAYS_KEPT:]]
    assert len(hours) == len(set(hours)) and len(left) < 120
    years = [(number, now_ms - (1000 - number) * DAY_MS) for number in range(1000, 0, -1)]
    assert 100 + 265 + 90 < 1000 - len(set(superfluous(years, now_ms))) < 100 + 265 + 100


def test_old_versions_go_and_take_their_contents_along(documents, clock):
    for number in range(150):
        documents.save("a.json", f"content {number}".encode(), ANY)
    assert len(documents.versions("a.json")[1]) == 150
    clock.now_ms += 3 * DAY_MS
    assert len(documents.versions("a.json")[1]) == ALWAYS_KEPT
    kept = connection_of(documents).execute("SELECT count(*) FROM bodies").fetchone()[0]
    assert kept == ALWAYS_KEPT and documents.read("a.json").version.number == 150


def test_the_thousandth_save_costs_no_more_than_the_tenth(documents):
    """Counted in steps of SQLite's machine, which no busy computer changes."""
    steps: list[int] = []

    def cost(body: bytes) -> int:
        connection_of(documents).set_progress_handler(lambda: steps.append(1) and None, 10)
        steps.clear()
        documents.save("a.json", body, ANY)
        connection_of(documents).set_progress_handler(None, 0)
        return len(steps)

    documents.save("a.json", b"first", ANY)
    connection_of(documents).execute("PRAGMA synchronous=OFF")
    costs = [cost(b"content %d" % number) for number in range(1000)]
    assert sum(costs[-10:]) <= 1.5 * sum(costs[10:20]), costs[::100]
    content, versions = documents.versions("a.json")
    assert len(versions) == 1001 and content.version == versions[0]


def test_the_file_of_versions_is_that_of_the_pinned_schema(documents):
    documents.listed()
    tables = connection_of(documents).execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    assert {name for (name,) in tables} == {
        "migrations", "documents", "bodies", "versions", "drafts", "sqlite_sequence",
    }  # fmt: skip
    assert connection_of(documents).execute("SELECT number, name FROM migrations").fetchall() == [
        (1, "documents, versions and drafts")
    ]
    assert opening.FULL == sqlite3.SQLITE_FULL and ledger.digest_of(b"") == digest_of(b"")
