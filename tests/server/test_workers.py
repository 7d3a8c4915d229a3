"""Several workers over HTTP: jobs at once, for one of them, cancelled at once; packs that never answer."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from engine.files.places import Places
from engine.jobs.worker import Worker
from engine.options import Options
from engine.server.log_book import LogBook
from engine.worker import ProcessWorker, WorkerSetup
from tests.doubles import entry, eventually

MISBEHAVING = Path(__file__).parents[1] / "worker" / "pack_that_misbehaves.py"


def with_packs(options: Options, places: Places, log_book: LogBook, number: int) -> Worker:
    setup = WorkerSetup(places, equipment="tests.doubles:equip_with_packs", number=number)
    return ProcessWorker(setup, echo=log_book.worker_printed)


@pytest.fixture
async def site(open_site, tmp_path):
    """Two workers with a pack that misbehaves."""
    (tmp_path / "custom_nodes").mkdir()
    shutil.copy(MISBEHAVING, tmp_path / "custom_nodes" / "misbehaving.py")
    limits = ("--cancel-grace", "0.3", "--check-limit", "1")
    site = await open_site("--workers", "2", *limits, make_worker=with_packs)
    site.services.dispatcher.staff.start()
    await eventually(lambda: all(view.state == "idle" for view in site.services.dispatcher.views()))
    return site


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


def of_pack(node_type: str) -> dict[str, Any]:
    return {"1": {"class_type": node_type, "inputs": {"salt": 0}}, "2": entry("Show", value=["1", 0])}


async def workers(site: Any) -> dict[str, tuple[str, str | None]]:
    stats = await site.get("/system_stats")
    return {worker["name"]: (worker["state"], worker["job"]) for worker in stats["workers"]}


async def test_jobs_run_at_once_and_the_queue_says_which_is_for_whom(site):
    async def queue(salt: int, **more: Any) -> str:
        answer = await site.queue(sleeping(30, salt), client_id="me", **more)
        return str(answer["prompt_id"])

    first, second = await queue(1), await queue(2)
    pinned = await queue(3, worker="worker-1")
    also, last = await queue(4, extra_data={"worker": 2}), await queue(5, worker="any")
    await eventually(lambda: len(site.services.dispatcher.at_work("me")) == 2)
    found = await site.get("/queue")
    assert {item[1] for item in found["queue_running"]} == {first, second}
    assert [(item[1], item[3].get("worker")) for item in found["queue_pending"]] == [
        (pinned, "worker-1"), (also, "worker-2"), (last, None),
    ]  # fmt: skip
    now = await workers(site)
    assert {state for state, _ in now.values()} == {"running"} and {job for _, job in now.values()} == {first, second}
    on_second = now["worker-2"][1]
    await site.http.post("/interrupt", json={"prompt_id": on_second})
    await eventually(lambda: site.services.history.get(on_second) is not None)
    await eventually(lambda: site.services.dispatcher.started_ms(also) is not None)
    assert (await workers(site))["worker-2"][1] == also, "it overtakes the one for the other worker"
    await site.http.post("/queue", json={"clear": True})
    await site.http.post("/interrupt")
    await eventually(lambda: site.services.queue.remaining == 0)
    assert {item.outcome.status for item in site.services.history.items()} == {"interrupted"}
    assert {state for state, _ in (await workers(site)).values()} == {"idle"}


@pytest.mark.parametrize(
    ("asked", "kind"), [("worker-3", "unknown_worker"), (0, "unknown_worker"), ([1], "invalid_prompt")]
)
async def test_a_job_for_nobody_is_refused_with_the_names(site, asked, kind):
    answer = await site.http.post("/prompt", json={"prompt": sleeping(1), "worker": asked})
    body = await answer.json()
    assert answer.status == 400 and body["error"]["type"] == kind and body["node_errors"] == {}
    if kind == "unknown_worker":
        assert body["error"]["extra_info"] == {"workers": ["worker-1", "worker-2"]}
        assert "worker-1, worker-2" in body["error"]["message"]


async def test_a_check_that_never_returns_gives_an_answer_and_others_are_answered_meanwhile(site):
    posting = asyncio.create_task(site.http.post("/prompt", json={"prompt": of_pack("CheckDozes")}))
    await asyncio.sleep(0.1)
    assert (await site.run(of_pack("CheckIsFine")))["status"]["completed"] is True
    assert not posting.done()
    answer = await posting
    body = await answer.json()
    assert answer.status == 400 and body["error"]["type"] == "prompt_outputs_failed_validation"
    (error,) = body["node_errors"]["1"]["errors"]
    assert error["type"] == "exception_during_validation" and "gave no answer within 1 s" in error["details"]
    assert body["node_errors"]["1"]["dependent_outputs"] == ["2"]
    assert (await site.run(of_pack("CheckIsFine")))["status"]["completed"] is True


@pytest.mark.parametrize("body", [{"clear": True}, "its id"])
async def test_a_prompt_that_is_deleted_while_it_is_checked_is_not_queued(site, body):
    prompt_id = str(uuid.uuid4())
    prompt = {"prompt": of_pack("CheckTakesAMoment"), "prompt_id": prompt_id}
    posting = asyncio.create_task(site.http.post("/prompt", json=prompt))
    await eventually(lambda: bool(site.services.queue._expected))
    await site.http.post("/queue", json=body if body != "its id" else {"delete": [prompt_id]})
    answer = await posting
    assert answer.status == 400 and (await answer.json())["error"]["type"] == "prompt_deleted"
    assert site.services.queue.remaining == 0 and site.services.history.get(prompt_id) is None


async def test_the_server_answers_while_a_node_that_cannot_be_stopped_is_abandoned(site):
    listener = await site.listen()
    stuck = (await site.queue(of_pack("HoldTheInterpreter"), client_id=listener.id, worker=1))["prompt_id"]
    following = (await site.queue(of_pack("Well"), client_id=listener.id, worker=1))["prompt_id"]
    await listener.until(lambda message: message["type"] == "executing" and message["data"]["node"] == "1")
    assert (await site.run(of_pack("Well"), worker=2))["status"]["completed"] is True
    await site.http.post("/interrupt", json={"prompt_id": stuck})
    slowest_s = 0.0
    while site.services.history.get(following) is None:
        begun_s = time.monotonic()
        await site.get("/queue")
        slowest_s = max(slowest_s, time.monotonic() - begun_s)
        await asyncio.sleep(0.01)
    assert slowest_s < 1
    messages = await listener.until_left(stuck)
    (end,) = [message["data"] for message in messages if message["type"] == "execution_interrupted"]
    assert (end["node_id"], end["node_type"]) == ("1", "HoldTheInterpreter")
    assert not [message for message in messages if message["type"] == "execution_error"]
    await listener.until_left(following)
    item = (await site.get(f"/history/{following}"))[following]
    assert item["status"]["completed"] is True


SERVER = Path(__file__).with_name("doubles_server.py")


def is_gone(process_id: int) -> bool:
    status = Path(f"/proc/{process_id}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_sigkill_of_the_server_ends_all_its_workers_within_a_second(tmp_path):
    server = subprocess.Popen(
        [sys.executable, str(SERVER), str(tmp_path), "--port", "0", "--workers", "3"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    with server, server.stdout as said:
        address = next(line.rpartition(" ")[2].strip() for line in said if "GUI go to" in line)
        until_s = time.monotonic() + 20
        while not all_up(address) and time.monotonic() < until_s:
            time.sleep(0.05)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
        processes = [int(child) for child in children.split()]
        assert len(processes) == 3 and not any(map(is_gone, processes))
        server.send_signal(signal.SIGKILL)
        server.wait()
        until_s = time.monotonic() + 1
        while not all(map(is_gone, processes)) and time.monotonic() < until_s:
            time.sleep(0.02)
        assert all(map(is_gone, processes))


def all_up(address: str) -> bool:
    with urllib.request.urlopen(f"{address}/system_stats", timeout=10) as answer:
        return all(worker["state"] == "idle" for worker in json.load(answer)["workers"])
