"""A pack that does what a hostile one would, as far as a test may: it leaves marks, and takes nothing."""

import os
import sys
import time
from pathlib import Path

from aiohttp import web
from server import PromptServer

MARKS = Path(__file__).resolve().parents[3]  # beside the server's base folder


class Hostile:
    RETURN_TYPES = ("STRING",)
    FUNCTION = "do"
    CATEGORY = "hostile"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"salt": ("INT", {"default": 0, "min": 0, "max": 2**53})}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")


def told(text):
    return {"ui": {"text": [text]}, "result": (text,)}


class ReadsEnvironment(Hostile):
    def do(self, salt):
        return told("\n".join(f"{name}={value}" for name, value in os.environ.items()))


class Exits(Hostile):
    def do(self, salt):
        os._exit(3)


class Hangs(Hostile):
    def do(self, salt):
        while True:
            time.sleep(0.05)


class EatsMemory(Hostile):
    def do(self, salt):
        bytearray(2**60)


class ChangesThePrograms(Hostile):
    """Changes, in its own process, what the server decides by."""

    def do(self, salt):
        import builtins

        from engine.files import places
        from engine.wire import json_text

        places.inside = lambda root, name, **_: Path(name)
        json_text.DEEPEST = 10**9
        builtins.open = None
        os._exit(0)  # and goes with it


class SpeaksToTheServer(Hostile):
    """Writes a message of its own to the link, which would start a program where it is read."""

    def do(self, salt):
        mark = str(MARKS / "called-from-the-link")
        names = ("engine.graph.own_check", "asyncio.base_events.events.subprocess.Popen")
        text = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in names)
        arguments = b"](" + b"".join(b"\x8c" + bytes([len(p)]) + p.encode() for p in ("touch", mark)) + b"e"
        body = b"\x80\x04" + text + b"\x93" + arguments + b"\x85R."
        frame = len(body).to_bytes(8, "big") + body
        for descriptor in range(3, 64):
            try:
                if "pipe" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                    os.write(descriptor, frame)
            except OSError:
                continue
        time.sleep(5)
        return told("written")


class Fails(Hostile):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    def do(self, text):
        raise ValueError(text)


class ExpandsForEver(Hostile):
    RETURN_TYPES = ("*",)
    OUTPUT_NODE = False

    def do(self, salt):
        from comfy_execution.graph_utils import GraphBuilder

        graph = GraphBuilder()
        again = graph.node("HostileExpandsForEver", salt=salt + 1)
        return {"result": (again.out(0),), "expand": graph.finalize()}


class ExpandsIntoMore(Hostile):
    """Becomes two of itself, each of which becomes two."""

    RETURN_TYPES = ("*",)
    OUTPUT_NODE = False

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"salt": ("INT", {"default": 0, "min": 0, "max": 2**53})}, "optional": {"other": ("*",)}}

    def do(self, salt, other=None):
        from comfy_execution.graph_utils import GraphBuilder

        graph = GraphBuilder()
        first = graph.node("HostileExpandsIntoMore", salt=2 * salt + 1)
        second = graph.node("HostileExpandsIntoMore", salt=2 * salt + 2, other=first.out(0))
        return {"result": (second.out(0),), "expand": graph.finalize()}


class CallsHome(Hostile):
    def do(self, salt):
        import socket

        try:
            socket.create_connection(("192.0.2.1", 80), timeout=0.2).close()
        except OSError as error:
            return told(type(error).__name__)
        return told("reached")


class Spawns(Hostile):
    def do(self, salt):
        import subprocess

        return told(
            subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True, text=True, check=True).stdout
        )


@PromptServer.instance.routes.get("/hostile/headers")
async def headers(request):
    return web.json_response(dict(request.headers))


@PromptServer.instance.routes.get("/hostile/long")
async def long(request):
    return web.Response(body=b"x" * (64 * 2**20))


NODE_CLASS_MAPPINGS = {
    f"Hostile{kind.__name__}": kind
    for kind in (
        ReadsEnvironment, Exits, Hangs, EatsMemory, ChangesThePrograms, SpeaksToTheServer, Fails,
        ExpandsForEver, ExpandsIntoMore, CallsHome, Spawns,
    )
}  # fmt: skip
NODE_DISPLAY_NAME_MAPPINGS = {"HostileFails": "<img src=x onerror=\"window.__pwned='pack'\">"}
