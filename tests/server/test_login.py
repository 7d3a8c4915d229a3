"""A server that others can reach is used by those only who know its token."""

import os
import re
import stat
from html import unescape
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from engine.errors import EngineError
from engine.server.gates import GATE, MOST_ADDRESSES, MOST_FAILURES, Failures, is_loopback
from engine.server.login_page import THEMES
from engine.server.login_words import LANGUAGES

CHOSEN = "correct horse battery"
PATHS = [
    "/",
    "/ws",
    "/queue",
    "/api/queue",
    "/view?filename=a.png",
    "/userdata?dir=x",
    "/assets/none.js",
    "/openapi.json",
]


@pytest.fixture
async def locked(open_site):
    return await open_site("--token", CHOSEN)


def bearer(token: str = CHOSEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(site) -> str:
    return site.http.app[GATE].greeting("").rpartition("token=")[2]


async def wrong_often(site) -> None:
    for _ in range(MOST_FAILURES):
        assert (await site.http.get("/queue", headers=bearer("x" * 20))).status == 401


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_answers_without_the_token(locked, path):
    for headers in (
        {},
        bearer("wrong"),
        bearer(""),
        bearer("\xff"),
        {"Authorization": "Basic eDp5"},
        {"Cookie": "weft-login-0=x"},
    ):
        answer = await locked.http.get(path, headers=headers)
        assert answer.status == 401 and "token" in (await answer.json())["error"]
    assert (await locked.http.get(path, headers=bearer())).status != 401


async def test_nothing_changes_without_the_token(locked, tmp_path):
    for path in ("/prompt", "/upload/image", "/userdata/a.txt", "/settings", "/anything/of/a/pack"):
        assert (await locked.http.post(path, data=b"{}")).status == 401
    assert not list((tmp_path / "user").rglob("a.txt"))


async def test_the_websocket_wants_it_too(locked):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await locked.http.ws_connect("/ws?clientId=me")
    assert refused.value.status == 401
    async with locked.http.ws_connect("/ws?clientId=me", headers=bearer()) as socket:
        assert (await socket.receive_json())["type"] == "status"


async def test_browsers_log_in_by_the_form(locked):
    page = await locked.http.get("/", headers={"Accept": "text/html"})
    assert page.status == 401 and "<form" in await page.text()
    assert "script" not in await page.text() and "default-src 'none'" in page.headers["Content-Security-Policy"]
    answer = await locked.http.post("/login", data={"token": CHOSEN}, allow_redirects=False)
    assert answer.status == 303 and answer.headers["Location"] == "/"
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/")) and "Secure" not in cookie
    assert CHOSEN not in cookie
    assert (await locked.http.get("/queue")).status == 200  # the client keeps cookies, as browsers do
    async with locked.http.ws_connect("/ws") as socket:
        assert (await socket.receive_json())["type"] == "status"


@pytest.mark.parametrize(
    ("accepted", "cookie", "language", "theme"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "", "de", "system"),
        ("fr,en;q=0.4,de;q=0.8", "", "de", "system"),
        ("fr-FR", "", "en", "system"),
        ("de;q=0,en;q=0.1", "", "en", "system"),
        ("de;q=x, de;q=9e9, en", "", "en", "system"),
        ("", "dark-contrast.de", "de", "dark-contrast"),
        ("de", "light.en", "en", "light"),
        ("", '"><b>.de', "de", "system"),
        ("", "dark.{words}", "en", "dark"),
    ],
)
async def test_the_page_speaks_the_readers_language_in_his_colours(locked, accepted, cookie, language, theme):
    headers = {"Accept": "text/html", "Accept-Language": accepted, "Cookie": f"weft-look={cookie}"}
    page = await (await locked.http.get("/queue", headers=headers)).text()
    assert f'<html lang="{language}" data-theme="{theme}">' in page and "<b>" not in page
    assert ("Anmelden" in page, "Log in" in page) == (language == "de", language == "en")
    wrong = await locked.http.post("/login", data={"token": "wrong"}, headers=headers)
    assert (LANGUAGES[language].wrong_token in unescape(await wrong.text())) and wrong.status == 401


def test_the_page_speaks_what_the_editor_speaks_and_keeps_its_colours():
    web = Path(__file__).parents[2] / "web" / "src"
    listed = re.search(r"export const LANGUAGES = \[(.*?)\]", (web / "words" / "index.ts").read_text("utf-8"))
    assert listed is not None and re.findall(r'"(\w+)"', listed[1]) == list(LANGUAGES)
    themes = re.findall(r'data-theme="([a-z-]+)"', (web / "style" / "tokens.css").read_text("utf-8"))
    assert set(themes) <= set(THEMES)
    assert all(word for words in LANGUAGES.values() for word in vars(words).values())


