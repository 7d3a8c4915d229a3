"""Whatever comes, the answer is clear: no 5xx, no traceback, no hang. `make fuzz` sets FUZZ_EXAMPLES for a long run."""

import asyncio
import io
import json
import os
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.errors import BadFile
from engine.files.safetensors_header import CheckpointHeader, read_header
from tests.doubles import entry
from tests.server.conftest import in_process

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
ANSWER_WITHIN_S = 20
fuzzing = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
)  # fmt: skip

numbers = st.one_of(st.integers(), st.sampled_from([-1, 2**31, 2**63, 2**64, -(2**70)]), st.floats())
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=20))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)
links = st.tuples(st.one_of(st.sampled_from(["1", "2", "3", "9"]), values), st.one_of(st.integers(-3, 3), values)).map(
    list
)
classes = st.one_of(st.sampled_from(["Constant", "Add", "Show", "Nothing", "ChooseModel"]), values)
inputs = st.dictionaries(st.sampled_from(["value", "a", "b", "name"]), st.one_of(links, values), max_size=4)
node = st.one_of(st.fixed_dictionaries({"class_type": classes, "inputs": st.one_of(inputs, values)}), values)
prompts = st.one_of(st.dictionaries(st.sampled_from(["1", "2", "3", ""]), node, max_size=3), values)
fields = ["client_id", "prompt_id", "number", "front", "extra_data", "partial_execution_targets"]
submissions = st.fixed_dictionaries({"prompt": prompts}, optional=dict.fromkeys(fields, values))
bodies = {
    "/queue": ["delete", "clear", "pause"], "/history": ["delete", "clear"], "/interrupt": ["prompt_id"],
    "/free": ["unload_models", "free_memory"], "/settings": ["a"],
}  # fmt: skip
routes = st.sampled_from(sorted(bodies)).flatmap(
    lambda path: st.tuples(
        st.just(path), st.one_of(values, st.fixed_dictionaries({}, optional=dict.fromkeys(bodies[path], values)))
    )
)


@pytest.fixture
async def target(open_site: Any) -> Any:
    return await open_site(make_worker=in_process)


async def many(strategy: Any, check: Any) -> None:
    """Draw examples in a thread, for hypothesis calls functions that do not wait, and check each in this loop."""
    loop = asyncio.get_running_loop()

    @fuzzing
    @given(strategy)
    def one(example: Any) -> None:
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(check(example), ANSWER_WITHIN_S), loop).result()

    await asyncio.to_thread(one)


async def clear(answer: Any) -> None:
    text = (await answer.read()).decode("utf-8", "replace")
    assert answer.status < 500, text
    assert "Traceback" not in text
    if answer.status >= 400:
        assert json.loads(text)["error"]


async def test_any_json_to_any_route(target):
    async def send(example: Any) -> None:
        path, body = example
        await clear(await target.http.post(path, data=io.BytesIO(json.dumps(body).encode())))

    await many(routes, send)
    assert (await target.http.get("/queue")).status == 200


async def test_any_submission(target):
    async def send(body: Any) -> None:
        await clear(await target.http.post("/prompt", data=io.BytesIO(json.dumps(body).encode())))

    await many(submissions, send)
    for path in ("/queue", "/history", "/api/jobs"):
        assert (await target.http.get(path)).status == 200
    await target.http.post("/queue", json={"clear": True})
    fine = {"1": entry("Constant"), "2": entry("Show", value=["1", 0])}
    assert (await target.run(fine))["status"]["completed"] is True


async def test_any_bytes_to_any_route(target):
    async def send(example: tuple[str, bytes]) -> None:
        await clear(await target.http.post(example[0], data=io.BytesIO(example[1])))

    await many(st.tuples(st.sampled_from(["/prompt", *sorted(bodies)]), st.binary(max_size=60)), send)


async def test_any_websocket_frame(target):
    flags = st.fixed_dictionaries({"type": st.just("feature_flags"), "data": values}).map(json.dumps)
    frames = st.one_of(st.text(max_size=40), st.binary(max_size=40), values.map(json.dumps), flags)
    async with target.http.ws_connect("/ws?clientId=fuzz") as socket:

        async def send(frame: str | bytes) -> None:
            await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(_sendable(frame)))

        await many(frames, send)
        await socket.ping()
        while not socket.closed and (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT:
            pass
        assert not socket.closed
    assert (await target.http.get("/queue")).status == 200


@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionParam")
@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")
async def test_any_form(target, tmp_path):
    parts = st.tuples(st.sampled_from(["image", "file", "type", "subfolder", "overwrite", "x"]), st.binary(max_size=30))
    heads = st.sampled_from([b"", b'; filename="a.png"', b'; filename="../a"', b"; filename*=x", b'; filename="\x00"'])

    async def send(example: list[tuple[tuple[str, bytes], bytes]]) -> None:
        body = b"".join(
            b"--b\r\nContent-Disposition: form-data; name=" + name.encode() + head + b"\r\n\r\n" + data + b"\r\n"
            for (name, data), head in example
        )
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        for end in (b"--b--\r\n", b""):
            await clear(await target.http.post("/upload/image", data=io.BytesIO(body + end), headers=headers))

    await many(st.lists(st.tuples(parts, heads), max_size=3), send)
    assert not list((tmp_path / "temp" / ".uploads").iterdir())


async def test_any_picture(target, tmp_path):
    whole = io.BytesIO()
    from PIL import Image

    Image.new("RGBA", (9, 7), (1, 2, 3, 4)).save(whole, "png")
    data = whole.getvalue()
    path = tmp_path / "output" / "a.png"

    async def send(changes: list[tuple[int, int]]) -> None:
        changed = bytearray(data)
        for place, byte in changes:
            changed[place] = byte
        path.write_bytes(changed[: changes[0][0] if len(changes) % 3 == 1 else None])
        for asked in ("preview=webp", "channel=a"):
            answer = await target.http.get(f"/view?filename=a.png&{asked}")
            if answer.status != 200:
                await clear(answer)

    places = st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255))
    await many(st.lists(places, min_size=1, max_size=5), send)


def test_any_safetensors_header(tmp_path):
    path = tmp_path / "a.safetensors"
    offsets = st.one_of(st.lists(st.integers(-2, 20), min_size=2, max_size=2), values)
    shapes = st.one_of(st.lists(st.integers(-1, 5), max_size=3), values)
    tensor = st.fixed_dictionaries(
        {"dtype": st.one_of(st.just("F16"), values), "shape": shapes, "data_offsets": offsets}
    )
    headers = st.dictionaries(st.one_of(st.sampled_from(["a", "__metadata__"]), st.text()), st.one_of(tensor, values))
    texts = st.one_of(headers.map(lambda header: json.dumps(header).encode()), st.binary(max_size=80))

    @fuzzing
    @given(texts, st.one_of(st.none(), st.integers(0, 2**64 - 1)), st.binary(max_size=20))
    def read(text: bytes, length: int | None, data: bytes) -> None:
        announced = len(text) if length is None else length
        path.write_bytes(announced.to_bytes(8, "little") + text + data)
        try:
            assert isinstance(read_header(path), CheckpointHeader)
        except BadFile as error:
            assert str(path) in str(error)

    read()


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
