"""Family 11: on a server with accounts, nobody sees, changes or forges what is another's."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from engine.jobs.pack_reports import Said
from engine.server import accounts
from engine.server.gates import GATE, AccountGate
from tests.doubles import entry, eventually
from tests.server.conftest import Site

PASSWORD = "correct horse battery"
SHOWN = {"1": entry("Constant", value=7), "2": entry("Show", value=["1", 0])}
SAVED = {"1": entry("Constant", value=7), "2": entry("SaveText", value=["1", 0], name="secret", text="of ")}
SLOW = {"1": entry("Sleep", seconds=30.0), "2": entry("Show", value=["1", 0])}


@dataclass
class Person:
    """Someone with an account, who uses programs that show its token."""

    site: Site
    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = {**self.headers, **more.pop("headers", {})}
        url = self.site.http.make_url(path)
        async with aiohttp.ClientSession() as http, http.request(method, url, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def post(self, path: str, body: Any) -> int:
        return (await self.ask("POST", path, json=body))[0]

    async def queue(self, prompt: dict[str, Any], **more: Any) -> str:
        status, body = await self.ask("POST", "/prompt", json={"prompt": prompt, **more})
        assert status == 200, body
        return str(body["prompt_id"])

    async def run(self, prompt: dict[str, Any], **more: Any) -> dict[str, Any]:
        job = await self.queue(prompt, **more)
        async with asyncio.timeout(20):
            while not (found := await self.get(f"/history/{job}")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return {"id": job, **found[job]}

    async def running(self) -> list[Any]:
        found: list[Any] = (await self.get("/queue"))["queue_running"]
        return found


@dataclass
class House:
    """A server with accounts, and those who have one."""

    site: Site
    chief: Person
    anna: Person
    bert: Person


@pytest.fixture
async def house(open_site, monkeypatch) -> House:
    monkeypatch.setattr(accounts, "COST", 2**4)  # what it is otherwise, test_accounts.py pins
    site = await open_site("--multi-user")

    gate = site.http.app[GATE]
    assert isinstance(gate, AccountGate)
    chief = Person(site, "admin", gate.accounts.new_token("admin"))
    people = []
    for name in ("anna", "bert"):
        assert await chief.post("/users", {"username": name, "password": PASSWORD}) == 200
        status, told = await chief.ask("POST", f"/users/{name}/token")
        assert status == 200
        people.append(Person(site, name, told["token"]))
    return House(site, chief, *people)


async def test_nobody_is_let_in_without_an_account(house):
    for path in ("/queue", "/history", "/users", "/ws", "/view?filename=a.png", "/userdata?dir=workflows", "/prompt"):
        async with aiohttp.ClientSession() as http, http.get(house.site.http.make_url(path)) as answer:
            assert answer.status == 401, path


async def test_users_do_not_learn_who_else_there_is(house):
    assert (await house.anna.get("/users"))["users"] == {"anna": "anna"}
    assert set((await house.chief.get("/users"))["users"]) == {"admin", "anna", "bert"}
    assert (await house.anna.get("/users"))["me"] == {"id": "anna", "role": "user"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"username": "carl", "password": PASSWORD}),
        ("POST", "/users", {"username": "carl", "password": PASSWORD, "role": "admin"}),
        ("POST", "/users/bert", {"password": "another password"}),
        ("POST", "/users/anna", {"role": "admin"}),
        ("POST", "/users/anna", {"password": "another password"}),
        ("POST", "/users/anna", {"password": "another password", "current": "wrong one"}),
        ("POST", "/users/bert/token", None),
        ("DELETE", "/users/bert/token", None),
        ("DELETE", "/users/bert", None),
        ("DELETE", "/users/anna", None),
        ("GET", "/internal/logs", None),
        ("GET", "/internal/logs/raw", None),
        ("PATCH", "/internal/logs/subscribe", {"clientId": "x", "enabled": True}),
        ("POST", "/free", {"unload_models": True}),
        ("POST", "/queue", {"pause": True}),
        ("GET", "/queue?user=bert", None),
        ("GET", "/history?user=*", None),
        ("GET", "/jobs?user=bert", None),
        ("POST", "/queue?user=*", {"clear": True}),
        ("POST", "/history?user=bert", {"clear": True}),
        ("POST", "/interrupt?user=*", {}),
    ],
)
async def test_what_only_admins_may_do_is_refused(house, method, path, body):
    before = await house.chief.get("/users")
    status, answer = await house.anna.ask(method, path, json=body)
    assert status == 403 and "error" in answer, answer
    assert await house.chief.get("/users") == before
    async with aiohttp.ClientSession() as http:
        form = {"name": "anna", "password": PASSWORD}
        async with http.post(house.site.http.make_url("/login"), data=form, allow_redirects=False) as answer:
            assert answer.status == 303, "her password is the old one"


async def test_a_forged_user_header_is_refused(house):
    for name in ("bert", "admin", "", "nobody"):
        status, answer = await house.anna.ask("GET", "/queue", headers={"comfy-user": name})
        assert status == 403 and "anna" in answer["error"]
    assert (await house.anna.ask("GET", "/queue", headers={"comfy-user": "anna"}))[0] == 200


async def test_history_jobs_and_results_are_the_users_own(house):
    done = await house.anna.run(SAVED, client_id="anna's page")
    assert house.site.services.places.output.joinpath("anna", "secret.txt").read_text() == "of 7"
    view = "/view?filename=secret.txt"
    assert (await house.anna.ask("GET", view))[1] == "of 7"
    for path in (view, view + "&subfolder=anna", "/view?filename=anna/secret.txt", "/view?filename=../anna/secret.txt"):
        status, _ = await house.bert.ask("GET", path)
        assert status in (400, 404), path
    assert await house.bert.get("/history") == {} == await house.bert.get(f"/history/{done['id']}")
    assert (await house.bert.get("/jobs"))["jobs"] == []
    assert (await house.bert.ask("GET", f"/jobs/{done['id']}"))[0] == 404
    assert list(await house.anna.get("/history")) == [done["id"]]
    assert await house.chief.get("/history") == {}, "an admin's page shows his own, too"
    assert (
        list(await house.chief.get("/history?user=anna"))
        == [done["id"]]
        == list(await house.chief.get("/history?user=*"))
    )
    assert await house.bert.post("/history", {"delete": [done["id"]]}) == 200
    assert await house.bert.post("/history", {"clear": True}) == 200
    assert list(await house.anna.get("/history")) == [done["id"]]
    assert PASSWORD not in json.dumps(await house.anna.get("/history"))
    assert house.anna.token not in json.dumps(await house.anna.get("/history"))


async def test_equal_prompts_give_each_user_a_file_of_his_own(house):
    for person in (house.anna, house.bert):
        assert (await person.run(SAVED))["status"]["completed"]
        assert (await person.ask("GET", "/view?filename=secret.txt"))[1] == "of 7"


async def test_a_job_of_the_same_id_does_not_push_out_anothers(house):
    done = await house.anna.run(SHOWN, prompt_id="11111111-1111-4111-8111-111111111111")
    status, answer = await house.bert.ask("POST", "/prompt", json={"prompt": SHOWN, "prompt_id": done["id"]})
    assert status == 400 and answer["error"]["type"] == "invalid_prompt_id"
    assert list(await house.anna.get("/history")) == [done["id"]]


async def test_nobody_stops_or_deletes_the_jobs_of_others(house):
    running = await house.anna.queue(SLOW)
    await eventually(lambda: bool(house.site.services.queue.running()))
    waiting = await house.anna.queue(SHOWN)
    line = await house.bert.get("/queue")
    assert line["queue_running"] == [] == line["queue_pending"]
    assert (await house.bert.get("/prompt"))["exec_info"]["queue_remaining"] == 0
    assert (await house.bert.get("/system_stats"))["workers"][0]["job"] is None
    assert (await house.anna.get("/system_stats"))["workers"][0]["job"] == running
    for body in ({"delete": [waiting]}, {"clear": True}, {"move": {waiting: -5}}):
        assert await house.bert.post("/queue", body) == 200
    for body in ({}, {"prompt_id": running}):
        assert await house.bert.post("/interrupt", body) == 200
    line = await house.anna.get("/queue")
    assert [job[1] for job in line["queue_running"]] == [running]
    assert [job[:2] for job in line["queue_pending"]] == [[2, waiting]]
    assert await house.chief.post("/queue", {"delete": [waiting]}) == 200, "admins may"
    assert await house.chief.post("/interrupt", {"prompt_id": running}) == 200
    await eventually(lambda: not house.site.services.queue.remaining)


async def test_a_guessed_client_id_hears_nothing(house):
    async with aiohttp.ClientSession() as http:
        url = house.site.http.make_url("/ws?clientId=annas")
        spy = await http.ws_connect(url, headers=house.bert.headers)
        own = await http.ws_connect(url, headers=house.anna.headers)
        assert (await spy.receive_json())["data"]["status"]["exec_info"]["queue_remaining"] == 0
        graph = {"1": entry("ShowProgress", value=["0", 0]), "0": entry("Constant"), "2": entry("Show", value=["1", 0])}
        await house.anna.run(graph, client_id="annas")
        await house.anna.run({"1": entry("Fail", value=["0", 0]), "0": entry("Constant"), "2": SHOWN["2"]})
        running = await house.anna.queue(SLOW, client_id="other")
        await eventually(lambda: bool(house.site.services.queue.running()))
        await house.anna.post("/interrupt", {"prompt_id": running})  # told to all sockets of its user
        await eventually(lambda: not house.site.services.queue.remaining)
        async with asyncio.timeout(10):
            while (await own.receive()).type is not aiohttp.WSMsgType.BINARY:
                pass  # her own socket does hear the preview
        with pytest.raises(TimeoutError):
            while True:
                message = await spy.receive(timeout=0.3)
                assert message.type is aiohttp.WSMsgType.TEXT and message.json()["type"] == "status", message
                assert message.json()["data"]["status"]["exec_info"]["queue_remaining"] == 0


async def test_what_a_pack_tells_while_it_works_for_an_account_others_do_not_hear(house):
    async with aiohttp.ClientSession() as http:
        url = house.site.http.make_url("/ws?clientId=annas")
        spy = await http.ws_connect(url, headers=house.bert.headers)
        own = await http.ws_connect(url, headers=house.anna.headers)
        for client in ("annas", None):
            house.site.services.bus.publish(Said("secret", {}, client, "anna"))
        house.site.services.bus.publish(Said("news", {}))
        assert [(await own.receive_json(timeout=5))["type"] for _ in range(4)] == ["status", "secret", "secret", "news"]
        assert [(await spy.receive_json(timeout=5))["type"] for _ in range(2)] == ["status", "news"]


async def test_settings_and_files_are_the_users_own(house):
    assert await house.anna.post("/settings", {"theme": "anna's"}) == 200
    assert await house.bert.get("/settings") == {}
    status, _ = await house.anna.ask("POST", "/userdata/workflows%2Fcat.json", data=b"{}")
    assert status == 200
    assert (await house.bert.ask("GET", "/userdata/workflows%2Fcat.json"))[0] == 404
    for name in ("../../anna/default/workflows/cat.json", "..%2F..%2Faccounts.json", "..%2Fsettings.json"):
        assert (await house.bert.ask("GET", f"/userdata/{name}"))[0] in (400, 404)
    form = aiohttp.FormData()
    form.add_field("image", b"not a picture", filename="mine.bin")
    assert (await house.anna.ask("POST", "/upload/image", data=form))[0] == 200
    assert (await house.bert.ask("GET", "/view?filename=mine.bin&type=input"))[0] == 404
    assert (await house.bert.get("/internal/files/input")) == []
    assert (await house.anna.get("/internal/files/input")) == ["mine.bin"]


async def test_saved_workflows_their_versions_trash_and_drafts_are_the_users_own(house):
    anna, bert = house.anna, house.bert
    for body in ({"n": "anna's"}, {"n": "anna's later"}):
        assert (await anna.ask("PUT", "/weft/workflows/a.json?base=*", json=body))[0] == 200
    assert (await anna.ask("PUT", "/weft/drafts/tab", json={"name": "anna's", "workflow": {}}))[0] == 200
    for path in ("a.json", "a.json/versions", "a.json/versions/1"):
        assert (await bert.ask("GET", f"/weft/workflows/{path}"))[0] == 404
    assert (await bert.ask("PUT", "/weft/workflows/a.json", json={"n": "bert's"}))[0] == 200, "the name is free for him"
    assert (await bert.ask("DELETE", "/weft/workflows/a.json"))[0] == 204
    assert (await anna.ask("DELETE", "/weft/workflows/a.json"))[0] == 204
    [trashed] = await anna.get("/weft/trash")
    [his] = await bert.get("/weft/trash")
    assert (trashed["versions"], his["versions"]) == (2, 1)
    assert await bert.get(f"/weft/trash/{his['id']}") == {"n": "bert's"}, "an id means one's own"
    for person in (bert, house.chief):
        assert await person.get("/weft/drafts") == [] and (await person.get("/weft/workflows"))["workflows"] == []
        assert (await person.ask("GET", "/weft/drafts/tab"))[0] == 404
        assert (await person.ask("DELETE", "/weft/drafts/tab"))[0] == 204
    assert len(await anna.get("/weft/drafts")) == 1


async def test_no_token_and_no_password_lies_readable_in_a_file(house, tmp_path):
    await house.anna.run(SAVED)
    await house.site.services.store.written()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert house.anna.token.encode() not in kept and PASSWORD.encode() not in kept


async def test_sessions_end_with_the_password_the_role_and_the_account(house):
    url = house.site.http.make_url("/ws")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        form = {"name": "Anna", "password": PASSWORD}
        async with browser.post(house.site.http.make_url("/login"), data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        socket = await browser.ws_connect(url)
        assert await house.anna.post("/users/anna", {"password": "a new password", "current": PASSWORD}) == 200
        assert (await socket.receive_json())["type"] == "status"
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE)
        async with browser.get(house.site.http.make_url("/queue")) as answer:
            assert answer.status == 401
    assert (await house.chief.ask("DELETE", "/users/anna"))[0] == 204
    assert (await house.anna.ask("GET", "/queue"))[0] == 401
    assert (await house.chief.ask("DELETE", "/users/anna"))[0] == 404


async def test_who_listens_by_an_earlier_token_hears_no_more(house):
    for method in ("POST", "DELETE"):
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(house.site.http.make_url("/ws"), headers=house.anna.headers)
            assert (await socket.receive_json())["type"] == "status"
            status, told = await house.anna.ask(method, "/users/anna/token")
            assert status in (200, 204)
            assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE)
            house.anna.token = told["token"] if told else ""


async def test_no_link_logs_a_browser_in_as_another(house):
    """Whoever follows it would go on working, and leave his files, in the account of the one who made the link."""
    url = house.site.http.make_url(f"/?token={house.bert.token}")
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        assert answer.status == 401 and "Set-Cookie" not in answer.headers


async def test_a_session_does_not_serve_to_guess_its_password(house):
    found = [
        await house.anna.post("/users/anna", {"password": "a new password", "current": f"guess number {number}"})
        for number in range(12)
    ]
    assert found == [403] * 10 + [429] * 2


async def test_a_change_of_role_and_password_is_made_whole_or_not_at_all(house):
    assert await house.chief.post("/users/anna", {"role": "admin", "password": "short"}) == 400
    assert (await house.chief.get("/users"))["roles"]["anna"] == "user"


async def test_a_prompt_that_arrives_after_its_account_was_removed_is_not_queued(house):
    removed = asyncio.Event()

    async def slowly():
        yield b'{"prompt":'
        await removed.wait()
        yield json.dumps(SHOWN).encode() + b"}"

    sending = asyncio.create_task(house.anna.ask("POST", "/prompt", data=slowly()))
    await asyncio.sleep(0.2)
    assert (await house.chief.ask("DELETE", "/users/anna"))[0] == 204
    removed.set()
    assert (await sending)[0] == 401
    assert not house.site.services.queue.remaining


async def test_the_last_admin_stays(house):
    for method, path, body in (("DELETE", "/users/admin", None), ("POST", "/users/admin", {"role": "user"})):
        status, answer = await house.chief.ask(method, path, json=body)
        assert status == 400 and "no admin" in answer["error"]
    assert await house.chief.post("/users/anna", {"role": "admin"}) == 200
    assert (await house.anna.get("/users"))["me"]["role"] == "admin"
    assert (await house.anna.ask("DELETE", "/users/admin"))[0] == 204


@pytest.mark.parametrize(
    "name", ["", "a", "A b", "../x", "con", "x" * 33, "ä", "1a", "a/b", ".x", "a.b", "accounts.json"]
)
async def test_names_that_could_not_name_a_folder_are_refused(house, name):
    status, answer = await house.chief.ask("POST", "/users", json={"username": name, "password": PASSWORD})
    assert status == 400 and "expected" in answer["error"]


async def test_short_passwords_and_wrong_bodies_are_refused(house):
    for body in (
        {"username": "carl"},
        {"username": "carl", "password": "short"},
        {"username": 5, "password": PASSWORD},
    ):
        assert await house.chief.post("/users", body) == 400
    assert await house.chief.post("/users", {"username": "anna", "password": PASSWORD}) == 400
    assert await house.chief.post("/users", {"username": "carl", "password": PASSWORD, "role": "king"}) == 400


async def test_a_published_form_gives_its_workflow_and_nothing_else_of_its_owner(house):
    form = {"id": "w1", "nodes": [], "extra": {"weft": {"form": {"version": 1}}}}
    for name, content in (("clients/form.json", form), ("clients/secret.json", {"nodes": [], "word": "sesame"})):
        path = f"/weft/workflows/{name.replace('/', '%2F')}"
        assert (await house.anna.ask("PUT", path, json=content))[0] == 200
    status, told = await house.anna.ask("POST", "/weft/forms", json={"workflow": "clients/form.json"})
    assert status == 200
    address = f"/weft/forms/{told['id']}"

    given = await house.bert.get(address)
    assert given == {"name": "form", "workflow": form}
    assert (await house.bert.get("/weft/forms"))["forms"] == [], "ids are not told to others"
    assert (await house.bert.ask("GET", "/weft/forms?user=anna"))[0] == 403
    assert (await house.bert.ask("DELETE", address))[0] == 404
    for name in ("clients%2Fform.json", "clients%2Fsecret.json"):
        assert (await house.bert.ask("GET", f"/weft/workflows/{name}"))[0] == 404
        status, _ = await house.bert.ask("POST", "/weft/forms", json={"workflow": name.replace("%2F", "/")})
        assert status == 404, "nobody publishes what is another's"
    async with aiohttp.ClientSession() as http, http.get(house.site.http.make_url(address)) as answer:
        assert answer.status == 401, "only those who are let in"

    (seen,) = (await house.chief.get("/weft/forms?user=*"))["forms"]
    assert seen["owner"] == "anna"
    assert (await house.chief.ask("DELETE", address))[0] == 204
    assert (await house.anna.get("/weft/forms"))["forms"] == []
