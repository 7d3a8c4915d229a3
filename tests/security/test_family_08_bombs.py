"""Threat family 8: little that grows large. Each is refused by a limit that the answer names."""

import io
import time
import zlib

import aiohttp
import pytest

from engine.files import images
from tests.doubles import entry
from tests.security.attacks import black_png, chunk

SIDE = 13_000


def form(data: bytes, name: str = "a.png", **texts: str) -> aiohttp.FormData:
    made = aiohttp.FormData(texts)
    made.add_field("image", data, filename=name)
    return made


async def test_a_picture_of_169_million_pixels_is_refused_undecoded(site, tmp_path):
    bomb = black_png(SIDE)
    assert len(bomb) < 2 * 2**20
    began = time.process_time()
    answer = await site.http.post("/upload/image", data=form(bomb))
    assert answer.status == 413 and "13000 x 13000" in (await answer.json())["error"]
    assert time.process_time() - began < 0.5  # decoding alone would take longer
    assert not list((tmp_path / "input").iterdir())
    (tmp_path / "output" / "bomb.png").write_bytes(bomb)
    for asked in ("preview=webp", "channel=rgb", "channel=a"):
        answer = await site.http.get(f"/view?filename=bomb.png&{asked}")
        assert answer.status == 415 and "11585 x 11585" in (await answer.json())["error"]
    with pytest.raises(images.BadFile, match="13000 x 13000"):
        images.read_image(tmp_path / "output" / "bomb.png")


async def test_a_text_chunk_that_grows_without_end_is_refused(site, tmp_path):
    text = chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(200 * 2**20), 9))
    (tmp_path / "output" / "bomb.png").write_bytes(black_png(8, text))
    answer = await site.http.get("/view?filename=bomb.png&preview=webp")
    assert answer.status == 415 and (await answer.json())["error"]


async def test_nested_json_is_refused(site):
    for depth in (1_000, 100_000):
        for body in (b"[" * depth + b"]" * depth, b'{"prompt":' * depth + b"1" + b"}" * depth, b"[" * depth):
            for path in ("/prompt", "/queue", "/settings", "/history", "/free"):
                assert (await site.http.post(path, data=io.BytesIO(body))).status == 400


async def test_a_body_over_the_limit_is_refused(open_site):
    site = await open_site("--max-upload-size", "0.01")
    for path in ("/prompt", "/settings", "/userdata/a.json"):
        answer = await site.http.post(path, data=b" " * 20_000)
        assert answer.status == 413 and (await answer.json())["error"]


async def test_cycles_are_refused(site):
    looped = {
        "1": entry("Add", a=["2", 0], b=["1", 0]),
        "2": entry("Add", a=["1", 0]),
        "3": entry("Show", value=["1", 0]),
    }
    answer = await site.http.post("/prompt", json={"prompt": looped})
    assert answer.status == 400 and (await answer.json())["error"]


async def test_a_flood_of_jobs_is_refused(open_site):
    site = await open_site("--queue-limit", "3")
    prompt = {"1": entry("Sleep", seconds=20), "2": entry("Show", value=["1", 0])}
    answers = [await site.http.post("/prompt", json={"prompt": prompt}) for _ in range(8)]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) >= 4 and "3" in (await refused[0].json())["error"]["message"]
    await site.http.post("/queue", json={"clear": True})
    await site.http.post("/interrupt")


async def test_long_addresses_and_headers_are_refused(site):
    assert (await site.http.get("/view?filename=" + "x" * 20_000)).status in (400, 414)
    assert (await site.http.get("/queue", headers={"X-Long": "x" * 20_000})).status == 400