async def test_the_login_leads_to_the_page_that_was_asked_for(locked):
    address = "/form.html?workflow=my%20stars&x=%22%3E"
    page = await (await locked.http.get(URL(address, encoded=True), headers={"Accept": "text/html"})).text()
    assert '<input type="hidden" name="next" value="/form.html?workflow=my%20stars&amp;x=%22%3E">' in page
    wrong = await locked.http.post("/login", data={"token": "wrong", "next": address})
    assert "my%20stars" in await wrong.text()
    right = await locked.http.post("/login", data={"token": CHOSEN, "next": address}, allow_redirects=False)
    assert (right.status, right.headers["Location"]) == (303, address)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "", "evil", "/a\r\nX-Y: z", "/a b", "/" + "a" * 3000],
)
async def test_the_login_leads_to_no_other_server(locked, target):
    answer = await locked.http.post("/login", data={"token": CHOSEN, "next": target}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_the_address_with_the_token_is_left_at_once(locked):
    answer = await locked.http.get("/", params={"token": CHOSEN, "a": "1 2"}, allow_redirects=False)
    assert answer.status == 303 and answer.headers["Location"] == "/?a=1+2" and "Set-Cookie" in answer.headers
    wrong = await locked.http.get("/", params={"token": "x" * 20}, headers={"Cookie": ""})
    assert wrong.status == 401 and "Set-Cookie" not in wrong.headers
    locked.http.session.cookie_jar.clear()
    assert (await locked.http.get("/queue", params={"token": CHOSEN})).status == 401


async def test_behind_https_the_cookie_stays_there(locked):
    headers = {"X-Forwarded-Proto": "https"}
    answer = await locked.http.post("/login", data={"token": CHOSEN}, headers=headers, allow_redirects=False)
    assert "Secure" in answer.headers["Set-Cookie"]


async def test_guessing_is_slowed_down(locked):
    await wrong_often(locked)
    for answer in (
        await locked.http.get("/queue", headers=bearer()),
        await locked.http.post("/login", data={"token": CHOSEN}, allow_redirects=False),
        await locked.http.get("/", params={"token": CHOSEN}, allow_redirects=False),
    ):
        assert answer.status == 429 and 1 <= int(answer.headers["Retry-After"]) <= 61
        assert "Set-Cookie" not in answer.headers


async def test_who_is_logged_in_is_not_locked_out_by_others(locked):
    await locked.http.post("/login", data={"token": CHOSEN})
    await wrong_often_without_cookie(locked)
    assert (await locked.http.get("/queue")).status == 200


async def wrong_often_without_cookie(site) -> None:
    async with aiohttp.ClientSession() as stranger:
        for _ in range(MOST_FAILURES):
            async with stranger.get(site.http.make_url("/queue"), headers=bearer("x" * 20)) as answer:
                assert answer.status == 401
        async with stranger.get(site.http.make_url("/queue"), headers=bearer()) as answer:
            assert answer.status == 429


async def test_foreign_pages_cannot_log_in(locked):
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await locked.http.post("/login", data={"token": CHOSEN}, headers=headers)
        assert answer.status == 403 and "Set-Cookie" not in answer.headers


async def test_odd_forms_are_refused(locked):
    assert (await locked.http.post("/login", data=b"x" * 20_000)).status == 413
    assert (await locked.http.post("/login", data=b"{}", headers={"Content-Type": "application/json"})).status == 415
    assert (await locked.http.put("/login")).status == 405
    assert (await locked.http.post("/login", data={"token": "\N{SNOWMAN}"})).status == 401
    assert (await locked.http.get("/login")).status == 200


async def test_listening_elsewhere_asks_for_a_token_that_is_kept(open_site, tmp_path):
    first = await open_site("--listen", "0.0.0.0")
    token = token_of(first)
    assert len(token) > 40
    assert (await first.http.get("/queue")).status == 401  # a proxy on this machine looks like loopback
    assert (await first.http.get("/queue", headers=bearer(token))).status == 200
    file = tmp_path / "user" / "login-token"
    assert file.read_text() == token
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await first.http.close()
    second = await open_site("--listen", "127.0.0.1,192.168.1.20")
    assert token_of(second) == token
    for name in ("login-token", "../login-token", "..%2Flogin-token"):
        assert (await second.http.get(f"/userdata/{name}", headers=bearer(token))).status in (400, 404)


async def test_loopback_asks_nobody(open_site):
    for flags in ((), ("--listen", "127.0.0.1,::1"), ("--listen", "localhost")):
        site = await open_site(*flags)
        assert GATE not in site.http.app and (await site.http.get("/queue")).status == 200
        await site.http.close()


async def test_no_login_is_said_aloud(open_site, caplog):
    site = await open_site("--listen", "0.0.0.0", "--no-login")
    assert (await site.http.get("/queue")).status == 200
    assert "NO LOGIN: everybody" in caplog.text


async def test_the_token_may_come_from_the_environment(open_site, monkeypatch):
    monkeypatch.setenv("WEFT_TOKEN", CHOSEN)
    site = await open_site()
    assert (await site.http.get("/queue")).status == 401
    assert (await site.http.get("/queue", headers=bearer())).status == 200


async def test_short_tokens_and_a_damaged_file_are_explained(open_site, tmp_path):
    with pytest.raises(EngineError, match="16 or more"):
        await open_site("--token", "short", "--database-file", ":memory:")
    (tmp_path / "user" / "login-token").write_text("")
    with pytest.raises(EngineError, match="Remove it"):
        await open_site("--listen", "0.0.0.0", "--database-file", ":memory:")


def test_failures_are_counted_by_address_and_forgotten():
    now = [0.0]
    failures = Failures(lambda: now[0])
    for _ in range(MOST_FAILURES):
        assert failures.wait_s("10.0.0.1") == 0
        failures.add("10.0.0.1")
    assert failures.wait_s("10.0.0.1") == 60 and failures.wait_s("10.0.0.2") == 0
    for number in range(MOST_FAILURES):
        failures.add(f"2001:db8::{number:x}")
    assert failures.wait_s("2001:db8::ffff") > 0 and failures.wait_s("2001:db8:0:1::1") == 0
    now[0] = 60.0
    assert failures.wait_s("10.0.0.1") == 0
    for number in range(MOST_ADDRESSES + 10):
        failures.add(f"name{number}")
    assert len(failures._times) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LOCALHOST", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("studio", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_what_is_loopback(host, expected):
    assert is_loopback(host) is expected
