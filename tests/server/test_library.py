"""The library of workflows: what is listed and found, folders, and what a workflow made last."""

import json
import sqlite3
from typing import Any
from urllib.parse import quote

import pytest

from engine.documents.ledger import digest_of
from engine.execution.events import Place
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import Graph
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job
from engine.jobs.results import WORKFLOW_ID
from engine.jobs.schema import migrate
from engine.server.routes.library import FactsBook
from engine.wire.workflow_facts import facts_of
from tests.server.test_files import HOSTILE, png

TEXT = "A Foggy harbour, embedding:old/film"
NODES = [
    {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["sd\\base.safetensors"]},
    {"id": 2, "type": "CLIPTextEncode", "title": "Mood", "widgets_values": {"text": TEXT}},
]  # fmt: skip


def workflow(name: str = "one", nodes: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "version": 0.4, "nodes": NODES if nodes is None else nodes, "links": [], **more}


async def save(site: Any, name: str, content: Any) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = await site.http.put(f"/weft/workflows/{quote(name, safe='')}", data=data)
    assert answer.status == 200, await answer.text()


async def names(site: Any, search: str = "") -> list[str]:
    return [each["name"] for each in (await site.get(f"/weft/library?search={quote(search)}"))["workflows"]]


def folder_route(name: str, rest: str = "") -> str:
    return f"/weft/library/folders/{quote(name, safe='')}{rest}"


async def test_what_workflows_hold_is_listed(site):
    inner = {"id": "sub-1", "nodes": [{"id": 1, "type": "LoraLoader", "widgets_values": ["fine.safetensors", 1]}]}
    nodes = [*NODES, {"id": 3, "type": "sub-1"}]
    await save(site, "cats/tabby.json", workflow("w1", nodes, definitions={"subgraphs": [inner]}))
    (found,) = (await site.get("/weft/library"))["workflows"]
    assert found["id"] == "w1" and found["nodes"] == 4 and found["name"] == "cats/tabby.json" and found["versions"] == 1
    assert found["models"] == ["embedding:old/film", "fine.safetensors", "sd/base.safetensors"]
    assert found["named_by"] == {
        "embedding:old/film": ["CLIPTextEncode"],
        "fine.safetensors": ["LoraLoader"],
        "sd/base.safetensors": ["CheckpointLoaderSimple"],
    }


def test_facts_of_other_contents():
    prompt = {
        "3": {"class_type": "KSampler", "inputs": {"name": "x.gguf"}},
        "4": {"class_type": "Note", "inputs": {}, "_meta": {"title": "Hi"}},
    }
    for body in (prompt, {"prompt": prompt}):
        facts = facts_of(json.dumps(body).encode())
        assert facts.types == ("KSampler", "Note") and facts.models == (("x.gguf", "KSampler"),) and "hi" in facts.text
    nothing = facts_of(b"no json")
    assert nothing == facts_of(b"[1]") == facts_of(b'{"a": 1}') == facts_of(b"[" * 5000) and not nothing.readable
    odd = {"id": {"a": 1}, "nodes": [None, 3, {}, {"type": 5, "widgets_values": 7}], "definitions": {"subgraphs": 3}}
    assert facts_of(json.dumps(odd).encode()).nodes == 2
    long = facts_of(json.dumps(workflow(nodes=[{"type": "A", "widgets_values": ["y" * 10**6]}])).encode())
    assert len(long.text) == 20_000


async def test_words_are_found_wherever_they_stand(site):
    await save(site, "sea/harbour.json", workflow("a"))
    await save(site, "plain.json", workflow("b", []))
    for search in ("HARBOUR", "cliptext foggy", "base.safe", "mood", "sea/", "old/film"):
        assert await names(site, search) == ["sea/harbour.json"], search
    assert await names(site, "harbour missing") == []
    assert await names(site) == ["plain.json", "sea/harbour.json"]
    assert (await site.http.get(f"/weft/library?search={'x' * 501}")).status == 400


async def test_a_changed_workflow_is_looked_at_again(site, tmp_path):
    await save(site, "a.json", workflow(nodes=[]))
    assert await names(site, "foggy") == []
    path = tmp_path / "user" / "default" / "workflows" / "a.json"
    path.write_text(json.dumps(workflow()))
    assert await names(site, "foggy") == ["a.json"]


def test_facts_are_read_once_and_old_ones_go():
    book, reads = FactsBook(most=2), []

    def read(body: bytes) -> bytes:
        reads.append(body)
        return body

    bodies = [json.dumps(workflow(str(number))).encode() for number in range(3)]
    for body in (bodies[0], bodies[0], bodies[1], bodies[2], bodies[0]):
        assert book.facts(digest_of(body), lambda body=body: read(body)).id == json.loads(body)["id"]
    assert reads == [bodies[0], bodies[1], bodies[2], bodies[0]]


# folders


async def test_folders_are_made_moved_and_removed_with_their_workflows_versions(site, tmp_path):
    root = tmp_path / "user" / "default" / "workflows"
    assert (await site.http.put(folder_route("empty/inner"))).status == 204
    await save(site, "cats/a.json", workflow("first"))
    seen = (await site.get("/weft/library"))["workflows"][0]["digest"]
    answer = await site.http.put(
        f"/weft/workflows/{quote('cats/a.json', safe='')}",
        data=json.dumps(workflow("second")),
        headers={"If-Match": seen},
    )
    assert answer.status == 200
    assert (await site.get("/weft/library"))["folders"] == ["cats", "empty", "empty/inner"]
    moved = await site.http.post(folder_route("cats", "/move?to=empty/pets"))
    assert moved.status == 204, await moved.text()
    assert await names(site) == ["empty/pets/a.json"]
    versions = await site.get(f"/weft/workflows/{quote('empty/pets/a.json', safe='')}/versions")
    assert [each["version"] for each in versions["versions"]] == [2, 1]
    (root / "empty" / "pets" / "notes.txt").write_text("mine")
    removed = await (await site.http.delete(folder_route("empty"))).json()
    assert removed == {"trashed": 1, "left": 1}
    assert (root / "empty" / "pets" / "notes.txt").read_text() == "mine" and not (root / "empty" / "inner").exists()
    (trashed,) = await site.get("/weft/trash")
    assert trashed["name"] == "empty/pets/a.json" and trashed["versions"] == 2


