"""Jobs outlive the server: what is in the file, what is made of it, and what happens when the file is in trouble."""

import asyncio
import math
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.execution.events import (
    NodeFailed,
    NodeFinished,
    NodesCached,
    Place,
    RunInterrupted,
    RunStarted,
    RunSucceeded,
)
from engine.execution.outcome import NodeError, Outcome, RunRequest
from engine.files.migrations import NewerDatabase
from engine.graph.nodes import Graph, Link, Node, NodeId
from engine.jobs import database
from engine.jobs.database import Database, DatabaseLocked, NotWritten, connect
from engine.jobs.history import History, HistoryItem
from engine.jobs.job import Job
from engine.jobs.queue import JobQueue
from engine.jobs.schema import MIGRATIONS, migrate
from engine.jobs.store import ITEMS_AT_ONCE, MOST_ATTEMPTS, JobStore, open_store

GRAPH = Graph(
    {
        NodeId("1"): Node(
            NodeId("1"), "Constant", {"value": 2, "text": "a\ud800\u2028ß", "many": [1.5, None, {"a": []}]}
        ),
        NodeId("2"): Node(NodeId("2"), "Show", {"value": Link(NodeId("1"), 0)}, "a title"),
    }
)
PICTURE = {"images": [{"filename": "a.png", "subfolder": "b", "type": "output"}]}


def request(job: str, **more: Any) -> RunRequest:
    prompt = {"1": {"class_type": "Constant"}, "2": {"class_type": "Show"}}
    return RunRequest(job, GRAPH, [NodeId("2")], prompt, **more)


def item(job: Job, status: Any = "success", **more: Any) -> HistoryItem:
    outcome = Outcome(job.id, status, {"2": PICTURE}, {"2": Place.of("2")}, ("1", "2"), **more)
    return HistoryItem(job, outcome, (RunStarted(job.id, 5), RunSucceeded(job.id, 9)), 5, 9)


