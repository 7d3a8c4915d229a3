"""An example of a pack that extends the editor: a node with a value of a type of its own, and a script that edits it.

docs/extensions.md goes through it. To try it, copy this folder into `custom_nodes`.
"""

import torch
from aiohttp import web
from server import PromptServer

WEB_DIRECTORY = "./web"
PALETTE = ["#e8622c", "#2c9a63", "#3f6ff0"]


class ExampleColour:
    """A picture of one colour. The colour is `{"hex": "#rrggbb"}`, which a widget of the extension edits."""

    @classmethod
    def INPUT_TYPES(cls):
        colour = {"default": {"hex": PALETTE[0]}, "widgetType": "EXAMPLE_COLOUR", "tooltip": "Click one of the colours"}
        size = {"default": 64, "min": 16, "max": 1024}
        return {"required": {"colour": ("EXAMPLE_COLOUR", colour), "name": ("STRING", {}), "size": ("INT", size)}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "paint"
    CATEGORY = "example"

    @classmethod
    def VALIDATE_INPUTS(cls, colour):
        digits = str(colour.get("hex", "") if isinstance(colour, dict) else "").removeprefix("#")
        if len(digits) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            return True
        return f'colour is {colour!r}; expected a form such as {{"hex": "#e8622c"}}'

    def paint(self, colour, name, size):
        digits = colour["hex"].removeprefix("#")
        levels = torch.tensor([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        return (levels.expand(1, size, size, 3).contiguous(),)


@PromptServer.instance.routes.get("/weft_colour_example/palette")
async def palette(request):
    return web.json_response(PALETTE)


NODE_CLASS_MAPPINGS = {"ExampleColour": ExampleColour}
NODE_DISPLAY_NAME_MAPPINGS = {"ExampleColour": "Colour (example)"}
