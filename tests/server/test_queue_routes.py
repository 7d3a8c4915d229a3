"""/interrupt, /free, /history, /jobs, and what a dying worker does to the rest."""

from typing import Any

import pytest

from tests.doubles import entry, eventually


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


async def running(site: Any, prompt_id: str) -> None:
    """Wait until a job is at work in a node."""
    await eventually(lambda: any(job.id == prompt_id for job, _ in site.services.dispatcher.at_work("me")))


@pytest.mark.parametrize("body", [None, b"", b"{}", "its id"])
async def test_interrupt_in_every_form(site, body):
    prompt_id = (await site.queue(sleeping(30), client_id="me"))["prompt_id"]
    other = await site.listen()
    await running(site, prompt_id)
    data = {"json": {"prompt_id": prompt_id}} if body == "its id" else {"data": body}
    assert (await site.http.post("/interrupt", **data)).status == 200
    told = await other.until(lambda message: message["type"] == "execution_interrupted")
    assert told["data"]["prompt_id"] == prompt_id and told["data"]["node_id"] == "1"
    item = (await site.get(f"/history/{prompt_id}"))[prompt_id]
    assert item["status"]["status_str"] == "error" and item["status"]["completed"] is False
    assert item["status"]["messages"][-1][0] == "execution_interrupted"


async def test_interrupt_by_id_never_stops_another_job(site):
    first = (await site.queue(sleeping(0.4, 1), client_id="me"))["prompt_id"]
    second = (await site.queue(sleeping(0.1, 2), client_id="me"))["prompt_id"]
    await running(site, first)
    await site.http.post("/interrupt", json={"prompt_id": second})
    await site.http.post("/interrupt", json={"prompt_id": "of nobody"})
    await running(site, second)
    await site.http.post("/interrupt", json={"prompt_id": first})
    await eventually(lambda: not site.services.queue.remaining)
    for prompt_id in (first, second):
        assert (await site.get(f"/history/{prompt_id}"))[prompt_id]["status"]["completed"] is True


async def test_free_makes_nodes_run_again(site):
    prompt = {"1": entry("Constant", value=3), "2": entry("Show", value=["1", 0])}
    await site.run(prompt)
    assert (await site.http.post("/free", json={"unload_models": True, "free_memory": True})).status == 200
    item = await site.run(prompt)
    cached = next(data for kind, data in item["status"]["messages"] if kind == "execution_cached")
    assert cached["nodes"] == []


async def test_history_pages_and_deletes(site):
    ids = []
    for value in range(5):
        prompt = {"1": entry("Constant", value=value), "2": entry("Show", value=["1", 0])}
        ids.append((await site.run(prompt))["prompt"][1])
    assert list(await site.get("/history")) == ids
    assert list(await site.get("/history?max_items=2")) == ids[3:]
    assert list(await site.get("/history?max_items=2&offset=1")) == ids[1:3]
    assert list(await site.get("/history?offset=4")) == ids[4:]
    assert (await site.http.get("/history?max_items=-1")).status == 400
    await site.http.post("/history", json={"delete": [ids[0], "unknown"]})
    assert await site.get(f"/history/{ids[0]}") == {}
    assert list(await site.get("/history")) == ids[1:]
    await site.http.post("/history", json={"clear": True})
    assert await site.get("/history") == {}


async def test_the_list_of_jobs(site):
    prompt = {"1": entry("Constant"), "2": entry("SaveText", value=["1", 0])}
    workflow = {"extra_pnginfo": {"workflow": {"id": "w1"}}}
    done = (await site.run(prompt, extra_data=workflow))["prompt"][1]
    failing = {"1": entry("Constant"), "2": entry("Fail", value=["1", 0]), "3": entry("Show", value=["2", 0])}
    failed = (await site.run(failing))["prompt"][1]
    working = (await site.queue(sleeping(30), client_id="me"))["prompt_id"]
    waiting = (await site.queue(sleeping(30, 1)))["prompt_id"]
    await running(site, working)
    found = await site.get("/api/jobs?sort_order=asc")
    assert [(job["id"], job["status"]) for job in found["jobs"]] == [
        (done, "completed"), (failed, "failed"), (working, "in_progress"), (waiting, "pending"),
    ]  # fmt: skip
    first, second = found["jobs"][:2]
    assert first["workflow_id"] == "w1" and first["outputs_count"] == 1
    assert first["preview_output"]["filename"] == "note.txt"
    assert first["execution_end_time"] >= first["execution_start_time"] >= first["create_time"]
    assert second["execution_error"]["exception_message"] == "it went wrong"
    page = await site.get("/api/jobs?limit=2&offset=1&sort_order=asc")
    assert [job["id"] for job in page["jobs"]] == [failed, working]
    assert page["pagination"] == {"offset": 1, "limit": 2, "total": 4, "has_more": True}
    assert [job["id"] for job in (await site.get("/api/jobs?status=failed,pending"))["jobs"]] == [waiting, failed]
    assert [job["id"] for job in (await site.get("/api/jobs?workflow_id=w1"))["jobs"]] == [done]
    assert (await site.get("/api/jobs?sort_by=execution_duration"))["pagination"]["total"] == 4
    one = await site.get(f"/api/jobs/{done}")
    assert one["outputs"] == {"2": {"images": [{"filename": "note.txt", "subfolder": "", "type": "output"}]}}
    assert one["workflow"]["prompt"] == prompt
    assert (await site.http.get("/api/jobs/unknown")).status == 404
    for bad in ("status=lost", "sort_by=size", "sort_order=up", "limit=x", "limit=0", "offset=-1"):
        answer = await site.http.get(f"/api/jobs?{bad}")
        assert answer.status == 400 and (await answer.json())["error"]
    await site.http.post("/queue", json={"clear": True})
    await site.http.post("/interrupt")
    await eventually(lambda: len(site.services.history.items()) == 3)
    # newer clients ask for cancelled jobs by a word of their own; they are told as failed
    assert [job["id"] for job in (await site.get("/api/jobs?status=cancelled"))["jobs"]] == [working]
    assert [job["id"] for job in (await site.get("/api/jobs?status=completed,cancelled"))["jobs"]] == [working, done]


async def test_a_worker_that_dies(process_site):
    listener = await process_site.listen()
    crash = {"1": entry("Crash"), "2": entry("Show", value=["1", 0])}
    fine = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}
    died = (await process_site.queue(crash, client_id=listener.id))["prompt_id"]
    next_one = (await process_site.queue(fine, client_id=listener.id))["prompt_id"]
    messages = await listener.until_left(died)
    assert [m["type"] for m in messages if m["type"] != "progress_state"][-2:] == ["execution_error", "executing"]
    await listener.until_left(next_one)
    item = (await process_site.get(f"/history/{next_one}"))[next_one]
    assert item["status"]["completed"] is True
    assert "last words" in await process_site.get("/internal/logs")
