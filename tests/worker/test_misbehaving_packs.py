"""Nodes of packs that end the worker, or never end: their job ends in words, and the next one runs."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import WorkerDied
from engine.execution.events import NodeFinished
from engine.execution.outcome import RunRequest
from engine.graph.nodes import NodeId
from engine.graph.own_check import OwnCheck
from engine.graph.registry import Registry
from engine.jobs import staff
from engine.jobs.bus import EventBus, JobHappened, Notice
from engine.jobs.dispatch import Dispatcher, Patience
from engine.jobs.history import History, HistoryItem
from engine.jobs.queue import JobQueue
from engine.wire.prompt import read_prompt
from engine.worker import life
from engine.worker.process import ProcessWorker
from tests.doubles import eventually, setup_in

PACK = Path(__file__).with_name("pack_that_misbehaves.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")


class Site:
    """A line of jobs, and one worker with the pack."""

    def __init__(self, folder: Path, grace_s: float = 0.3, check_s: float = 0.5) -> None:
        setup = replace(setup_in(folder), equipment="tests.doubles:equip_with_packs")
        self.words = bytearray()
        self.worker = ProcessWorker(setup, echo=self.words.extend)
        self.queue = JobQueue()
        self.history = History()
        self.shown: list[tuple[str, str]] = []  # job and node
        bus = EventBus()
        bus.subscribe(self.hear)
        patience = Patience(grace_s, check_s)
        self.dispatcher = Dispatcher(self.queue, self.history, bus, [self.worker], patience=patience)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, JobHappened) and isinstance(notice.event, NodeFinished):
            self.shown.append((notice.job.id, notice.event.place.node))

    def submit(self, job: str, node_type: str) -> None:
        prompt = {
            "1": {"class_type": "Constant", "inputs": {"value": 1}},
            "2": {"class_type": node_type, "inputs": {"salt": 0}},
            "3": {"class_type": "Show", "inputs": {"value": ["2", 0]}},
            "4": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
        }
        graph = read_prompt(prompt)
        self.queue.submit(RunRequest(job, graph, [NodeId("4"), NodeId("3")], prompt), client="me")

    async def ended(self, job: str, timeout_s: float = 10) -> HistoryItem:
        await eventually(lambda: self.history.get(job) is not None, timeout_s)
        item = self.history.get(job)
        assert item is not None
        return item

    async def run(self, job: str, node_type: str) -> HistoryItem:
        self.submit(job, node_type)
        return await self.ended(job)

    def is_at(self, node: str) -> bool:
        return any(place.node == node for _, place in self.dispatcher.at_work("me"))


OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def open_site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    sites: list[Site] = []

    async def open_one(grace_s: float = 0.3, **packs: str) -> Site:
        folder = tmp_path / "custom_nodes"
        folder.mkdir()
        shutil.copy(PACK, folder / "misbehaving.py")
        for name, text in packs.items():
            (folder / f"{name}.py").write_text(text)
        site = Site(tmp_path, grace_s)
        sites.append(site)
        site.dispatcher.start()
        await site.dispatcher.learn_types(Registry(()))
        return site

    yield open_one
    for site in sites:
        await site.dispatcher.stop()


@pytest.fixture
async def site(open_site: OpenSite) -> Site:
    return await open_site()


async def test_each_way_to_die_is_told_in_words_and_the_next_job_runs(site):
    deaths = {
        "Crash": ("SIGSEGV", "a crash in native code", "Segmentation fault"),
        "Leave": ("exit status 7", "these are my last words"),
        "BeKilled": ("SIGKILL", "a lack of memory"),
        "Abort": ("SIGABRT", "native code gave up"),
    }
    for number, (node_type, words) in enumerate(deaths.items()):
        item = await site.run(f"dies {number}", node_type)
        error = item.outcome.error
        assert error is not None and item.outcome.status == "error"
        assert (error.node, error.node_type, error.exception_type) == ("2", node_type, "WorkerDied")
        assert all(word in error.message for word in words), error.message
    assert (await site.run("lives", "Well")).outcome.status == "success"


async def test_a_node_that_calls_exit_fails_and_its_worker_lives(site):
    before = (await site.worker.describe()).process_id
    item = await site.run("a", "LeavePolitely")
    assert item.outcome.status == "error" and item.outcome.error is not None
    assert (item.outcome.error.node, item.outcome.error.exception_type) == ("2", "SystemExit")
    assert (await site.worker.describe()).process_id == before


@pytest.mark.parametrize(
    "node_type", ["Doze", "Spin", "HoldTheInterpreter", "DozeInTheLoop", "RefuseToBeCancelled", "ChangedDozes"]
)
async def test_a_node_that_cannot_be_stopped_is_abandoned_with_its_worker(site, node_type):
    before = (await site.worker.describe()).process_id
    site.submit("stuck", node_type)
    site.submit("next", "Well")
    if node_type == "ChangedDozes":  # it never comes to a node
        await asyncio.sleep(0.3)
    else:
        await eventually(lambda: site.is_at("2"))
    if node_type in ("DozeInTheLoop", "RefuseToBeCancelled"):  # asynchronous: node 4 need not wait for it
        await eventually(lambda: ("stuck", "4") in site.shown)
    cancelled_s = time.monotonic()
    site.dispatcher.interrupt("stuck")
    item = await site.ended("stuck")
    assert item.outcome.status == "interrupted" and time.monotonic() - cancelled_s < 5
    end = item.events[-1]
    if node_type != "ChangedDozes":
        assert (end.node, end.node_type) == ("2", node_type)
    assert (await site.ended("next")).outcome.status == "success"
    assert (await site.worker.describe()).process_id != before


@pytest.mark.parametrize("node_type", ["DozeInTheLoop", "RefuseToBeCancelled"])
async def test_async_code_that_goes_on_after_its_job_takes_the_worker_with_it(open_site, node_type):
    site = await open_site(grace_s=30)
    site.submit("stuck", node_type)
    site.submit("next", "WellSoon")
    await eventually(lambda: site.is_at("2"))
    site.dispatcher.interrupt("stuck")
    assert (await site.ended("stuck")).outcome.status == "interrupted"
    assert (await site.ended("next")).outcome.status == "success"


async def test_an_async_node_is_cancelled_and_its_worker_lives(site):
    before = (await site.worker.describe()).process_id
    site.submit("a", "Wait")
    await eventually(lambda: site.is_at("2"))
    site.dispatcher.interrupt("a")
    item = await site.ended("a")
    assert item.outcome.status == "interrupted" and item.events[-1].node == "2"
    assert (await site.worker.describe()).process_id == before


async def check(site: Site, *node_types: str) -> dict[str, list[tuple[str, str]]]:
    checks = [OwnCheck(NodeId(str(number)), name, {"salt": 0}) for number, name in enumerate(node_types)]
    answers = await site.dispatcher.check(checks)
    return {node: [(problem.kind, problem.details) for problem in problems] for node, problems in answers.items()}


@pytest.mark.parametrize("node_type", ["CheckDozes", "CheckSpins", "CheckHoldsTheInterpreter", "CheckWaits"])
async def test_a_check_that_never_returns_is_named_and_its_worker_replaced(site, node_type):
    before = (await site.worker.describe()).process_id
    answers = await check(site, "CheckIsFine", node_type, "CheckIsFine")
    assert answers["0"] == []
    ((kind, details),) = answers["1"]
    assert kind == "exception_during_validation"
    assert details.startswith(f"VALIDATE_INPUTS of {node_type} gave no answer within 0.5 s")
    ((kind, details),) = answers["2"]
    assert kind == "exception_during_validation" and f"the check of node 1 ({node_type}) does not end" in details
    assert await check(site, "CheckIsFine") == {"0": []}
    assert (await site.worker.describe()).process_id != before
    assert (await site.run("a", "Well")).outcome.status == "success"


async def test_other_checks_are_answered_while_one_hangs_and_a_running_job_is_left_alone(site):
    before = (await site.worker.describe()).process_id
    site.submit("runs", "Wait")
    await eventually(lambda: site.is_at("2"))
    hanging = asyncio.create_task(check(site, "CheckDozes"))
    await asyncio.sleep(0.05)
    assert await check(site, "CheckIsFine") == {"0": []}
    assert not hanging.done()
    assert (await hanging)["0"][0][0] == "exception_during_validation"
    assert site.is_at("2") and (await site.worker.describe()).process_id == before
    site.dispatcher.interrupt("runs")
    assert (await site.ended("runs")).outcome.status == "interrupted"
    assert (await site.run("next", "Well")).outcome.status == "success"
    assert (await site.worker.describe()).process_id != before, "replaced as soon as nothing ran there"


async def test_a_check_that_ends_the_worker_fails_and_the_next_one_is_answered(site):
    with pytest.raises(WorkerDied, match="exit status 7"):
        await check(site, "CheckLeaves")
    assert await check(site, "CheckIsFine") == {"0": []}


@pytest.mark.parametrize("how", ["import os; os._exit(5)", "import ctypes; ctypes.string_at(0)"])
async def test_a_pack_that_ends_the_process_at_import_is_left_out_and_the_others_load(open_site, how):
    site = await open_site(bad=how)
    assert (await site.run("a", "Well")).outcome.status == "success"
    log = site.words.decode()
    assert "The pack bad: It is left out until the server is started again: it ended the worker." in log
    assert "while it imported the pack bad: " in log
    assert ("exit status 5" if "_exit" in how else signal.SIGSEGV.name) in log


async def test_an_import_that_does_not_end_is_named_and_its_worker_still_stops(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(life, "SLOW_IMPORT_S", 0.05)
    monkeypatch.setattr(staff, "START_WITHIN_S", 0.8)
    (tmp_path / "custom_nodes").mkdir()
    (tmp_path / "custom_nodes" / "endless.py").write_text("import time; time.sleep(1000)")
    site = Site(tmp_path)
    site.dispatcher.start()
    with pytest.raises(WorkerDied, match="No worker is ready after"):
        await check(site, "CheckIsFine")
    await eventually(lambda: "worker-1 has been importing the pack endless for 0.05 s" in caplog.text)
    site.submit("a", "Well")
    await asyncio.sleep(0.05)
    site.dispatcher.interrupt("a")
    assert (await site.ended("a", 5)).outcome.status == "interrupted"
    await asyncio.wait_for(site.dispatcher.stop(), 10)
