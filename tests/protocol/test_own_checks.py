"""Nodes check their own inputs (VALIDATE_INPUTS) before a prompt is taken."""

import pytest

from tests.protocol.client import Client, Graph, Refused, fresh


def refused(client: Client, graph: Graph) -> Refused:
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    return caught.value


def problem(client: Client, class_type: str, **inputs: object) -> dict[str, object]:
    """Give the one error of a node in front of a target."""
    graph = Graph()
    node = graph.add(class_type, **inputs)
    graph.show(node)
    return refused(client, graph).only(node.id)


def accepted(client: Client, class_type: str, **inputs: object) -> list[object]:
    graph = Graph()
    shown = graph.show(graph.add(class_type, **inputs))
    return client.run(graph).shown(shown)


def test_a_check_says_why(client: Client) -> None:
    error = problem(client, "ProbeCheckOne", a=101, b=1)
    assert error["type"] == "custom_validation_failed"
    assert "a is 101, over 100" in str(error["details"])
    assert error["extra_info"]["input_name"] == "a"


def test_a_named_input_has_no_range_of_its_own(client: Client) -> None:
    assert accepted(client, "ProbeCheckOne", a=50, b=1) == [51]


def test_an_input_that_is_not_named_keeps_its_range(client: Client) -> None:
    error = problem(client, "ProbeCheckOne", a=1, b=50)
    assert error["type"] == "value_bigger_than_max"
    assert error["extra_info"]["input_name"] == "b"


def test_a_check_of_two_inputs(client: Client) -> None:
    graph = Graph()
    node = graph.add("ProbeCheckPair", a=5, b=4)
    graph.show(node)
    error = refused(client, graph)
    assert set(error.kinds(node.id)) == {"custom_validation_failed"}
    assert any("a must be less than b" in part["details"] for part in error.node_errors[node.id]["errors"])
    assert accepted(client, "ProbeCheckPair", a=4, b=5) == [9]


def test_a_check_of_all_inputs(client: Client) -> None:
    graph = Graph()
    node = graph.add("ProbeCheckKwargs", a=99, b=99)
    graph.show(node)
    error = refused(client, graph)
    assert set(error.kinds(node.id)) == {"custom_validation_failed"}
    assert "['a', 'b']" in error.node_errors[node.id]["errors"][0]["details"]


def test_a_check_of_all_inputs_stands_in_for_every_range(client: Client) -> None:
    assert accepted(client, "ProbeCheckKwargs", a=40, b=50) == [90]


def test_false_without_a_word(client: Client) -> None:
    assert problem(client, "ProbeCheckFalse", a=5, b=1)["type"] == "custom_validation_failed"
    assert accepted(client, "ProbeCheckFalse", a=4, b=1) == [5]


def test_a_check_that_raises(client: Client) -> None:
    graph = Graph()
    node = graph.add("ProbeCheckRaises", a=1, b=1)
    target = graph.show(node)
    error = refused(client, graph)
    kinds = [kind for node_id in error.node_errors for kind in error.kinds(node_id)]
    assert set(kinds) <= {"exception_during_validation", "exception_during_inner_validation"}
    text = str(error.node_errors)
    assert "the check itself is broken" in text
    assert set(error.node_errors) <= {node.id, target.id}


def test_an_asynchronous_check(client: Client) -> None:
    assert accepted(client, "ProbeCheckAsync", a=3, b=5) == [8]
    graph = Graph()
    node = graph.add("ProbeCheckAsync", a=3, b=4)
    graph.show(node)
    error = refused(client, graph)
    assert "seven is not allowed" in error.node_errors[node.id]["errors"][0]["details"]


def test_a_linked_input_is_not_known_to_the_check(client: Client, graph: Graph) -> None:
    value = fresh()  # far out of range: what comes by a link is not checked
    shown = graph.show(graph.add("ProbeCheckLinked", value=graph.add("ProbeInt", value=value)))
    assert client.run(graph).shown(shown) == [value]
    assert problem(client, "ProbeCheckLinked", value=2)["type"] == "custom_validation_failed"


def test_a_check_instead_of_a_list_of_choices(client: Client) -> None:
    assert accepted(client, "ProbeCheckChoice", name="twenty") == ["twenty"]
    assert problem(client, "ProbeCheckChoice", name="one")["type"] == "custom_validation_failed"


def test_a_check_of_types_accepts_what_it_likes(client: Client, graph: Graph) -> None:
    value = fresh()
    node = graph.add("ProbeCheckTypes", a=graph.add("ProbeFloat", value=1.5), b=graph.add("ProbeInt", value=value))
    shown = graph.show(node)
    assert client.run(graph).shown(shown) == [value + 1.5]


def test_a_check_of_types_refuses_what_it_does_not(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeCheckTypes", a=graph.add("ProbeText", text="x"), b=1.0)
    graph.show(node)
    error = refused(client, graph)
    assert set(error.kinds(node.id)) == {"custom_validation_failed"}
    assert "not a number: a: STRING" in error.node_errors[node.id]["errors"][0]["details"]


def test_a_target_checks_too(client: Client, graph: Graph) -> None:
    target = graph.add("ProbeCheckTarget", value=1, limit=-1)
    error = refused(client, graph)
    assert error.only(target.id)["type"] == "custom_validation_failed"
    assert target.id in error.node_errors[target.id]["dependent_outputs"]


def test_one_check_fails_and_the_other_target_runs(client: Client, graph: Graph) -> None:
    good = graph.add("ProbeCheckTarget", value=fresh(), limit=1)
    bad = graph.add("ProbeCheckTarget", value=fresh(), limit=-1)
    run = client.run(graph)
    assert list(run.outputs) == [good.id]
    assert list(run.answer["node_errors"]) == [bad.id]


def test_checks_see_only_valid_types(client: Client) -> None:
    """A value that is not even a number is not handed to the check."""
    assert problem(client, "ProbeCheckOne", a="many", b=1)["type"] == "invalid_input_type"
