"""What packs add to the server: routes of their own, messages, changed prompts; the server stays who it is."""

import gzip
import io
import json

import pytest

from engine.server.forwarding import Waiting
from engine.server.routes.pack_routes import FORWARDING
from engine.worker import ProcessWorker, WorkerSetup

PACK = """
import asyncio, os, threading
from server import PromptServer, web, BinaryEventTypes

server = PromptServer.instance
routes = server.routes
NODE_CLASS_MAPPINGS = {}
STATE = {}

@routes.get("/mine/hello/{name}")
async def hello(request):
    server.send_sync("mine.hello", {"who": request.match_info["name"]}, request.query.get("sid"))
    return web.json_response({
        "hello": request.match_info["name"], "query": dict(request.query), "host": request.host,
        "from": request.headers.get("X-Forwarded-For"), "secret": "X-Weft-Secret" in request.headers,
        "mark": request.headers.get("X-Mark"), "hop": request.headers.get("X-Hop"),
    }, headers={"X-Answer": "yes"}, status=203)

@routes.get("/mine/all")
async def all_of_it(request):
    return web.json_response({"headers": dict(request.headers), "query": dict(request.query)})

@routes.post("/mine/echo")
async def echo(request):
    return web.Response(body=await request.read(), content_type=request.content_type)

@routes.put("/mine/put")
@routes.patch("/mine/patch")
@routes.delete("/mine/delete")
async def other(request):
    response = web.json_response(request.method)
    response.set_cookie("a", "1"); response.set_cookie("b", "2")
    return response

@routes.view("/mine/view")
class View(web.View):
    async def get(self): return web.Response(text="got")
    async def post(self): return web.Response(text="posted")

@routes.get("/mine/stream")
async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first;")
    STATE["go"] = asyncio.Event()
    await STATE["go"].wait()
    await response.write(b"second")
    return response

@routes.get("/mine/go")
async def go(request):
    STATE["go"].set()
    return web.Response()

@routes.post("/mine/count")
async def count(request):
    sizes = 0
    async for chunk in request.content.iter_any():
        sizes += len(chunk)
    return web.json_response(sizes)

@routes.get("/mine/packed")
async def packed(request):
    import gzip
    return web.Response(body=gzip.compress(b"packed text"), headers={"Content-Encoding": "gzip"})

@routes.get("/mine/moved")
async def moved(request): raise web.HTTPFound("/mine/hello/x")

@routes.get("/mine/fails")
async def fails(request): raise RuntimeError("on purpose")

@routes.get("/mine/hangs")
async def hangs(request): await asyncio.sleep(60)

@routes.get("/mine/ends")
async def ends(request): os._exit(9)

@routes.get("/mine/process")
async def process(request): return web.json_response(os.getpid())

@routes.get("/mine/socket")
async def socket(request):
    socket = web.WebSocketResponse(protocols=("odd", "mine"))
    await socket.prepare(request)
    async for message in socket:
        if message.data == "bye": await socket.close()
        elif message.type is web.WSMsgType.TEXT: await socket.send_str(message.data.upper())
        else: await socket.send_bytes(message.data[::-1])
    return socket

@routes.get("/system_stats")
@routes.get("/history")
async def shadow(request): return web.Response(text="shadow")

@routes.post("/system_stats")
async def beside(request): return web.Response(text="beside")

@routes.get("/mine/picture")
async def picture(request):
    server.send_sync(BinaryEventTypes.PREVIEW_IMAGE, b"\\0\\0\\0\\1jpeg", request.query["sid"])
    return web.Response()

@routes.get("/mine/thread")
async def thread(request):
    message = server.send("mine.loop", [1])
    threading.Thread(target=lambda: asyncio.run_coroutine_threadsafe(message, server.loop)).start()
    return web.Response()

async def added(request): return web.Response(text="added")
server.app.add_routes([web.get("/mine/added", added)])
server.app.router.add_get("/mine/added2", added)
routes.static("/mine/static", os.path.dirname(__file__) + "/files")

def on_prompt(body):
    inputs = body["prompt"].get("1", {}).get("inputs", {})
    if inputs.get("value") == 7: inputs["value"] = 70
    if inputs.get("value") == 8: inputs["value"] = 80; raise ValueError("on purpose")
    return body

server.add_on_prompt_handler(on_prompt)
"""


def packs_worker(options, places, log_book, number):
    setup = WorkerSetup(places, equipment="tests.doubles:equip_with_packs", number=number)
    return ProcessWorker(setup, echo=log_book.worker_printed)


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "custom_nodes" / "mine"
    (folder / "files").mkdir(parents=True)
    (folder / "__init__.py").write_text(PACK)
    (folder / "files" / "a.txt").write_text("static")
    return folder


