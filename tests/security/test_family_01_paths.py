"""Threat family 1: strings that lead out of folders, in every place of every route that names a file."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from tests.security.attacks import lay_links, names_of
from tests.security.serving import SECRET, Answer, Site, encoded

AREAS = ("input", "output", "temp")


@pytest.fixture(scope="module")
def secret(real: Site) -> Path:
    """A file beside the folders; each of them holds links to it."""
    made = real.outside / "secret.txt"
    for folder in (*(real.base / area for area in AREAS), real.base / "user" / "default"):
        lay_links(folder, made)
    return made


@pytest.fixture(scope="module", autouse=True)
def nothing_outside_has_changed(real: Site, secret: Path) -> Any:
    before = outside_of_areas(real)
    yield
    assert outside_of_areas(real) == before
    assert secret.read_text("utf-8") == SECRET


def outside_of_areas(real: Site) -> dict[str, Any]:
    """Give what no client may change: all that lies outside of input, output, temp and the user's own files."""
    inside = ("base/input/", "base/output/", "base/temp/", "base/user/")
    kept = {path: found for path, found in real.files().items() if not path.startswith(inside)}
    beside = {path: found for path, found in real.files().items() if path.startswith("base/user/")}
    own = ("/default/", "/cache/", "/workflows.db")  # the last one holds versions of workflows, and grows with them
    return kept | {path: found for path, found in beside.items() if not any(part in path for part in own)}


def written(name: str) -> list[str]:
    """Write a name as it may stand in an address: all of it escaped, once and twice, only its dots, or hardly any."""
    once = encoded(name)
    forms = [once, once.replace("%", "%25"), name.replace(".", "%2e"), name.replace("\\", "%5c").replace("/", "%2F")]
    plain = [form for form in (*forms, name) if form.isascii() and form.isprintable() and not set(form) & set(' #?"<>')]
    return [form for form in dict.fromkeys(plain) if len(form) < 7000]


def tried(real: Site, method: str, path: str, body: bytes | None = None) -> Answer:
    answer = real.ask(method, path, body)
    assert answer.status < 500, (method, path, answer.status)
    assert SECRET.encode() not in answer.body, (method, path)
    assert b"root:" not in answer.body, (method, path)
    return answer


def test_the_secret_is_where_the_strings_point(real, secret):
    assert (real.base / "input" / "../../secret.txt").read_text("utf-8") == SECRET
    assert len(names_of(secret)) > 60


def test_view(real, secret):
    for name in names_of(secret):
        for form in written(name)[:3]:
            for asked in (f"filename={form}&type=input", f"filename=secret.txt&type=output&subfolder={form}",
                          f"filename={form}%20[temp]", f"filename={form}&preview=webp&type=input"):  # fmt: skip
                assert tried(real, "GET", f"/view?{asked}").is_clear, asked
    for area in ("models", "user", "..", "../user", "custom_nodes", "", "INPUT", "input\0"):
        assert tried(real, "GET", f"/view?filename=a.png&type={encoded(area)}").is_clear


def test_view_metadata_and_model_pictures(real, secret):
    for name in names_of(secret):
        for form in written(name)[:1]:
            assert tried(real, "GET", f"/view_metadata/loras?filename={form}").is_clear
            assert tried(real, "GET", f"/view_metadata/loras?filename={form}.safetensors").is_clear
            assert tried(real, "GET", f"/view_metadata/{form}?filename=a.safetensors").is_clear
            assert tried(real, "GET", f"/experiment/models/preview/loras/0/{form}").status in (400, 404, 405, 415, 200)
            assert tried(real, "GET", f"/experiment/models/preview/{form}/0/a.safetensors").status in (
                400,
                404,
                405,
                200,
            )
            tried(real, "GET", f"/experiment/models/{form}")
            tried(real, "GET", f"/models/{form}")


def test_userdata(real, secret):
    real.ask("POST", "/userdata/own.txt", b"own")
    for name in names_of(secret):
        for form in written(name)[:1]:
            tried(real, "GET", f"/userdata/{form}")
            tried(real, "GET", f"/userdata?dir={form}&recurse=true&full_info=true")
            tried(real, "GET", f"/v2/userdata?path={form}")
            tried(real, "POST", f"/userdata/{form}?overwrite=true", b"evil")
            tried(real, "POST", f"/userdata/{form}/move/gotten.txt")
            tried(real, "GET", "/userdata/gotten.txt")
            real.ask("POST", "/userdata/own.txt", b"own")
            tried(real, "POST", f"/userdata/own.txt/move/{form}?overwrite=true")
            tried(real, "DELETE", f"/userdata/{form}")


