"""What PROTOCOL.md's table of routes says, where the other files here do not already test it."""

import base64
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import BadFile
from engine.execution.events import NodeFailed, Place, RunStarted, RunSucceeded
from engine.execution.outcome import NodeError, Outcome, RunRequest
from engine.files.places import Places
from engine.graph.nodes import Graph
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job
from engine.server.thumbnails import model_thumbnail
from tests.doubles import entry, eventually

SHOWN = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}


def sleeping(seconds: float, salt: int = 0) -> dict[str, Any]:
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Show", value=["1", 0])}


def picture(form: str = "png", size: tuple[int, int] = (1024, 256), color: str = "#ff0000") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, form)
    return file.getvalue()


def model(**metadata: str) -> bytes:
    header = json.dumps({"__metadata__": metadata}).encode()
    return len(header).to_bytes(8, "little") + header


# /queue, /prompt


async def test_queue_items(site):
    extra = {"extra_pnginfo": {"workflow": {"id": "w"}}, "auth_token_comfy_org": "secret", "own": 1}
    running = (await site.queue(sleeping(30), client_id="me", extra_data=extra))["prompt_id"]
    await eventually(lambda: bool(site.services.dispatcher.at_work("me")))
    waiting = await site.queue(SHOWN, number=-2.5, partial_execution_targets=["2"])
    queue = await site.get("/queue")
    ((number, its_id, prompt, told, targets),) = queue["queue_running"]
    assert (number, its_id, prompt, targets) == (1, running, sleeping(30), ["2"])
    assert told["client_id"] == "me" and told["own"] == 1 and told["extra_pnginfo"] == {"workflow": {"id": "w"}}
    assert abs(told["create_time"] - time.time() * 1000) < 60_000 and "secret" not in json.dumps(queue)
    ((number, its_id, prompt, told, targets),) = queue["queue_pending"]
    assert (number, its_id, prompt, targets) == (-2.5, waiting["prompt_id"], SHOWN, ["2"])
    assert waiting["number"] == -2.5 and "client_id" not in told
    both = await site.http.post("/queue", json={"clear": True, "delete": [running, "unknown", 7]})
    assert both.status == 200 and await both.read() == b""
    queue = await site.get("/queue")
    assert not queue["queue_pending"] and len(queue["queue_running"]) == 1
    await site.http.post("/interrupt")


@pytest.mark.parametrize(
    ("body", "runs_again"),
    [({}, False), ({"free_memory": False}, False), ({"free_memory": True}, True), ({"unload_models": False}, False)],
)
async def test_free(site, body, runs_again):
    await site.run(SHOWN)
    answer = await site.http.post("/free", json=body)
    assert answer.status == 200 and await answer.read() == b""
    item = await site.run(SHOWN)
    cached = next(data["nodes"] for kind, data in item["status"]["messages"] if kind == "execution_cached")
    assert (cached == []) is runs_again


async def test_free_needs_no_body(site):
    assert (await site.http.post("/free")).status == 200


# /history


async def test_history_pages(site):
    ids = [(await site.run({**SHOWN, "1": entry("Constant", value=value)}))["prompt"][1] for value in range(4)]
    for query, expected in {
        "": ids,
        "?max_items=0": [],
        "?max_items=3": ids[1:],
        "?max_items=99": ids,
        "?offset=0": ids,
        "?offset=1": ids[1:],
        "?offset=99": [],
        "?max_items=2&offset=0": ids[:2],
        "?max_items=2&offset=3": ids[3:],
        "?max_items=0&offset=1": [],
        "?max_items=&offset=": ids,
    }.items():
        assert list(await site.get(f"/history{query}")) == expected, query
    for query in ("max_items=-1", "offset=-1", "offset=1.5", "max_items=all"):
        answer = await site.http.get(f"/history?{query}")
        assert answer.status == 400 and query.partition("=")[0] in (await answer.json())["error"]
    item = (await site.get(f"/history/{ids[0]}"))[ids[0]]
    assert set(item) == {"prompt", "outputs", "status", "meta", "timeline"}
    assert set(item["status"]) == {"status_str", "completed", "messages"}
    stamps = [data["timestamp"] for _, data in item["status"]["messages"]]
    assert stamps == sorted(stamps) and all(data["prompt_id"] == ids[0] for _, data in item["status"]["messages"])
    assert await site.get("/history/nobody") == {}


