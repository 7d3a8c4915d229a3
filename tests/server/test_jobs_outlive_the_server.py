"""The server is killed, started again and asked: nothing is lost, nothing runs twice (docs/guarantees.md)."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.doubles import entry
from tests.server.killing import end_of, kill_again_and_again
from tests.server.running import SCRIPT, Server, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends the server by signals")
ROUNDS = int(os.environ.get("WEFT_KILLS", "7"))  # `make test-slow` does some hundreds


def lines(folder: Path) -> list[str]:
    return (folder / "output" / "lines.txt").read_text(encoding="utf-8").split()


def until_lines(folder: Path, count: int) -> None:
    until_s = time.monotonic() + 20
    while not (folder / "output" / "lines.txt").exists() or len(lines(folder)) < count:
        assert time.monotonic() < until_s, "the job does not run"
        time.sleep(0.01)


def until_shown(server: Server, folder: Path) -> None:
    """Wait until the first line is written, and the server has had time to hear of it."""
    until_lines(folder, 1)
    time.sleep(0.3)


def two_steps(seconds: float) -> dict[str, Any]:
    """Write a line, wait, and write another one."""
    return {
        "1": entry("Constant", value=1),
        "2": entry("Append", value=["1", 0], line="first"),
        "3": entry("ShowProgress", value=["1", 0], steps=10, step_ms=int(seconds * 100)),
        "4": entry("Append", value=["3", 0], line="second"),
    }


def test_random_kills_lose_nothing_and_double_nothing(tmp_path):
    count = kill_again_and_again(tmp_path, ROUNDS, seed=int(time.time()))
    assert count.faults == [], count
    assert count.kills == ROUNDS and count.jobs >= ROUNDS and count.ended["success"], count


def test_what_ran_is_interrupted_and_what_waited_runs(tmp_path):
    server = start(tmp_path)
    runs = server.post("/prompt", {"prompt": two_steps(30), "client_id": "me"})
    waits = [
        server.post("/prompt", {"prompt": {"1": entry("Append", value=["2", 0], line=name), "2": entry("Constant")}})
        for name in "abc"
    ]
    until_shown(server, tmp_path)
    server.kill()

    server = start(tmp_path)
    try:
        item = server.ended(runs["prompt_id"])
        assert item["status"]["status_str"] == "error" and not item["status"]["completed"]
        kind, data = item["status"]["messages"][-1]
        assert kind == "execution_interrupted" and "server ended" in data["reason"]
        assert item["outputs"] == {"2": {"images": [{"filename": "lines.txt", "subfolder": "", "type": "output"}]}}
        for waiting in waits:
            assert end_of(server.ended(waiting["prompt_id"])) == "success"
        assert lines(tmp_path) == ["first", "a", "b", "c"]
        jobs = {job["id"]: job["status"] for job in server.get("/api/jobs")["jobs"]}
        assert jobs == {runs["prompt_id"]: "failed", **{job["prompt_id"]: "completed" for job in waits}}
        assert server.post("/prompt", {"prompt": two_steps(0)})["number"] == 5
        asyncio.run(_hears_of_its_job(server, runs["prompt_id"]))
    finally:
        server.end()


async def _hears_of_its_job(server: Server, prompt_id: str) -> None:
    """A page that waited for the job and connects again is told once how it ended."""
    heard = []
    for _ in range(2):
        async with connect(f"ws://{server.address}/ws?clientId=me") as socket:
            try:
                while True:
                    heard.append(json.loads(await asyncio.wait_for(socket.recv(), 0.5)))
            except TimeoutError:
                pass
    of_it = [message for message in heard if message["data"].get("prompt_id") == prompt_id]
    assert [message["type"] for message in of_it] == ["execution_interrupted", "executing"]
    assert of_it[1]["data"]["node"] is None


def test_with_a_flag_what_ran_goes_on_and_saves_nothing_twice(tmp_path):
    server = start(tmp_path, "--resume-interrupted")
    runs = server.post("/prompt", {"prompt": two_steps(1.0)})["prompt_id"]
    until_shown(server, tmp_path)
    server.kill()
    server = start(tmp_path, "--resume-interrupted")
    try:
        item = server.ended(runs)
        assert end_of(item) == "success" and set(item["outputs"]) == {"2", "4"}
        assert item["prompt"][4] == ["2", "4"], "what was asked for is shown as it was asked for"
        assert lines(tmp_path) == ["first", "second"]
    finally:
        server.end()


def test_a_lost_worker_is_no_reason_to_resume(tmp_path):
    server = start(tmp_path, "--resume-interrupted")
    runs = server.post("/prompt", {"prompt": {"1": entry("Crash"), "2": entry("Show", value=["1", 0])}})["prompt_id"]
    assert end_of(server.ended(runs)) == "error"
    server.kill()
    server = start(tmp_path, "--resume-interrupted")
    try:
        assert end_of(server.ended(runs)) == "error"
        assert server.get("/queue")["queue_pending"] == server.get("/queue")["queue_running"] == []
    finally:
        server.end()


def test_what_had_done_all_before_the_kill_has_nothing_left_to_do(tmp_path):
    """The end itself was not written any more."""
    server = start(tmp_path, "--resume-interrupted")
    runs = server.post("/prompt", {"prompt": two_steps(0.01)})["prompt_id"]
    server.ended(runs)
    server.kill()
    connection = sqlite3.connect(tmp_path / "user" / "weft.db")
    was = connection.execute("SELECT id, created_ms, submitted, prompt, extra, outcome FROM history").fetchone()
    connection.execute("DELETE FROM history")
    row = (was[0], 1, 1, "", "", was[1], 1, 1, *was[2:5], "[]")
    connection.execute("INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", row)
    for node, ui in json.loads(was[5])["outputs"].items():
        place = {"node": node, "display": node, "parent": None, "real": node}
        connection.execute("INSERT INTO shown VALUES (?,?,1,?)", (runs, node, json.dumps({"place": place, "ui": ui})))
    connection.commit()
    connection.close()
    server = start(tmp_path, "--resume-interrupted")
    try:
        item = server.ended(runs)
        assert end_of(item) == "success" and set(item["outputs"]) == {"2", "4"}
        assert lines(tmp_path) == ["first", "second"]
    finally:
        server.end()


def test_jobs_of_packs_and_workers_that_are_gone_end_all_the_same(tmp_path):
    server = start(tmp_path, "--workers", "2")
    server.post("/queue", {"pause": True})
    prompt = {"1": entry("Constant"), "2": entry("Append", value=["1", 0], line="ran")}
    elsewhere = server.post("/prompt", {"prompt": prompt, "worker": 2})["prompt_id"]
    unknown = server.post("/prompt", {"prompt": prompt})["prompt_id"]
    server.kill()
    connection = sqlite3.connect(tmp_path / "user" / "weft.db")
    changed = "UPDATE jobs SET graph=replace(graph, 'Constant', 'OfAPackThatIsGone') WHERE id=?"
    connection.execute(changed, (unknown,))
    connection.commit()
    connection.close()
    server = start(tmp_path, "--workers", "1")
    try:
        server.post("/queue", {"resume": True})
        assert end_of(server.ended(elsewhere)) == "success"
        item = server.ended(unknown)
        assert end_of(item) == "error" and "OfAPackThatIsGone" in str(item["status"]["messages"][-1][1])
    finally:
        server.end()


def test_pause_and_places_survive(tmp_path):
    server = start(tmp_path)
    server.post("/queue", {"pause": True})
    ids = {}
    for name in "abc":
        prompt = {"1": entry("Append", value=["2", 0], line=name), "2": entry("Constant")}
        ids[name] = server.post("/prompt", {"prompt": prompt})["prompt_id"]
    server.post("/queue", {"move": {ids["c"]: 0.5, "unknown": 3}})
    server.kill()
    server = start(tmp_path)
    try:
        line = server.get("/queue")
        assert line["paused"] and line["lasting"] and not line["notice"] and line["limit"] == 10_000
        assert [item[1] for item in line["queue_pending"]] == [ids["c"], ids["a"], ids["b"]]
        assert not (tmp_path / "output" / "lines.txt").exists()
        server.post("/queue", {"resume": True})
        for name in "abc":
            server.ended(ids[name])
        assert lines(tmp_path) == ["c", "a", "b"]
    finally:
        server.end()


def test_a_second_server_on_the_same_folder_leaves_the_file_alone(tmp_path):
    server = start(tmp_path)
    others = []
    try:
        kept = server.post("/prompt", {"prompt": two_steps(0)})["prompt_id"]
        server.ended(kept)
        others.append(start(tmp_path))
        line = others[0].get("/queue")
        assert not line["lasting"] and "used by another Weft" in line["notice"] and "--database-file" in line["notice"]
        own = others[0].post("/prompt", {"prompt": two_steps(0)})["prompt_id"]
        assert end_of(others[0].ended(own)) == "success"
        others.append(start(tmp_path, "--database-file", str(tmp_path / "other.db")))
        assert others[1].get("/queue")["lasting"]
    finally:
        for each in (server, *others):
            each.end()
    server = start(tmp_path)
    try:
        assert list(server.get("/history")) == [kept]
    finally:
        server.end()


def test_a_mere_test_of_the_start_touches_no_file(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path), "--port", "0", "--quick-test-for-ci"]
    assert subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    assert not list((tmp_path / "user").glob("weft.db*"))


def test_a_polite_end_keeps_everything_too(tmp_path):
    server = start(tmp_path)
    server.post("/queue", {"pause": True})
    job = server.post("/prompt", {"prompt": two_steps(0)})["prompt_id"]
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=10) == 0
    server.end()
    assert not (tmp_path / "user" / "weft.db-wal").exists(), "all is in the one file"
    server = start(tmp_path)
    try:
        assert [item[1] for item in server.get("/queue")["queue_pending"]] == [job]
    finally:
        server.end()


def refusal(server: Server, path: str, body: Any) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.post(path, body)
    with refused.value as answer:
        return answer.code, answer.read().decode()


def test_a_full_line_says_so_and_odd_wishes_are_refused(tmp_path):
    server = start(tmp_path, "--queue-limit", "2", "--database-file", ":memory:")
    try:
        server.post("/queue", {"pause": True})
        for _ in range(2):
            server.post("/prompt", {"prompt": two_steps(0)})
        status, text = refusal(server, "/prompt", {"prompt": two_steps(0)})
        assert status == 429 and json.loads(text)["error"]["type"] == "queue_full" and "2 is the limit" in text
        assert not server.get("/queue")["lasting"] and "memory" in server.get("/queue")["notice"]
        assert not (tmp_path / "user" / "weft.db").exists()
        for body, words in (
            ({"move": [1]}, "expected an object of ids and numbers, found a list"),
            ({"move": {"x": "first"}}, "expected a number"),
            ({"move": {"x": True}}, "expected a number"),
            ({"move": {"x": 1e300}}, "expected a number within 2^53"),
            ({"pause": "yes"}, "pause: expected true or false, found a text"),
            ({"pause": True, "resume": True}, "either pause or resume"),
        ):
            status, text = refusal(server, "/queue", body)
            assert status == 400 and words in text, body
    finally:
        server.end()
