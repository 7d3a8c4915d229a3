"""Nodes that give values, add them up, show them and fail."""

import torch

from .types import ANY

BIG = 2**53


class ProbeInt:
    """Gives its widget's value."""

    @classmethod
    def INPUT_TYPES(cls):
        options = {"default": 0, "min": -BIG, "max": BIG, "step": 1, "tooltip": "any whole number"}
        return {"required": {"value": ("INT", options)}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/values"
    DESCRIPTION = "A whole number, as it is."

    def give(self, value):
        return (value,)


class ProbeFloat:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 10.0, "step": 0.1})}}

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "give"
    CATEGORY = "probe/values"

    def give(self, value):
        return (value,)


class ProbeSmall:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 1, "min": 1, "max": 9})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/values"

    def give(self, value):
        return (value,)


class ProbeText:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "", "multiline": True})}}

    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("words",)
    FUNCTION = "give"
    CATEGORY = "probe/values"

    def give(self, text):
        return (text,)


class ProbeChoice:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"colour": (["red", "green", "blue"], {"default": "green"})},
            "optional": {"size": ("COMBO", {"options": ["small", "large"]})},
        }

    RETURN_TYPES = ("STRING", "STRING")
    FUNCTION = "give"
    CATEGORY = "probe/values"

    def give(self, colour, size="none"):
        return (colour, size)


class ProbeAdd:
    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 0, "min": -BIG, "max": BIG})
        return {"required": {"a": number, "b": number}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "add"
    CATEGORY = "probe/values"

    def add(self, a, b):
        return (a + b,)


class ProbePair:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0, "min": -BIG, "max": BIG})}}

    RETURN_TYPES = ("INT", "INT", "STRING")
    RETURN_NAMES = ("same", "next", "text")
    FUNCTION = "give"
    CATEGORY = "probe/values"

    def give(self, value):
        return (value, value + 1, str(value))


class ProbeKinds:
    """Says which Python types its literals arrived as."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "whole": ("INT", {"default": 0}),
                "real": ("FLOAT", {"default": 0.0}),
                "text": ("STRING", {"default": ""}),
                "truth": ("BOOLEAN", {"default": False}),
            }
        }

    RETURN_TYPES = ()
    FUNCTION = "tell"
    OUTPUT_NODE = True
    CATEGORY = "probe/values"

    def tell(self, whole, real, text, truth):
        return {"ui": {"kinds": [type(value).__name__ for value in (whole, real, text, truth)], "text": [text]}}


class ProbeShow:
    """Shows what arrives as JSON and passes it on."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {})}}

    RETURN_TYPES = (ANY,)
    FUNCTION = "show"
    OUTPUT_NODE = True
    CATEGORY = "probe/values"

    def show(self, value):
        shown = value if isinstance(value, int | float | str | list | dict | None) else str(type(value).__name__)
        return {"ui": {"shown": [shown]}, "result": (value,)}


class ProbeImage:
    @classmethod
    def INPUT_TYPES(cls):
        level = ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0})
        whole = ("INT", {"default": 1, "min": 1, "max": 64})
        return {"required": {"red": level, "green": level, "blue": level, "side": whole, "count": whole}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "paint"
    CATEGORY = "probe/values"

    def paint(self, red, green, blue, side, count):
        return (torch.tensor([red, green, blue]).expand(count, side, side, 3).clone(),)


class ProbeMeasure:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    RETURN_TYPES = ()
    FUNCTION = "measure"
    OUTPUT_NODE = True
    CATEGORY = "probe/values"

    def measure(self, image):
        means = [round(float(value), 3) for value in image.mean(dim=(0, 1, 2))]
        return {"ui": {"shape": list(image.shape), "means": means}}


class ProbeRaise:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"message": ("STRING", {"default": "broken"})}, "optional": {"value": (ANY, {})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "fail"
    CATEGORY = "probe/values"

    def fail(self, message, value=None):
        raise ValueError(message)


class ProbeSilent:
    """A target whose function gives nothing at all."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {})}}

    RETURN_TYPES = ()
    FUNCTION = "swallow"
    OUTPUT_NODE = True
    CATEGORY = "probe/values"

    def swallow(self, value):
        pass


class ProbeOld:
    """Carries the flags that mark a node in the editor."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/values"
    DEPRECATED = True
    EXPERIMENTAL = True
    OUTPUT_TOOLTIPS = ("always 7",)

    def give(self):
        return (7,)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
