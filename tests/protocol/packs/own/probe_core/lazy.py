"""Nodes that ask for an input only when they need it."""

import asyncio

from .types import ANY

LAZY = ("INT", {"lazy": True, "default": 0})


class ProbePick:
    """Gives `on` or `off`; asks for that one only."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"on": LAZY, "off": LAZY, "switch": ("BOOLEAN", {"default": True})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "pick"
    CATEGORY = "probe/lazy"

    def check_lazy_status(self, switch, on=None, off=None):
        name, value = ("on", on) if switch else ("off", off)
        return [name] if value is None else []

    def pick(self, switch, on=None, off=None):
        return (on if switch else off,)


class ProbePickAsync(ProbePick):
    async def check_lazy_status(self, switch, on=None, off=None):
        await asyncio.sleep(0)
        return super().check_lazy_status(switch, on, off)


class ProbeMix:
    """(1 - share) a + share b; an input whose share is zero is not asked for."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": LAZY, "b": LAZY, "share": ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0})}}

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "mix"
    CATEGORY = "probe/lazy"

    def check_lazy_status(self, share, a, b):
        needed = []
        if a is None and share < 1:
            needed.append("a")
        if b is None and share > 0:
            needed.append("b")
        return needed

    def mix(self, share, a, b):
        return ((0 if a is None else a) * (1 - share) + (0 if b is None else b) * share,)


class ProbeOneByOne:
    """Asks for `second` only after it has seen `first`."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"first": LAZY}, "optional": {"second": LAZY}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/lazy"

    def check_lazy_status(self, first=None, second=None):
        if first is None:
            return ["first"]
        return ["second"] if first > 0 and second is None else []

    def give(self, first, second=None):
        return (first if second is None else first + second,)


class ProbeAskRaises:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": LAZY}}

    RETURN_TYPES = (ANY,)
    FUNCTION = "give"
    CATEGORY = "probe/lazy"

    def check_lazy_status(self, a=None):
        raise LookupError("cannot say what I need")

    def give(self, a):
        return (a,)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
