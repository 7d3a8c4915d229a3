"""Threat family 6: line breaks, equals signs and section heads in what is stored; files with settings or secrets."""

import json
from typing import Any

import pytest

from tests.security.serving import encoded, node

BREAKS = [
    "a\r\n[section]\r\nsecurity_level = weak", "a\nkey=value", "a\rkey=value", "[DEFAULT]", "=", "a=b=c", "#", ";",
    "%(x)s", "${HOME}", "'; DROP TABLE jobs; --", '"}, "admin": true, {"', "\0", "\u2028key=value", "\x85[x]",
    "---\n- !!python/x", "\ud800", "\x1b[2J", "</script><script>", "__proto__", "constructor",
]  # fmt: skip
# Where settings, the login and the jobs are kept: beside the users' files, not among them.
GUARDED = [
    "settings.json", "login-token", "weft.db", "weft.db-wal", "weft.db-shm", "accounts.json", "accounts.db",
    "documents.db", "cache", "cache/results", "default", "default/../settings.json", "../settings.json",
    "../login-token", "../weft.db", "../../user/weft.db", "..\\weft.db", "../WEFT.DB",
]  # fmt: skip


def same(value: Any) -> Any:
    """Give a text as JSON in UTF-8 can carry it."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("text", BREAKS)
def test_what_is_stored_stays_one_value(real, text):
    before = real.get("/settings").json
    answer = real.post("/settings", {"sixth": text, f"sixth.{text}": text})
    assert answer.status == 200
    kept = real.get("/settings").json
    assert kept["sixth"] == same(text) == kept[same(f"sixth.{text}")]
    assert kept.keys() == before.keys() | {"sixth", same(f"sixth.{text}")}
    assert real.post(f"/settings/{encoded(text)}", text).status in (200, 400, 404)
    assert real.post("/settings/seventh", {"a": [text], text: text}).status == 200
    assert real.get("/settings/seventh").json == {"a": [same(text)], same(text): same(text)}


@pytest.mark.parametrize("name", ["__proto__", "constructor", "__class__", "Weft.Login", "token", "security_level"])
def test_no_name_of_a_setting_means_anything_to_the_server(real, name):
    assert real.post("/settings", {name: {"polluted": True}}).status == 200
    assert real.get(f"/settings/{name}").json == {"polluted": True}
    real.still_works()


def test_settings_do_not_grow_for_ever(real):
    assert real.post("/settings", {"large": "x" * 6_000_000}).status == 413
    assert "large" not in real.get("/settings").json


@pytest.mark.parametrize("name", GUARDED)
def test_files_of_the_server_are_out_of_reach_of_the_user_files(real, name):
    real.post("/settings", {"eighth": "stays"})
    before = {path.name for path in (real.base / "user").iterdir()}
    for form in (encoded(name), encoded(name).replace("%", "%25"), name.replace("\\", "%5C").replace("/", "%2F")):
        got = real.get(f"/userdata/{form}")
        assert got.is_clear and b"sixth" not in got.body
        assert real.ask("DELETE", f"/userdata/{form}").is_clear
        real.ask("POST", f"/userdata/{form}?overwrite=true", b"evil")  # may make a file of that name among the user's
        real.ask("POST", f"/userdata/plain.txt/move/{form}?overwrite=true")
        for listed in (f"/userdata?dir={form}&recurse=true", f"/v2/userdata?path={form}"):
            assert real.get(listed).is_clear, listed
        real.ask("DELETE", f"/userdata/{form}")
    assert {path.name for path in (real.base / "user").iterdir()} - {"default"} == before - {"default"}
    assert real.get("/settings/eighth").json == "stays"
    real.still_works()


def test_neither_are_they_reached_in_other_ways(real):
    for name in GUARDED[:6]:
        for path in (
            f"/view?filename={encoded('../user/' + name)}", f"/view?filename={name}&subfolder=../user",
            f"/internal/files/{encoded('../user')}", f"/user/{name}", f"/{name}", f"/api/user/{name}",
        ):  # fmt: skip
            assert real.get(path).is_clear, path
        assert real.upload(b"evil", name, subfolder="../user").is_clear
        prompt = {
            "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
            "2": node("SaveImage", images=["1", 0], filename_prefix=f"../user/{name}"),
        }
        assert real.post("/prompt", {"prompt": prompt}).status == 400


def test_no_line_of_the_log_is_forged(real):
    for text in BREAKS:
        real.get(f"/{encoded(text)}%0D%0AERROR%20forged%3A%20by%20a%20path")
        real.ask("GET", "/queue", headers={"Host": "evil.example", "User-Agent": "x ERROR forged"})
        prompt = {"1": node("HostileFails", text=f"{text}\r\nERROR forged: by an error")}
        real.run(prompt)
    lines = [line for line in real.log().splitlines() if line.startswith("ERROR forged: by a path")]
    assert lines == []


def test_what_changes_the_server_is_said_at_its_start_only(real):
    """No route sets a flag: those that the server was started with are shown, and stay."""
    before = real.get("/system_stats").json["system"]["argv"]
    for name in ("argv", "listen", "--no-login", "login", "enable_cors_header", "max_upload_bytes", "custom_nodes"):
        real.post("/settings", {name: "*"})
        real.post(f"/settings/{encoded(name)}", True)
    assert real.get("/system_stats").json["system"]["argv"] == before
    assert real.ask("POST", "/interrupt", b"{}", {"Origin": "http://evil.example"}).status == 403
