"""What is kept of jobs while they wait, run and have ended, so that the end of the server loses none of it?"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import EngineError
from engine.execution.events import NodeFinished, RunInterrupted, RunStarted
from engine.execution.outcome import Outcome
from engine.files.migrations import NewerDatabase, move_aside
from engine.jobs import records
from engine.jobs.database import Change, Database, DatabaseLocked, connect
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job, now_ms
from engine.jobs.schema import migrate
from engine.jobs.settings import change_settings, read_settings, take_in

log = logging.getLogger(__name__)
SERVER_ENDED = "The server ended while this job ran."
MOST_ATTEMPTS = 3  # a job whose every run ends the server is not begun for ever
ITEMS_AT_ONCE = 100  # of the history, read between two commits
T = TypeVar("T")
Row = tuple[str, int, float, int, int | None, str, str, str, str]


class NothingKept(EngineError):
    """A question to a store that keeps nothing."""


@dataclass(frozen=True)
class Restored:
    """What the server that ran before left.

    Attributes:
        pending: the jobs that wait, each with its order of arrival.
        interrupted: those that ran when it ended; they are in the kept history, too.
        arrivals: how many jobs have ever come.
    """

    pending: Sequence[tuple[Job, int]] = ()
    interrupted: Sequence[HistoryItem] = ()
    arrivals: int = 0
    paused: bool = False


class JobStore:
    """Keeps jobs in a file. Everything returns at once except `written` and `history`; one event loop calls it."""

    def __init__(
        self,
        database: Database | None = None,
        restored: Restored | None = None,
        notice: str = "",
        *,
        is_beside_another: bool = False,
        is_lasting: bool = True,
    ) -> None:
        """Keep jobs in a database; None keeps nothing.

        Args:
            restored: what it held at first.
            notice: what the user has to be told of it.
            is_beside_another: another running server works in the same folders.
            is_lasting: the database outlives the server.
        """
        self._database = database
        self._is_lasting = is_lasting and database is not None
        self.is_beside_another = is_beside_another
        self.restored = restored or Restored()
        self._notice = notice

    @property
    def notice(self) -> str:
        """Say what the user should know of how jobs are kept; empty if all is well."""
        failure = self._database.failure if self._database else ""
        return f"Jobs cannot be written to disk: {failure}." if failure else self._notice

    @property
    def is_lasting(self) -> bool:
        """Whether jobs outlive the server."""
        return self._is_lasting

    @property
    def write_failures(self) -> int:
        """Say how many times the file could not be written."""
        return self._database.failures if self._database else 0

    async def written(self) -> None:
        """Wait until all that was said so far is on the disk; returns at once where nothing is kept.

        Raises:
            NotWritten: it could not be written, and is tried again.
        """
        if self._database is not None:
            await self._database.written()

    def queued(self, job: Job, arrival: int) -> None:
        """Keep a job that waits."""

        def change(connection: sqlite3.Connection) -> None:
            told = (*records.write_job(job), records.write_graph(job.request.graph))
            connection.execute(
                "INSERT INTO jobs (id, arrival, number, client, worker, created_ms, submitted, prompt, extra, graph) "
                "VALUES (?,?,?,?,?,?,?,?,?,?)",
                (job.id, arrival, job.number, job.client, job.worker, job.created_ms, *told),
            )
            connection.execute("INSERT OR REPLACE INTO state VALUES ('arrivals', ?)", (str(arrival),))

        self._change(change)

    def moved(self, job: Job) -> None:
        """Keep the new place of a job that waits."""
        row = (job.number, job.id)
        self._change(lambda connection: connection.execute("UPDATE jobs SET number=? WHERE id=?", row))

    def withdrawn(self, job_ids: Collection[str]) -> None:
        """Forget jobs that waited."""
        rows = [(job_id,) for job_id in job_ids]

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM shown WHERE job=?", rows)
            connection.executemany("DELETE FROM jobs WHERE id=?", rows)

        self._change(change)

    def began(self, job_id: str, started_ms: int) -> None:
        """Keep that a job runs from now on."""
        row = (started_ms, job_id)
        statement = "UPDATE jobs SET started_ms=?, attempts=attempts+1 WHERE id=?"
        self._change(lambda connection: connection.execute(statement, row))

    def node_finished(self, event: NodeFinished) -> None:
        """Keep what a node of a running job has to show."""
        at_ms = now_ms()

        def change(connection: sqlite3.Connection) -> None:
            row = (event.job, event.place.node, at_ms, records.write_shown(event))
            connection.execute("INSERT OR REPLACE INTO shown VALUES (?,?,?,?)", row)

        self._change(change)

    def ended(self, item: HistoryItem) -> None:
        """Keep how a job ended; in the same instant it no longer counts as running."""
        self._change(lambda connection: _end(connection, item))

    def forgotten(self, job_ids: Collection[str]) -> None:
        """Forget jobs that have ended."""
        rows = [(job_id,) for job_id in job_ids]

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM history WHERE id=?", rows)
            connection.executemany("DELETE FROM outputs WHERE job=?", rows)

        self._change(change)

    def paused(self, paused: bool) -> None:
        """Keep whether the queue is at rest."""
        row = (str(int(paused)),)
        statement = "INSERT OR REPLACE INTO state VALUES ('paused', ?)"
        self._change(lambda connection: connection.execute(statement, row))

    async def history(self) -> list[HistoryItem]:
        """Read all jobs that have ended, oldest first; a few at a time, since others write meanwhile."""
        if self._database is None:
            return []
        items: list[HistoryItem] = []
        last = 0
        while True:
            rows = await self._database.read(partial(_history_after, number=last))
            items += [item for _, item in rows]
            if len(rows) < ITEMS_AT_ONCE:
                return items
            last = rows[-1][0]

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask something of what is kept, between two commits. Raises NothingKept where nothing is."""
        if self._database is None:
            raise NothingKept("This server keeps no index of results.")
        return await self._database.read(question)

    async def settings(self, user: str) -> dict[str, Any]:
        """Give all settings of an account."""
        return await self.read(partial(read_settings, user=user))

    def change_settings(self, user: str, changes: Mapping[str, Any]) -> None:
        """Change some settings of an account; `written` waits for it."""
        self._change(partial(change_settings, user=user, changes=changes))

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        if self._database is not None:
            self._database.close()

    def _change(self, change: Change) -> None:
        if self._database is not None:
            self._database.change(change)