def ask(path: Path, question: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "user" / "weft.db"


async def abandon(store: JobStore) -> None:
    """Leave the file as a killed server does, as far as one process can: all is committed, nothing settled."""
    await store.written()
    store.close()


async def test_jobs_wait_in_their_order_after_a_restart(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    extra = {"extra_pnginfo": {"workflow": {"id": "w"}}, "auth_token_comfy_org": "secret"}
    queue.submit(request("a", extra=extra, metadata=False, client="me"), client="me", worker="worker-2")
    queue.submit(request("b"))
    queue.submit(request("c"), front=True)
    queue.submit(request("d"), number=1.5)
    queue.submit(request("e"))
    queue.delete(["b"])
    queue.move({"e": 1.25, "unknown": 1})
    await abandon(store)

    again = JobQueue(store=open_store(path))
    assert [job.id for job in again.pending()] == ["c", "a", "e", "d"]
    assert [job.number for job in again.pending()] == [-3, 1, 1.25, 1.5]
    found, was = again.find("a"), queue.find("a")
    assert found is not None and was is not None
    assert found.request.graph == GRAPH and list(found.request.graph[NodeId("1")].inputs) == ["value", "text", "many"]
    assert (found.client, found.worker, found.created_ms) == ("me", "worker-2", was.created_ms)
    assert found.request.prompt == was.request.prompt and not found.request.metadata and found.request.client == "me"
    assert found.request.extra == {"extra_pnginfo": {"workflow": {"id": "w"}}}
    assert b"secret" not in path.read_bytes()
    assert again.submit(request("f")).number == 6, "numbers go on where they were"


async def test_what_ran_is_interrupted_with_what_it_had_shown(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    for name in "ab":
        queue.submit(request(name), client="me")
    job = await queue.take()
    store.began(job.id, 1234)
    store.node_finished(NodeFinished(job.id, Place("9", "2", "2", "2"), PICTURE))
    await abandon(store)

    store = open_store(path)
    assert [job.id for job, _ in store.restored.pending] == ["b"]
    (found,) = store.restored.interrupted
    assert found.job.id == "a" and found.job.client == "me" and found.outcome.status == "interrupted"
    assert found.outcome.outputs == {"9": PICTURE} and found.outcome.places == {"9": Place("9", "2", "2", "2")}
    assert found.started_ms == 1234 <= found.ended_ms
    assert "server ended" in found.events[-1].reason  # type: ignore[union-attr]
    (kept,) = await store.history()
    assert kept.job.id == "a" and kept.outcome.outputs == found.outcome.outputs and kept.outcome.status == "interrupted"
    assert [type(event) for event in kept.events] == [RunStarted, RunInterrupted]
    store.close()
    store = open_store(path)
    assert not store.restored.interrupted and len(await store.history()) == 1, "it is told once"
    store.close()


async def test_a_job_resumes_before_all_others_but_not_for_ever(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    queue.submit(request("a"))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        queue.submit(request(f"front {attempt}"), front=True)
        queue.move({"a": -1000})
        job = await queue.take()
        assert job.id == "a"
        store.began("a", 1)
        store.node_finished(NodeFinished("a", Place.of("2"), PICTURE))
        queue.move({f"front {attempt}": -200})
        await abandon(store)
        store = open_store(path, resume=True)
        queue = JobQueue(store=store)
        if attempt < MOST_ATTEMPTS:
            assert queue.pending()[0].id == "a"
            assert queue.pending()[0].earlier == {"2": NodeFinished("a", Place.of("2"), PICTURE)}
    assert [found.job.id for found in store.restored.interrupted] == ["a"] and queue.find("a") is None
    store.close()


async def test_the_history_is_kept_with_all_that_is_told_of_it(path):
    store = open_store(path)
    history = History(forgotten=store.forgotten)
    failed = NodeFailed("a", Place.of("1"), "T", ("1",), "ValueError", "no", ["line"], {"x": [1]}, 7)
    error = NodeError("1", "T", "ValueError", "no", ["line"])
    first = item(Job(1, request("a")), "error", error=error)
    first = HistoryItem(first.job, first.outcome, (RunStarted("a", 5), NodesCached("a", ["2"], 6), failed), 5, 9)
    many = [item(Job(number, request(f"job {number}"))) for number in range(ITEMS_AT_ONCE + 5)]
    for each in (first, *many):
        history.add(each)
        store.ended(each)
    history.delete(["job 3"])
    await abandon(store)

    store = open_store(path)
    kept = await store.history()
    assert [each.job.id for each in kept] == ["a", *(each.job.id for each in many if each.job.id != "job 3")]
    assert kept[0].outcome.error == error and kept[0].outcome.outputs == {"2": PICTURE}
    assert [type(event) for event in kept[0].events] == [RunStarted, NodesCached, NodeFailed]
    assert kept[0].events[2].__dict__ == {**failed.__dict__, "executed": ["1"]}
    assert (kept[0].started_ms, kept[0].ended_ms, kept[0].job.request.prompt) == (5, 9, first.job.request.prompt)
    restored = History(longest=10, forgotten=store.forgotten)
    await restored.load(store.history())
    assert [each.job.id for each in restored.items()] == [
        f"job {n}" for n in range(ITEMS_AT_ONCE - 5, ITEMS_AT_ONCE + 5)
    ]
    await abandon(store)
    assert ask(path, "SELECT count(*) FROM history") == [(10,)], "the limit holds on the disk, too"
    assert ask(path, "SELECT count(*), min(filename), min(subfolder) FROM outputs") == [(10, "a.png", "b")]
    store = open_store(path)
    restored = History(forgotten=store.forgotten)
    await restored.load(store.history())
    restored.clear()
    await abandon(store)
    assert ask(path, "SELECT count(*) FROM history") == [(0,)]


async def test_a_job_ends_in_the_same_instant_as_it_no_longer_runs(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    queue.submit(request("a"))
    job = await queue.take()
    store.began("a", 1)
    store.ended(item(job))
    await abandon(store)
    store = open_store(path, resume=True)
    assert not store.restored.pending and not store.restored.interrupted
    assert [each.outcome.status for each in await store.history()] == ["success"]
    store.close()


@pytest.mark.parametrize(
    "value",
    [math.nan, float("inf"), b"bytes", {1: 2, (1, 2): 3}, {"deep", "set"}, Path("x"), "\ud800"],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_a_node_shows_is_kept_or_told_as_text(path, value):
    store = open_store(path)
    shown = {"odd": [value], **PICTURE}
    job = Job(1, request("a"))
    store.ended(HistoryItem(job, Outcome("a", "success", {"2": shown}), (), 1, 2))
    await store.written()
    (kept,) = await store.history()
    assert kept.outcome.outputs["2"]["images"] == PICTURE["images"]
    store.close()


async def test_what_contains_itself_costs_only_what_was_shown(path, caplog):
    store = open_store(path)
    circle: list[Any] = []
    circle.append(circle)
    store.ended(HistoryItem(Job(1, request("a")), Outcome("a", "success", {"2": {"x": circle}}), (), 1, 2))
    store.ended(item(Job(2, request("b"))))
    await store.written()
    assert [dict(each.outcome.outputs) for each in await store.history()] == [{}, {"2": PICTURE}]
    assert "What job a shows cannot be kept" in caplog.text
    store.close()


async def test_the_pause_survives(path):
    for paused in (True, False):
        store = open_store(path)
        queue = JobQueue(store=store)
        assert queue.is_paused is not paused
        queue.pause(paused)
        await abandon(store)


async def test_a_change_at_fault_is_left_out_and_the_others_stand(path, caplog):
    store = open_store(path)
    queue = JobQueue(store=store)
    queue.submit(request("a"))
    assert store._database is not None
    store._database.change(lambda connection: connection.execute("INSERT INTO jobs (id) VALUES ('odd')"))
    queue.submit(request("b"))
    await abandon(store)
    assert "left out" in caplog.text
    assert ask(path, "SELECT id FROM jobs ORDER BY id") == [("a",), ("b",)]


async def test_a_full_disk_is_told_and_made_up_for(path, monkeypatch, caplog):
    monkeypatch.setattr(database, "TRY_AGAIN_AFTER_S", 0.01)
    store = open_store(path)
    queue = JobQueue(store=store)
    assert store._database is not None
    pages = await store._database.read(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await store._database.read(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())
    queue.submit(request("a", extra={"large": "x" * 50_000}))
    with pytest.raises(NotWritten, match="full"):
        await store.written()
    assert "full" in store.notice and "cannot be written" in caplog.text
    store.began("a", 1)
    await store._database.read(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone())
    async with asyncio.timeout(5):
        while store.notice:  # noqa: ASYNC110 (nothing announces it)
            await asyncio.sleep(0.01)
    await abandon(store)
    assert ask(path, "SELECT id, started_ms FROM jobs") == [("a", 1)]


def overwrite(path: Path) -> None:
    path.write_bytes(b"this was a database" * 1000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def no_json(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE jobs SET submitted='{'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", [overwrite, cut, no_json])
async def test_a_damaged_file_is_moved_aside(path, damage: Callable[[Path], None], caplog):
    store = open_store(path)
    JobQueue(store=store).submit(request("a", extra={"large": "x" * 50_000}))
    await abandon(store)
    damage(path)
    damaged = path.read_bytes()
    store = open_store(path)
    assert "damaged" in store.notice and "moved" in store.notice and store.notice in caplog.text
    (aside,) = path.parent.glob("weft.db.damaged-*")
    assert aside.name in store.notice and aside.read_bytes() == damaged
    JobQueue(store=store).submit(request("b"))
    await abandon(store)
    assert [job.id for job, _ in open_store(path).restored.pending] == ["b"]


def test_another_running_server_keeps_its_file(path):
    path.parent.mkdir()
    first = connect(path)
    with pytest.raises(DatabaseLocked, match=r"another Weft.*--database-file"):
        connect(path, locked_for_s=0.1)
    beside = open_store(path)
    assert beside.is_beside_another and not beside.is_lasting and "--database-file" in beside.notice
    first.close()
    connect(path).close()


async def test_where_nothing_can_be_written_jobs_are_kept_in_memory(path, caplog):
    path.mkdir(parents=True)  # for a file that cannot be opened; root may write to read-only ones
    store = open_store(path)
    assert not store.is_lasting and "memory only" in store.notice and "--database-file" in caplog.text
    JobQueue(store=store).submit(request("a"))
    await store.written()
    assert await store.history() == []
    assert "memory only" in open_store(None).notice


@pytest.mark.skipif(sys.platform == "win32", reason="folders there are made read-only in other ways")
async def test_a_read_only_folder_is_told(path, caplog):
    path.parent.mkdir()
    path.parent.chmod(0o500)
    try:
        store = open_store(path)
        is_root = store.is_lasting
        assert is_root or "cannot be written" in store.notice
        store.close()
    finally:
        path.parent.chmod(0o700)


def test_migrations_are_applied_once_in_their_order(path):
    path.parent.mkdir()
    connect(path).close()
    assert [row[:2] for row in ask(path, "SELECT number, name FROM migrations")] == [
        (number, name) for number, (name, _) in enumerate(MIGRATIONS, start=1)
    ]
    connection = sqlite3.connect(path, isolation_level=None)
    further = (*MIGRATIONS, ("one more", "CREATE TABLE more (a); INSERT INTO more VALUES (1)"))
    for _ in range(2):
        migrate(connection, further)
    assert connection.execute("SELECT * FROM more").fetchall() == [(1,)]
    broken = (*further, ("broken", "CREATE TABLE half (a); CREATE NONSENSE"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    assert "half" not in tables and connection.execute("SELECT max(number) FROM migrations").fetchone() == (
        len(further),
    )
    connection.close()
    with pytest.raises(NewerDatabase, match=rf"weft\.db is of version {len(further)}, and .* up to {len(MIGRATIONS)}"):
        open_store(path)


async def test_jobs_know_their_accounts_after_a_restart(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    for user in ("anna", "bert", ""):
        queue.submit(request(f"of {user}", user=user))
    store.ended(item(Job(4, request("done", user="anna"))))
    await abandon(store)
    store = open_store(path)
    assert [job.user for job, _ in store.restored.pending] == ["anna", "bert", ""]
    assert [found.job.user for found in await store.history()] == ["anna"]
    store.close()
    assert ask(path, "SELECT job, user FROM outputs") == [("done", "anna")]


async def test_a_file_from_before_accounts_keeps_its_jobs(path):
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, MIGRATIONS[:1])
    about = '{"number":1,"client":"","worker":"","created_ms":5,"targets":[],"metadata":true,"lengths":[0,0]}'
    connection.execute(
        "INSERT INTO jobs (id, arrival, number, client, worker, created_ms, submitted, prompt, extra, graph) "
        "VALUES ('old', 1, 1, '', '', 5, ?, '{}', '{}', '[]')",
        (about,),
    )
    connection.execute("INSERT INTO outputs VALUES ('older', '2', 'images', 0, 'output', '', 'a.png')")
    connection.close()
    store = open_store(path)
    assert [(job.id, job.user) for job, _ in store.restored.pending] == [("old", "")]
    store.close()
    assert ask(path, "SELECT filename, user FROM outputs") == [("a.png", "")]


async def test_settings_outlive_the_server_and_are_each_accounts_own(path):
    store = open_store(path)
    assert await store.settings("anna") == {}
    store.change_settings("anna", {"a": 1, "\ud800\r\n[x]": ["\x00", 2**70]})
    store.change_settings("anna", {"b": {}})
    store.change_settings("", {"a": 2})
    assert await store.settings("anna") == {"a": 1, "\ud800\r\n[x]": ["\x00", 2**70], "b": {}}
    await abandon(store)
    store = open_store(path)
    assert await store.settings("") == {"a": 2} and len(await store.settings("anna")) == 3
    store.close()
    in_memory = open_store(None)
    in_memory.change_settings("", {"a": 3})
    assert await in_memory.settings("") == {"a": 3}


async def test_settings_of_earlier_versions_are_taken_in_once(path):
    path.parent.mkdir()
    file = path.with_name("settings.json")
    file.write_text('{"a": 1}')
    for _ in range(2):
        store = open_store(path, old_settings=file)
        assert await store.settings("") == {"a": 1}
        store.close()
    assert not file.exists() and file.with_name("settings.json.taken-in").read_text() == '{"a": 1}'
    for unreadable in ("{", "[1]", "[" * 100_000, ""):
        file.write_text(unreadable)
        store = open_store(path, old_settings=file)
        assert await store.settings("") == {"a": 1} and file.read_text() == unreadable
        store.close()


def test_the_first_schema_is_what_it_was():
    """Files of it are out there: a change is a further migration."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, MIGRATIONS[:1])
    columns = {
        table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for table in ("jobs", "shown", "history", "outputs", "state")
    }
    connection.close()
    assert columns == {
        "jobs": ["id", "arrival", "number", "client", "worker", "created_ms", "attempts", "started_ms", "submitted",
                 "prompt", "extra", "graph"],
        "shown": ["job", "node", "at_ms", "body"],
        "history": ["number", "id", "status", "created_ms", "started_ms", "ended_ms", "submitted", "prompt", "extra",
                    "outcome"],
        "outputs": ["job", "node", "kind", "position", "type", "subfolder", "filename"],
        "state": ["name", "value"],
    }  # fmt: skip


async def test_waiting_for_the_disk_ends_with_the_one_who_waits(path):
    path.parent.mkdir()
    kept = Database(connect(path))
    waiting = asyncio.ensure_future(kept.written())
    await asyncio.sleep(0)
    waiting.cancel()
    await kept.written()
    with pytest.raises(sqlite3.OperationalError):
        await kept.read(lambda connection: connection.execute("nonsense"))
    kept.close()


async def test_many_jobs_at_once_share_commits(path):
    store = open_store(path)
    queue = JobQueue(store=store)
    statements: list[str] = []
    assert store._database is not None
    await store._database.read(lambda connection: connection.set_trace_callback(statements.append))
    for number in range(500):
        queue.submit(request(f"job {number}"))
    await abandon(store)
    assert 1 <= statements.count("COMMIT") < 50
    assert ask(path, "SELECT count(*) FROM jobs") == [(500,)]
