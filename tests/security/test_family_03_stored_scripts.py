"""Threat family 3: files that run in a browser, brought in whichever way. Opened they download; <img> works."""

import http.client
import io
import os
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.security.attacks import SCRIPTS, png_that_is_html
from tests.security.serving import Answer, encoded

LIES = ("text/html", "image/svg+xml", "text/javascript", "application/xhtml+xml", "image/png", "*/*; charset=x")
SHOWN_TYPES = ("image/", "video/", "audio/", "text/plain", "application/json")


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(made, "png")
    return made.getvalue()


def is_harmless(answer: Answer, name: str) -> None:
    """Check that a browser that opens this top-level runs nothing of it."""
    headers = answer.headers
    kind = headers["content-type"]
    assert headers["x-content-type-options"] == "nosniff", name
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "allow-scripts" not in policy, name
    assert kind == "application/octet-stream" or kind.startswith(SHOWN_TYPES), (name, kind)
    assert not kind.startswith(("image/svg", "text/html")), (name, kind)
    if not kind.startswith(SHOWN_TYPES):
        assert headers["content-disposition"].startswith("attachment"), name
    assert headers["cross-origin-resource-policy"] == "same-origin", name


def ways_to_get(name: str, area: str = "input") -> list[str]:
    return [
        f"/view?filename={encoded(name)}&type={area}",
        f"/api/view?filename={encoded(name)}%20%5B{area}%5D",
        f"/view?filename={encoded(name)}&type={area}&preview=nonsense&channel=rgba",
        f"/view?filename={encoded(name)}&type={area}&response-content-type=text/html&content-type=text/html",
    ]


@pytest.mark.parametrize("suffix", SCRIPTS)
def test_uploaded_scripts_download(real, suffix):
    for case in (suffix, suffix.upper(), f".png{suffix}"):
        name = f"script{case}"
        assert real.upload(SCRIPTS[suffix], name, overwrite="true").status == 200
        for way in ways_to_get(name):
            answer = real.ask("GET", way, headers={"Accept": "text/html"})
            if answer.status == 200:
                is_harmless(answer, way)
                if "preview" not in way:
                    assert answer.body == SCRIPTS[suffix]
            else:
                assert answer.status == 415  # no picture, of which a preview could be made


@pytest.mark.parametrize("kind", LIES)
def test_the_type_that_an_upload_claims_counts_nowhere(real, kind):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="lie.html"\r\nContent-Type: '
        + kind.encode() + b"\r\n\r\n" + SCRIPTS[".html"] + b"\r\n--b--\r\n"
    )  # fmt: skip
    stored = real.ask("POST", "/upload/image", body, {"Content-Type": "multipart/form-data; boundary=b"})
    is_harmless(real.get(ways_to_get(stored.json["name"])[0]), kind)
    real.ask("POST", "/userdata/lie.html", SCRIPTS[".html"], {"Content-Type": kind})
    is_harmless(real.get("/userdata/lie.html"), kind)


@pytest.mark.parametrize("suffix", SCRIPTS)
def test_scripts_among_the_users_files_download(real, suffix):
    for name in (f"script{suffix or '.'}".rstrip("."), f"workflows/script{suffix}.json", f"script.json{suffix}"):
        assert real.ask("POST", f"/userdata/{encoded(name)}", SCRIPTS[suffix]).status == 200
        is_harmless(real.get(f"/userdata/{encoded(name)}"), name)
        is_harmless(real.get(f"/api/userdata/{name}"), name)


def test_a_picture_that_is_a_page_is_a_picture(real):
    both = png_that_is_html(png())
    for name in ("both.png", "both.jpg", "both.gif", "both.html", "both.png.html", "both.svg"):
        real.upload(both, name, overwrite="true")
        answer = real.get(ways_to_get(name)[0])
        is_harmless(answer, name)
        assert answer.body == both
    assert real.get(ways_to_get("both.png")[0]).headers["content-type"] == "image/png"  # <img> works
    preview = real.get("/view?filename=both.png&type=input&preview=webp")
    assert preview.headers["content-type"] == "image/webp" and b"<script>" not in preview.body
    is_harmless(preview, "preview")
    channel = real.get("/view?filename=both.png&type=input&channel=rgb")
    assert b"<script>" not in channel.body
    is_harmless(channel, "channel")