async def test_a_folder_takes_the_place_of_nothing(site, tmp_path):
    await save(site, "a/x.json", workflow("ax"))
    await save(site, "b/x.json", workflow("bx"))
    for answer in (
        await site.http.put(folder_route("a")),
        await site.http.put(folder_route("a/x.json")),
        await site.http.post(folder_route("a", "/move?to=b")),
    ):
        assert answer.status == 409 and "already" in (await answer.json())["error"]
    assert (await site.http.post(folder_route("a", "/move?to=a/inner"))).status == 400
    assert (await site.http.post(folder_route("none", "/move?to=c"))).status == 404
    assert (await site.http.delete(folder_route("none"))).status == 404
    assert await names(site) == ["a/x.json", "b/x.json"]


async def test_what_another_program_removed_does_not_come_back_by_a_move(site, tmp_path):
    await save(site, "new/x.json", workflow("gone"))
    await save(site, "old/x.json", workflow("kept"))
    root = tmp_path / "user" / "default" / "workflows"
    (root / "new" / "x.json").unlink()
    (root / "new").rmdir()
    assert (await site.http.post(folder_route("old", "/move?to=new"))).status == 204
    (found,) = (await site.get("/weft/library"))["workflows"]
    assert (found["name"], found["id"], found["versions"]) == ("new/x.json", "kept", 1)
    assert [each["name"] for each in await site.get("/weft/trash")] == ["new/x.json"]


PLAIN = {"%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt", "link.txt", "?"}  # names like others, once decoded


@pytest.mark.parametrize("name", [*HOSTILE, ".hidden", "a/.b", "a//b", " "])
async def test_folders_stay_inside(site, tmp_path, name):
    (tmp_path / "secret.txt").write_text("secret")
    before = sorted(path for path in tmp_path.rglob("*") if "user" not in path.relative_to(tmp_path).parts)
    name = name.encode("utf-8", "replace").decode()
    (await site.http.put(folder_route("own"))).raise_for_status()
    for answer in (
        await site.http.put(folder_route(name)),
        await site.http.delete(folder_route(name)),
        await site.http.post(folder_route(name, "/move?to=new")),
        await site.http.post(folder_route("own", f"/move?to={quote(name, safe='')}")),
    ):
        assert answer.status < 500 and (answer.status >= 400 or name in PLAIN), await answer.text()
    assert before == sorted(path for path in tmp_path.rglob("*") if "user" not in path.relative_to(tmp_path).parts)


async def test_a_link_that_leads_outside_is_no_folder(site, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.json").write_text("{}")
    root = tmp_path / "user" / "default" / "workflows"
    root.mkdir(parents=True, exist_ok=True)
    (root / "link").symlink_to(outside, target_is_directory=True)
    assert (await site.http.delete(folder_route("link"))).status == 400
    assert (await site.http.post(folder_route("link", "/move?to=mine"))).status == 400
    assert (await site.http.put(folder_route("link/inner"))).status == 400
    assert [path.name for path in outside.iterdir()] == ["x.json"]


# pictures


def made(site: Any, number: int, workflow_id: Any, *names: str, user: str = "", is_there: bool = True) -> None:
    """Have a job of the history show pictures."""
    shown = [{"filename": name, "subfolder": "", "type": "output"} for name in names]
    extra = {"extra_pnginfo": {"workflow": {"id": workflow_id}}}
    request = RunRequest(f"job {number}", Graph({}), [], {}, extra, user=user)
    outcome = Outcome(request.job, "success", {"9": {"images": shown}}, {"9": Place.of("9")})
    site.services.store.ended(HistoryItem(Job(number, request), outcome, (), number, number + 1))
    for name in names if is_there else ():
        (site.services.places.of_owner(user).output / name).write_bytes(png())


async def test_the_picture_that_a_workflow_made_last(site):
    made(site, 1, "w1", "first.png")
    made(site, 2, "w2", "other.png")
    made(site, 3, "w1", "second.png", "text.txt")
    made(site, 4, "w1", "gone.png", is_there=False)
    made(site, 5, "w1", "of bert.png", user="bert", is_there=False)
    made(site, 6, {"odd": 1}, "odd.png")
    found = await site.get("/weft/library/pictures?id=w1&id=w2&id=none&id=")
    assert set(found) == {"w1", "w2"} and "filename=second.png" in found["w1"] and "filename=other.png" in found["w2"]
    answer = await site.http.get(found["w1"])
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/webp"
    many = "&".join(f"id={number}" for number in range(101))
    assert (await site.http.get(f"/weft/library/pictures?{many}")).status == 400


async def test_without_an_index_of_results_there_are_no_pictures(open_site):
    site = await open_site("--database-file", ":memory:")
    assert await site.get("/weft/library/pictures?id=w1") == {}


def test_the_newest_results_of_a_workflow_are_found_by_an_index():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    plan = connection.execute(
        f"EXPLAIN QUERY PLAN SELECT 1 FROM history h CROSS JOIN outputs o ON o.job = h.id WHERE {WORKFLOW_ID} = ?",
        ("a",),
    ).fetchall()
    connection.close()
    assert any("history_by_workflow" in row[3] for row in plan), plan
