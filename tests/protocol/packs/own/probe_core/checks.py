"""Nodes that check their own inputs before a prompt is taken."""

import asyncio

from .types import ANY


class _Numbers:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "a": ("INT", {"default": 1, "min": 0, "max": 10}),
                "b": ("INT", {"default": 1, "min": 0, "max": 10}),
            }
        }

    RETURN_TYPES = ("INT",)
    FUNCTION = "add"
    CATEGORY = "probe/checks"

    def add(self, a, b):
        return (a + b,)


class ProbeCheckOne(_Numbers):
    """Names `a`: its own range is off, that of `b` is not."""

    @classmethod
    def VALIDATE_INPUTS(cls, a):
        return True if a <= 100 else f"a is {a}, over 100"


class ProbeCheckPair(_Numbers):
    @classmethod
    def VALIDATE_INPUTS(cls, a, b):
        return True if a < b else "a must be less than b"


class ProbeCheckKwargs(_Numbers):
    @classmethod
    def VALIDATE_INPUTS(cls, **kwargs):
        return True if sum(value or 0 for value in kwargs.values()) <= 100 else f"sum over 100: {sorted(kwargs)}"


class ProbeCheckFalse(_Numbers):
    """Says no without a word."""

    @classmethod
    def VALIDATE_INPUTS(cls, a):
        return a != 5


class ProbeCheckRaises(_Numbers):
    @classmethod
    def VALIDATE_INPUTS(cls, a):
        raise RuntimeError("the check itself is broken")


class ProbeCheckAsync(_Numbers):
    @classmethod
    async def VALIDATE_INPUTS(cls, a, b):
        await asyncio.sleep(0.01)
        return True if a + b != 7 else "seven is not allowed"


class ProbeCheckTypes:
    """Takes anything, and looks at the types that are linked."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT", {"default": 0}), "b": ("FLOAT", {"default": 0.0})}}

    @classmethod
    def VALIDATE_INPUTS(cls, input_types):
        wrong = [f"{name}: {kind}" for name, kind in sorted(input_types.items()) if kind not in ("INT", "FLOAT")]
        return True if not wrong else "not a number: " + ", ".join(wrong)

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "add"
    CATEGORY = "probe/checks"

    def add(self, a, b):
        return (float(a + b),)


class ProbeCheckLinked:
    """A linked input is not there yet when inputs are checked."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0, "min": 0, "max": 3})}}

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        return True if value is None else f"a literal {value}; link this input"

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/checks"

    def give(self, value):
        return (value,)


class ProbeCheckChoice:
    """Its own check stands in for the list of choices."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": (["one", "two"],)}}

    @classmethod
    def VALIDATE_INPUTS(cls, name):
        return True if name.startswith("t") else f"{name} does not begin with t"

    RETURN_TYPES = ("STRING",)
    FUNCTION = "give"
    CATEGORY = "probe/checks"

    def give(self, name):
        return (name,)


class ProbeCheckTarget:
    """A target with a check."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {}), "limit": ("INT", {"default": 0})}}

    @classmethod
    def VALIDATE_INPUTS(cls, limit):
        return True if limit >= 0 else "limit is negative"

    RETURN_TYPES = ()
    FUNCTION = "show"
    OUTPUT_NODE = True
    CATEGORY = "probe/checks"

    def show(self, value, limit):
        return {"ui": {"shown": [value]}}


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