def test_a_preview_of_a_script_is_none(real):
    for suffix in (".svg", ".html", ".pdf"):
        for name in (f"p{suffix}", f"p{suffix}.png"):
            real.upload(SCRIPTS[suffix], name, overwrite="true")
            for asked in ("preview=webp", "preview=jpeg;90", "channel=rgb"):
                assert real.get(f"/view?filename={name}&type=input&{asked}").status == 415


@pytest.mark.skipif(os.name == "nt", reason="such names cannot exist there")
@pytest.mark.parametrize(
    "name",
    [
        'a"b.html', "a';b.png", "a\r\nSet-Cookie= x=1\r\n\r\n<script>.png", "a\nX-Injected= 1.svg", "ä€😀.png",
        "a;b=c.png", "a%0d%0aX-Injected%3a 1.png", "\u2028x.png", "x" * 250, "a\tb.png", "a\x7fb.png",
        "=?utf-8?q?x?=.png",
    ],
)  # fmt: skip
def test_no_name_breaks_a_header(real, name):
    (real.base / "input" / name).write_bytes(b"data")
    headers = all_headers(real, ways_to_get(name)[0])
    names = [key.lower() for key, _ in headers]
    assert "set-cookie" not in names and "x-injected" not in names
    assert names.count("content-disposition") == names.count("content-type") == 1
    disposition = {key.lower(): value for key, value in headers}["content-disposition"]
    assert disposition.isascii() and disposition.isprintable() and disposition.count('"') == 2


def all_headers(real: Any, path: str) -> list[tuple[str, str]]:
    connection = http.client.HTTPConnection(real.host, real.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == b"data"
        return answer.getheaders()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/javascript"])
def test_uploads_with_names_that_hold_headers(real, kind):
    name = f'a"; filename="b.html"\r\nContent-Type: {kind}\r\n\r\n<script>'
    stored = real.upload(b"x", name)
    if stored.status == 200:
        is_harmless(real.get(ways_to_get(stored.json["name"])[0]), name)
    else:
        assert stored.is_clear


def test_a_models_picture_is_made_anew(real):
    """What lies beside a model, or in it, may be anything: browsers get a WebP of it, or nothing."""
    folder = real.base / "models" / "loras"
    folder.mkdir(exist_ok=True)
    (folder / "drawn.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
    for suffix, data in (
        (".svg", SCRIPTS[".svg"]),
        (".png", SCRIPTS[".html"]),
        (".preview.png", png_that_is_html(png())),
    ):
        (folder / f"drawn{suffix}").write_bytes(data)
        answer = real.get("/experiment/models/preview/loras/0/drawn.safetensors")
        if answer.status == 200:
            is_harmless(answer, suffix)
            assert answer.headers["content-type"] == "image/webp" and b"<script" not in answer.body
        else:
            assert answer.is_clear
        (folder / f"drawn{suffix}").unlink()
    (folder / "drawn.safetensors").unlink()


def test_errors_and_unknown_paths_are_no_pages(real):
    script = encoded("<script>__pwned=1</script>")
    paths = ("/{}", "/view?filename={}", "/models/{}", "/userdata/{}", "/jobs/{}", "/api/object_info/{}")
    for path in (each.format(script) for each in (*paths, "/view_metadata/{}?filename=a.safetensors")):
        answer = real.ask("GET", path, headers={"Accept": "text/html"})
        assert answer.status in (200, 400, 404, 415) and "html" not in answer.headers["content-type"], path
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_the_program_answers_to_bytes_that_are_no_request_is_no_page(real):
    answer = real.raw(b"GET /<script>__pwned=1</script> HTTP/9.9\r\nHost: x\r\n\r\n")
    assert b" 400 " in answer.split(b"\r\n")[0] and b"Content-Type: text/plain" in answer


def test_a_picture_whose_text_is_packed_is_sent_as_it_is(real):
    text = zlib.compress(b"<script>__pwned=1</script>")
    chunk = struct.pack(">I", len(text) + 6) + b"zTXtname\0\0" + text
    data = png()[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + png()[33:]
    real.upload(data, "packed.png")
    is_harmless(real.get("/view?filename=packed.png&type=input"), "packed.png")
