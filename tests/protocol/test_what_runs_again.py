"""What a node says of itself (IS_CHANGED) and what it keeps between runs."""

from pathlib import Path

import pytest

from tests.protocol.client import Client, Graph, Made, fresh


def of_file(graph: Graph, class_type: str, path: Path) -> Made:
    return graph.add(class_type, value=fresh(), text=str(path))


@pytest.mark.parametrize("class_type", ["ProbeFile", "ProbeFileAsync", "ProbeChangedKwargs"])
def test_a_changed_file_runs_the_node_again(client: Client, graph: Graph, class_type: str, tmp_path: Path) -> None:
    path = tmp_path / "watched.txt"
    path.write_text("before", encoding="utf-8")
    source = of_file(graph, class_type, path)
    graph.show(source)
    assert source.id in client.run(graph).ran
    assert client.run(graph).ran == []
    path.write_text("after", encoding="utf-8")
    assert source.id in client.run(graph).ran
    assert client.run(graph).ran == []


def test_nan_runs_it_every_time(client: Client, graph: Graph) -> None:
    source = graph.add("ProbeAlways", value=fresh(), text="")
    shown = graph.show(source)
    for _ in range(3):
        assert set(client.run(graph).ran) == {source.id, shown.id}


def test_nan_leaves_what_comes_before_alone(client: Client, graph: Graph) -> None:
    before = graph.add("ProbeInt", value=fresh())
    source = graph.add("ProbeAlways", value=before, text="")
    graph.show(source)
    client.run(graph)
    run = client.run(graph)
    assert before.id in run.cached
    assert source.id in run.ran


def test_a_value_that_stays(client: Client, graph: Graph) -> None:
    source = graph.add("ProbeNever", value=fresh(), text="a")
    graph.show(source)
    client.run(graph)
    assert client.run(graph).ran == []
    graph[source.id]["inputs"]["text"] = "b"  # its inputs count as ever
    assert source.id in client.run(graph).ran


def test_a_question_that_raises_runs_the_node(client: Client, graph: Graph) -> None:
    """The prompt is not lost for it."""
    source = graph.add("ProbeChangedRaises", value=fresh(), text="")
    graph.show(source)
    for _ in range(2):
        run = client.run(graph)
        assert run.succeeded
        assert source.id in run.ran


def test_a_linked_input_is_not_known_to_the_question(client: Client, graph: Graph, tmp_path: Path) -> None:
    path = tmp_path / "watched.txt"
    path.write_text("before", encoding="utf-8")
    value = fresh()
    source = graph.add("ProbeFile", value=graph.add("ProbeInt", value=value), text=str(path))
    shown = graph.show(source)
    assert client.run(graph).shown(shown) == [value]
    assert client.run(graph).ran == []


def test_a_node_keeps_its_state(client: Client, graph: Graph) -> None:
    counter = graph.add("ProbeCounter", "counter-that-stays", trigger=fresh())
    shown = graph.show(counter)
    assert client.run(graph).shown(shown) == [1]
    for expected in (2, 3):
        graph[counter.id]["inputs"]["trigger"] = fresh()
        assert client.run(graph).shown(shown) == [expected]


def test_every_node_has_its_own_state(client: Client, graph: Graph) -> None:
    first = graph.add("ProbeCounter", "one-counter", trigger=fresh())
    second = graph.add("ProbeCounter", "another-counter", trigger=fresh())
    shown = [graph.show(first), graph.show(second)]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[1], [1]]


def test_free_forgets_results(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeInt", value=fresh()))
    client.run(graph)
    assert client.post("/free", {"free_memory": True}).status == 200
    assert set(client.run(graph).ran) == set(graph)


def test_hidden_inputs(client: Client, graph: Graph) -> None:
    hidden = graph.add("ProbeHidden", "5:8", value=fresh())
    workflow = {"id": "a workflow", "nodes": []}
    run = client.run(graph, extra_data={"extra_pnginfo": {"workflow": workflow}})
    told = run.outputs[hidden.id]
    assert told["me"] == ["5:8"]
    assert told["prompt"][0]["5:8"]["class_type"] == "ProbeHidden"
    assert told["png"] == [{"workflow": workflow}]
    assert told["mine"] == ["ProbeHidden"]
    assert told["has"] == [True, False]
    assert told["ids"] == [["5:8"]]
    assert told["display"] == ["5:8"]
    assert told["parent"] == [None]
    assert told["real"] == ["5:8"]


def test_hidden_inputs_without_a_workflow(client: Client, graph: Graph) -> None:
    hidden = graph.add("ProbeHidden", value=fresh())
    assert client.run(graph).outputs[hidden.id]["png"] in ([None], [{}])


def test_a_cached_target_shows_again_to_another_client(client: Client, other: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeInt", value=value))
    client.run(graph)
    run = other.run(graph)
    assert run.ran == []
    assert run.shown(shown) == [value]
    assert other.history(run.prompt_id)["outputs"][shown.id] == {"shown": [value]}


def test_a_branch_added_later(client: Client, graph: Graph) -> None:
    """Only the new branch runs."""
    source = graph.add("ProbeInt", value=fresh())
    graph.show(source)
    client.run(graph)
    added = graph.add("ProbeAdd", a=source, b=4)
    shown = graph.show(added)
    run = client.run(graph)
    assert run.ran == [added.id, shown.id]
    assert run.cached == {source.id, "2"}


def test_a_branch_taken_away(client: Client, graph: Graph) -> None:
    source = graph.add("ProbeInt", value=fresh())
    graph.show(source)
    removed = graph.show(graph.add("ProbeAdd", a=source, b=4))
    client.run(graph)
    del graph[removed.id]
    run = client.run(graph)
    assert run.ran == []
    assert removed.id not in run.outputs
