"""Nodes of `async def`."""

import asyncio
import time

import comfy.utils
from comfy_execution.graph_utils import GraphBuilder

from .trace import note

WHOLE = ("INT", {"default": 0, "min": -(2**53), "max": 2**53})
SECONDS = ("FLOAT", {"default": 0.1, "min": 0.0, "max": 60.0})
TAG = ("STRING", {"default": ""})


class _Waiting:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE, "seconds": SECONDS, "tag": TAG}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "wait"
    CATEGORY = "probe/async"


class ProbeWait(_Waiting):
    async def wait(self, value, seconds, tag):
        note("enter", tag)
        await asyncio.sleep(seconds)
        note("leave", tag)
        return (value,)


class ProbeSleep(_Waiting):
    """The same without async: it keeps its thread."""

    def wait(self, value, seconds, tag):
        note("enter", tag)
        time.sleep(seconds)
        note("leave", tag)
        return (value,)


class ProbeWaitRaise(_Waiting):
    async def wait(self, value, seconds, tag):
        await asyncio.sleep(seconds)
        raise RuntimeError(f"failed while waiting: {tag}")


class ProbeWaitTimeout(_Waiting):
    async def wait(self, value, seconds, tag):
        await asyncio.wait_for(asyncio.sleep(30), timeout=seconds)
        return (value,)


class ProbeWaitCleanup(_Waiting):
    """Says that it cleaned up, however it ends."""

    async def wait(self, value, seconds, tag):
        note("enter", tag)
        try:
            await asyncio.sleep(seconds)
        finally:
            note("cleanup", tag)
        return (value,)


class ProbeWaitProgress(_Waiting):
    async def wait(self, value, seconds, tag):
        bar = comfy.utils.ProgressBar(4)
        for _ in range(4):
            await asyncio.sleep(seconds / 4)
            bar.update(1)
        return (value,)


class ProbeWaitGather(_Waiting):
    """Waits for tasks of its own."""

    async def wait(self, value, seconds, tag):
        async def part(number):
            await asyncio.sleep(seconds)
            return number

        return (sum(await asyncio.gather(*[part(value + i) for i in range(3)])),)


class ProbeWaitList(_Waiting):
    OUTPUT_IS_LIST = (True,)

    async def wait(self, value, seconds, tag):
        await asyncio.sleep(seconds)
        return ([value, value + 1, value + 2],)


class ProbeWaitShow(_Waiting):
    OUTPUT_NODE = True

    async def wait(self, value, seconds, tag):
        await asyncio.sleep(seconds)
        return {"ui": {"shown": [value]}, "result": (value,)}


class ProbeWaitExpand(_Waiting):
    """Waits, then expands into three nodes that wait side by side."""

    async def wait(self, value, seconds, tag):
        await asyncio.sleep(0)
        graph = GraphBuilder()
        waits = [graph.node("ProbeWait", value=value + i, seconds=seconds, tag=f"{tag}{i}") for i in range(3)]
        pair = graph.node("ProbeAdd", a=waits[0].out(0), b=waits[1].out(0))
        return {
            "result": (graph.node("ProbeAdd", a=pair.out(0), b=waits[2].out(0)).out(0),),
            "expand": graph.finalize(),
        }


class ProbeWaitChecked(_Waiting):
    """async check, async question for lazy inputs, async function."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"lazy": True}), "spare": ("INT", {"lazy": True}), "limit": WHOLE}}

    @classmethod
    async def VALIDATE_INPUTS(cls, limit):
        await asyncio.sleep(0)
        return True if limit < 100 else "limit must be under 100"

    async def check_lazy_status(self, limit, value=None, spare=None):
        await asyncio.sleep(0)
        return ["value"] if value is None else []

    async def wait(self, limit, value=None, spare=None):
        await asyncio.sleep(0)
        return (min(value, limit),)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
