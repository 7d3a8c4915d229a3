"""A graph handed in over HTTP is run, and what happens is told as the protocol has it."""

import asyncio
import json
import struct
import uuid
from typing import Any

import pytest

from tests.doubles import entry

SUM = {
    "1": entry("Constant", value=4),
    "2": entry("Add", a=["1", 0], b=3),
    "3": entry("Show", value=["2", 0]),
}
PROGRESS = {
    "1": entry("Constant"),
    "2": entry("ShowProgress", value=["1", 0], steps=3),
    "3": entry("Show", value=["2", 0]),
}


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


def types(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages if message["type"] != "progress_state"]


async def test_the_answer_and_the_messages_of_a_run(site):
    listener = await site.listen()
    answer = await site.queue(SUM, client_id=listener.id)
    assert answer["node_errors"] == {} and answer["number"] == 1
    messages = await listener.until_left(answer["prompt_id"])
    kinds = types(messages)
    assert kinds[:2] == ["execution_start", "execution_cached"]
    assert kinds[-2:] == ["execution_success", "executing"]
    executed = [message["data"] for message in messages if message["type"] == "executed"]
    assert executed == [{"node": "3", "display_node": "3", "output": {"text": ["7"]}, "prompt_id": answer["prompt_id"]}]


async def test_a_repeated_prompt_runs_nothing_and_still_ends_with_node_null(site):
    await site.run(SUM)
    listener = await site.listen()
    answer = await site.queue(SUM, client_id=listener.id)
    messages = await listener.until_left(answer["prompt_id"])
    cached = next(message["data"] for message in messages if message["type"] == "execution_cached")
    assert set(cached["nodes"]) == {"1", "2", "3"}
    assert [m["data"]["node"] for m in messages if m["type"] == "executing"] == [None]
    assert [m["data"]["output"] for m in messages if m["type"] == "executed"] == [{"text": ["7"]}]


async def test_history_is_complete_when_the_end_is_told(site):
    listener = await site.listen()
    for number in range(5):
        prompt = {**SUM, "1": {"class_type": "Constant", "inputs": {"value": number}}}
        prompt_id = (await site.queue(prompt, client_id=listener.id))["prompt_id"]
        await listener.until(lambda message: message["type"] == "execution_success")
        history = await site.get(f"/history/{prompt_id}")
        assert history[prompt_id]["status"]["completed"] is True
        assert history[prompt_id]["outputs"] == {"3": {"text": [str(number + 3)]}}


async def test_the_form_of_a_history_item(site):
    prompt_id = str(uuid.uuid4())
    item = await site.run(
        SUM,
        client_id="me",
        prompt_id=prompt_id,
        extra_data={"extra_pnginfo": {"workflow": {"id": "w"}}, "api_key_comfy_org": "secret"},
    )
    number, its_id, prompt, extra, targets = item["prompt"]
    assert (number, its_id, prompt, targets) == (1, prompt_id, SUM, ["3"])
    assert extra["client_id"] == "me" and extra["extra_pnginfo"] == {"workflow": {"id": "w"}}
    assert "secret" not in json.dumps(item)
    assert item["meta"] == {"3": {"node_id": "3", "display_node": "3", "parent_node": None, "real_node_id": "3"}}
    assert item["status"]["status_str"] == "success"
    assert [kind for kind, _ in item["status"]["messages"]] == [
        "execution_start", "execution_cached", "execution_success",
    ]  # fmt: skip


async def test_history_is_empty_until_the_job_ends(site):
    answer = await site.queue(sleeping(0.5))
    assert await site.get(f"/history/{answer['prompt_id']}") == {}
    queue = await site.get("/queue")
    assert [item[1] for item in queue["queue_running"] + queue["queue_pending"]] == [answer["prompt_id"]]