# /api/jobs


def ended(site: Any, name: str, *, took_ms: int = 10, error: bool = False, ui: dict[str, Any] | None = None) -> None:
    """Put a job of the past into the history."""
    job = Job(1.0, RunRequest(name, Graph({}), (), extra={"extra_pnginfo": {"workflow": {"id": f"w-{name}"}}}))
    place = Place.of("9")
    failed = NodeFailed(name, place, "Fail", ["1"], "ValueError", "no", ["line"], {"a": [1]}, 5)
    last = failed if error else RunSucceeded(name, 5)
    told = NodeError("9", "Fail", "ValueError", "no") if error else None
    outputs = {"9": ui or {}}
    outcome = Outcome(name, "error" if error else "success", outputs, {"9": place}, ("9",), told)
    start = job.created_ms
    site.services.history.add(HistoryItem(job, outcome, (RunStarted(name, 4), last), start, start + took_ms))


async def test_jobs_tell_their_error_and_what_stands_for_them(site):
    temp = {"filename": "t.png", "subfolder": "", "type": "temp"}
    saved = {"filename": "o.png", "subfolder": "s", "type": "output"}
    ended(site, "fine", ui={"images": [temp, saved, "odd", None], "text": ["x"], "audio": 7, "gifs": [temp]})
    ended(site, "shown", ui={"images": [temp]})
    ended(site, "failed", error=True)
    jobs = {job["id"]: job for job in (await site.get("/api/jobs"))["jobs"]}
    assert set(jobs["fine"]) == {
        "id", "status", "priority", "create_time", "execution_start_time", "execution_end_time", "execution_error",
        "outputs_count", "preview_output", "workflow_id",
    }  # fmt: skip
    assert jobs["fine"]["outputs_count"] == 3 and jobs["fine"]["workflow_id"] == "w-fine"
    assert jobs["fine"]["preview_output"] == {**saved, "nodeId": "9", "mediaType": "images"}
    assert jobs["shown"]["preview_output"]["filename"] == "t.png"
    assert jobs["failed"]["preview_output"] is None and jobs["failed"]["outputs_count"] == 0
    assert jobs["failed"]["execution_error"] == {
        "prompt_id": "failed", "node_id": "9", "node_type": "Fail", "executed": ["1"], "exception_message": "no",
        "exception_type": "ValueError", "traceback": ["line"], "current_inputs": {"a": [1]}, "current_outputs": ["1"],
        "timestamp": 5,
    }  # fmt: skip
    one = await site.get("/api/jobs/failed")
    assert set(one) - set(jobs["failed"]) == {"outputs", "execution_status", "workflow", "timeline"}
    assert one["execution_status"]["status_str"] == "error"


async def test_jobs_are_sorted_filtered_and_paged(site):
    for name, took_ms in (("a", 30), ("b", 10), ("c", 20)):
        ended(site, name, took_ms=took_ms, error=name == "b")

    async def listed(query: str) -> list[str]:
        return [job["id"] for job in (await site.get(f"/api/jobs?{query}"))["jobs"]]

    assert await listed("sort_by=execution_duration&sort_order=asc") == ["b", "c", "a"]
    assert await listed("sort_by=execution_duration") == ["a", "c", "b"]
    assert await listed("sort_by=created_at&sort_order=asc") == ["a", "b", "c"]
    assert await listed("") == ["c", "b", "a"]
    assert await listed("status=failed") == ["b"]
    assert await listed("status=completed,failed&sort_order=asc") == ["a", "b", "c"]
    assert await listed("status=Completed, FAILED&limit=1") == ["c"]
    assert await listed("status=pending,in_progress") == [] and await listed("workflow_id=w-c") == ["c"]
    assert (
        await listed("workflow_id=none") == [] and await listed("offset=2") == ["a"] and await listed("offset=9") == []
    )
    page = (await site.get("/api/jobs?limit=2&offset=1"))["pagination"]
    assert page == {"offset": 1, "limit": 2, "total": 3, "has_more": False}
    assert (await site.get("/api/jobs"))["pagination"] == {"offset": 0, "limit": None, "total": 3, "has_more": False}
    for bad in (
        "status=completed,lost",
        "sort_by=",
        "sort_by=id",
        "sort_order=ASC",
        "limit=-1",
        "limit=1e3",
        "offset=x",
    ):
        answer = await site.http.get(f"/api/jobs?{bad}")
        assert answer.status == 400 and isinstance((await answer.json())["error"], str), bad


