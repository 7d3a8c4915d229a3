"""Saved workflows: versions, conflicts, the trash and drafts, over HTTP, beside clients that know only /userdata."""

import asyncio
import errno
import io
import json
import os
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from engine.documents import on_disk
from engine.errors import EngineError
from tests.server import killing_saves
from tests.server.test_fuzz import clear, many, values

A = "/weft/workflows/a.json"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "user" / "default" / "workflows"
    made.mkdir(parents=True)
    return made


async def save(site, name, body, base=None, status=200, **query):
    headers = {"If-Match": f'"{base}"'} if base else {}
    data = io.BytesIO(json.dumps(body).encode())
    answer = await site.http.put(f"/weft/workflows/{quote(name, safe='')}", data=data, headers=headers, params=query)
    told = await answer.json()
    assert answer.status == status, told
    if status == 200:
        assert answer.headers["ETag"] == f'"{told["digest"]}"'
    return told


async def versions(site, name="a.json"):
    """The contents of all versions, oldest first."""
    listed = (await site.get(f"/weft/workflows/{quote(name, safe='')}/versions"))["versions"]
    return [
        await site.get(f"/weft/workflows/{quote(name, safe='')}/versions/{each['version']}")
        for each in reversed(listed)
    ]


async def test_each_save_is_a_version_that_can_be_restored(site, folder):
    first = await save(site, "cats/a.json", {"n": 1}, by="tab 1")
    second = await save(site, "cats/a.json", {"n": 2}, first["digest"])
    assert (first["version"], second["version"], second["notice"]) == (1, 2, "")
    assert json.loads((folder / "cats" / "a.json").read_bytes()) == {"n": 2}
    name = "/weft/workflows/cats%2Fa.json"
    listed = await site.get(f"{name}/versions")
    assert listed["version"] == 2 and [each["author"] for each in listed["versions"]] == ["", "tab 1"]
    answer = await site.http.post(f"{name}/restore", params={"version": 1, "base": second["digest"]})
    assert (await answer.json())["version"] == 3
    got = await site.http.get(name)
    assert await got.json() == {"n": 1} and got.headers["ETag"] == f'"{first["digest"]}"'
    assert got.headers["Content-Security-Policy"]
    again = await site.http.get(name, headers={"If-None-Match": got.headers["ETag"]})
    assert again.status == 304
    [about] = (await site.get("/weft/workflows"))["workflows"]
    assert (about["name"], about["version"], about["versions"]) == ("cats/a.json", 3, 3)
    assert (await site.http.post(f"{name}/restore?version=2&base={second['digest']}")).status == 409
    assert (await site.http.post(f"{name}/restore?version=x")).status == 400
    assert (await site.http.get(f"{name}/versions/99")).status == 404


async def test_a_save_over_what_someone_else_saved_shows_both_and_overwrites_nothing(site, folder):
    base = await save(site, "a.json", {"n": "base"})
    theirs = await save(site, "a.json", {"n": "theirs"}, base["digest"], by="tab 2")
    told = await save(site, "a.json", {"n": "mine"}, base["digest"], 409)
    current = told["current"]
    assert json.loads(current["text"]) == {"n": "theirs"} and json.loads(told["base"]) == {"n": "base"}
    assert (current["digest"], current["author"], current["version"]) == (theirs["digest"], "tab 2", 2)
    assert current["modified_ms"] and "Nothing was overwritten" in told["error"]
    assert json.loads((folder / "a.json").read_bytes()) == {"n": "theirs"}
    told = await save(site, "a.json", {"n": "mine"}, status=409)
    assert "is there already" in told["error"]
    await save(site, "a.json", {"n": "mine"}, current["digest"])
    await site.http.delete(A)
    told = await save(site, "a.json", {"n": "later"}, current["digest"], 409)
    assert told["current"] is None and "deleted" in told["error"]


async def test_of_many_that_save_at_once_one_is_taken(site):
    base = (await save(site, "a.json", {"n": "base"}))["digest"]

    async def one(number):
        data = json.dumps({"n": number}).encode()
        answer = await site.http.put(A, data=io.BytesIO(data), headers={"If-Match": f'"{base}"'})
        return answer.status

    answers = await asyncio.gather(*map(one, range(20)))
    assert sorted(answers) == [200] + [409] * 19
    assert len(await versions(site)) == 2


