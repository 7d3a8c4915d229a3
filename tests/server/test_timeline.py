"""Where a job's time went: /jobs/ID and /history tell it, also after a restart."""

from tests.doubles import entry
from tests.server.running import start


def test_the_timeline_of_a_job_is_told_and_kept(tmp_path):
    prompt = {
        "1": entry("Constant", value=2),
        "2": entry("Sleep", seconds=0.1),
        "3": entry("Both", a=["1", 0], b=["2", 0]),
        "4": entry("Show", value=["3", 0]),
    }
    server = start(tmp_path)
    first = server.post("/prompt", {"prompt": prompt})["prompt_id"]
    second = server.post("/prompt", {"prompt": prompt})["prompt_id"]
    server.ended(second)
    told = [server.get(f"/api/jobs/{job}")["timeline"] for job in (first, second)]
    assert [server.get(f"/history/{job}")[job]["timeline"] for job in (first, second)] == told
    assert [entry["timeline"] for entry in server.get("/history").values()] == told
    server.kill()
    server = start(tmp_path)
    try:
        assert [server.get(f"/api/jobs/{job}")["timeline"] for job in (first, second)] == told
    finally:
        server.end()
    nodes = {node["node_id"]: node for node in told[0]["nodes"]}
    assert {node_id: node["node_type"] for node_id, node in nodes.items()} == {
        "1": "Constant",
        "2": "Sleep",
        "3": "Both",
        "4": "Show",
    }
    assert 0.1 <= nodes["2"]["seconds"] < 5 and nodes["3"]["seconds"] < 0.1
    assert nodes["3"]["start_time"] >= nodes["2"]["start_time"] + 99
    assert told[0]["cached"] == [] and set(told[1]["cached"]) == {"1", "2", "3", "4"} and told[1]["nodes"] == []
    assert told[0]["memory_bytes"] > 10**6 and told[0]["device_bytes"] == 0


def test_of_very_many_nodes_the_slowest_are_told(tmp_path):
    from engine.execution.report import MOST_TIMES

    many = {str(number): entry("Constant", value=number % 100) for number in range(1, MOST_TIMES + 50)}
    chain = {"sum0": entry("Sleep", seconds=0.05)}
    for number in range(1, MOST_TIMES + 50):
        chain[f"sum{number}"] = entry("Add", a=[f"sum{number - 1}", 0], b=1)
    server = start(tmp_path)
    try:
        shown = {"show": entry("Show", value=[f"sum{MOST_TIMES + 49}", 0])}
        job = server.post("/prompt", {"prompt": {**many, **chain, **shown}})["prompt_id"]
        server.ended(job)
        nodes = server.get(f"/api/jobs/{job}")["timeline"]["nodes"]
    finally:
        server.end()
    assert len(nodes) == MOST_TIMES and nodes[0]["node_id"] == "sum0"
