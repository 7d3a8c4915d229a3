"""A pack of what strangers write at the edges of the contract; loaded by the tests."""

import asyncio

import folder_paths
from comfy.comfy_types import IO, ComfyNodeABC, InputTypeDict
from comfy_execution.graph import ExecutionBlocker
from comfy_execution.graph_utils import GraphBuilder, is_link

CALLS = []


class EqualsAll(str):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = str.__hash__


class EqualsSome(str):
    def __ne__(self, other):
        return other not in ("INT", "FLOAT")


class EveryOutput(tuple):
    """Any number of outputs, of the last type that is listed."""

    def __getitem__(self, index):
        item = super().__getitem__(min(index, len(self) - 1))
        return EqualsAll(item) if isinstance(item, str) else item


class AnyName(dict):
    def __init__(self, type):
        super().__init__()
        self.type = type

    def __getitem__(self, key):
        return (self.type,)

    def __contains__(self, key):
        return True


def node(inputs=None, returns=("*",), optional=None, hidden=None, **more):
    """Make a class of a function."""

    def decorate(function):
        groups = {"required": inputs or {}, "optional": {} if optional is None else optional, "hidden": hidden or {}}
        members = {"INPUT_TYPES": classmethod(lambda cls: groups), "RETURN_TYPES": returns, "FUNCTION": "run", **more}
        NODE_CLASS_MAPPINGS[function.__name__] = type(function.__name__, (), {**members, "run": function})
        return function

    return decorate


NODE_CLASS_MAPPINGS = {}
INT = ("INT", {"default": 0})


@node({"value": (EqualsAll("*"),)}, (), OUTPUT_NODE=True)
def Show(self, value):
    return {"ui": {"text": [repr(value)]}}


@node({"value": INT}, ("INT",))
def Int(self, value):
    return (value,)


@node({"value": ("STRING", {})}, ("STRING",))
def Text(self, value):
    return (value,)


@node({"count": INT}, EveryOutput(("INT",)))
def Fan(self, count):
    return tuple(range(count))


@node({"value": (EqualsSome("INT,FLOAT"),)})
def SomeTypes(self, value):
    return (value,)


@node({"value": ("INT,FLOAT",)})
def Union(self, value):
    return (value,)


@node({"value": INT}, (EqualsAll("MODEL"),))
def OddOutput(self, value):
    return (value,)


@node({}, optional=AnyName("INT"))
def Flexible(self, **inputs):
    return (sorted(inputs.items()),)


@node({"value": ("*", {"rawLink": True})})
def Raw(self, value):
    return ((is_link(value), value),)


@node({"values": ("*",)})
def Literal(self, values):
    return (values,)


@node({}, hidden={"token": "AUTH_TOKEN_COMFY_ORG", "key": "API_KEY_COMFY_ORG", "odd": "NO_SUCH_THING"})
def Tokens(self, token, key, odd=None):
    return ((token, key, odd),)


@node({"count": INT}, ("INT",), OUTPUT_IS_LIST=(True,))
def SomeBlocked(self, count):
    return ([ExecutionBlocker(None) if index % 2 else index for index in range(count)],)


@node({"values": ("INT", {})}, INPUT_IS_LIST=True)
def Join(self, values):
    return (values,)


@node({"depth": INT})
def Nested(self, depth):
    """Expands into itself, depth times, and twice each time."""
    if depth == 0:
        return (1,)
    builder = GraphBuilder()
    first, second = builder.node("Nested", depth=depth - 1), builder.node("Nested", depth=depth - 1)
    return {"result": (builder.node("Sum", a=first.out(0), b=second.out(0)).out(0),), "expand": builder.finalize()}


@node({"a": ("*",), "b": ("*",)})
def Sum(self, a, b):
    return (a + b,)


class AsyncLazy(ComfyNodeABC):
    @classmethod
    def INPUT_TYPES(cls) -> InputTypeDict:
        lazy = (IO.ANY, {"lazy": True})
        return {"required": {"which": (IO.INT, {}), "a": lazy, "b": lazy}}

    RETURN_TYPES = (IO.ANY,)
    FUNCTION = "run"

    async def check_lazy_status(self, which, a=None, b=None):
        await asyncio.sleep(0)
        return ["ab"[which]] if (a, b)[which] is None else []

    async def run(self, which, a=None, b=None):
        await asyncio.sleep(0)
        return ((a, b)[which],)


class Changes:
    STATE = 0
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": INT}}

    @classmethod
    async def IS_CHANGED(cls, **inputs):
        await asyncio.sleep(0)
        return cls.STATE

    def run(self, value):
        CALLS.append(value)
        return (value,)


class ChecksAll:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"min": 0, "max": 5}), "mode": (["a"],)}, "optional": {"more": INT}}

    @classmethod
    def VALIDATE_INPUTS(cls, **kwargs):
        if kwargs["value"] == 13:
            raise RuntimeError("cannot check")
        return True if kwargs["value"] != 12 else f"refused: {sorted(kwargs)}"

    def run(self, value, mode, more=0):
        return (value,)


NODE_CLASS_MAPPINGS |= {"AsyncLazy": AsyncLazy, "Changes": Changes, "ChecksAll": ChecksAll}
folder_paths.add_model_folder_path("odd_models", folder_paths.get_temp_directory())
