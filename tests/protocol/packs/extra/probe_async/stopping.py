"""Nodes that work until somebody stops them."""

import asyncio
import time

import comfy.model_management
import comfy.utils

from .trace import note

WHOLE = ("INT", {"default": 0, "min": -(2**53), "max": 2**53})
TAG = ("STRING", {"default": ""})
LIMIT_S = 20


class _Endless:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE, "tag": TAG}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "probe/stopping"


class ProbeUntilStopped(_Endless):
    """Synchronous; looks whether it is to stop, as a sampler does at each step."""

    def work(self, value, tag):
        note("enter", tag)
        for _ in range(LIMIT_S * 100):
            comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(0.01)
        note("leave", tag)
        return (value,)


class ProbeUntilStoppedByProgress(_Endless):
    """Synchronous; never asks, but its progress bar does."""

    def work(self, value, tag):
        note("enter", tag)
        bar = comfy.utils.ProgressBar(LIMIT_S * 100)
        for _ in range(LIMIT_S * 100):
            bar.update(1)
            time.sleep(0.01)
        note("leave", tag)
        return (value,)


class ProbeWaitLong(_Endless):
    async def work(self, value, tag):
        note("enter", tag)
        try:
            await asyncio.sleep(LIMIT_S)
        finally:
            note("cleanup", tag)
        return (value,)


class ProbeDeaf(_Endless):
    """Synchronous; never looks up. It can only be abandoned, with its worker."""

    def work(self, value, tag):
        note("enter", tag)
        time.sleep(LIMIT_S)
        note("leave", tag)
        return (value,)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