def open_store(path: Path | None, *, resume: bool = False, old_settings: Path | None = None) -> JobStore:
    """Open the file that keeps jobs, or begin one.

    A damaged file is moved aside, and a new one begun; where none can be written, or another running server has it,
    all is kept in memory only. The store's `notice` says which.

    Args:
        path: None keeps all in memory only.
        resume: jobs that ran when the server ended are queued again; else they count as interrupted.
        old_settings: the file that held the settings in earlier versions; it is taken in, and renamed.

    Raises:
        NewerDatabase: it was written by a later version of the program.
    """
    if path is None:
        return _in_memory("Queue, history and settings are kept in memory only, as --database-file says.")
    notice = ""
    try:
        try:
            connection, restored = _open(path, old_settings, resume=resume)
        except sqlite3.OperationalError:
            raise
        except (sqlite3.DatabaseError, ValueError, KeyError) as error:
            aside = move_aside(path)
            notice = f"{path} is damaged ({error}): it was moved to {aside.name}, and a new one begun."
            connection, restored = _open(path, old_settings, resume=resume)
    except (sqlite3.OperationalError, OSError) as error:
        notice = (
            f"{path} cannot be written ({error}): queue, history, pause and settings are kept in memory only, "
            "and are lost when the server ends. Make the folder writable, or name another file with --database-file."
        )
        log.warning("%s", notice)
        return _in_memory(notice)
    except DatabaseLocked as error:
        log.warning("%s", error)
        return _in_memory(str(error), is_beside_another=True)
    except NewerDatabase as error:
        raise NewerDatabase(f"{path} is of {error}") from None
    if notice:
        log.error("%s", notice)
    return JobStore(Database(connection), restored, notice)


def _open(path: Path, old_settings: Path | None, *, resume: bool) -> tuple[sqlite3.Connection, Restored]:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        restored = _restore(connection, resume=resume)
        taken_in = old_settings is not None and take_in(connection, old_settings)
        connection.execute("COMMIT")
        if taken_in and old_settings is not None:
            with contextlib.suppress(OSError):  # else it is taken in again, and what was set since then counts
                old_settings.replace(old_settings.with_suffix(".json.taken-in"))
    except BaseException:
        connection.close()
        raise
    return connection, restored


