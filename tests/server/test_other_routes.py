"""The editor's files, node types, models, and what the server says of itself."""

import json
from pathlib import Path

import pytest

from engine.server.routes import editor


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built editor, and a secret beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the editor</title>")
    (folder / "assets" / "app-1234.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(editor, "BUILT", folder)
    return folder


async def test_the_editor(site, built):
    page = await site.http.get("/")
    assert page.status == 200 and page.content_type == "text/html" and "the editor" in await page.text()
    assert page.headers["Cache-Control"] == "no-cache"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "object-src 'none'" in policy and "unsafe-eval" not in policy
    script = await site.http.get("/assets/app-1234.js")
    assert script.content_type == "text/javascript" and "immutable" in script.headers["Cache-Control"]
    assert (await site.http.get("/", headers={"If-None-Match": page.headers["Etag"]})).status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/assets",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/api/nothing",
    ],
)
async def test_nothing_but_the_editor(site, built, path):
    answer = await site.http.get(path)
    assert answer.status == 404 and (await answer.json())["error"]


async def test_without_a_build_a_page_says_what_to_do(site, monkeypatch, tmp_path):
    monkeypatch.setattr(editor, "BUILT", tmp_path / "nowhere")
    page = await site.http.get("/")
    text = await page.text()
    assert page.status == 200 and "make run" in text and "npm run build" in text


async def test_another_front_end_is_served_whole(open_site, tmp_path):
    folder = tmp_path / "other"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "index.html").write_text("<title>another</title>")
    (folder / "deep" / "er" / "x.css").write_text("a{}")
    site = await open_site("--front-end-root", str(folder))
    page = await site.http.get("/")
    assert "another" in await page.text() and "Content-Security-Policy" not in page.headers
    style = await site.http.get("/deep/er/x.css")
    assert style.content_type == "text/css" and style.headers["Cache-Control"] == "no-cache"


async def test_node_types(site):
    everything = await site.get("/object_info")
    assert everything["Constant"]["input"]["required"]["value"] == [
        "INT", {"default": 1, "min": -100, "max": 100, "tooltip": "the number."},
    ]  # fmt: skip
    assert await site.get("/api/object_info/Constant") == {"Constant": everything["Constant"]}
    assert await site.get("/object_info/NoSuchNode") == {}
    assert await site.get("/extensions") == []


async def test_models_are_listed(site, tmp_path):
    for name in ("checkpoints/b.safetensors", "checkpoints/sub/A.ckpt", "checkpoints/notes.txt", "embeddings/e.pt"):
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    assert await site.get("/models/checkpoints") == ["b.safetensors", "sub/A.ckpt"]
    assert {"checkpoints", "loras", "text_encoders"} <= set(await site.get("/models"))
    assert await site.get("/models/unet") == []
    assert await site.get("/embeddings") == ["e"]
    assert (await site.http.get("/models/nothing")).status == 404
    kinds = {entry["name"]: entry["folders"] for entry in await site.get("/experiment/models")}
    assert kinds["loras"] == [str(tmp_path / "models" / "loras")]
    (first, second) = await site.get("/experiment/models/checkpoints")
    assert (first["name"], first["pathIndex"], first["size"]) == ("b.safetensors", 0, 4) and second[
        "name"
    ] == "sub/A.ckpt"
    assert (await site.get("/internal/folder_paths"))["vae"] == [str(tmp_path / "models" / "vae")]


async def test_the_server_says_what_it_is(process_site):
    stats = await process_site.get("/system_stats")
    system = stats["system"]
    assert system["ram_total"] >= system["ram_free"] > 0 and system["pytorch_version"] == "none"
    assert {"os", "python_version", "embedded_python", "comfyui_version", "argv"} <= set(system)
    assert stats["devices"] == []
    assert (await process_site.get("/features"))["supports_preview_metadata"] is True


@pytest.mark.parametrize("path", ["/workflow_templates", "/i18n", "/global_subgraphs"])
async def test_what_packs_would_bring(site, path):
    assert await site.get(path) == {}


async def test_logs_and_files(site, tmp_path):
    site.services.log_book.worker_printed(b"a node said this\n")
    assert "a node said this" in await site.get("/internal/logs")
    raw = await site.get("/internal/logs/raw")
    assert raw["entries"][-1]["m"] == "a node said this\n" and raw["entries"][-1]["t"]
    (tmp_path / "output" / "x.png").write_bytes(b"")
    assert await site.get("/internal/files/output") == ["x.png"]
    assert (await site.http.get("/internal/files/secret")).status == 400


async def test_long_answers_are_compressed_if_asked_for(open_site):
    site = await open_site("--enable-compress-response-body")
    answer = await site.http.get("/object_info", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Constant" in json.loads(await answer.text())


@pytest.mark.parametrize("path", ["/queue", "/history", "/prompt", "/features", "/settings", "/models", "/object_info"])
async def test_every_route_answers_with_and_without_api(site, path):
    assert await site.get(path) == await site.get(f"/api{path}")
