"""What nine public clients of this protocol were seen to rely on, one test for each line of that list."""

import struct
import uuid
from typing import Any

import aiohttp
import pytest

from engine.execution.events import NodeProgress, Place, PreviewImage
from engine.jobs.bus import JobHappened
from tests.doubles import entry, eventually

SHOWN = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}
SAVED = {"1": entry("Constant", value=5), "2": entry("SaveText", value=["1", 0])}
STEPS = {"1": entry("Constant"), "2": entry("ShowProgress", value=["1", 0]), "3": entry("Show", value=["2", 0])}


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


async def at_work(site: Any, prompt_id: str) -> None:
    await eventually(lambda: any(job.id == prompt_id for job, _ in site.services.dispatcher.at_work("me")))


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_the_routes_that_all_or_some_use_with_and_without_the_prefix(site, prefix, tmp_path):
    socket = await site.http.ws_connect(f"{prefix}/ws?clientId=me")
    assert (await socket.receive_json())["type"] == "status"
    answer = await site.http.post(f"{prefix}/prompt", json={"prompt": SAVED, "client_id": "me"})
    prompt_id = (await answer.json())["prompt_id"]
    await eventually(lambda: site.services.history.get(prompt_id) is not None)
    image = (await site.get(f"{prefix}/history/{prompt_id}"))[prompt_id]["outputs"]["2"]["images"][0]
    assert await (await site.http.get(f"{prefix}/view", params=image)).text() == "5"
    form = aiohttp.FormData({"overwrite": "true", "subfolder": "", "type": "input"})
    form.add_field("image", b"x", filename="a.png")
    assert (await (await site.http.post(f"{prefix}/upload/image", data=form)).json())["name"] == "a.png"
    (tmp_path / "models" / "loras").mkdir(parents=True)
    for path in (
        "/object_info", "/object_info/Show", "/queue", "/history", "/prompt", "/system_stats", "/models",
        "/models/loras", "/embeddings", "/features", "/settings", "/users", "/extensions", "/internal/logs",
        "/internal/folder_paths",
        "/jobs", f"/jobs/{prompt_id}", "/v2/userdata", "/experiment/models", "/openapi.json",
    ):  # fmt: skip
        assert (await site.http.get(prefix + path)).status == 200, path
        assert (await site.http.head(prefix + path)).status == 200, path
    for path in ("/queue", "/interrupt", "/free", "/history"):
        assert (await site.http.post(prefix + path, json={})).status == 200, path
    assert (await site.http.post(f"{prefix}/userdata/workflows%2Fa.json", data=b"{}")).status == 200
    assert await site.get(f"{prefix}/userdata?dir=workflows") == ["a.json"]


async def test_node_null_means_finished_also_when_every_node_was_cached(site):
    listener = await site.listen()
    for _ in range(2):
        prompt_id = (await site.queue(SHOWN, client_id=listener.id))["prompt_id"]
        last = (await listener.until_left(prompt_id))[-1]
        assert last == {"type": "executing", "data": {"node": None, "display_node": None, "prompt_id": prompt_id}}


@pytest.mark.parametrize("end", ["success", "error", "interrupted"])
async def test_history_is_complete_and_the_queue_is_left_before_node_null_goes_out(site, end):
    """What is sent is looked at on its way out: at that moment all must be in place."""
    seen: list[tuple[bool, int]] = []
    send = site.services.clients.receive

    def spy(notice: Any) -> None:
        if type(notice).__name__ == "JobLeft":
            seen.append((site.services.history.get(notice.job.id) is not None, site.services.queue.remaining))
        send(notice)

    site.services.bus._subscribers[:] = [spy]
    listener = await site.listen()
    nodes = {"success": SHOWN, "interrupted": sleeping(30)}.get(end)
    nodes = nodes or {"1": entry("Constant"), "2": entry("Fail", value=["1", 0]), "3": entry("Show", value=["2", 0])}
    prompt_id = (await site.queue(nodes, client_id=listener.id))["prompt_id"]
    if end == "interrupted":
        await listener.until(lambda m: m["type"] == "executing")
        await site.http.post("/interrupt")
    await listener.until_left(prompt_id)
    assert seen == [(True, 0)]
    item = (await site.get(f"/history/{prompt_id}"))[prompt_id]
    assert item["status"]["completed"] is (end == "success")
    assert item["status"]["messages"][-1][0] == f"execution_{end}"


