"""Graphs run: what comes out, what runs, what is taken from the cache, what an error says."""

import pytest

from tests.protocol.client import Client, Graph, fresh


def test_one_target_shows_what_it_is_given(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeInt", value=value))
    run = client.run(graph)
    assert run.shown(shown) == [value]
    assert run.answer["node_errors"] == {}


def test_nodes_run_after_what_they_take(client: Client, graph: Graph) -> None:
    value = fresh()
    # written back to front: the order of the keys is not the order of running
    graph.show(["add", 0], "show")
    graph.add("ProbeAdd", "add", a=["left", 0], b=["right", 0])
    graph.add("ProbeInt", "right", value=value + 1)
    graph.add("ProbeInt", "left", value=value)
    run = client.run(graph)
    assert set(run.ran) == {"left", "right", "add", "show"}
    assert run.ran.index("add") > max(run.ran.index("left"), run.ran.index("right"))
    assert run.ran[-1] == "show"
    assert run.outputs["show"]["shown"] == [2 * value + 1]


def test_a_node_that_two_take_runs_once(client: Client, graph: Graph) -> None:
    shared = graph.add("ProbeInt", value=fresh())
    graph.show(graph.add("ProbeAdd", a=shared, b=1))
    graph.show(graph.add("ProbeAdd", a=shared, b=2))
    run = client.run(graph)
    assert run.ran.count(shared.id) == 1
    assert len(run.outputs) == 2


def test_outputs_are_taken_by_their_index(client: Client, graph: Graph) -> None:
    value = fresh()
    pair = graph.add("ProbePair", value=value)
    shown = [graph.show(pair.out(index)) for index in range(3)]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[value], [value + 1], [str(value)]]


def test_nodes_that_no_target_needs_do_not_run(client: Client, graph: Graph) -> None:
    value = graph.add("ProbeInt", value=fresh())
    idle = graph.add("ProbeAdd", a=value, b=5)
    graph.show(value)
    run = client.run(graph)
    assert run.succeeded
    assert idle.id not in run.ran


def test_two_targets_one_after_the_other(client: Client, graph: Graph) -> None:
    """A target may feed another one."""
    value = fresh()
    first = graph.show(graph.add("ProbeInt", value=value))
    second = graph.show(first)
    run = client.run(graph)
    assert run.shown(first) == run.shown(second) == [value]


def test_a_target_that_gives_nothing(client: Client, graph: Graph) -> None:
    target = graph.add("ProbeSilent", value=graph.add("ProbeInt", value=fresh()))
    run = client.run(graph)
    assert run.succeeded
    assert target.id in run.ran
    assert run.outputs == {}
    assert client.history(run.prompt_id)["outputs"] == {}