# /system_stats, /models


async def test_system_stats(process_site):
    stats = await process_site.get("/system_stats")
    assert set(stats["system"]) >= {
        "os", "ram_total", "ram_free", "comfyui_version", "python_version", "pytorch_version", "embedded_python",
        "argv", "required_frontend_version",
    }  # fmt: skip
    assert stats["system"]["embedded_python"] is False and isinstance(stats["system"]["argv"], list)


async def test_embeddings_and_models_below_folders(site, tmp_path):
    for name in ("embeddings/deep/e.safetensors", "embeddings/.hidden/x.pt", "loras/a/b.pt", "loras/a/readme.md"):
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert await site.get("/embeddings") == ["deep/e"]
    assert await site.get("/models/loras") == ["a/b.pt"]
    (only,) = await site.get("/experiment/models/loras")
    assert set(only) == {"name", "pathIndex", "modified", "created", "size"}
    assert abs(only["modified"] - time.time()) < 60


# /experiment/models/preview


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "loras"
    (folder / "deep").mkdir(parents=True)
    return folder


def shown(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "WEBP"
    return image


async def test_the_picture_of_a_model(site, loras):
    red, green = picture(), picture("jpeg", color="#00ff00")
    (loras / "a.safetensors").write_bytes(model())
    (loras / "a.png").write_bytes(red)
    (loras / "deep" / "b.safetensors").write_bytes(model())
    (loras / "deep" / "b.preview.png").write_bytes(red)
    (loras / "deep" / "b.png").write_bytes(green)
    uri = "data:image/jpeg;base64," + base64.b64encode(green).decode()
    (loras / "c.safetensors").write_bytes(model(**{"modelspec.thumbnail": uri}))
    for name, colour in {
        "a.safetensors": 0,
        "deep/b.safetensors": 0,
        "deep%2Fb.safetensors": 0,
        "c.safetensors": 1,
    }.items():
        answer = await site.http.get(f"/experiment/models/preview/loras/0/{name}")
        assert answer.status == 200 and answer.headers["Content-Type"] == "image/webp", name
        image = shown(await answer.read())
        assert image.size == (512, 128)
        pixel = image.convert("RGB").getpixel((5, 5))
        assert pixel[colour] > 240 and sum(pixel) < 290
    assert list((site.services.places.temp / ".uploads").iterdir()) == []


async def test_a_model_without_a_picture(site, loras):
    (loras / "a.safetensors").write_bytes(model(title="x"))
    (loras / "old.ckpt").write_bytes(b"x")
    (loras / "broken.safetensors").write_bytes(b"\xff" * 20)
    (loras / "text.safetensors").write_bytes(model(**{"modelspec.thumbnail": "data:image/png;base64,%%%"}))
    (loras / "bad.safetensors").write_bytes(model())
    (loras / "bad.png").write_bytes(b"no picture")
    for path, status in {
        "loras/0/a.safetensors": 404, "loras/0/old.ckpt": 404, "loras/0/none.safetensors": 404,
        "loras/9/a.safetensors": 404, "nowhere/0/a.safetensors": 404, "loras/x/a.safetensors": 400,
        "loras/0/..%2F..%2Fsecret.safetensors": 400, "loras/0/broken.safetensors": 415,
        "loras/0/text.safetensors": 415, "loras/0/bad.safetensors": 415,
    }.items():  # fmt: skip
        answer = await site.http.get(f"/experiment/models/preview/{path}")
        assert answer.status == status and (await answer.json())["error"], path


def test_thumbnails_of_linked_models(tmp_path):
    places = Places.under(tmp_path)
    places.make()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.safetensors").write_bytes(model(**{"modelspec.thumbnail": base64.b64encode(picture()).decode()}))
    (tmp_path / "models").mkdir()
    if not hasattr(os, "symlink"):
        pytest.skip("no symbolic links here")
    (tmp_path / "models" / "loras").symlink_to(elsewhere, target_is_directory=True)
    data = model_thumbnail(places, "loras", 0, "a.safetensors")
    assert data is not None and shown(data).size == (512, 128)
    (elsewhere / "a.png").write_bytes(b"GIF89a")
    with pytest.raises(BadFile):
        model_thumbnail(places, "loras", 0, "a.safetensors")


async def test_metadata_of_a_linked_model(site, loras, tmp_path):
    (tmp_path / "far.safetensors").write_bytes(model(title="far"))
    (loras / "near.safetensors").symlink_to(tmp_path / "far.safetensors")
    assert await site.get("/view_metadata/loras?filename=near.safetensors") == {"title": "far"}


# /view


async def test_view_ranges_previews_and_marks(site, tmp_path):
    (tmp_path / "output" / "o.png").write_bytes(picture())
    (tmp_path / "input" / "i.png").write_bytes(picture(color="#0000ff"))
    (tmp_path / "temp" / "t.png").write_bytes(picture(color="#00ff00"))
    for name, area in (("o.png", "output"), ("i.png", "input"), ("t.png", "temp")):
        whole = await (await site.http.get(f"/view?filename={name}&type={area}")).read()
        for query in (f"filename={name} [{area}]", f"filename={name} [{area}]&type=output", f"filename={name}[{area}]"):
            assert await (await site.http.get(f"/view?{query}")).read() == whole, query
    data = picture()
    for asked, expected in {"bytes=0-0": data[:1], "bytes=-4": data[-4:], f"bytes={len(data) - 2}-": data[-2:]}.items():
        part = await site.http.get("/view?filename=o.png", headers={"Range": asked})
        assert part.status == 206 and await part.read() == expected
    beyond = await site.http.get("/view?filename=o.png", headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status == 416
    for asked, form in {"webp;90": "WEBP", "webp;1": "WEBP", "jpeg;80": "JPEG", "webp;x": "WEBP", "": "WEBP"}.items():
        answer = await site.http.get("/view", params={"filename": "o.png", "preview": asked})
        assert Image.open(io.BytesIO(await answer.read())).format == form, asked
    plain = await site.http.get("/view?filename=o.png&channel=rgba")
    assert await plain.read() == data
    head = await site.http.head("/view?filename=o.png")
    assert head.status == 200 and int(head.headers["Content-Length"]) == len(data)


# /userdata, /internal


async def test_userdata_tells_sizes_when_asked(site):
    answer = await site.http.post("/userdata/workflows%2Fa.json?full_info=true", data=b"{}")
    told = await answer.json()
    assert (told["path"], told["size"]) == ("workflows/a.json", 2) and abs(told["modified"] / 1000 - time.time()) < 60
    moved = await site.http.post("/userdata/workflows%2Fa.json/move/b.json?full_info=true")
    assert (await moved.json())["path"] == "b.json"
    entries = await site.get("/v2/userdata")
    assert [(entry["name"], entry["type"]) for entry in entries] == [("b.json", "file"), ("workflows", "directory")]
    assert set(entries[0]) == {"name", "path", "type", "size", "modified", "created"}
    assert set(entries[1]) == {"name", "path", "type"}


async def test_files_of_an_area_newest_first(site, tmp_path):
    for age, name in enumerate(("new.png", "older.png", ".hidden.png")):
        path = tmp_path / "input" / name
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age * 100, time.time() - age * 100))
    (tmp_path / "input" / "folder").mkdir()
    assert await site.get("/internal/files/input") == ["new.png", "older.png"]
    assert await site.get("/internal/files/temp") == []
    assert (await site.http.get("/internal/files/user")).status == 400