async def test_history_is_empty_until_the_job_ends_and_node_errors_are_always_there(site):
    answer = await site.queue(sleeping(0.2), client_id="me")
    assert answer["node_errors"] == {} and set(answer) == {"prompt_id", "number", "node_errors"}
    await at_work(site, answer["prompt_id"])
    assert await site.get(f"/history/{answer['prompt_id']}") == {}
    refused = await site.http.post("/prompt", json={"prompt": {}})
    assert (await refused.json())["node_errors"] == {}


async def test_a_client_names_its_job_by_a_canonical_uuid(site):
    own = "0b9c7e52-6a0d-4f6e-9a3b-1f6f2d1c8e44"
    assert (await site.queue(SHOWN, prompt_id=own))["prompt_id"] == own
    for odd in (own.upper(), own.replace("-", ""), f"{{{own}}}", f"urn:uuid:{own}", own + "\n", "1", 5, [own]):
        answer = await site.http.post("/prompt", json={"prompt": SHOWN, "prompt_id": odd})
        assert answer.status == 400 and (await answer.json())["error"]["type"] == "invalid_prompt_id", odd


async def test_interrupt_accepts_no_body_an_empty_object_and_an_id_and_hits_no_other_job(site):
    for body in (None, b"", b"{}", b'{"prompt_id": null}', b'{"prompt_id": ""}'):
        prompt_id = (await site.queue(sleeping(30), client_id="me"))["prompt_id"]
        await at_work(site, prompt_id)
        assert (await site.http.post("/interrupt", data=body)).status == 200
        await eventually(lambda: site.services.history.get(prompt_id) is not None)  # noqa: B023
        assert site.services.history.get(prompt_id).outcome.status == "interrupted"
    first = (await site.queue(sleeping(0.3, 1), client_id="me"))["prompt_id"]
    second = (await site.queue(sleeping(0.1, 2), client_id="me"))["prompt_id"]
    await at_work(site, first)
    await site.http.post("/interrupt", json={"prompt_id": second})  # waits: not stopped
    await site.http.post("/interrupt", json={"prompt_id": str(uuid.uuid4())})
    await at_work(site, second)
    await site.http.post("/interrupt", json={"prompt_id": first})  # is over: the next one is not stopped
    await eventually(lambda: not site.services.queue.remaining)
    assert [site.services.history.get(job).outcome.status for job in (first, second)] == ["success", "success"]


async def test_whoever_connects_again_under_its_id_gets_the_messages_again(site):
    first = await site.listen("me")
    prompt_id = (await site.queue(sleeping(0.3), client_id="me"))["prompt_id"]
    await at_work(site, prompt_id)
    await first.socket.close()
    again = await site.listen("me")
    kinds = [m["type"] for m in await again.until_left(prompt_id) if m["type"] != "progress_state"]
    assert kinds == ["executing", "executing", "executed", "execution_success", "executing"]


@pytest.mark.parametrize(("form", "number"), [("JPEG", 1), ("PNG", 2)])
async def test_a_preview_is_jpeg_and_a_final_picture_png_in_frames_of_kind_1(site, form, number):
    listener = await site.listen("me")
    job = type("SomeJob", (), {"id": "j", "client": "me", "user": ""})()
    for step in range(3):
        picture = PreviewImage(form, str(step).encode())
        site.services.bus.publish(JobHappened(job, NodeProgress("j", Place.of("1"), step, 3, picture)))
    await listener.until_left((await site.queue(SHOWN, client_id="me"))["prompt_id"])
    assert {struct.unpack(">II", frame[:8]) for frame in listener.binary} == {(1, number)}
    assert [frame[8:] for frame in listener.binary] == ([b"0", b"1", b"2"] if form == "PNG" else [b"2"])


async def test_feature_flags_come_first_and_start_and_cached_before_all_else(site):
    listener = await site.listen()
    await listener.socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": False}})
    told = await listener.until(lambda m: m["type"] == "feature_flags")
    assert told["data"] == await site.get("/features")
    for cached in ([], ["1", "2", "3"]):
        prompt_id = (await site.queue(STEPS, client_id=listener.id))["prompt_id"]
        messages = await listener.until_left(prompt_id)
        assert [m["type"] for m in messages[:2]] == ["execution_start", "execution_cached"]
        assert sorted(messages[1]["data"]["nodes"]) == cached
        assert all(isinstance(m["data"]["timestamp"], int) for m in messages[:2])
    assert all(struct.unpack(">I", frame[:4]) == (1,) for frame in listener.binary)


