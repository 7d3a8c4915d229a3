"""Schema-style nodes (comfy_api) do all that class-style ones do."""

from pathlib import Path

import pytest

from tests.protocol.client import Client, Graph, Refused, fresh


def test_how_it_is_told(client: Client) -> None:
    node = client.get("/object_info/ProbeSchemaSum").json["ProbeSchemaSum"]
    assert node["display_name"] == "Probe: sum by schema"
    assert node["category"] == "probe/schema"
    assert node["description"] == "Adds up."
    assert node["input"]["required"]["a"][0] == "INT"
    assert node["input"]["required"]["a"][1].items() >= {"default": 1, "min": 0, "max": 100}.items()
    assert node["input"]["required"]["a"][1]["tooltip"] == "the first"
    assert node["input"]["optional"]["b"][0] == "INT"
    assert node["output"] == ["INT"]
    assert node["output_name"] == ["sum"]
    assert node["python_module"] == "custom_nodes.probe_schema"


def test_widgets_are_told(client: Client) -> None:
    node = client.get("/object_info/ProbeSchemaWidgets").json["ProbeSchemaWidgets"]
    inputs = node["input"]["required"]
    assert [inputs[name][0] for name in ("real", "text", "truth")] == ["FLOAT", "STRING", "BOOLEAN"]
    assert inputs["text"][1]["multiline"] is True
    assert inputs["truth"][1].items() >= {"default": True, "label_on": "yes", "label_off": "no"}.items()
    kind, options = inputs["choice"]
    assert (options["options"] if kind == "COMBO" else kind) == ["north", "south"]
    assert options["default"] == "south"
    assert node["output_node"] is True


def test_it_runs(client: Client, graph: Graph) -> None:
    shown = [graph.show(graph.add("ProbeSchemaSum", a=3, b=4)), graph.show(graph.add("ProbeSchemaSum", a=3))]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[7], [1003]]


def test_it_is_cached(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeSchemaWait", value=fresh()))
    client.run(graph)
    assert client.run(graph).ran == []


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [({"a": 101}, "value_bigger_than_max"), ({"a": "x"}, "invalid_input_type"), ({}, "required_input_missing")],
)
def test_its_inputs_are_checked(client: Client, graph: Graph, inputs: dict[str, object], kind: str) -> None:
    node = graph.add("ProbeSchemaSum", **inputs)
    graph.show(node)
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.kinds(node.id) == [kind]


def test_widgets_arrive(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSchemaWidgets", real=0.25, text="hear", truth=False, choice="north")
    assert client.run(graph).outputs[node.id] == {"said": ["0.25 hear False north"]}


def test_a_choice_that_is_none(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSchemaWidgets", real=0.25, text="", truth=False, choice="up")
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.kinds(node.id) == ["value_not_in_list"]


def test_pictures_and_masks(client: Client, graph: Graph) -> None:
    picture = graph.add("ProbeSchemaPicture", side=12)
    like = graph.add("ProbeSchemaPicture", side=1, like=picture)
    measured = graph.add("ProbeMeasure", image=graph.add("MaskToImage", mask=like.out(1)))
    assert client.run(graph).outputs[measured.id]["shape"] == [1, 12, 12, 3]


def test_a_type_of_ones_own(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeSchemaUseThing", thing=graph.add("ProbeSchemaMakeThing", value=value)))
    assert client.run(graph).shown(shown) == [value]


def test_one_of_two_types(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = [
        graph.show(graph.add("ProbeSchemaEither", number=graph.add("ProbeInt", value=value))),
        graph.show(graph.add("ProbeSchemaEither", number=graph.add("ProbeFloat", value=2.5))),
    ]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[value], [2.5]]


def test_neither_of_two_types(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSchemaEither", number=graph.add("ProbeText", text="x"))
    graph.show(node)
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert caught.value.kinds(node.id) == ["return_type_mismatch"]


def test_lists(client: Client, graph: Graph) -> None:
    lists = graph.add("ProbeSchemaLists", numbers=graph.add("ProbeList", numbers="1,2,3"))
    shown = [graph.show(lists.out(0)), graph.show(lists.out(1))]
    run = client.run(graph)
    assert [run.shown(node) for node in shown] == [[2, 4, 6], [3]]


def test_lazy_inputs(client: Client, graph: Graph) -> None:
    on, off = graph.add("ProbeInt", value=fresh()), graph.add("ProbeInt", value=fresh())
    shown = graph.show(graph.add("ProbeSchemaPick", switch=True, on=on, off=off))
    run = client.run(graph)
    assert run.shown(shown) == [graph[on.id]["inputs"]["value"]]
    assert off.id not in run.ran


def test_its_own_check(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSchemaChecked", value=30)  # over max, which its own check stands in for
    shown = graph.show(node)
    assert client.run(graph).shown(shown) == [30]
    graph[node.id]["inputs"]["value"] = 60
    with pytest.raises(Refused) as caught:
        client.queue(graph)
    assert "value must be under 50" in caught.value.only(node.id)["details"]


def test_its_fingerprint(client: Client, graph: Graph, tmp_path: Path) -> None:
    path = tmp_path / "watched.txt"
    path.write_text("before", encoding="utf-8")
    node = graph.add("ProbeSchemaFile", path=str(path))
    shown = graph.show(node)
    assert client.run(graph).shown(shown) == ["before"]
    assert client.run(graph).ran == []
    path.write_text("after", encoding="utf-8")
    assert client.run(graph).shown(shown) == ["after"]


def test_hidden_inputs(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeSchemaHidden", "4:5", value=fresh())
    run = client.run(graph, extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}})
    assert run.outputs[node.id] == {"me": ["4:5"], "ids": [["4:5"]], "png": [{"workflow": {"id": "w"}}]}


def test_an_expansion(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeSchemaGrow", value=7))
    assert client.run(graph).shown(shown) == [17]


def test_a_block_with_a_message(client: Client, graph: Graph) -> None:
    shown = graph.show(graph.add("ProbeSchemaBlock", value=fresh(), message="no way"))
    run = client.run(graph)
    assert run.error is not None
    assert "no way" in run.error["exception_message"]
    assert shown.id not in run.outputs


def test_async_execute(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeSchemaWait", value=value))
    assert client.run(graph).shown(shown) == [value]


def test_an_error(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeSchemaFail", value=fresh())
    graph.show(failing)
    error = client.run(graph).error
    assert error is not None
    assert (error["node_id"], error["node_type"], error["exception_type"]) == (
        failing.id,
        "ProbeSchemaFail",
        "ArithmeticError",
    )
    node = client.get("/object_info/ProbeSchemaFail").json["ProbeSchemaFail"]
    assert node["deprecated"] is True
    assert node["experimental"] is True


def test_ready_made_answers(client: Client, graph: Graph) -> None:
    text = graph.add("ProbeSchemaShown", text="read me")
    picture = graph.add("ProbeSchemaShown", text="", image=graph.add("ProbeSchemaPicture", side=8))
    run = client.run(graph)
    assert run.outputs[text.id]["text"] in (["read me"], ("read me",))
    (reference,) = run.outputs[picture.id]["images"]
    assert reference["type"] == "temp"
    assert client.get("/view", **reference).headers["content-type"] == "image/png"


def test_a_pinned_version(client: Client, graph: Graph) -> None:
    value = fresh()
    shown = graph.show(graph.add("ProbeSchemaPinned", value=value))
    assert client.run(graph).shown(shown) == [value + 1]
