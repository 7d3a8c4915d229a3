"""Packs load: from both places, in both forms, and whatever one of them does."""

from tests.protocol.client import Client, Graph, fresh
from tests.protocol.serving import Server


def test_folders_files_and_extra_paths(client: Client) -> None:
    info = client.get("/object_info").json
    assert {"ProbeInt", "ProbeSingle", "ProbeChain", "ProbeWait"} <= set(info)
    assert info["ProbeSingle"]["python_module"] == "custom_nodes.probe_single"
    assert info["ProbeChain"]["python_module"] == "custom_nodes.probe_flow"


def test_native_nodes_say_that_they_are(client: Client) -> None:
    assert client.get("/object_info/KSampler").json["KSampler"]["python_module"].split(".")[0] == "nodes"


def test_a_broken_pack_is_told_and_the_others_load(server: Server, client: Client) -> None:
    assert "ProbeBroken" not in client.get("/object_info").json
    log = server.log()
    assert "probe_broken" in log
    assert "a_module_that_nobody_has" in log
    assert "Traceback" in log


def test_routes_of_a_pack(client: Client) -> None:
    assert client.get("/probe/hello", name="you").json == {"hello": "you"}
    answer = client.post("/probe/echo", {"say": [1, 2]})
    assert (answer.status, answer.json) == (201, {"say": [1, 2]})
    assert client.get("/api/probe/hello").json == {"hello": "nobody"}


def test_progress_by_the_numbered_interface(client: Client, graph: Graph) -> None:
    nodes = [graph.add(name, value=fresh(), preview=False) for name in ("ProbeApiProgress", "ProbeApiProgressSync")]
    for node in nodes:
        graph.show(node)
    run = client.run(graph)
    assert run.succeeded, run.error
    for node in nodes:
        told = [data for data in run.of("progress") if data["node"] == node.id]
        assert (told[-1]["value"], told[-1]["max"]) == (3, 3)


def test_pictures_by_the_numbered_interface(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeApiProgress", value=fresh(), preview=True))
    run = client.run(graph)
    assert run.succeeded, run.error
    assert run.of(1)
