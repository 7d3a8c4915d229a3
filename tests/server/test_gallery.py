"""/gallery lists what jobs made, newest first, and shows it small."""

import asyncio
import io
import time
from dataclasses import replace

import pytest
from PIL import Image

from engine.execution.events import Place
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import Graph
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job
from engine.server.gates import GATE
from engine.server.small_pictures import SmallPictures
from tests.doubles import entry
from tests.security.attacks import black_png

WORKFLOW = {"id": "w-1", "nodes": []}


def made(site, tmp_path, job, *names, user="", area="output", is_there=True):
    """Have a job of the history show pictures of 640 x 400."""
    shown = [{"filename": name, "subfolder": "", "type": area} for name in names]
    prompt = {"9": {"class_type": "SaveImage", "inputs": {"text": f"a cat for {job}"}}}
    request = RunRequest(job, Graph({}), [], prompt, {"extra_pnginfo": {"workflow": WORKFLOW}}, user=user)
    outcome = Outcome(job, "success", {"9": {"images": shown}}, {"9": Place.of("9")})
    item = HistoryItem(Job(1.0, request), outcome, (), 1, 1_700_000_000_000)
    site.services.store.ended(item)
    site.services.history.add(item)
    places = site.services.places.of_owner(user)
    for name in names if is_there else ():
        Image.new("RGB", (640, 400), "orange").save(places.area(area) / name)


async def listed(site, query=""):
    return [found["file"]["filename"] for found in (await site.get(f"/gallery{query}"))["results"]]


async def test_what_a_job_made_is_listed_with_its_workflow(site, tmp_path):
    prompt = {"1": entry("Constant", value=4), "2": entry("SaveText", value=["1", 0], name="note", text="hello ")}
    answer = await site.queue(prompt, extra_data={"extra_pnginfo": {"workflow": WORKFLOW}})
    while not await site.get(f"/history/{answer['prompt_id']}"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    found = await site.get("/gallery")
    (result,) = found["results"]
    assert found["next"] is None and found["total"] == 1
    assert result["file"] == {"filename": "note.txt", "subfolder": "", "type": "output"}
    assert result["media"] == "text" and result["size"] == len("hello 4") and result["thumbnail"] is None
    assert result["job_id"] == answer["prompt_id"] and result["node_id"] == "2" and result["node_type"] == "SaveText"
    assert abs(result["created"] - time.time() * 1000) < 60_000
    job = await site.get(result["workflow_at"])
    assert job["workflow"]["extra_data"]["extra_pnginfo"]["workflow"] == WORKFLOW
    assert result["workflow_id"] == "w-1"


async def test_files_outlive_the_history(site, tmp_path):
    made(site, tmp_path, "a", "a.png")
    assert await listed(site) == ["a.png"]
    assert (await site.http.post("/history", json={"delete": ["a"]})).status == 200
    assert await listed(site) == [] and (tmp_path / "output" / "a.png").is_file()


async def test_filters_and_search(site, tmp_path):
    made(site, tmp_path, "one", "1.png", "1.webp")
    made(site, tmp_path, "two", "2.png", area="temp")
    (tmp_path / "output" / "3.latent").write_bytes(b"x")
    made(site, tmp_path, "three", "3.latent", is_there=False)
    for query, expected in {
        "": ["3.latent", "2.png", "1.png", "1.webp"],
        "?type=output": ["3.latent", "1.png", "1.webp"],
        "?type=temp": ["2.png"],
        "?media=latent": ["3.latent"],
        "?media=image,latent&limit=2": ["3.latent", "2.png"],
        "?search=CAT+for+two": ["2.png"],
        "?search=%22for+one%22+saveimage": ["1.png", "1.webp"],
        "?search=dog": [],
        "?job=one": ["1.png", "1.webp"],
        "?workflow=w-1": ["3.latent", "2.png", "1.png", "1.webp"],
        "?workflow=w-2": [],
    }.items():
        assert await listed(site, query) == expected, query


async def test_pages_go_on_where_the_last_one_ended(site, tmp_path):
    for number in range(25):
        made(site, tmp_path, f"job{number}", f"{number:02}.png")
    first = await site.get("/gallery?limit=10")
    assert first["total"] == 25 and len(first["results"]) == 10
    made(site, tmp_path, "late", "late.png")
    names, page = [each["file"]["filename"] for each in first["results"]], first
    while page["next"]:
        page = await site.get(f"/gallery?limit=10&after={page['next']}")
        assert page["total"] is None
        names += [each["file"]["filename"] for each in page["results"]]
    assert names == [f"{number:02}.png" for number in reversed(range(25))]


async def test_files_that_are_gone_are_left_out_or_marked(site, tmp_path):
    for number in range(250):
        made(site, tmp_path, f"gone{number}", f"gone{number}.png", is_there=False)
    made(site, tmp_path, "b", "there.png")
    for number in range(250, 500):
        made(site, tmp_path, f"gone{number}", f"gone{number}.png", is_there=False)
    found = await site.get("/gallery?limit=5")
    assert [each["file"]["filename"] for each in found["results"]] == ["there.png"] and found["next"] is None
    marked = await site.get("/gallery?missing=true&limit=3")
    assert [each["size"] for each in marked["results"]] == [None] * 3 and marked["next"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=x", "after=x", "after=W10=", "after=WzEsMiwzLDRd", "media=pictures", "type=input",
        "search=" + "x" * 501, "search=" + "+".join("abcdefghijkl"),
        "after=" + "W" * 3000,
    ],
)  # fmt: skip
async def test_wrong_questions_are_answered_with_what_was_expected(site, query):
    answer = await site.http.get(f"/gallery?{query}")
    assert answer.status == 400 and "expected" in (await answer.json())["error"]


