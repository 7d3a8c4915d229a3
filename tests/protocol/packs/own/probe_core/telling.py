"""Nodes that report while they work: progress, previews, text, messages of their own."""

import comfy.utils
from PIL import Image
from server import PromptServer

from .types import ANY


class ProbeSteps:
    """Walks a progress bar, with pictures when asked."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "value": ("INT", {"default": 0}),
                "steps": ("INT", {"default": 3, "min": 1, "max": 1000}),
                "preview": (["none", "JPEG", "PNG"],),
            }
        }

    RETURN_TYPES = ("INT",)
    FUNCTION = "walk"
    CATEGORY = "probe/telling"

    def walk(self, value, steps, preview):
        bar = comfy.utils.ProgressBar(steps)
        for step in range(steps):
            picture = None if preview == "none" else (preview, Image.new("RGB", (16, 16), (step, 0, 0)), None)
            bar.update_absolute(step + 1, steps, picture)
        return (value,)


class ProbeUpdate:
    """The relative call of the bar."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "walk"
    CATEGORY = "probe/telling"

    def walk(self, value):
        bar = comfy.utils.ProgressBar(4)
        bar.update(1)
        bar.update(3)
        return (value,)


class ProbeSay:
    """Sends a message of its own, to the client whose prompt this is and then to all."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}, "hidden": {"me": "UNIQUE_ID"}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "say"
    CATEGORY = "probe/telling"

    def say(self, value, me):
        server = PromptServer.instance
        server.send_sync("probe.mine", {"value": value, "node": me}, server.client_id)
        server.send_sync("probe.all", {"value": value})
        return (value,)


class ProbeSayText:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}, "hidden": {"me": "UNIQUE_ID"}}

    RETURN_TYPES = (ANY,)
    FUNCTION = "say"
    CATEGORY = "probe/telling"

    def say(self, text, me):
        PromptServer.instance.send_progress_text(text, me)
        return (text,)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