@pytest.mark.parametrize("flags", [None, {"supports_preview_metadata": True}])
async def test_previews_in_the_form_a_client_understands(site, flags):
    listener = await site.listen()
    if flags is not None:
        await listener.socket.send_json({"type": "feature_flags", "data": flags})
        told = await listener.until(lambda message: message["type"] == "feature_flags")
        assert told["data"]["supports_preview_metadata"] is True and told["data"]["max_upload_size"] > 0
    prompt_id = (await site.queue(PROGRESS, client_id=listener.id))["prompt_id"]
    messages = await listener.until_left(prompt_id)
    steps = [message["data"] for message in messages if message["type"] == "progress"]
    assert [(step["value"], step["max"], step["node"]) for step in steps] == [(1, 3, "2"), (2, 3, "2"), (3, 3, "2")]
    assert listener.binary
    frame = listener.binary[0]
    if flags is None:
        assert struct.unpack(">II", frame[:8]) == (1, 1) and frame[8:10] == b"\xff\xd8"
    else:
        kind, length = struct.unpack(">II", frame[:8])
        about = json.loads(frame[8 : 8 + length])
        assert kind == 4 and frame[8 + length :][:2] == b"\xff\xd8"
        assert about == {
            "node_id": "2", "display_node_id": "2", "parent_node_id": None, "real_node_id": "2",
            "prompt_id": prompt_id, "image_type": "image/jpeg",
        }  # fmt: skip


async def test_an_error_in_a_node(site):
    listener = await site.listen()
    prompt = {
        "1": entry("Constant"),
        "2": entry("Fail", value=["1", 0], text="the lamp is out"),
        "3": entry("Show", value=["2", 0]),
    }
    prompt_id = (await site.queue(prompt, client_id=listener.id))["prompt_id"]
    messages = await listener.until_left(prompt_id)
    data = next(message["data"] for message in messages if message["type"] == "execution_error")
    assert data["node_id"] == "2" and data["node_type"] == "Fail" and data["executed"] == ["1"]
    assert data["exception_type"] == "ValueError" and data["exception_message"] == "the lamp is out"
    assert any("doubles.py" in line for line in data["traceback"])
    assert data["current_inputs"] == {"value": [1], "text": ["the lamp is out"]}
    item = (await site.get(f"/history/{prompt_id}"))[prompt_id]
    assert item["status"]["status_str"] == "error" and item["status"]["completed"] is False
    assert item["status"]["messages"][-1][0] == "execution_error"


async def test_unknown_node_type(site):
    answer = await site.http.post("/prompt", json={"prompt": {"1": {"class_type": "NoSuchNode", "inputs": {}}}})
    body = await answer.json()
    assert answer.status == 400 and body["error"]["type"] == "missing_node_type"
    assert "NoSuchNode" in body["error"]["details"] and body["node_errors"] == {}


async def test_wrong_inputs_are_named_one_by_one(site):
    prompt = {
        "1": {"class_type": "Constant", "inputs": {"value": 1000}},
        "2": {"class_type": "Both", "inputs": {"a": ["1", 0], "b": ["9", 0]}},
        "3": {"class_type": "Show", "inputs": {"value": ["2", 0]}},
        "4": {"class_type": "Show", "inputs": {}},
    }
    answer = await site.http.post("/prompt", json={"prompt": prompt})
    body = await answer.json()
    assert answer.status == 400 and body["error"]["type"] == "prompt_outputs_failed_validation"
    kinds = {node: [error["type"] for error in found["errors"]] for node, found in body["node_errors"].items()}
    assert kinds == {"1": ["value_bigger_than_max"], "2": ["bad_linked_input"], "4": ["required_input_missing"]}
    first = body["node_errors"]["1"]
    assert first["dependent_outputs"] == ["3"] and first["class_type"] == "Constant"
    assert first["errors"][0]["extra_info"]["input_name"] == "value"
    assert first["errors"][0]["extra_info"]["received_value"] == 1000


async def test_a_valid_target_runs_beside_an_invalid_one(site):
    prompt = {**SUM, "4": {"class_type": "Show", "inputs": {}}}
    answer = await site.queue(prompt)
    assert list(answer["node_errors"]) == ["4"]


