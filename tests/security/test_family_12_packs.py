"""Threat family 12: packs are programs. What of their misdeeds stays in the worker, and what is left open.

Run by tests/security/pack, which does what a hostile pack would.
"""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.security.serving import ROOT, Site, error_of, node

TOKEN = "a token that no pack is told"
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = Site(tmp_path_factory.mktemp("locked"), "--cancel-grace", "0.5", token=TOKEN, light=True)
    yield started
    started.end()


def test_the_token_is_in_no_environment_header_answer_or_log_that_packs_see(locked):
    ended = locked.run({"1": node("HostileReadsEnvironment", salt=1)})
    told = ended["outputs"]["1"]["text"][0]
    assert "PYTHONUNBUFFERED=1" in told and "WEFT_TOKEN" not in told and TOKEN not in told
    headers = locked.ask("GET", "/hostile/headers", headers={"Cookie": "weft-login-x=secret; other=1"})
    assert headers.status == 200 and TOKEN.encode() not in headers.body
    assert headers.json["Cookie"] == "other=1" and "Authorization" not in headers.json
    for path in ("/queue", "/history", "/system_stats", "/internal/logs", "/settings", "/object_info/HostileFails"):
        assert TOKEN.encode() not in locked.get(path).body
    assert TOKEN not in locked.log()


def test_its_routes_are_behind_the_same_checks(locked):
    assert locked.ask("GET", "/hostile/headers", headers={"Authorization": "Bearer wrong"}).status == 401
    assert locked.ask("GET", "/hostile/headers", headers={"Host": "evil.example"}).status == 403
    assert locked.ask("POST", "/hostile/headers", b"", {"Origin": "http://evil.example"}).status == 403


def test_it_hangs_and_is_ended(locked):
    job = locked.post("/prompt", {"prompt": {"1": node("HostileHangs", salt=3)}}).json["prompt_id"]
    while not locked.get("/queue").json["queue_running"]:
        time.sleep(0.02)
    began = time.monotonic()
    assert locked.get("/queue").status == 200 and time.monotonic() - began < 1
    locked.post("/interrupt", {"prompt_id": job})
    assert locked.ended(job)["status"]["status_str"] == "error"
    locked.still_works()


def test_it_asks_for_more_memory_than_there_is(locked):
    assert error_of(locked.run({"1": node("HostileEatsMemory", salt=4)}))["node_type"] == "HostileEatsMemory"
    locked.still_works()


def test_what_it_changes_in_its_process_is_not_changed_in_the_server(locked):
    error = error_of(locked.run({"1": node("HostileChangesThePrograms", salt=5)}))
    assert error["node_type"] == "HostileChangesThePrograms" and "ended while it ran" in error["exception_message"]
    assert locked.get("/view?filename=..%2F..%2F..%2Fsecret.txt").status == 400
    assert locked.ask("POST", "/queue", b"[" * 1000 + b"]" * 1000).status == 400
    locked.still_works()


@on_linux
def test_what_it_writes_to_the_server_starts_no_program_there(locked):
    error = error_of(locked.run({"1": node("HostileSpeaksToTheServer", salt=6)}))
    assert "may not cross" in error["exception_message"]
    time.sleep(0.2)
    assert not (locked.outside / "called-from-the-link").exists()
    locked.still_works()


def test_what_is_not_contained_is_said(locked):
    """A worker runs with the user's rights: it starts programs, reads files and opens connections."""
    ended = locked.run({"1": node("HostileSpawns", salt=7)})
    assert ended["outputs"]["1"]["text"] == ["7\n"]
    text = " ".join((ROOT / "docs" / "security.md").read_text("utf-8").split())
    for said in ("rights of the user", "read every file", "start programs", "open connections", "the token", "patch"):
        assert said in text, said
