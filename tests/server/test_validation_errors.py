"""Every way in which a prompt can be wrong is answered as the protocol has it (PROTOCOL.md, section 5)."""

import io
import json
import time
from typing import Any

import pytest

from engine.wire import prompt as wire_prompt
from engine.worker import ProcessWorker, WorkerSetup
from tests.doubles import entry

ONE = {"class_type": "Constant", "inputs": {"value": 1}}
SHOW = {"class_type": "Show", "inputs": {"value": ["1", 0]}}


def constant(value: Any) -> dict[str, Any]:
    return {"1": {"class_type": "Constant", "inputs": {"value": value}}, "2": SHOW}


def adding(**inputs: Any) -> dict[str, Any]:
    return {"1": ONE, "2": {"class_type": "Add", "inputs": inputs}, "3": {**SHOW, "inputs": {"value": ["2", 0]}}}


def large(prompt: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO(json.dumps({"prompt": prompt}).encode())


# prompt, the node, its error's type, its input, what extra_info holds besides input_name and input_config
PER_INPUT: list[tuple[dict[str, Any], str, str, str, dict[str, Any]]] = [
    (constant(-101), "1", "value_smaller_than_min", "value", {"received_value": -101}),
    (constant(101), "1", "value_bigger_than_max", "value", {"received_value": 101}),
    (constant("many"), "1", "invalid_input_type", "value", {"received_value": "many"}),
    (constant(None), "1", "invalid_input_type", "value", {"received_value": None}),
    (constant({}), "1", "invalid_input_type", "value", {"received_value": {}}),
    (constant([1, 2, 3]), "1", "bad_linked_input", "value", {"received_value": [1, 2, 3]}),
    (constant(["1", True]), "1", "bad_linked_input", "value", {"received_value": ["1", True]}),
    (constant({"__value__": ["1", 0]}), "1", "bad_linked_input", "value", {"received_value": ["1", 0]}),
    (adding(b=1), "2", "required_input_missing", "a", {}),
    (adding(a=7), "2", "invalid_input_type", "a", {"received_value": 7}),
    (adding(a=["1", True]), "2", "bad_linked_input", "a", {"received_value": ["1", True]}),
    (adding(a=[True, 0]), "2", "bad_linked_input", "a", {"received_value": [True, 0]}),
    (adding(a=["1", 1.0]), "2", "bad_linked_input", "a", {"received_value": ["1", 1.0]}),
    (adding(a=["1"]), "2", "bad_linked_input", "a", {"received_value": ["1"]}),
    (adding(a=["9", 0]), "2", "bad_linked_input", "a", {"received_value": ["9", 0]}),
    (adding(a=["1", 1]), "2", "bad_linked_input", "a", {"received_value": ["1", 1]}),
    (adding(a=["1", -1]), "2", "bad_linked_input", "a", {"received_value": ["1", -1]}),
    (adding(a=["1", 2**80]), "2", "bad_linked_input", "a", {"received_value": ["1", 2**80]}),
    (adding(a=["\ud800", 0]), "2", "bad_linked_input", "a", {"received_value": ["\ud800", 0]}),
    (
        {"1": ONE, "2": {"class_type": "Show", "inputs": {"value": ["3", 0]}}, "3": entry("ReturnText")},
        "2", "return_type_mismatch", "value", {"received_type": "STRING", "linked_node": ["3", 0]},
    ),
    (
        {"1": ONE, "2": SHOW, "3": {"class_type": "ChooseModel", "inputs": {"name": "none", "mode": "c"}}},
        "3", "value_not_in_list", "name", {"received_value": "none"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "node", "kind", "name", "facts"), PER_INPUT)
async def test_what_is_wrong_with_an_input(site, prompt, node, kind, name, facts):
    answer = await site.http.post("/prompt", json={"prompt": prompt})
    body = await answer.json()
    found = body["node_errors"][node]
    error = found["errors"][0]
    assert (error["type"], error["extra_info"]["input_name"]) == (kind, name)
    assert error["message"] and name in error["details"]
    assert {key: error["extra_info"].get(key) for key in facts} == facts
    assert set(error["extra_info"]) == {"input_name", "input_config", *facts}
    config = error["extra_info"]["input_config"]
    assert isinstance(config[0], str) and isinstance(config[1], dict)
    assert found["class_type"] == prompt[node]["class_type"]
    targets = [key for key, value in prompt.items() if value["class_type"] in ("Show", "ChooseModel")]
    assert found["dependent_outputs"] and set(found["dependent_outputs"]) <= set(targets)
    whole = set(targets) == set(found["dependent_outputs"])
    assert answer.status == (400 if whole else 200)
    if whole:
        assert body["error"]["type"] == "prompt_outputs_failed_validation" and body["error"]["extra_info"] == {}
    else:
        assert body["prompt_id"]


# body, the error's type, what extra_info holds
AT_THE_TOP: list[tuple[Any, str, dict[str, Any]]] = [
    ({}, "no_prompt", {}),
    ({"prompt": None}, "no_prompt", {}),
    ({"prompt": []}, "invalid_prompt", {}),
    ({"prompt": "text"}, "invalid_prompt", {}),
    ({"prompt": {}}, "prompt_no_outputs", {}),
    ({"prompt": {"1": ONE}}, "prompt_no_outputs", {}),
    ({"prompt": {"1": None}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"1": {"inputs": {}}}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"1": {"class_type": None}}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"1": {"class_type": ["Show"]}}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"1": {**ONE, "inputs": []}}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"1": {**ONE, "inputs": "a"}}}, "invalid_prompt", {"node_id": "1", "node_title": ""}),
    ({"prompt": {"x" * 1001: ONE}}, "invalid_prompt", {"node_id": "x" * 1000, "node_title": ""}),
    (
        {"prompt": {"5": {"class_type": "NoSuch", "_meta": {"title": "Mine"}}}},
        "missing_node_type",
        {"node_id": "5", "class_type": "NoSuch", "node_title": "Mine"},
    ),
    ({"prompt": {"1": ONE, "2": SHOW}, "partial_execution_targets": []}, "prompt_no_outputs", {}),
    ({"prompt": {"1": ONE, "2": SHOW}, "partial_execution_targets": ["1"]}, "prompt_no_outputs", {}),
    ({"prompt": {"1": ONE, "2": SHOW}, "partial_execution_targets": ["nowhere"]}, "prompt_no_outputs", {}),
    ({"prompt": {"1": ONE, "2": SHOW}, "prompt_id": "x"}, "invalid_prompt_id", {}),
]


