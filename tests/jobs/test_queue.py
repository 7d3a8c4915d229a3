"""The line of jobs keeps its order, whatever is added, taken and deleted."""

import asyncio
from dataclasses import replace

import pytest

from engine.execution.outcome import RunRequest
from engine.graph.nodes import Graph
from engine.jobs.queue import AlreadyQueued, JobQueue, QueueFull


def request(job: str) -> RunRequest:
    return RunRequest(job, Graph({}), [])


def ids(queue: JobQueue) -> list[str]:
    return [job.id for job in queue.pending()]


async def test_front_number_and_arrival():
    queue = JobQueue()
    for job in "abc":
        queue.submit(request(job))
    queue.submit(request("front"), front=True)
    queue.submit(request("more front"), front=True)
    queue.submit(request("between"), number=1.5)
    order = ["more front", "front", "a", "between", "b", "c"]
    assert ids(queue) == order
    assert [(await queue.take()).id for _ in order] == order


async def test_equal_numbers_keep_their_order():
    queue = JobQueue()
    for job in "abcd":
        queue.submit(request(job), number=0)
    assert [(await queue.take()).id for _ in range(4)] == ["a", "b", "c", "d"]


async def test_deleted_jobs_are_not_taken_even_if_they_come_again():
    queue = JobQueue()
    for job in "abc":
        queue.submit(request(job))
    queue.delete(["a", "unknown"])
    queue.submit(request("a"))
    assert ids(queue) == ["b", "c", "a"]
    assert [(await queue.take()).id for _ in range(3)] == ["b", "c", "a"]
    queue.submit(request("d"))
    queue.clear()
    assert queue.pending() == [] and [job.id for job in queue.running()] == ["b", "c", "a"]


async def test_a_taker_waits_until_there_is_a_job():
    queue = JobQueue()
    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not taking.done()
    job = queue.submit(request("a"))
    assert await asyncio.wait_for(taking, 1) is job
    assert queue.remaining == 1 and queue.find("a") is job
    queue.done(job)
    assert queue.remaining == 0 and queue.find("a") is None


async def test_two_takers_get_different_jobs():
    queue = JobQueue()
    takers = [asyncio.create_task(queue.take()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.submit(request("a"))
    queue.submit(request("b"))
    assert {job.id for job in await asyncio.gather(*takers)} == {"a", "b"}


async def test_limits():
    queue = JobQueue(longest=2)
    queue.submit(request("a"))
    with pytest.raises(AlreadyQueued, match="a"):
        queue.submit(request("a"))
    queue.submit(request("b"))
    with pytest.raises(QueueFull, match="2 is the limit"):
        queue.submit(request("c"))
    await queue.take()
    with pytest.raises(AlreadyQueued):
        queue.submit(request("a"))  # which runs now
    queue.submit(request("c"))
    with pytest.raises(ValueError, match="finite"):
        queue.clear()
        queue.submit(request("d"), number=float("nan"))


async def test_changes_are_told():
    told: list[int] = []
    queue = JobQueue(changed=lambda: told.append(queue.remaining))
    queue.submit(request("a"))
    queue.submit(request("b"))
    job = await queue.take()
    queue.delete(["b"])
    queue.delete(["b"])
    queue.done(job)
    assert told == [1, 2, 1, 0]


async def test_who_takes_says_which_jobs_fit():
    queue = JobQueue()
    for job, worker in (("a", "first"), ("b", ""), ("c", "second")):
        queue.submit(request(job), worker=worker)
    taken = [await queue.take(lambda job: job.worker in ("", "second")) for _ in range(2)]
    assert [job.id for job in taken] == ["b", "c"] and ids(queue) == ["a"]
    waiting = asyncio.create_task(queue.take(lambda job: job.worker == fitting))
    fitting = "another"
    await asyncio.sleep(0)
    fitting = "first"
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.look_again()
    assert (await asyncio.wait_for(waiting, 1)).id == "a"


async def test_a_prompt_that_is_still_being_checked_can_be_deleted():
    queue = JobQueue()
    with queue.expect("a") as first, queue.expect("b") as second, queue.expect("b") as third:
        queue.delete(["b"])
        assert (first.withdrawn, second.withdrawn, third.withdrawn) == (False, True, True)
        queue.clear()
        assert first.withdrawn
    with queue.expect("a") as again:
        assert not again.withdrawn


async def test_a_job_that_is_named_twice_is_deleted_once():
    queue = JobQueue()
    queue.submit(request("a"))
    queue.delete(["a", "a"])
    assert queue.pending() == [] and queue.remaining == 0


async def test_accounts_take_turns_and_numbers_order_their_own_jobs_only():
    queue = JobQueue()
    for number, job in enumerate(["a1", "a2", "a3", "b1", "b2", "c1"], start=1):
        queue.submit(replace(request(job), user=job[0]), number=-100 if job == "a3" else number)
    taken = []
    for _ in range(6):
        job = await queue.take()
        taken.append(job.id)
        queue.done(job)
    assert taken == ["a3", "b1", "c1", "a1", "b2", "a2"]


async def test_a_held_job_does_not_cost_its_account_the_turn():
    queue = JobQueue()
    queue.submit(replace(request("a1"), user="a"), held=True)
    queue.submit(replace(request("a2"), user="a"))
    queue.submit(replace(request("b1"), user="b"))
    assert [(await queue.take()).id for _ in range(2)] == ["a2", "b1"]
    queue.let_go("a1")
    assert (await queue.take()).id == "a1"


async def test_nobody_changes_the_jobs_of_another_account():
    queue = JobQueue()
    for job in ("a1", "b1", "b2"):
        queue.submit(replace(request(job), user=job[0]))
    with queue.expect("b3", "b") as expected:
        queue.delete(["b1", "b3"], of="a")
        queue.move({"b2": -1}, of="a")
        queue.clear(of="a")
        assert ids(queue) == ["b1", "b2"] and not expected.withdrawn
        queue.clear(of="b")
        assert expected.withdrawn
    assert queue.pending() == []


async def test_an_account_that_fills_the_line_leaves_others_their_share():
    queue = JobQueue(longest=6)
    for number in range(6):
        queue.submit(replace(request(f"a{number}"), user="a"))
    with pytest.raises(QueueFull, match="6 jobs are waiting, and 6 is the limit"):
        queue.submit(replace(request("a6"), user="a"))
    for number in range(3):
        queue.submit(replace(request(f"b{number}"), user="b"))
    with pytest.raises(QueueFull):
        queue.submit(replace(request("b3"), user="b"))
    queue.submit(replace(request("c0"), user="c"))


async def test_jobs_are_listed_and_counted_by_account():
    queue = JobQueue()
    for job in ("a1", "b1", "a2"):
        queue.submit(replace(request(job), user=job[0]))
    running = await queue.take()
    assert running.id == "a1" and queue.running(of="b") == [] and queue.running(of="a") == [running]
    assert [job.id for job in queue.pending(of="a")] == ["a2"] and len(queue.pending()) == 2
    assert (queue.remaining_of("a"), queue.remaining_of("b"), queue.remaining_of("c"), queue.remaining) == (2, 1, 0, 3)