def _in_memory(notice: str, *, is_beside_another: bool = False) -> JobStore:
    """Keep jobs as long as the server runs, so that their results can be looked for all the same."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(connection)
    return JobStore(Database(connection), notice=notice, is_beside_another=is_beside_another, is_lasting=False)


def _restore(connection: sqlite3.Connection, *, resume: bool) -> Restored:
    """Read what waits, and settle what ran: it is interrupted, or waits again."""
    state: Mapping[str, str] = dict(connection.execute("SELECT name, value FROM state"))
    rows: list[Row] = list(
        connection.execute(
            "SELECT id, arrival, number, attempts, started_ms, submitted, prompt, extra, graph "
            "FROM jobs ORDER BY number, arrival"
        )
    )
    first = min((row[2] for row in rows), default=0.0)
    pending: list[tuple[Job, int]] = []
    interrupted: list[HistoryItem] = []
    for job_id, arrival, number, attempts, started_ms, *submitted, graph in rows:
        job = _whole(records.read_job(job_id, (submitted[0], submitted[1], submitted[2]), graph, number=number))
        if started_ms is None:
            pending.append((replace(job, earlier=_shown_by(connection, job_id)) if attempts else job, arrival))
        elif resume and attempts < MOST_ATTEMPTS:
            again = replace(job, number=min(number, first - 1), earlier=_shown_by(connection, job_id))
            connection.execute("UPDATE jobs SET started_ms=NULL, number=? WHERE id=?", (again.number, job_id))
            pending.append((again, arrival))
        else:
            item = _interrupted(connection, job, started_ms)
            _end(connection, item)
            interrupted.append(item)
    pending.sort(key=lambda entry: (entry[0].number, entry[1]))
    return Restored(pending, interrupted, int(state.get("arrivals", 0)), state.get("paused") == "1")


def _whole(job: Job) -> Job:
    """Read what is left of a job that is to run, so that damage shows now, and it can go to a worker."""
    request = replace(job.request, prompt=dict(job.request.prompt), extra=dict(job.request.extra))
    return replace(job, request=request)


def _shown_by(connection: sqlite3.Connection, job_id: str) -> dict[str, NodeFinished]:
    rows = connection.execute("SELECT node, body FROM shown WHERE job=? ORDER BY at_ms", (job_id,))
    return {node: records.read_shown(job_id, body) for node, body in rows}


def _interrupted(connection: sqlite3.Connection, job: Job, started_ms: int) -> HistoryItem:
    """Say how a job ended whose server ended: with what its nodes had shown, at its last sign of life."""
    shown = _shown_by(connection, job.id)
    last: int | None = connection.execute("SELECT max(at_ms) FROM shown WHERE job=?", (job.id,)).fetchone()[0]
    ended_ms = max(started_ms, last or 0)
    done = tuple(shown)
    outcome = Outcome(
        job.id,
        "interrupted",
        {node: event.ui for node, event in shown.items()},
        {node: event.place for node, event in shown.items()},
        done,
    )
    course = (RunStarted(job.id, started_ms), RunInterrupted(job.id, "", "", done, ended_ms, SERVER_ENDED))
    return HistoryItem(job, outcome, course, started_ms, ended_ms)


def _end(connection: sqlite3.Connection, item: HistoryItem) -> None:
    job_id, outcome = item.job.id, item.outcome
    try:
        end = records.write_end(item)
    except (TypeError, ValueError, RecursionError) as error:  # a pack shows what contains itself, say
        log.warning("What job %s shows cannot be kept: %s.", job_id, error)
        outcome = replace(outcome, outputs={}, places={})
        end = records.write_end(replace(item, outcome=outcome))
    kept = connection.execute("SELECT submitted, prompt, extra FROM jobs WHERE id=?", (job_id,)).fetchone()
    submitted = kept or records.write_job(item.job)
    for table, column in (("jobs", "id"), ("shown", "job"), ("outputs", "job"), ("history", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {column}=?", (job_id,))
    times = (item.job.created_ms, item.started_ms, item.ended_ms)
    connection.execute(
        "INSERT INTO history (id, status, created_ms, started_ms, ended_ms, submitted, prompt, extra, outcome) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (job_id, outcome.status, *times, *submitted, end),
    )
    files = [
        (job_id, *row, item.job.user) for node, ui in outcome.outputs.items() for row in records.files_of(node, ui)
    ]
    connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?,?,?,?,?,?,?,?)", files)


def _history_after(connection: sqlite3.Connection, number: int) -> list[tuple[int, HistoryItem]]:
    rows = connection.execute(
        "SELECT number, id, submitted, prompt, extra, outcome FROM history WHERE number>? ORDER BY number LIMIT ?",
        (number, ITEMS_AT_ONCE),
    )
    return [
        (at, records.read_item(job_id, (told, prompt, extra), end)) for at, job_id, told, prompt, extra, end in rows
    ]