@pytest.mark.parametrize(("body", "kind", "facts"), AT_THE_TOP)
async def test_what_is_wrong_with_a_prompt(site, body, kind, facts):
    answer = await site.http.post("/prompt", json=body)
    told = await answer.json()
    assert answer.status == 400 and told["node_errors"] == {}
    assert told["error"]["type"] == kind and told["error"]["message"]
    assert told["error"]["extra_info"] == facts
    assert (await site.get("/prompt"))["exec_info"]["queue_remaining"] == 0


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("NaN", "invalid_input_type"),
        ("Infinity", "invalid_input_type"),
        ("-Infinity", "invalid_input_type"),
        ("1e999", "invalid_input_type"),
        ("1e300", "value_bigger_than_max"),
    ],
)
async def test_numbers_that_json_has_not(site, number, kind):
    text = json.dumps({"prompt": constant("THE NUMBER")}).replace('"THE NUMBER"', number)
    answer = await site.http.post("/prompt", data=text.encode())
    body = await answer.json()
    assert answer.status == 400 and body["node_errors"]["1"]["errors"][0]["type"] == kind


async def test_numbers_of_too_many_digits(site):
    body = b'{"prompt": {"1": {"class_type": "Constant", "inputs": {"value": ' + b"9" * 5000 + b"}}}}"
    answer = await site.http.post("/prompt", data=body)
    assert answer.status == 400 and (await answer.json())["error"]["type"] == "invalid_json"


async def test_of_a_name_that_stands_twice_the_last_one_counts(site):
    first, last = json.dumps(constant(1)["1"]), json.dumps(constant(2)["1"])
    body = f'{{"prompt": {{"1": {first}, "1": {last}, "2": {json.dumps(SHOW)}}}}}'
    answer = await site.http.post("/prompt", data=body.encode())
    assert answer.status == 200
    queue = await site.get("/queue")
    waiting = [item[2] for item in (*queue["queue_pending"], *queue["queue_running"])]
    history = [item["prompt"][2] for item in (await site.get("/history")).values()]
    assert (*waiting, *history)[0]["1"]["inputs"] == {"value": 2}


async def test_a_circle_is_named_on_the_nodes_that_form_it(site):
    nodes = {
        "1": ONE,
        "a": {"class_type": "Add", "inputs": {"a": ["b", 0]}},
        "b": {"class_type": "Both", "inputs": {"a": ["1", 0], "b": ["a", 0]}},
        "behind": {"class_type": "Show", "inputs": {"value": ["a", 0]}},
        "apart": SHOW,
    }
    answer = await site.http.post("/prompt", json={"prompt": nodes})
    body = await answer.json()
    assert answer.status == 200 and set(body["node_errors"]) == {"a", "b"}  # "apart" runs all the same
    for found in body["node_errors"].values():
        assert [error["type"] for error in found["errors"]] == ["dependency_cycle"]
        assert found["dependent_outputs"] == ["behind"]
        assert "a" in found["errors"][0]["details"] and "->" in found["errors"][0]["details"]
    alone = {"a": {"class_type": "Add", "inputs": {"a": ["a", 0]}}, "x": entry("Show", value=["a", 0])}
    refused = await (await site.http.post("/prompt", json={"prompt": alone})).json()
    assert {node: [error["type"] for error in found["errors"]] for node, found in refused["node_errors"].items()} == {
        "a": ["dependency_cycle"]
    }