async def test_what_clients_write_by_userdata_becomes_versions_too(site, folder):
    path = "/userdata/workflows%2Fa.json"
    first = await site.http.post(path, data=b'{"n": 1}')
    await site.http.post(path, data=b'{"n": 2}')
    assert await versions(site) == [{"n": 1}, {"n": 2}]
    stale = await site.http.post(path, data=b'{"n": 3}', headers={"If-Match": first.headers["ETag"]})
    assert stale.status == 409 and json.loads((await stale.json())["current"]["text"]) == {"n": 2}
    fresh = (await site.http.get(path)).headers["ETag"]
    assert (await site.http.post(path, data=b'{"n": 3}', headers={"If-Match": fresh})).status == 200
    assert (await site.http.delete(path, headers={"If-Match": fresh})).status == 409
    odd = await site.http.post(path, data=b'{"n": 4}', headers={"If-Match": "\udcff no digest"})
    assert odd.status == 409
    await site.http.post(f"{path}/move/workflows%2Fb.json")
    assert await versions(site, "b.json") == [{"n": 1}, {"n": 2}, {"n": 3}]
    await site.http.post("/userdata/workflows%2Fb.json/move/elsewhere.json")
    assert await site.get("/userdata/elsewhere.json") == {"n": 3}
    assert [each["versions"] for each in await site.get("/weft/trash")] == [3]
    await site.http.post("/userdata/elsewhere.json/move/workflows%2Fc.json")
    assert await versions(site, "c.json") == [{"n": 3}] and not (folder.parent / "elsewhere.json").exists()
    assert (await site.http.delete("/userdata/workflows%2Fc.json")).status == 204
    assert [each["name"] for each in await site.get("/weft/trash")] == ["c.json", "b.json"]


async def test_what_another_program_changed_becomes_a_version(site, folder):
    base = await save(site, "a.json", {"n": 1})
    (folder / "a.json").write_text('{"n": "outside"}')
    told = await save(site, "a.json", {"n": 2}, base["digest"], 409)
    assert told["current"]["kind"] == "outside"
    await site.http.post("/userdata/workflows%2Fa.json", data=b'{"n": 2}')
    assert await versions(site) == [{"n": 1}, {"n": "outside"}, {"n": 2}]


async def test_the_trash_gives_back_what_was_deleted(site):
    await save(site, "a.json", {"n": 1})
    assert (await site.http.delete(A)).status == 204
    assert (await site.http.delete(A)).status == 404
    assert (await site.get("/weft/workflows"))["workflows"] == []
    [trashed] = await site.get("/weft/trash")
    assert trashed["forgotten_ms"] - trashed["deleted_ms"] == 30 * 24 * 3_600_000
    assert await site.get(f"/weft/trash/{trashed['id']}") == {"n": 1}
    await save(site, "a.json", {"n": "new"})
    back = await site.http.post(f"/weft/trash/{trashed['id']}/restore")
    assert await back.json() == {"name": "a (1).json"}
    await site.http.delete(A)
    [trashed] = await site.get("/weft/trash")
    assert (await site.http.delete(f"/weft/trash/{trashed['id']}")).status == 204
    assert await site.get("/weft/trash") == []
    assert (await site.http.post(f"/weft/trash/{trashed['id']}/restore")).status == 404


async def test_renaming(site):
    await save(site, "a.json", {"n": 1})
    await save(site, "b.json", {"n": 2})
    assert (await site.http.post(f"{A}/move?to=b.json")).status == 409
    assert (await site.http.post(f"{A}/move?to=c")).status == 400
    assert (await site.http.post(f"{A}/move?to=cats%2Fc.json")).status == 204
    assert await versions(site, "cats/c.json") == [{"n": 1}]


async def test_drafts_outlive_the_server(open_site):
    site = await open_site("--database-file", ":memory:")
    draft = {"name": "a cat", "saved_as": "cat.json", "workflow": {"seed": 2**60}, "more": [1]}
    kept = await site.http.put("/weft/drafts/tab-1", data=io.BytesIO(json.dumps(draft).encode()))
    assert kept.status == 200 and (await kept.json())["saved_as"] == "cat.json"
    again = await open_site("--database-file", ":memory:")
    assert [each["id"] for each in await again.get("/weft/drafts")] == ["tab-1"]
    assert await again.get("/weft/drafts/tab-1") == draft
    assert (await again.http.delete("/weft/drafts/tab-1")).status == 204
    assert (await again.http.get("/weft/drafts/tab-1")).status == 404
    for wrong in (
        {"name": 1, "workflow": {}},
        {"name": "", "workflow": []},
        {"name": "", "saved_as": {}, "workflow": {}},
    ):
        assert (await site.http.put("/weft/drafts/x", json=wrong)).status == 400


