"""Packs over HTTP: their node types are known, checked in the worker, and run."""

import shutil
from pathlib import Path

import pytest

from engine.worker import ProcessWorker, WorkerSetup

FEATURES = Path(__file__).parents[1] / "packs" / "pack_of_every_feature.py"


def with_packs(options, places, log_book, number):
    setup = WorkerSetup(places, equipment="tests.doubles:equip_with_packs", number=number)
    return ProcessWorker(setup, echo=log_book.worker_printed)


@pytest.fixture
async def site(open_site, tmp_path):
    (tmp_path / "custom_nodes").mkdir()
    shutil.copy(FEATURES, tmp_path / "custom_nodes" / "features.py")
    (tmp_path / "custom_nodes" / "broken.py").write_text("import no_such_library")
    return await open_site(make_worker=with_packs)


def checked(**inputs):
    return {
        "1": {"class_type": "Checked", "inputs": {"value": 1, "mode": "a", **inputs}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }


async def test_a_prompt_that_comes_before_the_packs_are_loaded_waits_for_them(site):
    history = await site.run(checked())
    assert history["outputs"] == {"2": {"text": ["1"]}}


async def test_object_info_describes_the_packs_nodes(site):
    info = await site.get("/object_info")
    number = info["Number"]
    assert number["input"]["required"]["value"] == [
        "INT",
        {"default": 1, "min": 0, "max": 100, "tooltip": "the number"},
    ]
    assert (number["display_name"], number["python_module"]) == ("A number", "custom_nodes.features")
    assert number["output_name"] == ["number"]
    assert info["Checked"]["input"]["required"]["mode"][0] == ["a", "b"]
    assert info["Hidden"]["input"]["hidden"]["me"] == "UNIQUE_ID"
    assert info["Switch"]["input"]["required"]["on_true"] == ["*", {"lazy": True}]
    assert "Constant" in info


async def test_a_pack_that_fails_to_load_is_in_the_log(site):
    await site.get("/object_info")
    log = await (await site.http.get("/internal/logs")).text()
    assert "no_such_library" in log


async def test_a_nodes_own_check_is_made_in_the_worker(site):
    assert (await site.run(checked(value=9)))["outputs"] == {"2": {"text": ["9"]}}
    answer = await site.http.post("/prompt", json={"prompt": checked(value=13)})
    body = await answer.json()
    assert answer.status == 400
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    (error,) = body["node_errors"]["1"]["errors"]
    assert (error["type"], error["details"]) == ("custom_validation_failed", "13 is out")
    assert body["node_errors"]["1"]["dependent_outputs"] == ["2"]


async def test_a_blocked_node_is_told_to_the_client_and_the_run_succeeds(site):
    listener = await site.listen()
    nodes = {"1": {"class_type": "Block", "inputs": {"value": 1, "message": "stop here"}}, "2": checked()["2"]}
    answer = await site.queue(nodes, client_id=listener.id)
    messages = await listener.until_left(answer["prompt_id"])
    errors = [message["data"] for message in messages if message["type"] == "execution_error"]
    assert [(error["node_id"], error["exception_message"]) for error in errors] == [
        ("2", "Execution Blocked: stop here")
    ]
    assert messages[-2]["type"] == "execution_success"