async def test_large_graphs_that_are_circles_or_have_one_fault_or_one_in_each_node(site):
    count = 20_000
    links = {str(i): {"class_type": "Add", "inputs": {"a": [str(i - 1), 0], "b": 1}} for i in range(1, count)}
    end = {"end": {"class_type": "Show", "inputs": {"value": [str(count - 1), 0]}}}
    circle = {"0": {"class_type": "Add", "inputs": {"a": [str(count - 1), 0]}}, **links, **end}
    started = time.process_time()
    body = await (await site.http.post("/prompt", data=large(circle))).json()
    assert body["error"]["type"] == "prompt_outputs_failed_validation" and len(body["node_errors"]) == count
    chain = {"0": constant(999)["1"], **links, **end}
    body = await (await site.http.post("/prompt", data=large(chain))).json()
    assert {node: found["dependent_outputs"] for node, found in body["node_errors"].items()} == {"0": ["end"]}
    faulty = {node: {**links[node], "inputs": {"a": [str(int(node) - 1), 0], "b": "x"}} for node in list(links)[:1999]}
    chain = {"0": ONE, **faulty, "end": entry("Show", value=["1999", 0])}
    body = await (await site.http.post("/prompt", data=large(chain))).json()
    assert len(body["node_errors"]) == 1999 and body["node_errors"]["1"]["dependent_outputs"] == ["end"]
    assert time.process_time() - started < 20  # of computing, whoever else does


async def test_a_million_nodes_are_refused_in_words_and_quickly(site):
    nodes = b",".join(b'"%d": {"class_type": "Constant", "inputs": {}}' % number for number in range(10**6))
    body = b'{"prompt": {' + nodes + b"}}"
    started = time.process_time()
    answer = await site.http.post("/prompt", data=io.BytesIO(body))
    told = await answer.json()
    assert answer.status == 400 and time.process_time() - started < 3
    assert "1000000 nodes" in told["error"]["details"] and str(wire_prompt.MOST_NODES) in told["error"]["details"]


async def test_a_body_over_the_limit_is_refused_in_words(open_site):
    site = await open_site("--max-upload-size", "0.01")
    answer = await site.http.post("/prompt", data=b"x" * 50_000)
    told = await answer.json()
    assert answer.status == 413 and told["error"]["type"] == "prompt_too_large"
    assert "--max-upload-size" in told["error"]["message"] and told["node_errors"] == {}


async def test_partial_execution(site):
    prompt = {"1": ONE, "2": SHOW, "3": entry("Show", value=["4", 0]), "4": constant(999)["1"]}
    answer = await site.queue(prompt, partial_execution_targets=["2", "nowhere", "1"])
    assert answer["node_errors"] == {}  # what is wrong elsewhere is none of this run's business
    item = await site.run(prompt, partial_execution_targets=["2"])
    assert item["prompt"][4] == ["2"] and set(item["outputs"]) == {"2"}
    refused = await site.http.post("/prompt", json={"prompt": prompt, "partial_execution_targets": ["3"]})
    assert refused.status == 400 and list((await refused.json())["node_errors"]) == ["4"]


PACK = """
class Judge:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"min": 0, "max": 5}), "other": ("INT", {})}}

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        if value == 13:
            raise RuntimeError("no thirteens")
        return True if value < 10 else "too much"

    def run(self, value, other):
        return (value,)

class Take:
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"forceInput": True})}}

    def run(self, value):
        return {"ui": {"text": [str(value)]}}

NODE_CLASS_MAPPINGS = {"Judge": Judge, "Take": Take}
"""


async def test_what_a_packs_own_check_says(open_site, tmp_path):
    (tmp_path / "custom_nodes").mkdir()
    (tmp_path / "custom_nodes" / "judges.py").write_text(PACK)

    def with_packs(options: Any, places: Any, log_book: Any, number: int) -> ProcessWorker:
        setup = WorkerSetup(places, equipment="tests.doubles:equip_with_packs")
        return ProcessWorker(setup, echo=log_book.worker_printed)

    site = await open_site(make_worker=with_packs)

    async def errors(value: int) -> dict[str, list[dict[str, Any]]]:
        nodes = {
            "1": {"class_type": "Judge", "inputs": {"value": value, "other": 1}},
            "2": {"class_type": "Take", "inputs": {"value": ["1", 0]}},
        }
        body = await (await site.http.post("/prompt", json={"prompt": nodes})).json()
        return {node: found["errors"] for node, found in body["node_errors"].items()}

    assert await errors(9) == {}  # what a check names is not checked against its limits
    (said,) = (await errors(11))["1"]
    assert (said["type"], said["details"]) == ("custom_validation_failed", "too much")
    assert said["extra_info"]["input_name"] == "value" and said["extra_info"]["received_value"] == 11
    raised = await errors(13)
    assert [error["type"] for error in raised["1"]] == ["exception_during_validation"]
    assert "no thirteens" in raised["1"][0]["details"]
    (inner,) = raised["2"]
    assert inner["type"] == "exception_during_inner_validation"
    assert inner["extra_info"]["input_name"] == "value" and inner["extra_info"]["linked_node"] == ["1", 0]
