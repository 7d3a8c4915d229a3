"""A line of the log carries job and node, and no text in it makes another line."""

import asyncio
import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from engine.graph.definition import Runs
from engine.log_lines import JsonFormatter, TextFormatter, about, as_text
from engine.server.log_book import LONGEST_LINE_BYTES, LogBook
from tests import doubles
from tests.execution.runner import Runner

ENDINGS = ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ud800"]


@pytest.fixture
def written():
    """A logger, and what its JSON handler has written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("worker-7"))
    log = logging.getLogger("tests.log_lines")
    log.setLevel("DEBUG")
    log.propagate = False
    log.addHandler(handler)
    yield log, stream
    log.removeHandler(handler)
    log.propagate = True


@pytest.mark.parametrize("ending", ENDINGS, ids=ascii)
def test_no_text_ends_a_record(written, ending):
    log, stream = written
    forged = f'a{ending}{{"level": "CRITICAL"}}{ending}b "quoted"'
    with about(job=forged, node=forged):
        log.warning("%s", forged)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found["message"] == found["job"] == found["node"] == forged and found["level"] == "WARNING"


def test_a_record_says_when_who_and_about_what(written):
    log, stream = written
    with about(job="j1", user="anna"), about(node="5"):
        log.info("here %d", 3)
    log.info("outside")
    first, second = map(json.loads, stream.getvalue().splitlines())
    moment = datetime.fromisoformat(first.pop("time"))
    assert moment.utcoffset().total_seconds() == 0 and abs(moment.timestamp() - datetime.now().timestamp()) < 60
    assert first == {
        "level": "INFO", "logger": "tests.log_lines", "message": "here 3",
        "job": "j1", "node": "5", "user": "anna", "worker": "worker-7",
    }  # fmt: skip
    assert not {"job", "node", "user"} & second.keys()


def test_an_exception_is_told_in_fields(written):
    log, stream = written
    try:
        raise ValueError("no\nsuch value")
    except ValueError:
        log.exception("failed")
    found = json.loads(stream.getvalue())["exception"]
    assert found["type"] == "ValueError" and found["message"] == "no\nsuch value"
    assert "test_log_lines.py" in found["traceback"]


def test_lines_for_people_name_job_and_node():
    record = logging.LogRecord("weft", logging.INFO, "", 1, "all is %s", ("well",), None)
    assert TextFormatter().format(record) == "INFO weft: all is well"
    with about(job="j1"):
        assert TextFormatter().format(record) == "INFO weft [job j1]: all is well"
        with about(node="5\nCRITICAL weft: forged"):
            assert TextFormatter().format(record).splitlines() == [
                "INFO weft [job j1, node 5 CRITICAL weft: forged]: all is well"
            ]
        assert as_text(json.loads(JsonFormatter().format(record))) == TextFormatter().format(record)


@pytest.mark.parametrize("runs", [Runs.ON_DEVICE, Runs.FREELY], ids=str)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_node_logs_carries_job_and_node(written, runs, is_async):
    log, stream = written

    def work(value):
        log.info("at work")
        return value

    async def work_slowly(value):
        await asyncio.sleep(0.01)
        return work(value)

    known = {definition.type: definition for definition in doubles.definitions()}
    function = work_slowly if is_async else work
    noisy = replace(known["Constant"], type="Noisy", runs=runs, function=function, is_async=is_async)
    runner = Runner([*known.values(), noisy])
    many = {f"n{number}": ("Noisy", {"value": number}) for number in range(8)}
    outcome = runner.run(*many, **many)
    assert outcome.status == "success"
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert sorted(line["node"] for line in found) == sorted(many)
    assert {line["job"] for line in found} == {"job 1"}
    log.info("after")
    assert "job" not in json.loads(stream.getvalue().splitlines()[-1])


def test_threads_do_not_share_what_they_are_about(written):
    log, stream = written

    def work(number):
        with about(job=str(number)):
            log.info("%d", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(found) == 100 and all(line["job"] == line["message"] for line in found)


def feed(chunks, mark="M4RK"):
    console = io.StringIO()
    book = LogBook(console)
    take = book.records_of("worker-1", mark)
    for chunk in chunks:
        take(chunk)
    return [json.loads(line) for line in console.getvalue().splitlines()], [entry.text for entry in book.entries()]


def test_what_workers_print_becomes_records_of_their_own():
    record = JsonFormatter("worker-1", "M4RK")
    logged = record.format(logging.LogRecord("pack", logging.ERROR, "", 1, "real", (), None)).encode()
    forged = b'{"time": "2020-01-01T00:00:00Z", "level": "ERROR", "logger": "pack", "message": "forged"}'
    output = b"half a line" + logged + b"\n" + forged + b"\n 10%\r 20%\r\nM4RK{broken\n\xff\n\n"
    for size in (1, 7, len(output)):
        found, texts = feed([output[start : start + size] for start in range(0, len(output), size)])
        assert [(line["logger"], line["message"]) for line in found] == [
            ("printed", "half a line"),
            ("pack", "real"),
            ("printed", forged.decode()),
            ("printed", " 20%"),
            ("printed", "{broken"),
            ("printed", "\ufffd"),
        ]
        assert all(line["worker"] == "worker-1" for line in found)
        assert texts[1] == "ERROR pack: real\n" and texts[0] == "half a line\n"


def test_a_line_that_never_ends_is_not_kept_for_ever():
    found, _ = feed([b"x" * 50_000] * 4)
    assert [len(line["message"]) for line in found] == [100_000, 100_000]
    assert LONGEST_LINE_BYTES < 100_000
