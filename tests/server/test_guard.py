"""Requests that a stranger's web page makes a browser send are refused; scripts are let in."""

import socket

import pytest

PROMPT = {"prompt": {"1": {"class_type": "Nothing", "inputs": {}}}}
STATE_CHANGING = [
    "/prompt",
    "/queue",
    "/interrupt",
    "/free",
    "/history",
    "/settings",
    "/userdata/a.txt",
    "/upload/image",
]


def own_origin(site: object) -> str:
    return str(site.http.make_url("/")).rstrip("/")  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [*STATE_CHANGING, *(f"/api{path}" for path in STATE_CHANGING[:2])])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "file://"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://[::1]"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example", "Content-Type": "text/plain"},
        {"Origin": "http://evil.example", "Content-Type": "application/x-www-form-urlencoded"},
        {"Origin": "http://evil.example", "Content-Type": "multipart/form-data; boundary=x"},
    ],
)
async def test_foreign_pages_change_nothing(site, path, headers):
    answer = await site.http.post(path, data=b"{}", headers=headers)
    assert answer.status == 403
    assert "refused" in (await answer.json())["error"]


async def test_own_pages_and_scripts_may(site):
    for headers in ({}, {"Origin": own_origin(site)}, {"Origin": own_origin(site), "Sec-Fetch-Site": "same-origin"}):
        assert (await site.http.post("/interrupt", data=b"{}", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("127.0.0.1.evil.example:8188", 403),
        ("localhost.evil.example", 403),
        ("", 403),
        ("localhost", 200),
        ("localhost.:8188", 200),
        ("LOCALHOST:8188", 200),
        ("weft.localhost", 200),
        ("127.0.0.1:8188", 200),
        ("192.168.1.20:8188", 200),
        ("[::1]:8188", 200),
        (socket.gethostname(), 200),
    ],
)
async def test_rebound_names_are_refused(site, host, status):
    assert (await site.http.get("/queue", headers={"Host": host})).status == status


async def test_a_name_can_be_allowed(open_site):
    site = await open_site("--allow-host", "studio.example")
    assert (await site.http.get("/queue", headers={"Host": "studio.example"})).status == 200
    headers = {"Host": "studio.example", "Origin": "https://studio.example"}
    assert (await site.http.post("/interrupt", headers=headers)).status == 200
    assert (await site.http.get("/queue", headers={"Host": "other.example"})).status == 403


async def test_a_foreign_websocket_is_refused(site):
    answer = await site.http.get(
        "/ws", headers={"Origin": "http://evil.example", "Connection": "Upgrade", "Upgrade": "websocket"}
    )
    assert answer.status == 403


async def test_cors_lets_one_page_in(open_site):
    site = await open_site("--enable-cors-header", "http://friend.example")
    preflight = await site.http.options("/prompt", headers={"Origin": "http://friend.example"})
    assert preflight.status == 200 and preflight.headers["Access-Control-Allow-Origin"] == "http://friend.example"
    assert (await site.http.post("/interrupt", headers={"Origin": "http://friend.example"})).status == 200
    assert (await site.http.post("/interrupt", headers={"Origin": "http://evil.example"})).status == 403


async def test_cors_lets_all_in(open_site):
    site = await open_site("--enable-cors-header")
    answer = await site.http.post("/interrupt", headers={"Origin": "http://any.example", "Host": "any.example"})
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_every_answer_forbids_guessing_types(site):
    for path in ("/", "/queue", "/nowhere", "/view?filename=none.png"):
        answer = await site.http.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_gets_change_nothing(site):
    for path in ("/interrupt", "/free", "/upload/image"):
        assert (await site.http.get(path)).status in (404, 405)
