"""Workers are called by name or number, hired when accelerators are found, and passed over when they cannot start."""

import asyncio

import pytest

from engine.errors import WorkerDied
from engine.execution.outcome import RunRequest
from engine.graph.nodes import Graph
from engine.jobs import staff as staff_module
from engine.jobs.job import Job
from engine.jobs.staff import Staff, UnknownWorker
from engine.jobs.worker import DeviceStats, Stage, WorkerDescription


class Applicant:
    """A worker as far as the staff knows it."""

    def __init__(self, number: int, stage: Stage = "up", accelerators: int = 0) -> None:
        self.name = f"worker-{number}"
        self.stage: Stage = stage
        self.starts = 0
        device = DeviceStats(f"cuda:{number - 1}", "cuda", number - 1, 0, 0, 0, 0)
        self.description = WorkerDescription((), (device,), "", number, accelerators)
        self.is_up = asyncio.Event()
        if stage != "starting":
            self.is_up.set()

    async def describe(self) -> WorkerDescription:
        self.starts += 1
        await self.is_up.wait()
        if self.stage == "dead":
            raise WorkerDied(f"{self.name} cannot start")
        return self.description

    async def stop(self) -> None: ...


def staff_of(*workers: Applicant) -> Staff:
    return Staff(workers)  # type: ignore[arg-type]


def job(worker: str = "") -> Job:
    return Job(1, RunRequest("a", Graph({}), []), worker=worker)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (None, ""), ("", ""), ("any", ""), (1, "worker-1"), ("2", "worker-2"), ("worker-2", "worker-2"),
        (" worker-1 ", "worker-1"),
    ],
)  # fmt: skip
async def test_names_and_numbers(asked, name):
    assert await staff_of(Applicant(1), Applicant(2)).named(asked) == name


@pytest.mark.parametrize("asked", [0, 3, "worker-3", "worker", True, -1, 1.5, {"a": 1}, "x" * 1000])
async def test_unknown_names_are_refused_with_those_that_there_are(asked):
    with pytest.raises(UnknownWorker, match="There are: worker-1, worker-2; or say 'any'") as refused:
        await staff_of(Applicant(1), Applicant(2)).named(asked)
    assert refused.value.names == ("worker-1", "worker-2") and len(str(refused.value)) < 200


async def test_one_worker_is_hired_for_each_further_accelerator_once():
    hired: list[str] = []
    first = Applicant(1, "starting", accelerators=3)
    asked: list[int] = []

    def hire(accelerators: int) -> list[Applicant]:
        asked.append(accelerators)
        return [Applicant(number) for number in range(2, accelerators + 1)]

    staff = Staff([first], hire)  # type: ignore[arg-type]
    staff.hired = lambda worker: hired.append(worker.name)
    staff.start()
    naming = asyncio.create_task(staff.named(3))
    await settle()
    assert not naming.done() and not staff.is_complete, "nobody knows yet whether there is a third"
    first.is_up.set()
    assert await naming == "worker-3"
    await settle()
    await staff.describe(first)
    assert (hired, asked) == (["worker-2", "worker-3"], [3])
    assert [staff.device(worker) for worker in staff] == ["cuda:0", "cuda:1", "cuda:2"]
    await staff.stop()


@pytest.mark.parametrize("accelerators", [0, 1])
async def test_one_accelerator_needs_no_more_workers(accelerators):
    staff = Staff([Applicant(1, accelerators=accelerators)], lambda count: pytest.fail("nobody is needed"))  # type: ignore[arg-type,return-value]
    await staff.describe_first()
    assert len(list(staff)) == 1 and staff.is_complete


async def test_the_first_that_comes_up_tells_the_types():
    slow, dead, quick = Applicant(1, "starting"), Applicant(2, "dead"), Applicant(3)
    assert (await staff_of(slow, dead, quick).describe_first()).process_id == 3
    with pytest.raises(WorkerDied, match="worker-2 cannot start"):
        await staff_of(dead, dead).describe_first()


async def test_those_who_cannot_wait_for_ever_do_not(monkeypatch):
    monkeypatch.setattr(staff_module, "START_WITHIN_S", 0.01)
    with pytest.raises(WorkerDied, match=r"No worker is ready after 0.01 s.*--disable-all-custom-nodes"):
        await staff_of(Applicant(1, "starting")).describe_first()


async def test_a_worker_that_cannot_start_leaves_jobs_for_anybody_to_others():
    dead, fine = Applicant(1, "dead"), Applicant(2)
    staff = staff_of(dead, fine)
    assert not staff.may_take(dead, job()) and staff.may_take(fine, job())  # type: ignore[arg-type]
    assert staff.may_take(dead, job("worker-1")) and not staff.may_take(fine, job("worker-1"))  # type: ignore[arg-type]
    await settle()
    assert dead.starts == 1, "it is tried again when there is work"
    staff.may_take(dead, job())  # type: ignore[arg-type]
    await settle()
    assert dead.starts == 1, "but not for every job"
    fine.stage = "dead"
    assert staff.may_take(dead, job()), "if none can start, somebody must say so"  # type: ignore[arg-type]
    await staff.stop()


async def test_checks_are_asked_of_one_that_is_up():
    workers = Applicant(1, "dead"), Applicant(2, "starting"), Applicant(3), Applicant(4)
    assert staff_of(*workers).best_for_checks().name == "worker-3"
    assert staff_of(*workers[:2]).best_for_checks().name == "worker-2"