def test_saved_workflows(real, secret):
    real.ask("PUT", "/weft/workflows/own.json", b"{}")
    for form in map(encoded, names_of(secret)):
        tried(real, "GET", f"/weft/workflows/{form}")
        tried(real, "PUT", f"/weft/workflows/{form}.json?base=*", b'{"evil": true}')
        tried(real, "POST", f"/weft/workflows/{form}/move?to=gotten.json")
        tried(real, "POST", f"/weft/workflows/own.json/move?overwrite=true&to={form}.json")
        tried(real, "DELETE", f"/weft/workflows/{form}")
        tried(real, "GET", "/weft/workflows/gotten.json")
        tried(real, "PUT", f"/weft/drafts/{form}", b'{"name": "a", "workflow": {}}')


def test_folders_of_workflows_and_models(real, secret):
    folders, models = "/weft/library/folders", "/weft/models"
    for form in map(encoded, names_of(secret)):
        real.ask("PUT", f"{folders}/own", b"")
        tried(real, "PUT", f"{folders}/{form}")
        tried(real, "POST", f"{folders}/own/move?to={form}")
        tried(real, "POST", f"{folders}/{form}/move?to=gotten")
        tried(real, "DELETE", f"{folders}/{form}")
        tried(real, "GET", f"{models}/about?kind=loras&name={form}")
        tried(real, "GET", f"{models}/about?kind={form}&name=a.safetensors")
        tried(real, "POST", f"{models}/hash?kind=loras&name={form}")
        tried(real, "DELETE", f"{models}/picture?kind=loras&name={form}")
        tried(real, "PUT", f"{models}/picture?kind=loras&name={form}", b'{"filename": "a.png"}')


def test_uploads(real, secret):
    for name in names_of(secret):
        for route in ("/upload/image", "/upload/mask"):
            ref = json.dumps({"filename": name, "subfolder": "", "type": "input"}) if route.endswith("mask") else "{}"
            for answer in (
                real.upload(b"evil", name, route, original_ref=ref, overwrite="true"),
                real.upload(b"evil", "plain.txt", route, subfolder=name, original_ref=ref, overwrite="true"),
                real.upload(b"evil", "plain.txt", route, type=name, original_ref=ref),
            ):
                assert answer.status < 500 and SECRET.encode() not in answer.body, (route, name)


def test_masks_of_files_elsewhere(real, secret):
    for name in names_of(secret):
        for ref in (
            {"filename": name, "type": "input"},
            {"filename": "secret.txt", "subfolder": name, "type": "output"},
            {"filename": "secret.txt", "type": name},
            {"filename": [name]},
        ):
            answer = real.upload(b"x", "m.png", "/upload/mask", original_ref=json.dumps(ref))
            assert answer.is_clear and SECRET.encode() not in answer.body, ref


def test_the_editors_own_files_and_those_of_packs(real, secret):
    prefixes = ("", "assets/", "extensions/hostile/", "workflow_templates/hostile/", "hostile/", "api/extensions/x/",
                "internal/files/", "global_subgraphs/", "jobs/", "history/", "object_info/", "settings/")  # fmt: skip
    for name in names_of(secret)[:60:2]:
        for form in written(name)[:2]:
            for prefix in prefixes:
                tried(real, "GET", f"/{prefix}{form}")


@pytest.mark.parametrize("prefix", ["/view?filename=", "/userdata/", "/"])
def test_paths_that_no_library_would_send(real, secret, prefix):
    for raw in (b"../../secret.txt", b"..\\..\\secret.txt", b"/../../../../../../etc/passwd", b"%00", b"\xff\xfe",
                b"..%2f..%2fsecret.txt;a", b"....//....//secret.txt", b"%2e%2e/%2e%2e/secret.txt"):  # fmt: skip
        request = b"GET " + prefix.encode() + raw + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = real.raw(request)
        status = int(answer.split(b" ")[1])
        assert status < 500 and SECRET.encode() not in answer and b"root:" not in answer


def test_every_other_path_parameter(real, secret):
    """Whatever route there is, also those that are added later: its path parameters are tried with the worst names."""
    paths = real.get("/openapi.json").json["paths"]
    worst = [encoded(name) for name in names_of(secret)[:5]] + [encoded(secret.as_posix()), "..%00", "%2e%2e"]
    for path, about in paths.items():
        if "{" not in path:
            continue
        for name in worst:
            asked = "/".join(name if part.startswith("{") else part for part in path.split("/"))
            for method in ("GET", "DELETE", "PATCH", "PUT"):
                if method.lower() in about:
                    try:
                        tried(real, method, asked, None if method in ("GET", "DELETE") else b"{}")
                    except http.client.BadStatusLine:
                        pytest.fail(f"no answer to {method} {asked}")
