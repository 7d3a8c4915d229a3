"""The history and /api/jobs."""

import uuid

import pytest

from tests.protocol.client import Client, Graph, Run, fresh
from tests.protocol.serving import Server


def ran(client: Client, count: int = 1, **more: object) -> list[Run]:
    runs = []
    for _ in range(count):
        graph = Graph()
        graph.show(graph.add("ProbeInt", value=fresh()))
        runs.append(client.run(graph, **more))
    return runs


def ids(runs: list[Run]) -> list[str]:
    return [run.prompt_id for run in runs]


def test_an_entry_has_every_part(client: Client) -> None:
    (run,) = ran(client, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    entry = client.history(run.prompt_id)
    assert set(entry) >= {"prompt", "outputs", "meta", "status"}
    number, prompt_id, prompt, extra, outputs = entry["prompt"][:5]
    assert (number, prompt_id, outputs) == (run.answer["number"], run.prompt_id, ["2"])
    assert prompt["1"]["class_type"] == "ProbeInt"
    assert extra["extra_pnginfo"] == {"workflow": {"id": "w"}}
    assert entry["outputs"] == run.outputs
    assert entry["meta"] == {"2": {"node_id": "2", "display_node": "2", "parent_node": None, "real_node_id": "2"}}
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert kinds == ["execution_start", "execution_cached", "execution_success"]
    for _, data in entry["status"]["messages"]:
        assert data["prompt_id"] == run.prompt_id


def test_an_unknown_id_is_empty(client: Client) -> None:
    answer = client.get(f"/history/{uuid.uuid4()}")
    assert (answer.status, answer.json) == (200, {})


def test_a_running_prompt_is_not_in_the_history(server: Server, client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeUntilStopped", value=fresh(), tag="not-yet"))
    answer = client.queue(graph)
    server.wait_for_trace("not-yet", "enter")
    assert client.get(f"/history/{answer['prompt_id']}").json == {}
    client.post("/interrupt")
    client.follow(answer)


def test_oldest_first(client: Client) -> None:
    expected = ids(ran(client, 3))
    assert list(client.get("/history").json)[-3:] == expected


def test_max_items_gives_the_newest(client: Client) -> None:
    expected = ids(ran(client, 3))[-2:]
    assert list(client.get("/history", max_items=2).json) == expected


def test_offset_counts_from_the_oldest(client: Client) -> None:
    client.post("/history", {"clear": True})
    expected = ids(ran(client, 4))
    assert list(client.get("/history", max_items=2, offset=1).json) == expected[1:3]
    assert list(client.get("/history", max_items=2, offset=0).json) == expected[:2]


def test_entries_are_deleted(client: Client) -> None:
    runs = ids(ran(client, 3))
    assert client.post("/history", {"delete": [runs[0], runs[2]]}).status == 200
    left = client.get("/history").json
    assert runs[1] in left
    assert not {runs[0], runs[2]} & set(left)


def test_deleting_what_is_not_there(client: Client) -> None:
    (run,) = ran(client)
    assert client.post("/history", {"delete": [str(uuid.uuid4())]}).status == 200
    assert run.prompt_id in client.get("/history").json


def test_all_is_cleared(client: Client) -> None:
    ran(client)
    assert client.post("/history", {"clear": True}).status == 200
    assert client.get("/history").json == {}


def test_a_cached_run_has_its_outputs_in_the_history(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeInt", value=fresh()))
    client.run(graph)
    run = client.run(graph)
    assert run.ran == []
    entry = client.history(run.prompt_id)
    assert entry["outputs"] == {shown.id: run.outputs[shown.id]}
    assert shown.id in entry["meta"]


def test_a_job_that_is_done(client: Client) -> None:
    (run,) = ran(client)
    job = client.get(f"/api/jobs/{run.prompt_id}").json
    assert job["id"] == run.prompt_id
    assert job["status"] == "completed"
    assert job["outputs"] == run.outputs
    assert job["execution_end_time"] >= job["execution_start_time"] >= job["create_time"] > 1_600_000_000_000
    assert "workflow" in job
    assert "execution_status" in job


def test_a_job_that_failed(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeRaise", message=f"broken {fresh()}")
    graph.show(failing)
    run = client.run(graph)
    job = client.get(f"/api/jobs/{run.prompt_id}").json
    assert job["status"] == "failed"
    assert job["execution_error"]["node_id"] == failing.id


def test_jobs_that_run_and_wait(server: Server, client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeUntilStopped", value=fresh(), tag="jobs"))
    running = client.queue(graph)
    server.wait_for_trace("jobs", "enter")
    waiting_graph = Graph()
    waiting_graph.show(waiting_graph.add("ProbeInt", value=fresh()))
    waiting = client.queue(waiting_graph)
    in_progress = client.get("/api/jobs", status="in_progress").json["jobs"]
    pending = client.get("/api/jobs", status="pending").json["jobs"]
    both = client.get("/api/jobs", status="pending,in_progress").json["jobs"]
    one = client.get(f"/api/jobs/{waiting['prompt_id']}").json
    client.post("/interrupt")
    client.follow(running)
    client.follow(waiting)
    assert [job["id"] for job in in_progress] == [running["prompt_id"]]
    assert [job["id"] for job in pending] == [waiting["prompt_id"]]
    assert {job["id"] for job in both} == {running["prompt_id"], waiting["prompt_id"]}
    assert one["status"] == "pending"


def test_pages_of_jobs(client: Client) -> None:
    client.post("/history", {"clear": True})
    expected = ids(ran(client, 3))
    page = client.get("/api/jobs", limit=2, offset=0, sort_by="created_at", sort_order="asc").json
    assert [job["id"] for job in page["jobs"]] == expected[:2]
    assert page["pagination"] == {"offset": 0, "limit": 2, "total": 3, "has_more": True}
    page = client.get("/api/jobs", limit=2, offset=2, sort_by="created_at", sort_order="asc").json
    assert [job["id"] for job in page["jobs"]] == expected[2:]
    assert page["pagination"]["has_more"] is False


def test_newest_jobs_come_first_by_default(client: Client) -> None:
    expected = ids(ran(client, 2))
    assert [job["id"] for job in client.get("/api/jobs", limit=2).json["jobs"]] == expected[::-1]


def test_jobs_count_their_outputs(client: Client, graph: Graph) -> None:
    image = graph.add("ProbeImage", red=0.1, green=fresh() % 100 / 100, blue=0.2, side=8, count=2)
    graph.add("PreviewImage", images=image)
    run = client.run(graph)
    job = next(job for job in client.get("/api/jobs", limit=5).json["jobs"] if job["id"] == run.prompt_id)
    assert job["outputs_count"] == 2
    assert job["preview_output"]["filename"]


def test_jobs_of_a_workflow(client: Client) -> None:
    (run,) = ran(client, extra_data={"extra_pnginfo": {"workflow": {"id": "the-one-workflow"}}})
    ran(client)
    jobs = client.get("/api/jobs", workflow_id="the-one-workflow").json["jobs"]
    assert [job["id"] for job in jobs] == [run.prompt_id]
    assert jobs[0]["workflow_id"] == "the-one-workflow"


@pytest.mark.parametrize(
    "query",
    [{"status": "lost"}, {"sort_by": "colour"}, {"sort_order": "sideways"}, {"limit": "many"}, {"offset": "x"}],
)
def test_questions_that_make_no_sense(client: Client, query: dict[str, str]) -> None:
    answer = client.get("/api/jobs", **query)
    assert answer.status == 400
    assert answer.json["error"]


def test_an_unknown_job(client: Client) -> None:
    assert client.get(f"/api/jobs/{uuid.uuid4()}").status == 404
