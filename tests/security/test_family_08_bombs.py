"""Threat family 8: little that grows large. Each is refused by a limit that the answer names."""

import asyncio
import gzip
import io
import time
import zlib

import aiohttp
import pytest

from engine.files import images
from tests.doubles import entry
from tests.security.attacks import black_png, chunk
from tests.security.serving import node

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


# Against the whole program


@pytest.mark.parametrize("kind", ["HostileExpandsForEver", "HostileExpandsIntoMore"])
def test_a_node_that_expands_without_end_is_ended_and_the_next_job_runs(real, kind):
    before = real.get("/prompt").json["exec_info"]["queue_remaining"]
    prompt = {"1": node(kind, salt=1), "2": node("PreviewAny", source=["1", 0])}
    job = real.post("/prompt", {"prompt": prompt}).json["prompt_id"]
    until_s = time.monotonic() + 3
    while time.monotonic() < until_s and not real.get(f"/history/{job}").json:
        began = time.monotonic()
        assert real.get("/queue").status == 200 and time.monotonic() - began < 2  # the server answers meanwhile
        time.sleep(0.1)
    real.post("/interrupt", {"prompt_id": job})
    assert real.ended(job)["status"]["status_str"] == "error"
    assert real.get("/prompt").json["exec_info"]["queue_remaining"] == before
    real.still_works()


def test_a_million_nodes_are_refused_by_their_number(real):
    one = b'"%d":{"class_type":"PreviewAny","inputs":{}},'
    body = b'{"prompt":{' + b"".join(one % number for number in range(1_000_000))[:-1] + b"}}"
    began = time.monotonic()
    answer = real.ask("POST", "/prompt", body)
    assert answer.status == 400 and "200000 is the limit" in answer.json["error"]["details"]
    assert time.monotonic() - began < 10
    real.still_works()


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt":{"1":{"class_type":"PreviewAny","inputs":{"source":"' + b"x" * 20_000_000 + b'"}}}}',
        b'{"prompt":{"1":{"class_type":"PreviewAny","inputs":{' + b'"i":1,' * 300_000 + b'"j":1}}}}',
        b'{"prompt":' + b"[" * 3_000_000,
        b'{"number":' + b"9" * 5_000_000 + b"}",
        b'{"prompt":{"' + b"1" * 10_000_000 + b'":{}}}',
        b'{"client_id":"' + b"\\u0000" * 1_000_000 + b'"}',
    ],
)
def test_large_oddities_are_answered_soon(real, body):
    began = time.monotonic()
    answer = real.ask("POST", "/prompt", body)
    assert answer.status < 500 and len(answer.body) < 100_000
    assert time.monotonic() - began < 10
    assert real.get("/queue").status == 200
    real.post("/queue", {"clear": True})


async def test_packed_bombs(open_site):
    site = await open_site("--max-upload-size", "1")
    for name, packed in (("gzip", gzip.compress(bytes(50 * 2**20))), ("deflate", zlib.compress(bytes(50 * 2**20)))):
        for path in ("/prompt", "/settings", "/userdata/a.json"):
            answer = await site.http.post(path, data=packed, headers={"Content-Encoding": name})
            assert answer.status in (400, 413), (name, path, answer.status)
            assert (await answer.json())["error"]


async def test_a_flood_says_when_to_ask_again(open_site):
    site = await open_site("--queue-limit", "2")
    await site.http.post("/queue", json={"pause": True})
    prompt = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}
    answers = [await site.http.post("/prompt", json={"prompt": prompt}) for _ in range(50)]
    assert [answer.status for answer in answers] == [200] * 2 + [429] * 48
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert (await site.http.get("/queue")).status == 200


async def test_a_flood_of_listeners_and_of_messages_is_borne(open_site):
    site = await open_site()
    sockets = [await site.http.ws_connect(f"/ws?clientId={number}") for number in range(40)]
    for each in sockets[:4]:
        for _ in range(100):
            await each.send_str('{"type":"feature_flags","data":{}}')
    too_long = await site.http.ws_connect("/ws")
    await too_long.send_str("x" * (2 * 2**20))
    async with asyncio.timeout(10):
        async for _ in too_long:
            pass
    assert too_long.closed
    assert (await site.http.get("/queue")).status == 200
    await asyncio.gather(*(each.close() for each in sockets))