async def test_clients_delete_history_after_each_job(site):
    for _ in range(3):
        prompt_id = (await site.run(SHOWN))["prompt"][1]
        assert (await site.http.post("/history", json={"delete": [prompt_id]})).status == 200
        assert await site.get(f"/history/{prompt_id}") == {} and await site.get("/history") == {}


async def test_a_bearer_token_is_no_hindrance_where_there_is_no_login(site):
    headers = {"Authorization": "Bearer a-token"}
    assert (await site.http.get("/queue", headers=headers)).status == 200
    assert (await site.http.post("/prompt", json={"prompt": SHOWN}, headers=headers)).status == 200
    socket = await site.http.ws_connect("/ws?clientId=me", headers=headers)
    assert (await socket.receive_json())["type"] == "status"


# The order of a run's messages


def shape(messages: list[dict[str, Any]]) -> str:
    """Write messages as letters: S(tart) C(ached) N(ode) P(rogress) D(one with ui) E(nd) F(inal executing)."""
    letters = {
        "execution_start": "S", "execution_cached": "C", "progress": "P", "executed": "D", "execution_success": "E",
        "execution_error": "X", "execution_interrupted": "I",
    }  # fmt: skip
    told = (m for m in messages if m["type"] != "progress_state")
    return "".join(
        letters.get(m["type"]) or ("F" if m["data"]["node"] is None else "N") for m in told if m["type"] != "status"
    )


async def test_the_order_of_messages(site):
    listener = await site.listen()

    async def told(nodes: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        listener.messages.clear()
        return await listener.until_left((await site.queue(nodes, client_id=listener.id, **more))["prompt_id"])

    first = await told(STEPS)
    assert shape(first) == "SCNNPPPNDEF"
    assert [m["data"]["node"] for m in first if m["type"] == "executing"] == ["1", "2", "3", None]
    again = await told(STEPS)
    assert shape(again) == "SCDEF"
    assert again[2]["data"] == {
        "node": "3", "display_node": "3", "output": {"text": ["1"]}, "prompt_id": again[0]["data"]["prompt_id"],
    }  # fmt: skip
    further = await told({**STEPS, "4": entry("Show", value=["1", 0])})
    assert shape(further) == "SCDNDEF"
    failing = {"1": STEPS["1"], "2": entry("Fail", value=["1", 0]), "3": entry("Show", value=["2", 0])}
    assert shape(await told(failing)) == "SCNXF"
    ends = [m["type"] for m in listener.messages if m["type"] in ("status", "execution_error", "executing")]
    assert ends[-3:] == ["execution_error", "status", "executing"]


async def test_states_are_told_before_the_end_and_the_last_one_names_what_ended(site):
    listener = await site.listen()
    messages = await listener.until_left((await site.queue(STEPS, client_id=listener.id))["prompt_id"])
    kinds = [m["type"] for m in messages]
    last = len(kinds) - 1 - kinds[::-1].index("progress_state")
    assert last < kinds.index("execution_success")
    ended = {}
    for m in messages:
        if m["type"] == "progress_state":
            ended |= {node: state for node, state in m["data"]["nodes"].items() if state["state"] == "finished"}
    assert set(ended) == {"1", "2", "3"}
    assert ended["2"] == {
        "value": 3, "max": 3, "state": "finished", "node_id": "2", "prompt_id": messages[0]["data"]["prompt_id"],
        "display_node_id": "2", "parent_node_id": None, "real_node_id": "2",
    }  # fmt: skip


async def test_an_interrupted_run_is_told_to_everybody_and_then_ends_for_its_own_client(site):
    asking, other = await site.listen("me"), await site.listen()
    prompt_id = (await site.queue(sleeping(30), client_id="me"))["prompt_id"]
    await at_work(site, prompt_id)
    await site.http.post("/interrupt", json={"prompt_id": prompt_id})
    assert shape(await asking.until_left(prompt_id)) == "SCNIF"
    told = await other.until(lambda m: m["type"] == "execution_interrupted")
    assert {key: told["data"][key] for key in ("prompt_id", "node_id", "node_type", "executed")} == {
        "prompt_id": prompt_id, "node_id": "1", "node_type": "Sleep", "executed": [],
    }  # fmt: skip
