"""Which files did the jobs of the history make? Found in the index that the store keeps of them, newest first."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.jobs.store import JobStore

SCANNED_AT_ONCE = 400  # jobs of the history that are looked through between two commits
WORKFLOW_ID = "CASE WHEN json_valid(h.extra) THEN json_extract(h.extra, '$.extra_pnginfo.workflow.id') END"
LAST = ("\U0010ffff", "", 0)  # behind every node of a job
Place = tuple[int, str, str, int]  # number of the job in the history, node, what it shows, position there


@dataclass(frozen=True)
class Wanted:
    """Which results; what is empty leaves the choice open.

    Attributes:
        user: the account whose they are; None for everybody's.
        types: of `output` and `temp`.
        suffixes: how the names of the files end, in lower case.
        words: each stands somewhere in the file's name or folder, in the job's id, or among the node types, titles and
            texts of its prompt, in upper or lower case.
        workflow: the id of the workflow that the job came from.
        job: the id of the job.
    """

    user: str | None = ""
    types: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    workflow: str = ""
    job: str = ""


@dataclass(frozen=True)
class Result:
    """A file that a job made, or took from the cache; of several jobs that show the same file, the newest.

    Attributes:
        node_type, title: empty for nodes that another one expanded into.
        kind: the name under which its node shows it, such as `images`.
        ended_ms: when its job ended, in milliseconds since 1970.
        workflow: the id of the workflow that the job came from; empty if that has none.
        has_workflow: whether the job came with the workflow as the editor saves it.
    """

    place: Place
    job: str
    node: str
    node_type: str
    title: str
    kind: str
    type: str
    subfolder: str
    filename: str
    ended_ms: int
    workflow: str
    has_workflow: bool


@dataclass(frozen=True)
class Found:
    """A page of results, and after which place the next page begins; None at the end of the history."""

    results: Sequence[Result]
    next: Place | None


async def find_results(store: JobStore, wanted: Wanted, after: Place | None, limit: int) -> Found:
    """Give the `limit` newest results that are wanted, or those that follow a place."""
    found: list[Result] = []
    while True:
        rows, scanned_to = await store.read(partial(_page, wanted=wanted, after=after, limit=limit + 1 - len(found)))
        found += rows
        if len(found) > limit:  # there is one more
            return Found(found[:limit], found[limit - 1].place)
        if scanned_to is None:
            return Found(found, None)
        after = scanned_to


async def count_results(store: JobStore, wanted: Wanted) -> int:
    """Count the results that are wanted, whatever their words and workflow."""
    where, values = _conditions(wanted)
    statement = f"SELECT count(*) FROM outputs o JOIN history h ON h.id = o.job WHERE {where}"

    def question(connection: sqlite3.Connection) -> int:
        number: int = connection.execute(statement, values).fetchone()[0]
        return number

    return await store.read(question)


async def newest_results(
    store: JobStore, user: str, workflows: Sequence[str], suffixes: Sequence[str], limit: int
) -> dict[str, list[tuple[str, str, str]]]:
    """Give the files that each workflow made last, newest first: workflow's id -> (type, subfolder, filename)."""
    ends = " OR ".join(["lower(o.filename) LIKE ?"] * len(suffixes))
    statement = f"""
        SELECT o.type, o.subfolder, o.filename FROM history h CROSS JOIN outputs o ON o.job = h.id
        WHERE {WORKFLOW_ID} = ? AND o.user = ? AND ({ends})
        ORDER BY h.number DESC, o.type, o.node, o.kind, o.position LIMIT ?"""

    def question(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str, str]]]:
        ending = [f"%{suffix}" for suffix in suffixes]
        return {
            workflow: connection.execute(statement, [workflow, user, *ending, limit]).fetchall()
            for workflow in workflows
        }

    return await store.read(question)


