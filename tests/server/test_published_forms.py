"""Forms that are published for others: what they give, what they do not, and what is kept of them."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from engine.errors import EngineError
from engine.server import published
from engine.server.published import FOLDER, NoForm, PublishedForms, TooManyForms

FORM = {"version": 1, "title": "Stars", "items": [], "outputs": []}


def workflow(key: str = "w1", **more: Any) -> dict[str, Any]:
    return {"id": key, "version": 0.4, "nodes": [], "links": [], "extra": {"weft": {"form": FORM}}, **more}


async def save(site: Any, name: str, content: Any, base: str = "") -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = await site.http.put(f"/weft/workflows/{quote(name, safe='')}?base={base}", data=data)
    assert answer.status == 200, await answer.text()
    return str((await answer.json())["digest"])


async def publish(site: Any, name: str, **more: Any) -> tuple[int, Any]:
    answer = await site.http.post("/weft/forms", json={"workflow": name, **more})
    return answer.status, await answer.json()


async def test_a_form_is_the_copy_that_was_published(site):
    seed = b"18446744073709551615"
    body = json.dumps(workflow(extra={"weft": {"form": FORM}, "seed": 7})).encode().replace(b"7}", seed + b"}")
    digest = await save(site, "private/client/stars.json", body)
    status, told = await publish(site, "private/client/stars.json", digest=digest)
    assert status == 200 and told["workflow"] == "w1" and told["digest"] == digest
    answer = await site.http.get(f"/weft/forms/{told['id']}")
    assert seed in await answer.read() and answer.headers["X-Content-Type-Options"] == "nosniff"
    given = await answer.json()
    assert given == {"name": "stars", "workflow": json.loads(body)}, "no folder, no owner"

    await save(site, "private/client/stars.json", workflow(secret="not yet"), base=digest)
    assert "secret" not in (await site.get(f"/weft/forms/{told['id']}"))["workflow"]
    status, again = await publish(site, "private/client/stars.json")
    assert status == 200 and again["id"] == told["id"], "the address stays"
    assert (await site.get(f"/weft/forms/{told['id']}"))["workflow"]["secret"] == "not yet"


async def test_its_address_outlives_a_new_name_and_its_end_is_the_end(site):
    await save(site, "a.json", workflow())
    key = (await publish(site, "a.json"))[1]["id"]
    assert (await site.http.post("/weft/workflows/a.json/move?to=b.json")).status == 204
    assert (await publish(site, "b.json"))[1]["id"] == key
    await save(site, "other.json", workflow("w2"))
    other = (await publish(site, "other.json"))[1]["id"]
    assert [each["id"] for each in (await site.get("/weft/forms"))["forms"]] == [other, key]
    assert (await site.http.delete(f"/weft/forms/{key}")).status == 204
    for method in ("get", "delete"):
        assert (await getattr(site.http, method)(f"/weft/forms/{key}")).status == 404
    assert [each["name"] for each in (await site.get("/weft/forms"))["forms"]] == ["other.json"]


async def test_what_cannot_be_published_says_why(site):
    await save(site, "plain.json", {"nodes": [], "extra": {"weft": {"form": "no"}}})
    await save(site, "a.json", workflow())
    for name, more, status, word in (
        ("plain.json", {}, 400, "has no form"),
        ("a.json", {"digest": "0" * 64}, 409, "saved again"),
        ("gone.json", {}, 404, "gone"),
        ("../../accounts/accounts.json", {}, 400, "name"),
        (7, {}, 400, "expected the name"),
        ("a.json", {"digest": 5}, 400, "expected"),
    ):
        found, told = await publish(site, name, **more)
        assert found == status and word in told["error"], told
    assert (await site.get("/weft/forms"))["forms"] == []


@pytest.mark.parametrize("key", ["index", "..%2findex", "%2e%2e", "x" * 22, "a" * 5000, "A%00", "%2Fetc%2Fpasswd"])
async def test_ids_lead_to_forms_only(site, key):
    await save(site, "a.json", workflow())
    await publish(site, "a.json")
    answer = await site.http.get(f"/weft/forms/{key}")
    assert answer.status in (400, 404) and "w1" not in await answer.text()


async def test_userdata_does_not_reach_them(site):
    await save(site, "a.json", workflow())
    await publish(site, "a.json")
    for path in (f"../{FOLDER}/index.json", f"{FOLDER}/index.json"):
        assert (await site.http.get(f"/userdata/{quote(path, safe='')}")).status in (400, 404)


def test_they_outlive_the_server_and_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "MOST_OF_ONE", 2)
    forms = PublishedForms(tmp_path)
    keys = [forms.publish("anna", f"{n}.json", "", b"\xef\xbb\xbf{}").id for n in range(2)]
    with pytest.raises(TooManyForms, match="Take one back"):
        forms.publish("anna", "3.json", "", b"{}")
    assert forms.publish("anna", "1.json", "", b"[]").id == keys[1], "one that is there can be published anew"
    forms.publish("bert", "1.json", "", b"{}")
    again = PublishedForms(tmp_path)
    assert again.listed(None) == forms.listed(None) and len(again.listed("anna")) == 2
    assert again.read(keys[0])[1] == b"{}", "no byte order mark inside an answer"
    with pytest.raises(NoForm):
        again.take_back(keys[0], "bert")
    again.take_back(keys[0], "anna")
    assert not (tmp_path / f"{keys[0]}.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"forms": [5]}', '{"forms": [{"id": "../x"}]}'])
def test_a_damaged_index_is_not_taken_for_no_forms(tmp_path, text):
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(EngineError, match="cannot be read"):
        PublishedForms(tmp_path).publish("anna", "a.json", "", b"{}")
    assert (tmp_path / "index.json").read_text() == text
