"""Looking at, bringing in and keeping files: what is asked for, and nothing outside of it."""

import io
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, PngImagePlugin

HOSTILE = [
    "../secret.txt", "..\\secret.txt", "%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt", "a/../../secret.txt",
    "/etc/passwd", "C:\\secret.txt", "\\\\host\\share", "a\0b", "secret.txt.", "secret.txt::$DATA", "x" * 5000,
    "~/secret.txt", "link.txt", "....//secret.txt", "\ud800",
]  # fmt: skip


def png(size: tuple[int, int] = (8, 6), color: tuple[int, ...] = (255, 0, 0, 128), **texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    buffer = io.BytesIO()
    Image.new("RGBA", size, color).save(buffer, "png", pnginfo=info)
    return buffer.getvalue()


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


async def upload(site: Any, data: bytes, name: str = "a.png", route: str = "/upload/image", **texts: str) -> Any:
    form = aiohttp.FormData()
    form.add_field("image", data, filename=name, content_type="image/png")
    for key, text in texts.items():
        form.add_field(key, text)
    return await site.http.post(route, data=form)


@pytest.fixture
def folder(site: Any, tmp_path: Path) -> Path:
    """The server's base folder, with a secret in it and a link that leads there."""
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("output", "input", "user/default"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        if hasattr(os, "symlink"):
            (tmp_path / name / "link.txt").symlink_to(tmp_path / "secret.txt")
    return tmp_path


async def test_view_sends_a_file_as_it_is(site, folder):
    (folder / "output" / "sub").mkdir()
    (folder / "output" / "sub" / "a.png").write_bytes(png())
    for query in (
        "filename=a.png&subfolder=sub",
        "filename=sub/a.png&type=output",
        "filename=sub/a.png [output]&type=input",
    ):
        answer = await site.http.get(f"/view?{query}")
        assert answer.status == 200 and await answer.read() == png()
        assert answer.headers["Content-Type"] == "image/png"
        assert (
            answer.headers["X-Content-Type-Options"] == "nosniff"
            and "sandbox" in answer.headers["Content-Security-Policy"]
        )
    part = await site.http.get("/view?filename=sub/a.png", headers={"Range": "bytes=1-3"})
    assert part.status == 206 and await part.read() == b"PNG"


async def test_view_previews_and_channels(site, folder):
    (folder / "output" / "a.png").write_bytes(png())
    preview = await site.http.get("/view?filename=a.png&preview=webp;90")
    assert preview.headers["Content-Type"] == "image/webp"
    assert picture(await preview.read()).format == "WEBP"
    jpeg = await site.http.get("/view?filename=a.png&preview=jpeg")
    assert picture(await jpeg.read()).mode == "RGB"
    rgb = picture(await (await site.http.get("/view?filename=a.png&channel=rgb")).read())
    assert rgb.mode == "RGB" and rgb.getpixel((0, 0)) == (255, 0, 0)
    alpha = picture(await (await site.http.get("/view?filename=a.png&channel=a")).read())
    assert alpha.getpixel((0, 0)) == (0, 0, 0, 128)
    (folder / "output" / "broken.png").write_bytes(b"no picture")
    assert (await site.http.get("/view?filename=broken.png&preview=webp")).status == 415


async def test_a_picture_that_would_fill_the_memory_is_not_opened(site, folder):
    header = png()[:16] + (60_000).to_bytes(4, "big") * 2 + png()[24:]
    (folder / "output" / "bomb.png").write_bytes(header)
    answer = await site.http.get("/view?filename=bomb.png&preview=webp")
    assert answer.status == 415 and (await answer.json())["error"]


@pytest.mark.parametrize("name", HOSTILE)
async def test_view_never_leaves_its_folder(site, folder, name):
    for query in ({"filename": name}, {"filename": "secret.txt", "subfolder": name}, {"filename": f"{name} [input]"}):
        params = {key: text.encode("utf-8", "replace").decode() for key, text in query.items()}
        answer = await site.http.get("/view", params=params)
        assert 400 <= answer.status < 500, query
        assert await answer.read() != b"secret"


@pytest.mark.parametrize("area", ["models", "", "user", "../output"])
async def test_view_knows_three_areas(site, folder, area):
    assert (await site.http.get("/view", params={"filename": "a.png", "type": area})).status == 400


@pytest.mark.parametrize("suffix", [".html", ".svg", ".xhtml", ".xml", ".js", ".pdf", ".htm", ".mht", ".SVG", ""])
async def test_what_could_run_is_downloaded(site, folder, suffix):
    name = f"evil{suffix}"
    (folder / "output" / name).write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    answer = await site.http.get(f"/view?filename={name}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.skipif(os.name == "nt", reason="such names cannot exist there")
@pytest.mark.parametrize("name", ['a"b.txt', "a\r\nSet-Cookie=x.txt", "ä €.txt"])
async def test_no_file_name_breaks_a_header(site, folder, name):
    (folder / "output" / name).write_text("x")
    answer = await site.http.get("/view", params={"filename": name})
    assert answer.status == 200 and "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Disposition"].count('"') == 2


async def test_upload_keeps_different_files_and_stores_the_same_one_once(site, folder):
    first = await (await upload(site, png())).json()
    assert first == {"name": "a.png", "subfolder": "", "type": "input"}
    assert (folder / "input" / "a.png").read_bytes() == png()
    assert await (await upload(site, png())).json() == first
    other = png(color=(0, 255, 0, 255))
    assert (await (await upload(site, other)).json())["name"] == "a (1).png"
    assert (await (await upload(site, other)).json())["name"] == "a (1).png"
    assert (await (await upload(site, other, overwrite="true")).json())["name"] == "a.png"
    assert (folder / "input" / "a.png").read_bytes() == other
    placed = await (await upload(site, png(), subfolder="x/y", type="temp")).json()
    assert placed == {"name": "a.png", "subfolder": "x/y", "type": "temp"}
    assert (folder / "temp" / "x" / "y" / "a.png").exists()
    assert list((folder / "temp" / ".uploads").iterdir()) == []


@pytest.mark.parametrize("name", [*HOSTILE[:11], "a/b.png", ".hidden", ""])
async def test_upload_names_stay_inside(site, folder, name):
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("image", b"evil", filename=name.replace("\0", "%00") or '"', content_type="image/png")
    answer = await site.http.post("/upload/image", data=form)
    moved = await upload(site, b"evil", subfolder=name) if name else answer
    for told in (answer, moved):
        assert told.status < 500
    new = [path for path in folder.rglob("*") if path.is_file() and path not in before]
    assert all(folder / "input" in path.parents for path in new)
    assert (folder / "secret.txt").read_text() == "secret"


async def test_an_upload_over_the_limit_leaves_nothing(open_site, tmp_path):
    site = await open_site("--max-upload-size", "0.01")
    answer = await upload(site, b"x" * 50_000)
    assert answer.status == 413 and "max-upload-size" in (await answer.json())["error"]
    assert not (tmp_path / "input" / "a.png").exists()
    assert list((tmp_path / "temp" / ".uploads").iterdir()) == []


async def test_what_is_no_form_is_refused(site):
    assert (await site.http.post("/upload/image", data=b"x")).status == 400
    assert (
        await site.http.post("/upload/image", data=b"x", headers={"Content-Type": "multipart/form-data"})
    ).status == 400
    form = aiohttp.FormData({"type": "input"})
    form.add_field("other", b"x", filename="a.png")
    assert (await site.http.post("/upload/image", data=form)).status == 400


async def test_a_mask_is_put_over_its_picture(site, folder):
    (folder / "output" / "a.png").write_bytes(png(workflow='{"id": 1}'))
    mask = png(color=(0, 0, 0, 7))
    ref = json.dumps({"filename": "a.png", "subfolder": "", "type": "output"})
    answer = await upload(site, mask, "masked.png", "/upload/mask", original_ref=ref, subfolder="clipspace")
    assert await answer.json() == {"name": "masked.png", "subfolder": "clipspace", "type": "input"}
    stored = Image.open(folder / "input" / "clipspace" / "masked.png")
    assert stored.getpixel((0, 0)) == (255, 0, 0, 7) and stored.info["workflow"] == '{"id": 1}'
    stored.close()
    wrong = await upload(site, png((2, 2)), "m.png", "/upload/mask", original_ref=ref)
    assert wrong.status == 415
    for bad in ('{"filename": "../secret.txt"}', "{}", "nonsense", '{"filename": "none.png"}'):
        assert (await upload(site, mask, "m.png", "/upload/mask", original_ref=bad)).status == 400


async def test_userdata_keeps_workflows(site, folder):
    data = json.dumps({"nodes": []}).encode()
    stored = await site.http.post("/userdata/workflows%2Fmy flow.json?full_info=true", data=data)
    about = await stored.json()
    assert stored.status == 200 and about["path"] == "workflows/my flow.json" and about["size"] == len(data)
    assert await (await site.http.get("/api/userdata/workflows%2Fmy%20flow.json")).read() == data
    assert await (await site.http.get("/userdata/workflows/my flow.json")).read() == data
    again = await site.http.post("/userdata/workflows%2Fmy flow.json?overwrite=false", data=b"other")
    assert again.status == 409
    await site.http.post("/userdata/workflows%2Fmy flow.json?overwrite=true", data=b"other")
    assert (folder / "user/default/workflows/my flow.json").read_bytes() == b"other"


async def test_userdata_lists_moves_and_deletes(site, folder):
    for name in ("workflows%2Fa.json", "workflows%2Fsub%2Fb.json"):
        assert await (await site.http.post(f"/userdata/{name}", data=b"{}")).json() == name.replace("%2F", "/")
    assert await site.get("/userdata?dir=workflows") == ["a.json"]
    assert await site.get("/userdata?dir=workflows&recurse=true") == ["a.json", "sub/b.json"]
    assert await site.get("/userdata?dir=workflows&recurse=true&split=true") == [
        ["a.json", "a.json"],
        ["sub/b.json", "sub", "b.json"],
    ]
    full = await site.get("/userdata?dir=workflows&recurse=true&full_info=true")
    assert [entry["path"] for entry in full] == ["a.json", "sub/b.json"] and full[0]["size"] == 2
    entries = await site.get("/v2/userdata?path=workflows")
    assert [(entry["name"], entry["path"], entry["type"]) for entry in entries] == [
        ("a.json", "workflows/a.json", "file"), ("sub", "workflows/sub", "directory"),
    ]  # fmt: skip
    assert (await site.http.get("/userdata")).status == 400
    assert (await site.http.get("/userdata?dir=nowhere")).status == 404
    taken = await site.http.post("/userdata/workflows%2Fa.json/move/workflows%2Fsub%2Fb.json?overwrite=false")
    assert taken.status == 409
    moved = await site.http.post("/userdata/workflows%2Fa.json/move/workflows%2Fc.json?overwrite=false")
    assert await moved.json() == "workflows/c.json"
    assert (await site.http.delete("/userdata/workflows%2Fc.json")).status == 204
    assert (await site.http.delete("/userdata/workflows%2Fc.json")).status == 404


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\ud800" not in name])
async def test_userdata_never_leaves_its_folder(site, folder, name):
    quoted = name.replace("%", "%25").replace("/", "%2F").replace("\0", "%00").replace("\\", "%5C").replace("?", "%3F")
    (folder / "user/default/own.txt").write_text("own")
    for answer in (
        await site.http.get(f"/userdata/{quoted}"),
        await site.http.delete(f"/userdata/{quoted}"),
        await site.http.get("/userdata", params={"dir": name}),
        await site.http.get("/v2/userdata", params={"path": name}),
        await site.http.post(f"/userdata/own.txt/move/{quoted}"),
    ):
        if "%2e" not in name and "%252e" not in name:  # which are plain file names once decoded
            assert 400 <= answer.status < 500
        assert await answer.read() != b"secret"
    await site.http.post(f"/userdata/{quoted}", data=b"evil")
    assert (folder / "secret.txt").read_text() == "secret"
    outside = [path for path in folder.rglob("*") if path.is_file() and folder / "user/default" not in path.parents]
    assert all(path.read_bytes() != b"evil" for path in outside)


async def test_settings_are_kept_and_out_of_reach(site, folder):
    assert await site.get("/settings") == {}
    odd = "a\r\n[section]\nkey=value"
    await site.http.post("/settings", json={"Weft.Colour": "dark", "odd": odd})
    await site.http.post("/settings/Weft.Size", json=3)
    assert await site.get("/settings") == {"Weft.Colour": "dark", "odd": odd, "Weft.Size": 3}
    assert await site.get("/settings/Weft.Size") == 3 and await site.get("/settings/unset") is None
    assert (await site.http.post("/settings", data=b"[1]")).status == 400
    for name in ("settings.json", "..%2Fsettings.json", "%2e%2e/settings.json"):
        assert (await site.http.get(f"/userdata/{name}")).status in (400, 404)
    assert await site.get("/users") == {"storage": "server", "migrated": True}
    assert (await site.http.post("/users", json={"username": "x"})).status == 400


async def test_metadata_of_models(site, folder):
    header = json.dumps({"__metadata__": {"title": "<b>x</b>"}}).encode()
    loras = folder / "models" / "loras"
    loras.mkdir(parents=True)
    (loras / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (loras / "broken.safetensors").write_bytes(b"\xff" * 20)
    answer = await site.http.get("/view_metadata/loras?filename=a.safetensors")
    assert await answer.json() == {"title": "<b>x</b>"} and answer.content_type == "application/json"
    assert (await site.http.get("/view_metadata/loras?filename=broken.safetensors")).status == 415
    assert (await site.http.get("/view_metadata/loras?filename=none.safetensors")).status == 404
    assert (await site.http.get("/view_metadata/nowhere?filename=a.safetensors")).status == 400
    for name in HOSTILE[:11]:
        query = {"filename": f"{name}.safetensors"}
        assert 400 <= (await site.http.get("/view_metadata/loras", params=query)).status < 500
