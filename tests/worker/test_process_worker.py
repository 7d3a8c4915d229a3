"""A worker process runs jobs, is replaced when it dies, and dies with its server."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Interrupted, WorkerDied
from engine.execution.events import Event, NodeFinished, NodeStarted, RunInterrupted
from engine.execution.outcome import RunRequest
from engine.wire.prompt import read_prompt
from engine.worker.endings import cause
from engine.worker.process import ProcessWorker
from tests.doubles import entry, eventually, setup_in

ROOT = Path(__file__).resolve().parents[2]


def request(job: str, prompt: dict[str, dict[str, object]]) -> RunRequest:
    graph = read_prompt(prompt)
    return RunRequest(job, graph, [list(graph.nodes)[-1]], prompt)


def shown(node_type: str, **inputs: object) -> dict[str, dict[str, object]]:
    """A prompt of one node and a target that shows it."""
    return {"1": entry(node_type, **inputs), "2": entry("Show", value=["1", 0])}


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[ProcessWorker]:
    worker = ProcessWorker(setup_in(tmp_path), echo=lambda chunk: None)
    yield worker
    await worker.stop()


async def run(worker: ProcessWorker, job: str, prompt: dict[str, dict[str, object]]) -> tuple[str, object]:
    outcome = await worker.run(request(job, prompt), lambda event: None)
    return outcome.status, outcome.outputs.get("2", {}).get("text")


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    status = Path(f"/proc/{process_id}/stat")
    if Path("/proc/self").exists():
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def test_runs_jobs_one_after_the_other_in_another_process(worker):
    events: list[Event] = []
    outcome = await worker.run(request("a", shown("ProcessId")), events.append)
    process_id = int(outcome.outputs["2"]["text"][0])
    assert process_id != os.getpid()
    assert (await worker.describe()).process_id == process_id
    assert [event.place.node for event in events if isinstance(event, NodeStarted)] == ["1", "2"]
    assert [event.ui for event in events if isinstance(event, NodeFinished)] == [{"text": [str(process_id)]}]
    assert await run(worker, "b", shown("Constant", value=5)) == ("success", ["5"])


async def test_what_nodes_print_does_not_disturb_the_link(worker):
    assert await run(worker, "a", shown("Speak", text="x" * 100_000)) == ("success", ["1"])


async def test_death_at_work_fails_the_job_in_words_and_the_next_one_runs(worker):
    first = (await worker.describe()).process_id
    with pytest.raises(WorkerDied, match=r"exit status 3(.|\n)*these are my last words"):
        await worker.run(request("a", shown("Crash")), lambda event: None)
    status, text = await run(worker, "b", shown("ProcessId"))
    assert status == "success" and int(text[0]) != first


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals as on POSIX")
async def test_being_killed_is_told(worker):
    process_id = (await worker.describe()).process_id
    job = asyncio.create_task(worker.run(request("a", shown("Doze", seconds=30)), lambda event: None))
    await asyncio.sleep(0.2)
    os.kill(process_id, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        await job


async def test_death_while_idle_is_repaired_with_the_next_job(worker):
    process_id = (await worker.describe()).process_id
    os.kill(process_id, signal.SIGTERM)
    await eventually(lambda: not is_alive(process_id))
    await asyncio.sleep(0.1)
    assert await run(worker, "a", shown("Constant")) == ("success", ["1"])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals as on POSIX")
async def test_a_job_that_finds_its_process_just_dead_goes_to_a_fresh_one(worker):
    process_id = (await worker.describe()).process_id
    os.kill(process_id, signal.SIGKILL)  # nobody has noticed yet
    status, text = await run(worker, "a", shown("ProcessId"))
    assert status == "success" and int(text[0]) != process_id


async def test_a_worker_that_cannot_start_says_why(tmp_path):
    worker = ProcessWorker(replace(setup_in(tmp_path), equipment="tests.doubles:equip_badly"), echo=lambda chunk: None)
    with pytest.raises(WorkerDied, match=r"before it was ready(.|\n)*a package is broken"):
        await worker.run(request("a", shown("Constant")), lambda event: None)
    await worker.stop()


async def test_cancel_stops_the_named_job_only(worker):
    events: list[Event] = []
    job = asyncio.create_task(worker.run(request("a", shown("Sleep", seconds=30)), events.append))
    await eventually(lambda: any(isinstance(event, NodeStarted) for event in events))
    worker.cancel("another")
    await asyncio.sleep(0.2)
    assert not job.done()
    worker.cancel("a")
    assert (await asyncio.wait_for(job, 5)).status == "interrupted"
    assert isinstance(events[-1], RunInterrupted) and events[-1].node == "1"


async def test_cancel_while_the_worker_is_still_starting(worker):
    job = asyncio.create_task(worker.run(request("a", shown("Sleep", seconds=30)), lambda event: None))
    await asyncio.sleep(0.05)
    worker.cancel("a")
    with pytest.raises(Interrupted, match="before its worker was ready"):
        await asyncio.wait_for(job, 0.5)
    assert await run(worker, "b", shown("Constant")) == ("success", ["1"])


async def test_a_cancel_that_comes_late_does_not_stop_the_next_job_of_that_id(worker):
    assert await run(worker, "a", shown("Constant")) == ("success", ["1"])
    worker.cancel("a")
    assert await run(worker, "a", shown("Constant", value=2)) == ("success", ["2"])


async def test_released_results_are_computed_again(worker):
    executed = []
    for job in "abc":
        if job == "c":
            await worker.release(models=False, results=True)
        executed.append((await worker.run(request(job, shown("Constant")), lambda event: None)).executed)
    assert [list(ids) for ids in executed] == [["1", "2"], [], ["1", "2"]]


async def test_stop_ends_the_process_within_a_second_whatever_it_does(worker):
    process_id = (await worker.describe()).process_id
    job = asyncio.create_task(worker.run(request("a", shown("Doze", seconds=30)), lambda event: None))
    await asyncio.sleep(0.2)
    started_s = time.monotonic()
    await worker.stop()
    assert time.monotonic() - started_s < 1 and not is_alive(process_id)
    with pytest.raises(WorkerDied):
        await job


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from engine.worker.process import ProcessWorker
from tests.doubles import entry, eventually, setup_in
from engine.execution.outcome import RunRequest
from engine.wire.prompt import read_prompt

async def main():
    worker = ProcessWorker(setup_in(Path({folder!r})))
    print((await worker.describe()).process_id, flush=True)
    graph = read_prompt({prompt!r})
    await worker.run(RunRequest("a", graph, ["2"]), lambda event: None)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals as on POSIX")
@pytest.mark.parametrize("busy_with", ["Sleep", "Doze", "HoldInterpreter"])
def test_the_worker_dies_with_its_server_within_a_second(tmp_path, busy_with):
    if busy_with == "HoldInterpreter" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux ends a process whose interpreter is held")
    code = SERVER.format(root=str(ROOT), folder=str(tmp_path), prompt=shown(busy_with, seconds=20.0))
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    process_id = int(server.stdout.readline())
    time.sleep(0.3)
    assert is_alive(process_id)
    server.kill()
    server.wait()
    server.stdout.close()
    until_s = time.monotonic() + 1
    while is_alive(process_id) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert not is_alive(process_id)


@pytest.mark.parametrize(
    ("status", "words"), [(1, "exit status 1"), (-9, "SIGKILL"), (-11, "crash in native code"), (None, "nobody knows")]
)
def test_exit_statuses_in_words(status, words):
    assert words in cause(status)
