"""/metrics says what happened, in the text format of Prometheus, without a word of a user's."""

import asyncio
import re
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from engine.execution.events import NodeFailed, NodeRetried, Place
from engine.execution.outcome import RunRequest
from engine.graph.nodes import Graph
from engine.jobs.bus import JobHappened
from engine.jobs.history import History
from engine.jobs.job import Job
from engine.server import exposition
from engine.server.gates import GATE
from engine.server.measures import MEASURES, MOST_TYPES, OTHER, Measures
from tests.doubles import entry
from tests.server.conftest import in_own_process


class Scrape:
    """The samples of one answer by name and labels."""

    def __init__(self, text):
        self.text = text
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def get(self, name, **labels):
        return self._samples.get((name, frozenset(labels.items())))

    def sum(self, name, **labels):
        return sum(v for (n, had), v in self._samples.items() if n == name and labels.items() <= dict(had).items())


async def scrape(site):
    answer = await site.http.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return Scrape(await answer.text())


async def test_jobs_and_nodes_are_counted(open_site):
    site = await open_site()
    before = await scrape(site)
    assert before.get("weft_queue_jobs", state="waiting") == 0 and before.sum("weft_jobs_total") == 0
    prompt = {
        "1": entry("Sleep", seconds=0.15),
        "2": entry("Add", a=["1", 0]),
        "3": entry("Add", a=["2", 0], b=7),
        "4": entry("Show", value=["3", 0]),
    }
    await site.run(prompt)
    await site.run(prompt)
    await site.run(
        {"1": entry("Constant"), "2": entry("Fail", value=["1", 0], text="Tilda"), "3": entry("Show", value=["2", 0])}
    )
    after = await scrape(site)
    assert after.get("weft_jobs_total", status="success") == 2 and after.get("weft_jobs_total", status="error") == 1
    assert after.get("weft_job_duration_seconds_count", status="success") == 2
    assert 0.15 <= after.get("weft_job_duration_seconds_sum", status="success") < 20
    assert after.get("weft_job_wait_seconds_count") == 3
    assert after.get("weft_node_duration_seconds_count", node_type="Add") == 2
    assert after.get("weft_node_duration_seconds_bucket", node_type="Sleep", le="0.1") == 0
    assert after.get("weft_node_duration_seconds_bucket", node_type="Sleep", le="+Inf") == 1
    assert after.get("weft_nodes_cached_total") == 4
    assert after.get("weft_errors_total", kind="ValueError", node_type="Fail") == 1
    assert after.get("weft_queue_jobs", state="running") == 0
    assert "Tilda" not in after.text


async def test_queue_clients_requests_and_uploads_are_counted(open_site):
    site = await open_site()
    await site.http.post("/queue", json={"pause": True})
    first = await site.listen("secret-client-id")
    await site.listen()
    for salt in range(3):
        await site.queue({"1": entry("Sleep", salt=salt), "2": entry("Show", value=["1", 0])})
    form = aiohttp.FormData()
    form.add_field("image", b"0123456789", filename="secret-name.txt")
    assert (await site.http.post("/upload/image", data=form)).status == 200
    assert (await site.http.get("/api/history/secret-path")).status == 200
    assert (await site.http.get("/nowhere/secret-path")).status == 404
    found = await scrape(site)
    assert found.get("weft_queue_jobs", state="waiting") == 3
    assert found.get("weft_queue_paused") == 1
    assert found.get("weft_websocket_clients") == 2
    assert found.get("weft_http_requests_total", method="POST", route="/prompt", status="200") == 3
    assert found.get("weft_http_requests_total", method="GET", route="/history/{prompt_id}", status="200") == 1
    assert found.sum("weft_http_requests_total", status="404") == 1
    assert found.get("weft_http_request_duration_seconds_count", route="/prompt") == 3
    assert found.get("weft_uploads_total") == 1 and found.get("weft_uploaded_bytes_total") == 10
    assert found.get("weft_database_write_failures_total") == 0
    assert found.get("weft_server_memory_bytes") > 10**6
    assert "secret" not in found.text
    await first.socket.close()
    assert (await scrape(site)).get("weft_websocket_clients") == 1


async def test_deaths_of_workers_are_counted_by_cause(open_site):
    site = await open_site("--workers", "1", make_worker=in_own_process)
    status = await site.run({"1": entry("Crash", status=3), "2": entry("Show", value=["1", 0])})
    assert status["status"]["status_str"] == "error"
    await site.run({"1": entry("Constant", value=5), "2": entry("Show", value=["1", 0])})
    found = await scrape(site)
    assert found.get("weft_worker_deaths_total", worker="worker-1", cause="exit") == 1
    assert found.get("weft_worker_starts_total", worker="worker-1") == 2
    assert found.get("weft_worker_state", worker="worker-1", state="idle") == 1
    assert found.get("weft_errors_total", kind="WorkerDied", node_type="Crash") == 1
    assert found.get("weft_worker_memory_bytes", worker="worker-1") > 10**6


async def test_a_scrape_waits_for_no_worker(open_site):
    site = await open_site("--workers", "1", make_worker=in_own_process)
    await site.queue({"1": entry("HoldInterpreter", seconds=2), "2": entry("Show", value=["1", 0])})
    async with asyncio.timeout(20):
        while (await scrape(site)).get("weft_queue_jobs", state="running") != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    async with asyncio.timeout(1.5):
        for _ in range(3):
            await scrape(site)


def happened(event):
    return JobHappened(Job(1.0, RunRequest("j", Graph({}), [])), event)


def test_however_many_node_types_fail_the_labels_stay_few():
    measures = Measures(History())
    for number in range(MOST_TYPES + 100):
        measures.receive(happened(NodeFailed("j", Place.of("1"), f"T{number}", (), f"E{number}", "", ())))
    assert len(measures.errors) <= 2 * MOST_TYPES
    assert sum(measures.errors.values()) == MOST_TYPES + 100
    assert measures.errors[OTHER, OTHER] == 100
    measures.receive(happened(NodeFailed("j", Place.of("1"), "x" * 5000, (), "ValueError", "", ())))
    assert not any("x" * 101 in label for labels in measures.errors for label in labels)


def test_retries_after_memory_ran_out_are_counted():
    measures = Measures(History())
    measures.receive(happened(NodeRetried("j", Place.of("1"), "VAEDecode")))
    assert measures.memory_retries["VAEDecode",] == 1


async def test_the_names_are_those_of_the_documentation(open_site):
    site = await open_site()
    found = exposition.families(site.services, site.http.app[MEASURES])
    told = (Path(__file__).parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(weft_\w+)` \| (\w+) \|([^|]*)\|", told, re.MULTILINE)
    documented = {
        name.removesuffix("_total"): (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows
    }
    assert documented == {family.name: (family.kind, family.labels) for family in found}


async def test_on_a_server_with_accounts_metrics_are_for_admins(open_site):
    site = await open_site("--multi-user")
    accounts = site.http.app[GATE].accounts
    shown = {}
    for name, role in (("anna", "user"), ("berta", "admin")):
        accounts.add(name, "a long enough password", role)
        token = accounts.new_token(name)
        answer = await site.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        shown[name] = answer.status
    assert shown == {"anna": 403, "berta": 200}
    assert (await site.http.get("/api/metrics")).status == 401