async def test_chosen_targets_only(site):
    prompt = {**SUM, "4": {"class_type": "Show", "inputs": {"value": ["1", 0]}}}
    item = await site.run(prompt, partial_execution_targets=["4"])
    assert item["outputs"] == {"4": {"text": ["4"]}} and item["prompt"][4] == ["4"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "no_prompt"),
        (b"{}", "no_prompt"),
        (b'{"prompt": ', "invalid_json"),
        (b"[1]", "invalid_json"),
        (b"\xff\xfe\x00", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"prompt": ' + b"[" * 500 + b"]" * 500 + b"}", "invalid_json"),
        (b'{"prompt": 3}', "invalid_prompt"),
        (b'{"prompt": {}}', "prompt_no_outputs"),
        (b'{"prompt": {"1": 3}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"inputs": {}}}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": 7, "inputs": {}}}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": "Show", "inputs": [1]}}}', "invalid_prompt"),
        (b'{"prompt": {"1": {"class_type": "Constant", "inputs": {}}}}', "prompt_no_outputs"),
    ],
)
async def test_what_is_no_prompt_is_refused_in_words(site, body, kind):
    answer = await site.http.post("/prompt", data=body)
    told = await answer.json()
    assert answer.status == 400 and told["error"]["type"] == kind
    assert told["error"]["message"] and told["node_errors"] == {}
    assert (await site.get("/prompt"))["exec_info"]["queue_remaining"] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"prompt_id": "not-a-uuid"},
        {"prompt_id": "123E4567-E89B-12D3-A456-426614174000"},
        {"prompt_id": "{123e4567-e89b-12d3-a456-426614174000}"},
        {"prompt_id": 7},
        {"number": "first"},
        {"number": True},
        {"client_id": ["a"]},
        {"extra_data": "text"},
        {"extra_data": {"extra_pnginfo": ["workflow"]}},
        {"partial_execution_targets": "4"},
    ],
)
async def test_what_stands_beside_a_prompt_is_checked(site, more):
    answer = await site.http.post("/prompt", json={"prompt": SUM, **more})
    assert answer.status == 400
    assert (await answer.json())["error"]["message"]


async def test_the_client_may_name_its_job(site):
    prompt_id = str(uuid.uuid4())
    answer = await site.queue(sleeping(0.3), prompt_id=prompt_id)
    assert answer["prompt_id"] == prompt_id
    again = await site.http.post("/prompt", json={"prompt": SUM, "prompt_id": prompt_id})
    assert again.status == 400


async def test_order_in_the_line(site):
    first = await site.queue(sleeping(0.3, 1))
    await asyncio.sleep(0.1)
    last = await site.queue(sleeping(0, 2))
    numbered = await site.queue(sleeping(0, 3), number=0.5)
    front = await site.queue(sleeping(0, 4), front=True)
    queue = await site.get("/queue")
    assert [item[1] for item in queue["queue_running"]] == [first["prompt_id"]]
    assert [item[1] for item in queue["queue_pending"]] == [
        front["prompt_id"], numbered["prompt_id"], last["prompt_id"],
    ]  # fmt: skip
    assert (await site.get("/prompt"))["exec_info"]["queue_remaining"] == 4
    await site.http.post("/queue", json={"delete": [numbered["prompt_id"], first["prompt_id"]]})
    queue = await site.get("/queue")
    assert [item[1] for item in queue["queue_pending"]] == [front["prompt_id"], last["prompt_id"]]
    assert len(queue["queue_running"]) == 1
    await site.http.post("/queue", json={"clear": True})
    assert (await site.get("/queue"))["queue_pending"] == []


async def test_a_chain_of_20_000_nodes(process_site):
    count = 20_000
    prompt: dict[str, Any] = {"0": entry("Constant", value=0)}
    prompt |= {str(index): entry("Add", a=[str(index - 1), 0], b=1) for index in range(1, count - 1)}
    prompt[str(count - 1)] = entry("Show", value=[str(count - 2), 0])
    listener = await process_site.listen()
    prompt_id = (await process_site.queue(prompt, client_id=listener.id))["prompt_id"]
    await listener.until(lambda m: m["type"] == "execution_success", timeout_s=60)
    item = (await process_site.get(f"/history/{prompt_id}"))[prompt_id]
    assert item["outputs"] == {str(count - 1): {"text": [str(count - 2)]}}
