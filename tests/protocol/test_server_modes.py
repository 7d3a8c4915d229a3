"""Flags that change how prompts are run, each with a server of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.protocol.client import Client, Graph, fresh
from tests.protocol.serving import ROOT, Server


@contextmanager
def serving(folder: Path, *flags: str, expects: str = "ProbeInt") -> Iterator[tuple[Server, Client]]:
    server = Server(folder, *flags, expects=expects)
    try:
        server.start()
        with server.client() as client:
            yield server, client
    finally:
        server.stop()


def two_targets(value: int) -> Graph:
    graph = Graph()
    source = graph.add("ProbeInt", "source", value=value)
    graph.show(graph.add("ProbeAdd", "add", a=source, b=1), "show")
    graph.show(graph.add("ProbeChain", "chain", value=source, links=2), "show chain")
    return graph


def loop() -> Graph:
    graph = Graph()
    opening = graph.add("ProbeForOpen", times=4, v1=fresh())
    body = graph.add("ProbeAdd", a=opening.out(2), b=1)
    graph.show(graph.add("ProbeForClose", loop=opening.out(0), v1=body), "show")
    return graph


def test_cache_none(tmp_path: Path) -> None:
    """Everything runs every time, and runs once in a run."""
    with serving(tmp_path, "--cache-none") as (_, client):
        graph = two_targets(fresh())
        for _ in range(2):
            run = client.run(graph)
            assert run.succeeded
            assert set(graph) <= set(run.ran)
            assert run.cached == set()
            assert len(run.ran) == len(set(run.ran))
        looped = loop()
        for _ in range(2):
            assert client.run(looped).outputs["show"]["shown"] == [looped["1"]["inputs"]["v1"] + 4]


def test_cache_lru(tmp_path: Path) -> None:
    """Results outlive the runs between, as many as fit."""
    with serving(tmp_path, "--cache-lru", "100") as (_, client):
        first, second = two_targets(fresh()), two_targets(fresh())
        assert client.run(first).succeeded
        assert client.run(second).succeeded
        assert client.run(first).ran == []
        for _ in range(40):
            client.run(two_targets(fresh()))
        assert "source" in client.run(first).ran


def test_two_workers_run_two_prompts_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2", "--cancel-grace", "0.5", "--cache-classic") as (server, client):
        graphs = [Graph(), Graph()]
        for index, graph in enumerate(graphs):
            graph.show(graph.add("ProbeUntilStopped", value=fresh(), tag=f"worker{index}"))
        answers = [client.queue(graph) for graph in graphs]
        for index in range(2):
            server.wait_for_trace(f"worker{index}", "enter")
        running = {item[1] for item in client.get("/queue").json["queue_running"]}
        assert running == {answer["prompt_id"] for answer in answers}
        client.post("/interrupt", {"prompt_id": answers[0]["prompt_id"]})
        assert client.until("execution_interrupted").data["prompt_id"] == answers[0]["prompt_id"]
        assert [item[1] for item in client.get("/queue").json["queue_running"]] == [answers[1]["prompt_id"]]
        client.post("/interrupt", {"prompt_id": answers[1]["prompt_id"]})
        assert client.follow(answers[1]).of("execution_interrupted")
        leave_behind(server, client)
        once_more(client)


def once_more(client: Client) -> None:
    """With the classic cache, what the prompt before had is kept; each worker has its own."""
    graph = two_targets(fresh())
    runs = [client.run(graph) for _ in range(3)]
    assert set(graph) <= set(runs[0].ran)
    assert runs[2].ran == []


def leave_behind(server: Server, client: Client) -> None:
    """A node that never looks up is left behind with its worker; the next prompt runs."""
    graph = Graph()
    graph.show(graph.add("ProbeDeaf", value=fresh(), tag="deaf"))
    answer = client.queue(graph)
    server.wait_for_trace("deaf", "enter")
    client.post("/interrupt", {"prompt_id": answer["prompt_id"]})
    assert client.follow(answer).of("execution_interrupted")
    value = fresh()
    following = Graph()
    shown = following.show(following.add("ProbeInt", value=value))
    assert client.run(following).shown(shown) == [value]
    assert [line["what"] for line in server.traced("deaf")] == ["enter"]


def test_without_packs(tmp_path: Path) -> None:
    with serving(tmp_path, "--disable-all-custom-nodes", expects="KSampler") as (_, client):
        info = client.get("/object_info").json
        assert not [name for name in info if name.startswith("Probe")]
        graph = Graph()
        image = graph.add("EmptyImage", width=8, height=8, batch_size=1, color=0)
        graph.add("PreviewImage", images=image)
        assert client.run(graph).succeeded


def test_only_some_packs(tmp_path: Path) -> None:
    flags = ("--disable-all-custom-nodes", "--whitelist-custom-nodes", "probe_single.py")
    with serving(tmp_path, *flags, expects="ProbeSingle") as (_, client):
        assert {name for name in client.get("/object_info").json if name.startswith("Probe")} == {"ProbeSingle"}


def test_a_quick_test(tmp_path: Path) -> None:
    """Loads everything and ends well."""
    command = [
        sys.executable,
        "main.py",
        "--cpu",
        "--port",
        "0",
        "--quick-test-for-ci",
        "--base-directory",
        str(tmp_path),
    ]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode == 0


def test_a_flag_that_nobody_knows(tmp_path: Path) -> None:
    command = [sys.executable, "main.py", "--no-such-flag"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert b"--no-such-flag" in ended.stderr
