"""When the disk is full no job is answered for that is not kept, and what ran goes on."""

from engine.server.services import Services
from tests.doubles import entry

PROMPT = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}


async def pages(services: Services, more: int) -> None:
    """Let the database grow by so many pages and no further."""
    database = services.store._database
    assert database is not None
    count = await database.read(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.read(lambda connection: connection.execute(f"PRAGMA max_page_count={count + more}").fetchone())


async def test_a_job_that_cannot_be_kept_is_not_queued(site):
    large = {"extra_data": {"extra_pnginfo": {"large": "x" * 100_000}}}
    await pages(site.services, 0)
    answer = await site.http.post("/prompt", json={"prompt": PROMPT, **large})
    told = await answer.json()
    assert answer.status == 507 and told["error"]["type"] == "not_written", told
    assert "full" in told["error"]["message"] and "--database-file" in told["error"]["message"]
    line = await site.get("/queue")
    assert line["queue_pending"] == line["queue_running"] == [] and "cannot be written" in line["notice"]
    await pages(site.services, 10_000)
    assert (await site.run(PROMPT, **large))["status"]["completed"]
    assert not (await site.get("/queue"))["notice"]
    assert len(await site.get("/history")) == 1