async def test_the_disk_is_full(site, folder, monkeypatch):
    base = await save(site, "a.json", {"n": 1})

    def full(*_):
        raise EngineError("no room") from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(on_disk, "write_whole", full)
    told = await save(site, "a.json", {"n": 2}, base["digest"], 507)
    assert "Free some space" in told["error"]
    assert json.loads((folder / "a.json").read_bytes()) == {"n": 1} and len(await versions(site)) == 1


async def test_where_versions_cannot_be_kept_workflows_are_saved_and_the_user_is_told(open_site, tmp_path):
    (tmp_path / "user" / "workflows.db").mkdir(parents=True)
    site = await open_site()
    told = await save(site, "a.json", {"n": 1})
    assert "in memory only" in told["notice"] and (await site.get("/weft/workflows"))["notice"] == told["notice"]


@pytest.mark.parametrize(
    "name", ["../workflows.db", "..%2Fworkflows.db", "..\\workflows.db", "workflows/../../workflows.db", "workflows.db"]
)
async def test_the_file_of_versions_is_out_of_reach_of_files_and_names(site, tmp_path, name):
    await save(site, "a.json", {"secret": 1})
    database = tmp_path / "user" / "workflows.db"
    assert database.is_file()
    before = database.read_bytes()
    path = quote(name, safe="")
    answers = [
        await site.http.get(f"/userdata/{path}"),
        await site.http.delete(f"/userdata/{path}"),
        await site.http.post(f"/userdata/{path}/move/b.txt"),
        await site.http.get(f"/weft/workflows/{path}"),
        await site.http.delete(f"/weft/workflows/{path}"),
        await site.http.put(f"/weft/workflows/{path}", data=b"{}"),
        await site.http.post(f"{A}/move", params={"to": name}),
    ]
    assert {answer.status for answer in answers} <= {400, 404}
    await site.http.post(f"/userdata/{path}", data=b"mine")
    assert database.read_bytes() == before
    shown = {entry["name"] for entry in await site.get("/v2/userdata")} | set(await site.get("/userdata?dir=workflows"))
    assert "workflows.db" not in shown - {name}


@pytest.mark.parametrize("name", ["a", "a.txt", ".hidden.json", "..", "a%00.json", "C%3Aa.json", "x" * 300 + ".json"])
async def test_odd_names_are_refused(site, name):
    answer = await site.http.put(f"/weft/workflows/{name}", data=b"{}")
    assert answer.status in (400, 404), await answer.text()


async def test_what_is_no_workflow_is_refused(site):
    for body in (b"", b"[]", b"nonsense", b"\xff", b"[" * 300 + b"]" * 300):
        assert (await site.http.put(A, data=body)).status == 400


async def test_whatever_comes_is_answered_clearly(site):
    texts = st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace").decode())
    tags = st.text(st.characters(min_codepoint=32, max_codepoint=0x2000, exclude_categories=["Cc", "Cs"]), max_size=12)
    routes = st.tuples(st.sampled_from(["PUT", "DELETE", "GET"]), texts, tags, texts, values)

    async def send(example):
        method, name, tag, query, body = example
        name, data = quote(name, safe="") or "x", json.dumps(body).encode()
        for path in ("workflows/{}", "workflows/{}.json", "drafts/{}", "trash/{}"):
            address = f"/weft/{path.format(name)}"
            await clear(await site.http.request(method, address, data=data, params={"base": query, "by": query}))
        restore = f"/weft/workflows/{name}.json/restore"
        await clear(await site.http.post(restore, params={"version": query}))
        await clear(await site.http.put(A, data=b"{}", headers={"If-Match": tag}))

    await many(routes, send)
    assert (await site.http.get("/weft/workflows")).status == 200


def test_killed_while_clients_save_nothing_answered_for_is_lost_or_overwritten_unseen(tmp_path):
    tally, lost = killing_saves.kill_rounds(3, seed=4, folder=tmp_path)
    assert len(tally.kept) > 5 and not lost
    assert len(tally.replaced) == len(set(tally.replaced)), "two saves replaced the same content"
