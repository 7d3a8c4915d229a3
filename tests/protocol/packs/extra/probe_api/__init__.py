"""A class-style pack that reports through the numbered interface it was written for."""

from comfy_api.v0_0_2 import ComfyAPI, ComfyAPISync
from PIL import Image

STEPS = 3


class ProbeApiProgress:
    """Class style; reports through the asynchronous interface."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0}), "preview": ("BOOLEAN", {"default": False})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "walk"
    CATEGORY = "probe/api"

    async def walk(self, value, preview):
        api = ComfyAPI()
        for step in range(STEPS):
            picture = Image.new("RGB", (16, 16), (step, 0, 0)) if preview else None
            await api.execution.set_progress(value=step + 1, max_value=STEPS, preview_image=picture)
        return (value,)


class ProbeApiProgressSync(ProbeApiProgress):
    def walk(self, value, preview):
        api = ComfyAPISync()
        for step in range(STEPS):
            api.execution.set_progress(value=step + 1, max_value=STEPS)
        return (value,)


NODE_CLASS_MAPPINGS = {"ProbeApiProgress": ProbeApiProgress, "ProbeApiProgressSync": ProbeApiProgressSync}