def test_the_second_run_is_all_cached(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeAdd", a=graph.add("ProbeInt", value=fresh()), b=1))
    first = client.run(graph)
    second = client.run(graph)
    assert first.cached == set()
    assert second.ran == []
    assert second.cached == set(graph)
    assert second.shown(shown) == first.shown(shown)  # a cached node that shows something shows it again


def test_only_what_changed_runs_again(client: Client, graph: Graph) -> None:
    left, right = graph.add("ProbeInt", value=fresh()), graph.add("ProbeInt", value=fresh())
    added = graph.add("ProbeAdd", a=left, b=right)
    shown = graph.show(added)
    client.run(graph)
    graph[right.id]["inputs"]["value"] = fresh()
    run = client.run(graph)
    assert set(run.ran) == {right.id, added.id, shown.id}
    assert run.cached == {left.id}


def test_going_back_to_an_earlier_value(client: Client, graph: Graph) -> None:
    """Results of the run before last may be gone from a small cache, but the answer is right either way."""
    first, second = fresh(), fresh()
    source = graph.add("ProbeInt", value=first)
    shown = graph.show(source)
    for value in (first, second, first):
        graph[source.id]["inputs"]["value"] = value
        assert client.run(graph).shown(shown) == [value]


def test_titles_and_other_ids_do_not_matter(client: Client) -> None:
    value = fresh()
    graph, renamed = Graph(), Graph()
    graph.show(graph.add("ProbeInt", value=value))
    renamed.show(renamed.add("ProbeInt", "12:3", value=value), "elsewhere")
    renamed["12:3"]["_meta"]["title"] = "Another title"
    client.run(graph)
    run = client.run(renamed)
    assert run.ran == []
    assert run.cached == {"12:3", "elsewhere"}


def test_order_of_inputs_does_not_matter(client: Client, graph: Graph) -> None:
    value = fresh()
    graph.show(graph.add("ProbeAdd", a=value, b=2))
    client.run(graph)
    graph["1"]["inputs"] = {"b": 2, "a": value}
    assert client.run(graph).ran == []


def test_another_output_of_the_same_node_is_another_link(client: Client, graph: Graph) -> None:
    value = fresh()
    pair = graph.add("ProbePair", value=value)
    shown = graph.show(pair.out(0))
    client.run(graph)
    graph[shown.id]["inputs"]["value"] = pair.out(1)
    run = client.run(graph)
    assert run.ran == [shown.id]
    assert run.shown(shown) == [value + 1]


def test_ids_of_subgraphs(client: Client, graph: Graph) -> None:
    value = fresh()
    graph.add("ProbeInt", "7:2", value=value)
    graph.show(["7:2", 0], "7:11:3")
    run = client.run(graph)
    assert run.ran == ["7:2", "7:11:3"]
    assert run.outputs["7:11:3"]["shown"] == [value]


def test_many_nodes(client: Client, graph: Graph) -> None:
    value = fresh()
    last = graph.add("ProbeInt", value=value)
    for _ in range(300):
        last = graph.add("ProbeAdd", a=last, b=1)
    shown = graph.show(last)
    run = client.run(graph)
    assert run.shown(shown) == [value + 300]
    assert len(run.ran) == len(set(run.ran)) == 302


def test_a_failing_node_ends_the_run(client: Client, graph: Graph) -> None:
    value = fresh()
    source = graph.add("ProbeInt", value=value)
    failing = graph.add("ProbeRaise", message=f"broken {value}", value=source)
    target = graph.show(failing)
    run = client.run(graph)
    error = run.error
    assert error is not None
    assert not run.succeeded
    assert error["prompt_id"] == run.prompt_id
    assert error["node_id"] == failing.id
    assert error["node_type"] == "ProbeRaise"
    assert error["exception_message"].strip() == f"broken {value}"
    assert error["exception_type"] == "ValueError"
    assert error["executed"] == [source.id]
    assert error["current_inputs"]["message"] == [f"broken {value}"]
    assert "current_outputs" in error
    assert target.id not in run.ran


def test_the_traceback_leads_to_the_packs_line(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeRaise", message=f"broken {fresh()}"))
    error = client.run(graph).error
    assert error is not None
    assert all(isinstance(line, str) for line in error["traceback"])
    assert "raise ValueError(message)" in "".join(error["traceback"])
    assert "values.py" in "".join(error["traceback"])


def test_after_an_error_the_next_prompt_runs(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeRaise", message=f"broken {fresh()}"))
    assert client.run(graph).error
    value = fresh()
    whole = Graph()
    shown = whole.show(whole.add("ProbeInt", value=value))
    assert client.run(whole).shown(shown) == [value]


def test_an_error_does_not_lose_what_was_done_before(client: Client, graph: Graph) -> None:
    source = graph.add("ProbeInt", value=fresh())
    graph.show(graph.add("ProbeRaise", message="broken", value=source))
    client.run(graph)
    run = client.run(graph)
    assert source.id in run.cached
    assert run.error is not None
    assert source.id not in run.ran


def test_a_failed_prompt_in_the_history(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeRaise", message=f"broken {fresh()}")
    graph.show(failing)
    run = client.run(graph)
    status = client.history(run.prompt_id)["status"]
    assert status["status_str"] == "error"
    assert status["completed"] is False
    kinds = [kind for kind, _ in status["messages"]]
    assert kinds[0] == "execution_start"
    assert kinds[-1] == "execution_error"
    assert status["messages"][-1][1]["node_id"] == failing.id


@pytest.mark.parametrize(
    ("class_type", "inputs"),
    [
        ("ProbeSingle", {"value": 21}),
        ("ProbeOld", {}),
    ],
)
def test_small_nodes(client: Client, graph: Graph, class_type: str, inputs: dict[str, int]) -> None:
    shown = graph.show(graph.add(class_type, **inputs))
    assert client.run(graph).shown(shown) == [{"ProbeSingle": 42, "ProbeOld": 7}[class_type]]


def test_an_image_comes_out_as_it_was_made(client: Client, graph: Graph) -> None:
    image = graph.add("ProbeImage", red=0.25, green=0.5, blue=0.75, side=9, count=2)
    measured = graph.add("ProbeMeasure", image=image)
    run = client.run(graph)
    assert run.outputs[measured.id] == {"shape": [2, 9, 9, 3], "means": [0.25, 0.5, 0.75]}


def test_a_default_of_an_optional_input_is_pythons(client: Client, graph: Graph) -> None:
    """An optional input that the prompt leaves out is not passed at all."""
    choice = graph.add("ProbeChoice", colour="blue")
    shown = graph.show(choice.out(1))
    assert client.run(graph).shown(shown) == ["none"]
