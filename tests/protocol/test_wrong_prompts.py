"""Prompts that cannot run are refused, with every reason and the place of it."""

import pytest

from tests.protocol.client import Client, Graph, Made, Refused, fresh


def refused(client: Client, graph: Graph) -> Refused:
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.status == 400
    return caught.value


def test_no_prompt(client: Client) -> None:
    answer = client.post("/prompt", {"client_id": client.id})
    assert answer.status == 400
    assert answer.json["error"]["type"] == "no_prompt"
    assert set(answer.json["error"]) == {"type", "message", "details", "extra_info"}
    assert answer.json["node_errors"] in ({}, [])


def test_an_empty_prompt_has_no_outputs(client: Client, graph: Graph) -> None:
    assert refused(client, graph).error["type"] == "prompt_no_outputs"


def test_a_prompt_without_targets(client: Client, graph: Graph) -> None:
    graph.add("ProbeInt", value=1)
    assert refused(client, graph).error["type"] == "prompt_no_outputs"


def test_a_node_without_class_type(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeInt", value=1))
    del graph["1"]["class_type"]
    error = refused(client, graph).error
    assert error["type"] in ("invalid_prompt", "missing_node_type")
    assert "1" in error["details"]


def test_a_class_that_nobody_has(client: Client, graph: Graph) -> None:
    graph.show(graph.add("NobodyKnowsThis", value=1))
    error = refused(client, graph).error
    assert error["type"] in ("invalid_prompt", "missing_node_type")
    assert "NobodyKnowsThis" in error["message"] + error["details"]


def test_an_unknown_class_that_no_target_needs(client: Client, graph: Graph) -> None:
    """The whole prompt is refused, needed or not."""
    graph.show(graph.add("ProbeInt", value=1))
    graph.add("NobodyKnowsThis", value=1)
    assert refused(client, graph).error["type"] in ("invalid_prompt", "missing_node_type")


def test_a_required_input_is_missing(client: Client, graph: Graph) -> None:
    added = graph.add("ProbeAdd", a=1)
    target = graph.show(added)
    error = refused(client, graph)
    assert error.error["type"] == "prompt_outputs_failed_validation"
    assert error.kinds(added.id) == ["required_input_missing"]
    assert error.only(added.id)["extra_info"]["input_name"] == "b"
    assert error.node_errors[added.id]["class_type"] == "ProbeAdd"
    assert error.node_errors[added.id]["dependent_outputs"] == [target.id]


def test_inputs_missing_altogether(client: Client, graph: Graph) -> None:
    added = graph.add("ProbeAdd")
    graph.show(added)
    assert refused(client, graph).kinds(added.id) == ["required_input_missing"] * 2


def test_the_target_itself_lacks_an_input(client: Client, graph: Graph) -> None:
    target = graph.add("ProbeShow")
    error = refused(client, graph)
    assert error.kinds(target.id) == ["required_input_missing"]
    assert target.id in error.node_errors[target.id]["dependent_outputs"]


@pytest.mark.parametrize("link", [["1"], ["1", 0, 0], []])
def test_lists_that_are_no_links(client: Client, graph: Graph, link: list[object]) -> None:
    graph.add("ProbeInt", value=1)
    added = graph.add("ProbeAdd", a=link, b=1)
    graph.show(added)
    assert "bad_linked_input" in refused(client, graph).kinds(added.id)


def test_a_link_to_another_type(client: Client, graph: Graph) -> None:
    text = graph.add("ProbeText", text="three")
    added = graph.add("ProbeAdd", a=text, b=1)
    graph.show(added)
    error = refused(client, graph)
    assert error.kinds(added.id) == ["return_type_mismatch"]
    extra = error.only(added.id)["extra_info"]
    assert extra["input_name"] == "a"
    assert extra["received_type"] == "STRING"
    assert extra["linked_node"] == [text.id, 0]
    assert extra["input_config"][0] == "INT"
    assert "STRING" in error.only(added.id)["details"]
    assert "INT" in error.only(added.id)["details"]


def test_a_link_to_an_output_that_is_not_there(client: Client, graph: Graph) -> None:
    value = graph.add("ProbeInt", value=1)
    added = graph.add("ProbeAdd", a=value.out(4), b=1)
    graph.show(added)
    error = refused(client, graph)
    assert error.error["type"] == "prompt_outputs_failed_validation"
    assert added.id in error.node_errors


def test_a_link_to_a_node_that_is_not_there(client: Client, graph: Graph) -> None:
    added = graph.add("ProbeAdd", a=["nobody", 0], b=1)
    graph.show(added)
    assert refused(client, graph).error["type"] in ("prompt_outputs_failed_validation", "invalid_prompt")


@pytest.mark.parametrize(
    ("class_type", "inputs", "kind", "name", "received"),
    [
        ("ProbeSmall", {"value": 0}, "value_smaller_than_min", "value", 0),
        ("ProbeSmall", {"value": 10}, "value_bigger_than_max", "value", 10),
        ("ProbeFloat", {"value": -0.5}, "value_smaller_than_min", "value", -0.5),
        ("ProbeFloat", {"value": 10.5}, "value_bigger_than_max", "value", 10.5),
        ("ProbeInt", {"value": "seven"}, "invalid_input_type", "value", "seven"),
        ("ProbeFloat", {"value": "much"}, "invalid_input_type", "value", "much"),
        ("ProbeInt", {"value": None}, "invalid_input_type", "value", None),
        ("ProbeChoice", {"colour": "pink"}, "value_not_in_list", "colour", "pink"),
        ("ProbeChoice", {"colour": "red", "size": "huge"}, "value_not_in_list", "size", "huge"),
    ],
)
def test_values_out_of_bounds(
    client: Client, graph: Graph, class_type: str, inputs: dict[str, object], kind: str, name: str, received: object
) -> None:
    node = graph.add(class_type, **inputs)
    graph.show(node)
    error = refused(client, graph)
    assert error.kinds(node.id) == [kind]
    extra = error.only(node.id)["extra_info"]
    assert extra["input_name"] == name
    assert extra["received_value"] == received
    assert "input_config" in extra


def test_bounds_belong_to_the_values(client: Client, graph: Graph) -> None:
    for value in (1, 9):
        graph.show(graph.add("ProbeSmall", value=value))
    assert client.run(graph).succeeded


def test_an_error_has_four_parts(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSmall", value=0)
    graph.show(node)
    error = refused(client, graph)
    for part in (error.error, error.only(node.id)):
        assert set(part) == {"type", "message", "details", "extra_info"}
        assert part["message"]


def test_all_errors_at_once(client: Client, graph: Graph) -> None:
    small, added = graph.add("ProbeSmall", value=0), graph.add("ProbeAdd", a="x", b="y")
    graph.show(small)
    graph.show(added)
    error = refused(client, graph)
    assert error.kinds(small.id) == ["value_smaller_than_min"]
    assert error.kinds(added.id) == ["invalid_input_type"] * 2


def test_two_targets_behind_one_error(client: Client, graph: Graph) -> None:
    small = graph.add("ProbeSmall", value=0)
    targets = [graph.show(small), graph.show(small)]
    error = refused(client, graph)
    assert error.kinds(small.id) == ["value_smaller_than_min"]
    assert sorted(error.node_errors[small.id]["dependent_outputs"]) == sorted(target.id for target in targets)


def test_a_valid_target_beside_an_invalid_one(client: Client, graph: Graph) -> None:
    value = fresh()
    good = graph.show(graph.add("ProbeInt", value=value))
    small = graph.add("ProbeSmall", value=0)
    bad = graph.show(small)
    run = client.run(graph)
    assert run.shown(good) == [value]
    assert bad.id not in run.ran
    assert list(run.answer["node_errors"]) == [small.id]
    assert run.answer["node_errors"][small.id]["errors"][0]["type"] == "value_smaller_than_min"
    item = client.history(run.prompt_id)["prompt"]
    assert item[4] == [good.id]


def cycle_of_two(graph: Graph) -> tuple[Made, Made]:
    first = graph.add("ProbeAdd", a=["2", 0], b=1)
    second = graph.add("ProbeAdd", a=first, b=1)
    return first, second


def test_a_cycle(client: Client, graph: Graph) -> None:
    first, second = cycle_of_two(graph)
    target = graph.show(second)
    error = refused(client, graph)
    assert error.error["type"] == "prompt_outputs_failed_validation"
    kinds = [kind for node_id in error.node_errors for kind in error.kinds(node_id)]
    assert "dependency_cycle" in kinds
    assert set(error.node_errors) & {first.id, second.id, target.id}


def test_a_node_that_takes_itself(client: Client, graph: Graph) -> None:
    looped = graph.add("ProbeAdd", a=["1", 0], b=1)
    graph.show(looped)
    error = refused(client, graph)
    assert "dependency_cycle" in [kind for node_id in error.node_errors for kind in error.kinds(node_id)]


def test_a_cycle_that_one_target_needs(client: Client, graph: Graph) -> None:
    """The other target runs."""
    value = fresh()
    _, second = cycle_of_two(graph)
    graph.show(second)
    good = graph.show(graph.add("ProbeInt", value=value))
    run = client.run(graph)
    assert run.shown(good) == [value]
    assert run.answer["node_errors"]


def test_a_cycle_that_no_target_needs(client: Client, graph: Graph) -> None:
    cycle_of_two(graph)
    value = fresh()
    good = graph.show(graph.add("ProbeInt", value=value))
    assert client.run(graph).shown(good) == [value]


def test_a_long_cycle(client: Client, graph: Graph) -> None:
    length = 3000
    for index in range(length):
        graph.add("ProbeAdd", a=[str((index - 1) % length + 1), 0] if index else [str(length), 0], b=1)
    graph.show([str(length), 0])
    assert refused(client, graph).error["type"] == "prompt_outputs_failed_validation"


def test_literals_are_coerced(client: Client, graph: Graph) -> None:
    kinds = graph.add("ProbeKinds", whole="12", real="1.5", text=7, truth=1)
    run = client.run(graph)
    assert run.outputs[kinds.id]["kinds"] == ["int", "float", "str", "bool"]
    assert run.outputs[kinds.id]["text"] == ["7"]


def test_a_float_for_an_int_and_an_int_for_a_float(client: Client, graph: Graph) -> None:
    kinds = graph.add("ProbeKinds", whole=12.0, real=3, text="", truth=False)
    assert client.run(graph).outputs[kinds.id]["kinds"] == ["int", "float", "str", "bool"]


def test_unknown_literals_are_ignored(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeInt", value=value, was_here_once="yes"))
    assert client.run(graph).shown(shown) == [value]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"", b'{"prompt": 5}', b'{"prompt": {"1": 5}}'])
def test_bodies_that_are_no_prompt(client: Client, body: bytes) -> None:
    answer = client.request("POST", "/prompt", body, {"Content-Type": "application/json"})
    assert 400 <= answer.status < 500


def test_a_refused_prompt_leaves_no_trace(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeSmall", value=0))
    before = client.get("/history").json.keys()
    refused(client, graph)
    queue = client.get("/queue").json
    assert (queue["queue_running"], queue["queue_pending"]) == ([], [])
    assert client.get("/history").json.keys() == before