@pytest.fixture
async def site(pack, open_site):
    return await open_site(make_worker=packs_worker)


async def text(site, path, method="get", **more):
    answer = await site.http.request(method, path, **more)
    return answer.status, await answer.text()


async def test_headers_query_status_and_body_pass_through(site):
    answer = await site.http.get(
        "/mine/hello/w%C3%B6rld?a=1&b=x%20y",
        headers={"X-Mark": "m", "X-Hop": "h", "Connection": "X-Hop", "X-Weft-Secret": "guess"},
    )
    body = await answer.json()
    assert (answer.status, answer.headers["X-Answer"]) == (203, "yes")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert body["hello"] == "wörld" and body["query"] == {"a": "1", "b": "x y"}
    assert (body["mark"], body["hop"], body["from"]) == ("m", None, "127.0.0.1")
    assert body["host"] == f"127.0.0.1:{site.http.port}"


async def test_the_login_stays_with_the_server(pack, open_site):
    token = "correct horse battery"
    site = await open_site("--token", token, make_worker=packs_worker)
    shown = {"Authorization": f"Bearer {token}"}
    await site.http.post("/login", data={"token": token})  # from here on the client also sends the cookie
    site.http.session.cookie_jar.update_cookies({"other": "kept"}, site.http.make_url("/"))
    answer = await site.http.get("/mine/all", params={"token": token, "a": "1 2"}, headers=shown)
    assert answer.status == 200
    found = await answer.json()
    sent = {name.lower(): value for name, value in found["headers"].items()}
    assert found["query"] == {"a": "1 2"} and sent["cookie"] == "other=kept"
    assert "authorization" not in sent
    assert token not in str(found) and "weft-login" not in str(found)
    theirs = await (await site.http.get("/mine/all?token=theirs", headers={"Authorization": "Basic eDp5"})).json()
    assert theirs["query"] == {"token": "theirs"} and theirs["headers"]["Authorization"] == "Basic eDp5"


async def test_without_a_login_packs_get_what_was_sent(site):
    found = await (await site.http.get("/mine/all?token=x", headers={"Authorization": "Bearer key"})).json()
    assert found["headers"]["Authorization"] == "Bearer key" and found["query"] == {"token": "x"}