async def test_small_pictures_are_made_once_and_not_sent_twice(site, tmp_path):
    made(site, tmp_path, "a", "a b&c.png")
    (found,) = (await site.get("/gallery"))["results"]
    answer = await site.http.get(found["thumbnail"])
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(await answer.read())).size == (256, 160)
    kept = list((tmp_path / "user" / "thumbnails").iterdir())
    assert len(kept) == 1 and kept[0].stat().st_size < 20_000
    kept[0].write_bytes(b"kept")
    again = await site.http.get("/gallery/thumbnail?filename=a+b%26c.png")
    assert await again.read() == b"kept" and again.headers["Cache-Control"] == "private, no-cache"
    mark = again.headers["ETag"]
    unchanged = await site.http.get("/gallery/thumbnail?filename=a+b%26c.png", headers={"If-None-Match": mark})
    assert unchanged.status == 304 and await unchanged.read() == b""
    Image.new("RGB", (100, 300), "blue").save(tmp_path / "output" / "a b&c.png")
    changed = await site.http.get("/gallery/thumbnail?filename=a+b%26c.png", headers={"If-None-Match": mark})
    assert changed.status == 200 and Image.open(io.BytesIO(await changed.read())).size == (85, 256)


async def test_what_cannot_be_shown_small(site, tmp_path):
    (tmp_path / "output" / "bomb.png").write_bytes(black_png(13_000))
    (tmp_path / "output" / "text.png").write_bytes(b"no picture")
    (tmp_path / "secret.png").write_bytes(black_png(8))
    began_s = time.process_time()
    for name, status in {"bomb.png": 415, "text.png": 415, "none.png": 404, "../secret.png": 400, "": 400}.items():
        answer = await site.http.get("/gallery/thumbnail", params={"filename": name})
        assert answer.status == status, name
        assert (await answer.json())["error"] and "secret" not in (await answer.text()).replace(name, "")
    assert time.process_time() - began_s < 1
    assert (await site.http.get("/gallery/thumbnail?filename=a.png&type=models")).status == 400


def test_small_pictures_take_no_more_than_their_share(tmp_path):
    pictures = SmallPictures(most_bytes=20_000, counted_every=5)
    Image.effect_noise((300, 300), 90).save(tmp_path / "noise.png")
    for number in range(12):
        pictures.get(tmp_path / "noise.png", f"mark{number:02}", tmp_path / "kept")
    kept = sorted(path.stem for path in (tmp_path / "kept").iterdir())
    size = sum(path.stat().st_size for path in (tmp_path / "kept").iterdir())
    assert "mark00" not in kept and "mark11" in kept and size < 20_000 + 5 * 20_000


async def test_accounts_see_their_own_results_only(open_site, tmp_path):
    site = await open_site("--multi-user")
    accounts, told = site.http.app[GATE].accounts, {}
    for name in ("anna", "berta"):
        accounts.add(name, "a long enough password", "admin" if name == "berta" else "user")
        site.services.places.of_owner(name).make()
        made(site, tmp_path, f"job of {name}", f"{name}.png", user=name)
        headers = {"Authorization": f"Bearer {accounts.new_token(name)}"}
        told[name] = headers
    for name, headers in told.items():
        answer = await site.http.get("/gallery?user=*", headers=headers)
        (found,) = (await answer.json())["results"]
        assert found["file"]["filename"] == f"{name}.png"
        assert (await site.http.get(found["thumbnail"], headers=headers)).status == 200
        other = "berta.png" if name == "anna" else "anna.png"
        assert (await site.http.get(f"/gallery/thumbnail?filename={other}", headers=headers)).status == 404
    assert (await site.http.get("/gallery")).status == 401


async def test_three_thousand_results_are_paged_quickly(site, tmp_path):
    made(site, tmp_path, "first", "0.png")
    item = site.services.history.get("first")
    for number in range(1, 3000):
        shown = {"9": {"images": [{"filename": f"{number}.png", "subfolder": "", "type": "output"}]}}
        request = replace(item.job.request, job=f"job{number}")
        outcome = replace(item.outcome, job=request.job, outputs=shown)
        site.services.store.ended(replace(item, job=replace(item.job, request=request), outcome=outcome))
        (tmp_path / "output" / f"{number}.png").write_bytes(b"x")
    await site.services.store.written()
    began_s = time.process_time()
    page, names = await site.get("/gallery?limit=100"), []
    while True:
        names += [each["file"]["filename"] for each in page["results"]]
        if not page["next"]:
            break
        page = await site.get(f"/gallery?limit=100&after={page['next']}")
    assert names == [f"{number}.png" for number in reversed(range(3000))]
    assert time.process_time() - began_s < 5  # 30 pages; about 0.7 s


async def test_a_server_without_a_file_lists_its_results_too(open_site, tmp_path):
    site = await open_site("--database-file", ":memory:")
    made(site, tmp_path, "a", "a.png")
    assert await listed(site) == ["a.png"]
    assert (await site.get("/queue"))["lasting"] is False