def _page(
    connection: sqlite3.Connection, wanted: Wanted, after: Place | None, limit: int
) -> tuple[list[Result], Place | None]:
    """Look through the next jobs. Gives what they hold, and where they end; None at the end of the history."""
    top = after[0] if after else 2**62
    row = connection.execute(
        "SELECT number FROM history WHERE number <= ? ORDER BY number DESC LIMIT 1 OFFSET ?", (top, SCANNED_AT_ONCE)
    ).fetchone()
    lowest = row[0] if row else None
    where, values = _conditions(wanted)
    if wanted.words:
        connection.create_function("says", 4, _says(wanted.words), deterministic=True)
        more, words = _prefilter(wanted.words)
        where = f"{where}{more} AND says(h.id, h.prompt, o.subfolder, o.filename)"
        values = [*values, *words]
    if wanted.workflow:
        where += f" AND {WORKFLOW_ID} = ?"
        values = [*values, wanted.workflow]
    follows = "h.number < ? OR (h.number = ? AND (o.node, o.kind, o.position) > (?, ?, ?))" if after else "1"
    statement = f"""
        SELECT h.number, o.node, o.kind, o.position, o.job, {_in_prompt("class_type")}, {_in_prompt("_meta.title")},
            o.type, o.subfolder, o.filename, h.ended_ms, {WORKFLOW_ID},
            CASE WHEN json_valid(h.extra) THEN json_type(h.extra, '$.extra_pnginfo.workflow') = 'object' END
        FROM history h CROSS JOIN outputs o ON o.job = h.id
        WHERE h.number <= ? AND h.number > ? AND ({follows}) AND {where}
        ORDER BY h.number DESC, o.node, o.kind, o.position LIMIT ?"""
    begin: list[Any] = [top, -1 if lowest is None else lowest, *((top, *after) if after else ())]
    rows = connection.execute(statement, [*begin, *values, limit])
    return [_read(row) for row in rows], None if lowest is None else (lowest + 1, *LAST)


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    """Write what the index itself can tell, and that no newer job shows the same file."""
    conditions = [
        "NOT EXISTS (SELECT 1 FROM outputs p JOIN history g ON g.id = p.job WHERE p.type = o.type "
        "AND p.subfolder = o.subfolder AND p.filename = o.filename AND p.user = o.user AND (g.number > h.number "
        "OR (g.number = h.number AND (p.node, p.kind, p.position) < (o.node, o.kind, o.position))))"
    ]
    values: list[Any] = []
    if wanted.user is not None:
        conditions.append("o.user = ?")
        values.append(wanted.user)
    if wanted.job:
        conditions.append("o.job = ?")
        values.append(wanted.job)
    if wanted.types:
        conditions.append(f"o.type IN ({','.join('?' * len(wanted.types))})")
        values += wanted.types
    if wanted.suffixes:
        conditions.append("(" + " OR ".join(["lower(o.filename) LIKE ?"] * len(wanted.suffixes)) + ")")
        values += [f"%{suffix}" for suffix in wanted.suffixes]
    return " AND ".join(conditions), values


def _prefilter(words: Sequence[str]) -> tuple[str, list[str]]:
    """Leave out without reading their JSON the jobs that cannot hold the words. SQLite folds the case of ASCII only."""
    written, values = "", []
    for word in words:
        if word.isascii():
            written += " AND (h.prompt LIKE ? ESCAPE '!' OR o.filename LIKE ? ESCAPE '!' OR "
            written += "o.subfolder LIKE ? ESCAPE '!' OR h.id LIKE ? ESCAPE '!')"
            in_json, plain = (_pattern(text) for text in (json.dumps(word)[1:-1], word))
            values += [in_json, plain, plain, plain]
    return written, values


def _pattern(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"


def _says(words: Sequence[str]) -> Callable[[str, str, str, str], bool]:
    folded = [word.casefold() for word in words]
    last: dict[str, str] = {}  # the job that was looked at last: its files come one after the other

    def says(job: str, prompt: str, subfolder: str, filename: str) -> bool:
        if job not in last:
            last.clear()
            last[job] = "\n".join(_texts(json.loads(prompt))).casefold()
        beside = f"{job}\n{subfolder}/{filename}".casefold()
        return all(word in last[job] or word in beside for word in folded)

    return says


def _texts(prompt: object) -> Iterator[str]:
    """Yield the node types, titles and texts of a prompt."""
    for node in prompt.values() if isinstance(prompt, dict) else ():
        if isinstance(node, dict):
            inputs, meta = node.get("inputs"), node.get("_meta")
            told = [node.get("class_type"), meta.get("title") if isinstance(meta, dict) else None]
            told += inputs.values() if isinstance(inputs, dict) else ()
            yield from (text for text in told if isinstance(text, str))


def _in_prompt(path: str) -> str:
    """Write what looks up a node of the prompt. An id that would end the name in the path is that of no node."""
    absent = """instr(o.node, '"') OR instr(o.node, '\\') OR NOT json_valid(h.prompt)"""
    return f"""CASE WHEN {absent} THEN NULL ELSE json_extract(h.prompt, '$."' || o.node || '".{path}') END"""


def _read(row: Sequence[Any]) -> Result:
    number, node, kind, position, job, node_type, title, area, subfolder, filename, ended_ms, workflow, whole = row
    return Result(
        (number, node, kind, position),
        job,
        node,
        str(node_type or ""),
        str(title or ""),
        kind,
        area,
        subfolder,
        filename,
        ended_ms,
        workflow if isinstance(workflow, str) else "",
        bool(whole),
    )
