"""Nodes that say themselves whether they have changed, and nodes that keep state between runs."""

import asyncio
from pathlib import Path

from .types import ANY


class _Number:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0}), "text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/again"

    def give(self, value, text):
        return (value,)


class ProbeFile(_Number):
    """Changed when the file that `text` names has other content."""

    @classmethod
    def IS_CHANGED(cls, value, text):
        return Path(text).read_text(encoding="utf-8")


class ProbeFileAsync(_Number):
    @classmethod
    async def IS_CHANGED(cls, value, text):
        return await asyncio.to_thread(Path(text).read_text, encoding="utf-8")


class ProbeAlways(_Number):
    """Changed whenever anybody asks."""

    @classmethod
    def IS_CHANGED(cls, value, text):
        return float("nan")


class ProbeNever(_Number):
    @classmethod
    def IS_CHANGED(cls, value, text):
        return "the same as ever"


class ProbeChangedRaises(_Number):
    @classmethod
    def IS_CHANGED(cls, value, text):
        raise OSError("cannot tell")


class ProbeChangedKwargs(_Number):
    @classmethod
    def IS_CHANGED(cls, **kwargs):
        return Path(kwargs["text"]).read_text(encoding="utf-8")


class ProbeCounter:
    """Counts its own runs: the instance lives from prompt to prompt."""

    def __init__(self):
        self.runs = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"trigger": ("INT", {"default": 0})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "count"
    CATEGORY = "probe/again"

    def count(self, trigger):
        self.runs += 1
        return (self.runs,)


class ProbeHidden:
    """Shows its hidden inputs."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"value": (ANY, {})},
            "hidden": {"me": "UNIQUE_ID", "prompt": "PROMPT", "png": "EXTRA_PNGINFO", "dyn": "DYNPROMPT"},
        }

    RETURN_TYPES = ()
    FUNCTION = "tell"
    OUTPUT_NODE = True
    CATEGORY = "probe/again"

    def tell(self, value, me, prompt, png, dyn):
        node = dyn.get_node(me)
        ui = {
            "me": [me],
            "prompt": [prompt],
            "png": [png],
            "mine": [node["class_type"]],
            "has": [dyn.has_node(me), dyn.has_node("nobody")],
            "ids": [sorted(dyn.all_node_ids())],
            "display": [dyn.get_display_node_id(me)],
            "parent": [dyn.get_parent_node_id(me)],
            "real": [dyn.get_real_node_id(me)],
        }
        return {"ui": ui}


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