async def test_every_kind_of_route_answers_with_and_without_the_prefix(site):
    assert await text(site, "/mine/echo", "post", data=b"bytes") == (200, "bytes")
    assert await text(site, "/api/mine/echo", "post", data=b"bytes") == (200, "bytes")
    for method in ("put", "patch", "delete"):
        answer = await site.http.request(method, f"/mine/{method}")
        assert await answer.json() == method.upper()
        assert answer.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert await text(site, "/mine/view") == (200, "got")
    assert await text(site, "/mine/view", "post") == (200, "posted")
    assert await text(site, "/mine/added") == await text(site, "/mine/added2") == (200, "added")
    assert await text(site, "/mine/static/a.txt") == await text(site, "/api/mine/static/a.txt") == (200, "static")
    assert (await text(site, "/mine/static/../__init__.py"))[0] == 404
    assert await text(site, "/mine/packed") == (200, "packed text")
    moved = await site.http.get("/mine/moved", allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (302, "/mine/hello/x")
    head = await site.http.head("/mine/hello/x")
    assert (head.status, await head.read()) == (203, b"")


async def test_what_the_server_knows_is_never_a_packs(site):
    assert await site.get("/history") == {}
    assert "system" in await site.get("/system_stats")
    assert (await text(site, "/system_stats", "post")) == (200, "beside")
    answer = await site.http.post("/history/x")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    assert (await text(site, "/nothing/here"))[0] == 404
    assert (await text(site, "/nothing/here", "post", data=b"x"))[0] == 404
    for path in ("/.weft/prompt", "/%2eweft/prompt"):
        assert (await text(site, path, "post", data=b"{}"))[0] == 404


async def test_the_guards_stand_before_packs(site):
    refused = await site.http.post("/mine/echo", data=b"x", headers={"Origin": "http://evil.example"})
    assert refused.status == 403
    assert (await site.http.get("/mine/view", headers={"Host": "evil.example"})).status == 403


async def test_bodies_are_bounded_and_flow(pack, open_site):
    site = await open_site("--max-upload-size", "1", make_worker=packs_worker)
    assert await text(site, "/mine/count", "post", data=b"x" * 2**19) == (200, str(2**19))
    assert (await text(site, "/mine/count", "post", data=io.BytesIO(b"x" * 2**21)))[0] == 413

    async def endless():
        for _ in range(64):
            yield b"x" * 2**16

    assert (await text(site, "/mine/count", "post", data=endless()))[0] == 413
    packed = gzip.compress(b"y" * 1000)
    assert await text(
        site, "/mine/count", "post", data=packed, headers={"Content-Encoding": "gzip"}
    ) == (200, "1000")  # fmt: skip


async def test_an_answer_flows_as_it_is_made(site):
    answer = await site.http.get("/mine/stream")
    assert await answer.content.readexactly(6) == b"first;"
    assert (await site.http.get("/mine/go")).status == 200
    assert await answer.content.read() == b"second"


async def test_websockets_of_packs(site):
    socket = await site.http.ws_connect("/mine/socket", protocols=("mine", "other"))
    assert socket.protocol == "mine"
    await socket.send_str("hello")
    assert (await socket.receive()).data == "HELLO"
    await socket.send_bytes(b"abc")
    assert (await socket.receive()).data == b"cba"
    await socket.send_str("bye")
    assert (await socket.receive()).type.name in ("CLOSE", "CLOSED", "CLOSING")
    assert (await site.http.get("/mine/nothing", headers={"Upgrade": "websocket"})).status == 404


async def test_messages_from_routes_reach_the_one_or_all(site):
    one, other = await site.listen("one"), await site.listen("other")
    await site.http.get("/mine/hello/both")
    await site.http.get("/mine/hello/one?sid=one")
    await site.http.get("/mine/picture?sid=one")
    await site.http.get("/mine/thread")
    for listener, seen in ((one, ["both", "one"]), (other, ["both"])):
        await listener.until(lambda message: message["type"] == "mine.loop")
        assert [m["data"]["who"] for m in listener.messages if m["type"] == "mine.hello"] == seen
    assert (one.binary, other.binary) == ([b"\0\0\0\1\0\0\0\1jpeg"], [])


async def test_failures_are_told_and_block_nobody(site):
    status, told = await text(site, "/mine/fails")
    assert status == 500 and "RuntimeError: on purpose" in json.loads(told)["error"]
    assert "on purpose" in json.dumps(await site.get("/internal/logs"))
    forwarding = site.http.app[FORWARDING]
    forwarding.waiting = Waiting(answer_s=0.2)
    status, told = await text(site, "/mine/hangs")
    assert status == 504 and "0.2 s" in json.loads(told)["error"]
    assert (await text(site, "/mine/view"))[0] == 200
    forwarding.waiting = Waiting()
    before = await site.get("/mine/process")
    status, told = await text(site, "/mine/ends")
    assert status == 502 and "worker ended" in json.loads(told)["error"]
    assert await site.get("/mine/process") != before


async def test_a_worker_that_cannot_start_is_said(pack, open_site):
    def broken(options, places, log_book, number):
        return ProcessWorker(WorkerSetup(places, equipment="tests.doubles:equip_badly"), echo=log_book.worker_printed)

    site = await open_site(make_worker=broken)
    status, told = await text(site, "/mine/view")
    assert status == 503 and "a package is broken" in json.loads(told)["error"]


async def test_packs_change_prompts_before_they_are_checked(site):
    async def shown(value):
        prompt = {"1": {"class_type": "Constant", "inputs": {"value": value}}}
        history = await site.run({**prompt, "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}}})
        return history["outputs"]["2"]["text"], history["prompt"][2]["1"]["inputs"]["value"]

    assert await shown(6) == (["6"], 6)
    assert await shown(7) == (["70"], 70)
    assert await shown(8) == (["8"], 8)  # the handler failed: as it was sent
    assert "on purpose" in json.dumps(await site.get("/internal/logs"))


async def test_nobody_else_can_ask_the_packs_application(site):
    import aiohttp

    await site.get("/mine/process")
    address = site.services.packs.told.site.address
    if not address.startswith("unix:"):
        connector, base = aiohttp.TCPConnector(), f"http://{address}"
    else:
        connector, base = aiohttp.UnixConnector(path="\0" + address[5:]), "http://packs"
    async with aiohttp.ClientSession(connector=connector) as session:
        for headers in ({}, {"X-Weft-Secret": "guess"}):
            async with session.get(f"{base}/mine/process", headers=headers) as answer:
                assert answer.status == 403
    assert site.services.packs.told.site.secret not in repr(site.services.packs.told)


async def test_without_packs_nothing_is_waited_for(open_site):
    site = await open_site(make_worker=packs_worker)
    assert (await text(site, "/nothing"))[0] == 404
    assert (await text(site, "/nothing", "delete"))[0] == 404
