"""Nodes whose types are more than one name: anything, unions, text that answers for itself."""


class Everything(str):
    """A type name that differs from none."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


ANY = Everything("*")


class AnyNames(dict):
    """Optional inputs of whatever name."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return (ANY, {})


class Endless(tuple):
    """Return types that repeat their last one for as long as somebody asks."""

    def __getitem__(self, index):
        return super().__getitem__(min(index, len(self) - 1)) if isinstance(index, int) else super().__getitem__(index)


class ProbeUnionIn:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT,FLOAT", {"forceInput": True})}}

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "give"
    CATEGORY = "probe/types"

    def give(self, value):
        return (float(value),)


class ProbeUnionOut:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    RETURN_TYPES = ("INT,FLOAT", "INT,STRING")
    FUNCTION = "give"
    CATEGORY = "probe/types"

    def give(self, value):
        return (value, value)


class ProbeStarIn:
    """The plain star, not a class of its own."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    RETURN_TYPES = ("*",)
    FUNCTION = "give"
    CATEGORY = "probe/types"

    def give(self, value):
        return (value,)


class ProbeOwnType:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    RETURN_TYPES = ("PROBE_THING",)
    FUNCTION = "wrap"
    CATEGORY = "probe/types"

    def wrap(self, value):
        return ({"thing": value},)


class ProbeOwnTypeIn:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"thing": ("PROBE_THING",)}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "unwrap"
    CATEGORY = "probe/types"

    def unwrap(self, thing):
        return (thing["thing"],)


class ProbeAnyNames:
    """Takes inputs of every name by a dict that holds all names."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "optional": AnyNames()}

    RETURN_TYPES = ("INT",)
    FUNCTION = "add"
    CATEGORY = "probe/types"

    def add(self, **numbers):
        return (sum(numbers.values()),)


class ProbeUndeclared:
    """Declares one input and sums whatever else is linked to it."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"first": ("INT", {"default": 0})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "add"
    CATEGORY = "probe/types"

    def add(self, first, **others):
        return (first + sum(others.values()),)


class ProbeEndless:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    RETURN_TYPES = Endless(("INT",))
    FUNCTION = "give"
    CATEGORY = "probe/types"

    def give(self, value):
        return tuple(value + i for i in range(4))


class ProbeTyped:
    """Written with the names of comfy.comfy_types."""

    @classmethod
    def INPUT_TYPES(cls):
        from comfy.comfy_types import IO

        return {
            "required": {"a": (IO.INT, {"default": 0}), "b": (IO.FLOAT, {"default": 0.0})},
            "optional": {"c": (IO.ANY, {})},
        }

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "add"
    CATEGORY = "probe/types"

    def add(self, a, b, c=0):
        return (a + b + c,)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
