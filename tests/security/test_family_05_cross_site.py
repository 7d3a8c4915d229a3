"""Threat family 5: requests that a stranger's web page makes a browser send are refused; scripts are let in."""

import http.client
import re
import socket
from typing import Any

import pytest

from tests.security.serving import Site, node

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


def paths_of(real: Site, method: str) -> list[str]:
    """List every path that answers a method, with something for each parameter; a few with /api, which all have."""
    paths = real.get("/openapi.json").json["paths"]
    found = [re.sub(r"\{[^}]*\}", "x", path) for path, about in paths.items() if method.lower() in about]
    return [*found, *(f"/api{path}" for path in found[:3])]


def state_of(real: Site) -> Any:
    """Give what a request could change: files, jobs, settings, the queue."""
    jobs = {job["id"]: job["status"] for job in real.get("/api/jobs").json["jobs"]}
    files = {path: content for path, (_, content) in real.files().items()}
    return files, jobs, real.get("/settings").json, real.get("/queue").json, real.get("/history").json.keys()


def test_no_get_or_head_changes_anything(real):
    """Not one route, whatever stands in its query: <img src> on any page can send those."""
    assert len(paths_of(real, "GET")) > 40
    real.post("/queue", {"pause": True})
    waiting = {"1": node("PrimitiveInt", value=5), "2": node("PreviewAny", source=["1", 0])}
    job = real.post("/prompt", {"prompt": waiting}).json["prompt_id"]
    before = state_of(real)
    wishes = (
        f"clear=true&delete={job}&prompt_id={job}&resume=true&pause=false&unload_models=true&overwrite=true&value=1"
    )
    for path in paths_of(real, "GET"):
        if path.removeprefix("/api") == "/ws":
            continue
        for method in ("GET", "HEAD"):
            headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
            assert real.ask(method, f"{path}?{wishes}", headers=headers).status < 500, path
    for path in paths_of(real, "POST"):
        real.get(f"{path}?{wishes}")
    assert state_of(real) == before
    real.post("/queue", {"delete": [job], "resume": True})
    real.still_works()


METHODS = ("POST", "PUT", "PATCH", "DELETE")
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b")  # sent without asking


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "file://", "http://127.0.0.1:1", "http://localhost.evil.example", "http://[::1]:{port}",
        "http://localhost.:{port}", "http://127.0.0.1.:{port}", "http://evil.example:{port}",
        "http://127.0.0.1:{port}@evil.example", "http://evil.example#127.0.0.1:{port}", "ftp://127.0.0.1:{port}",
        "http://2130706433:{port}", "chrome-extension://abc", "", "http://", "http://0.0.0.0:{port}", "about:blank",
    ],
)  # fmt: skip
def test_every_state_changing_route_refuses_every_foreign_origin(real, origin):
    sent = origin.replace("{port}", str(real.port))
    for method in METHODS:
        for path in paths_of(real, method):
            headers = {"Origin": sent, "Content-Type": SIMPLE[len(path) % 3]}
            assert real.ask(method, path, b"{}", headers).status == 403, (method, path)


@pytest.mark.parametrize("kind", SIMPLE)
def test_forms_of_other_sites_change_nothing(real, kind):
    before = state_of(real)
    form = b'--b\r\nContent-Disposition: form-data; name="image"; filename="forged.png"\r\n\r\nx\r\n--b--\r\n'
    from_others = (
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    )
    for path in paths_of(real, "POST"):
        for body, headers in zip((b'{"clear":true,"a":"="}', b"clear=true", form), from_others, strict=True):
            assert real.ask("POST", path, body, {"Content-Type": kind, **headers}).status == 403, path
    assert state_of(real) == before


def test_what_is_read_across_sites_cannot_be_seen(real):
    """Without CORS no page reads an answer; CORP keeps it out of <img> and <script> of other sites as well."""
    for path in ("/queue", "/history", "/settings", "/object_info/LoadImage", "/extensions", "/view?filename=none.png"):
        answer = real.ask("GET", path, headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    preflight = real.ask("OPTIONS", "/prompt", headers={
        "Origin": "http://evil.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type"})  # fmt: skip
    assert preflight.status >= 400 and "access-control-allow-origin" not in preflight.headers


def test_the_editor_is_not_framed_by_others(real):
    for path in ("/", "/index.html"):
        answer = real.get(path)
        if answer.status == 200:
            assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1.nip.io",
     "localhost@evil.example", "evil.example#localhost", "localhost,evil.example", "[evil.example]", "", "localhostx"],
)  # fmt: skip
def test_a_rebound_name_reaches_no_route(real, host):
    sent = host.replace("{port}", str(real.port))
    for path in ("/", "/queue", "/view?filename=a.png", "/ws", "/hostile/headers", "/openapi.json", "/object_info"):
        assert real.ask("GET", path, headers={"Host": sent}).status == 403, path
    assert real.ask("POST", "/prompt", b"{}", {"Host": sent, "Origin": f"http://{sent}"}).status == 403
    both = f"GET /queue HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: {sent}\r\n\r\n".encode()
    assert b" 200 " not in real.raw(both).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://", "http://localhost.evil"]
)
def test_a_websocket_of_a_foreign_page_is_refused(real, origin):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    for path in ("/ws", "/ws?clientId=x", "/api/ws", "/hostile/headers"):
        assert real.ask("GET", path, headers={**upgrade, "Origin": origin}).status == 403
        assert real.ask("GET", path, headers={**upgrade, "Sec-Fetch-Site": "cross-site"}).status == 403
    own = http.client.HTTPConnection(real.host, real.port, timeout=5)
    own.request("GET", "/ws", headers={**upgrade, "Origin": f"http://{real.host}:{real.port}"})
    assert own.getresponse().status == 101
    own.close()


def test_scripts_of_this_machine_keep_working(real):
    """They send no Origin, and often no content type."""
    for path, body in (("/interrupt", b""), ("/queue", b'{"delete":[]}'), ("/free", b"{}")):
        assert real.ask("POST", path, body).status == 200
    for name in ("localhost", "127.0.0.1", "[::1]", "localhost."):
        assert real.ask("POST", "/interrupt", b"", {"Host": f"{name}:{real.port}"}).status == 200
