"""Nodes that give lists and nodes that take them whole."""

from .types import ANY


class ProbeList:
    """Numbers of a text such as "1,2,3", as a list on the wire."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"numbers": ("STRING", {"default": "1,2"})}}

    RETURN_TYPES = ("INT",)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "give"
    CATEGORY = "probe/lists"

    def give(self, numbers):
        return ([int(number) for number in numbers.split(",") if number],)


class ProbeFloats(ProbeList):
    RETURN_TYPES = ("FLOAT",)

    def give(self, numbers):
        return ([float(number) for number in numbers.split(",")],)


class ProbeListAndCount:
    """A list and, beside it, one number."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"numbers": ("STRING", {"default": "1,2"})}}

    RETURN_TYPES = ("INT", "INT")
    OUTPUT_IS_LIST = (True, False)
    FUNCTION = "give"
    CATEGORY = "probe/lists"

    def give(self, numbers):
        parts = [int(number) for number in numbers.split(",") if number]
        return (parts, len(parts))


class ProbeWhole:
    """Shows the whole lists that its inputs hold."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": (ANY, {})}, "optional": {"b": ("INT", {"default": 0})}, "hidden": {"me": "UNIQUE_ID"}}

    INPUT_IS_LIST = True
    RETURN_TYPES = ("INT",)
    FUNCTION = "show"
    OUTPUT_NODE = True
    CATEGORY = "probe/lists"

    def show(self, a, b=None, me=None):
        return {"ui": {"a": list(a), "b": ["none"] if b is None else list(b), "me": list(me)}, "result": (len(a),)}


class ProbeSum:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"numbers": ("INT", {"forceInput": True})}}

    INPUT_IS_LIST = True
    RETURN_TYPES = ("INT",)
    FUNCTION = "add"
    CATEGORY = "probe/lists"

    def add(self, numbers):
        return (sum(numbers),)


class ProbeReverse:
    """Whole lists in, a list out."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"numbers": ("INT", {"forceInput": True})}}

    INPUT_IS_LIST = True
    OUTPUT_IS_LIST = (True,)
    RETURN_TYPES = ("INT",)
    FUNCTION = "turn"
    CATEGORY = "probe/lists"

    def turn(self, numbers):
        return (numbers[::-1],)


class ProbeSplit:
    """One number in, a list out: called for each element, its lists are joined."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    OUTPUT_IS_LIST = (True,)
    RETURN_TYPES = ("INT",)
    FUNCTION = "split"
    CATEGORY = "probe/lists"

    def split(self, value):
        return ([value, value * 10],)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
