"""Threat family 9: neither the server nor its workers speak to another host, whatever they are told."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.security.serving import Site, error_of, node

# A host that tests may name (RFC 5737), and those that attacks name: this machine, link-local, private, files.
ADDRESSES = [
    "http://192.0.2.1/a.png", "https://192.0.2.1/a.safetensors", "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/", "http://[fe80::1]/", "http://127.0.0.1:1/", "http://localhost:1/", "http://0x7f000001/",
    "http://2130706433/", "file:///etc/passwd", "ftp://192.0.2.1/a", "gopher://127.0.0.1:1/_", "//192.0.2.1/a.png",
    "http://weft.example.invalid/a.png", "data:text/html,x", "\\\\192.0.2.1\\share\\a.png",
]  # fmt: skip


def get_routes(real: Site) -> list[tuple[str, dict[str, Any]]]:
    """List every path that answers GET, with what is said of it."""
    paths = real.get("/openapi.json").json["paths"]
    return [(path, about["get"]) for path, about in paths.items() if "get" in about and path != "/ws"]


def filled(path: str, value: str) -> str:
    return re.sub(r"\{[^}]*\}", value, path)


def quoted(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"%{ord(letter):02X}" for letter in text)


@pytest.fixture(scope="module", autouse=True)
def nobody_was_called(real: Site) -> Any:
    before = len(real.attempts())
    yield
    assert real.attempts()[before:] == []


def test_the_watch_sees_both_processes(real):
    """A pack's node is refused its connection, and the attempt is written down: or the rest would show nothing."""
    before = real.attempts()
    try:
        ended = real.run({"1": node("HostileCallsHome", salt=1)})
        assert ended["outputs"]["1"]["text"] == ["PermissionError"]
        (attempt,) = real.attempts()[len(before) :]
        assert "192.0.2.1" in attempt and "hostile" in attempt
    finally:
        real.tried.write_text("".join(f"{line}\n" for line in before), "utf-8")
    watching = [int(line) for line in real.tried.with_suffix(".watching").read_text("utf-8").split()]
    assert real.process.pid in watching and len(watching) >= 2


def test_every_get_route_answers_without_a_word_to_others(real):
    routes = get_routes(real)
    assert len(routes) > 30
    for path, about in routes:
        for value in ("x", "checkpoints", quoted(ADDRESSES[0])):
            names = [each["name"] for each in about.get("parameters", []) if each["in"] == "query"]
            query = "&".join(f"{name}={quoted(ADDRESSES[1])}" for name in names)
            for asked in (filled(path, value), f"{filled(path, value)}?{query}"):
                assert real.get(asked).status < 500, asked


def test_a_prompt_of_the_model_that_ships_runs_without_a_word_to_others(real):
    prompt = {
        "1": node("CheckpointLoaderSimple", ckpt_name="weft-tiny.safetensors"),
        "2": node("CLIPTextEncode", text="a red circle, http://192.0.2.1/a.png", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "5": node(
            "KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0], latent_image=["4", 0], seed=1, steps=2,
            cfg=2.0, sampler_name="euler", scheduler="normal", denoise=1.0,
        ),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", images=["6", 0], filename_prefix="ninth"),
    }  # fmt: skip
    assert real.run(prompt)["status"]["completed"] is True


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_where_a_file_is_expected_is_refused(real, address):
    for kind, key in (("LoadImage", "image"), ("LoadLatent", "latent"), ("CheckpointLoaderSimple", "ckpt_name")):
        prompt = {"1": node(kind, **{key: address}), "2": node("PreviewAny", source=["1", 0])}
        assert real.post("/prompt", {"prompt": prompt}).status == 400
    for path in (f"/view?filename={quoted(address)}", f"/view?filename=a.png&subfolder={quoted(address)}"):
        assert real.get(path).is_clear
    assert real.get(f"/userdata/{quoted(address)}").is_clear
    assert real.get(f"/view_metadata/loras?filename={quoted(address)}.safetensors").is_clear


@pytest.mark.parametrize("address", ADDRESSES[:3])
def test_addresses_in_bodies_are_mere_text(real, address):
    fields = ("url", "image", "file", "callback", "webhook", "download_url", "source")
    for path in ("/queue", "/history", "/free", "/interrupt", "/settings"):
        assert real.post(path, dict.fromkeys(fields, address)).status < 500
    extra = {"extra_pnginfo": {"workflow": {"url": address}}, **dict.fromkeys(fields, address)}
    prompt = {"1": node("PrimitiveString", value=address), "2": node("PreviewAny", source=["1", 0])}
    answer = real.post("/prompt", {"prompt": prompt, "extra_data": extra, **dict.fromkeys(fields, address)})
    assert answer.status == 200 and real.ended(answer.json["prompt_id"])["status"]["completed"] is True
    ref = json.dumps({"filename": address, "subfolder": "", "type": "input"})
    assert real.upload(b"x", "a.png", "/upload/mask", original_ref=ref).is_clear
    assert real.upload(b"x", "plain.txt", url=address, image_url=address).status == 200


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-For", "Referer", "Forwarded", "Origin"])
def test_no_header_makes_it_ask_anybody(real, header):
    for value in ("192.0.2.1:80", "weft.example.invalid", "http://192.0.2.1/"):
        assert real.ask("GET", "/queue", headers={header: value}).status < 500
        assert real.ask("GET", "/nowhere/at/all", headers={header: value}).status < 500
    assert real.ask("GET", "http://192.0.2.1/queue").status < 500  # as one asks a proxy
    assert b"200" not in real.raw(b"CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split(b"\r\n")[0]


def test_pictures_that_name_other_hosts_are_read_as_they_are(real):
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://192.0.2.1/a.png'/></svg>"
    assert real.upload(svg, "remote.svg").status == 200
    assert real.get("/view?filename=remote.svg&type=input&preview=webp").status == 415
    with one_that_listens() as (port, heard):
        playlist = f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n"
        concat = f"ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.mp4\n"
        beside = "ffconcat version 1.0\nfile other.mp4\n"
        sdp = f"v=0\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
        for number, text in enumerate((playlist, concat, beside, sdp)):
            for suffix in ("mp4", "webm", "mkv"):
                refused_as_video(real, text.encode(), f"list{number}.{suffix}")
    assert heard == []


@contextmanager
def one_that_listens() -> Iterator[tuple[int, list[str]]]:
    """A web server of this machine, which FFmpeg, whose sockets are not Python's, could reach."""
    heard: list[str] = []

    class Listens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listens) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port, heard
        server.shutdown()
        thread.join()


def refused_as_video(real: Site, data: bytes, name: str) -> None:
    assert real.upload(data, name).status == 200
    prompt = {
        "1": node("LoadVideo", file=name),
        "2": node("GetVideoComponents", video=["1", 0]),
        "3": node("PreviewAny", source=["2", 0]),
    }
    ended = real.run(prompt)
    assert "cannot be read as a video" in error_of(ended)["exception_message"]
