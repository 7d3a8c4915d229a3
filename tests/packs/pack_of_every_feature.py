"""A class-style pack as strangers write them, using each feature of the contract once; loaded by the tests."""

import asyncio

from comfy.comfy_types import IO, ComfyNodeABC, InputTypeDict
from comfy.utils import ProgressBar
from comfy_execution.graph import ExecutionBlocker
from comfy_execution.graph_utils import GraphBuilder, is_link

STATE = {"version": 1, "fails": False}
SEEN = []


class AnyType(str):
    """Fits everything, by the trick that many packs use."""

    def __ne__(self, other):
        return False


ANY = AnyType("*")


class Number:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 1, "min": 0, "max": 100, "tooltip": "the number"})}}

    RETURN_TYPES = ("INT",)
    RETURN_NAMES = ("number",)
    FUNCTION = "run"
    CATEGORY = "features"
    DESCRIPTION = "Give a number."

    def run(self, value):
        SEEN.append(("Number", value))
        return (value,)


class Add(ComfyNodeABC):
    @classmethod
    def INPUT_TYPES(cls) -> InputTypeDict:
        return {"required": {"a": (IO.INT, {}), "b": (IO.INT, {"default": 0})}, "optional": {"c": ("INT",)}}

    RETURN_TYPES = (IO.INT,)
    FUNCTION = "add"
    CATEGORY = "features"

    def add(self, a, b, c=0):
        return (a + b + c,)


class Show:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY,)}}

    RETURN_TYPES = ()
    FUNCTION = "show"
    OUTPUT_NODE = True
    CATEGORY = "features"

    def show(self, value):
        return {"ui": {"text": [str(value)]}}


class Count:
    """Keeps its instance between runs."""

    def __init__(self):
        self.calls = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "count"

    def count(self, value):
        self.calls += 1
        return (self.calls,)

    @classmethod
    def IS_CHANGED(cls, value):
        return float("nan")


class Outside:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"linked": ("INT", {})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def IS_CHANGED(cls, linked):
        if STATE["fails"]:
            raise RuntimeError("cannot say")
        return STATE["version"]

    def run(self, linked):
        return (STATE["version"] * 1000 + linked,)


class Split:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"count": ("INT", {})}}

    RETURN_TYPES = ("INT", "INT")
    OUTPUT_IS_LIST = (True, False)
    FUNCTION = "run"

    def run(self, count):
        return (list(range(count)), count)


class Join:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"values": ("INT", {})}, "hidden": {"me": "UNIQUE_ID"}}

    RETURN_TYPES = ("INT", "STRING")
    INPUT_IS_LIST = True
    FUNCTION = "run"

    def run(self, values, me):
        return (sum(values), me[0])


class Hidden:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {},
            "hidden": {"me": "UNIQUE_ID", "prompt": "PROMPT", "info": "EXTRA_PNGINFO", "graph": "DYNPROMPT"},
        }

    RETURN_TYPES = ("STRING",)
    FUNCTION = "run"

    def run(self, me, prompt, info, graph):
        assert graph.get_node(me)["class_type"] == "Hidden"
        assert graph.get_real_node_id(me) == graph.get_display_node_id(me) == me
        assert graph.get_parent_node_id(me) is None
        return (f"{me} {sorted(prompt)} {info}",)


class Switch:
    @classmethod
    def INPUT_TYPES(cls):
        lazy = (ANY, {"lazy": True})
        return {"required": {"which": ("BOOLEAN", {"default": False}), "on_true": lazy, "on_false": lazy}}

    RETURN_TYPES = (ANY,)
    FUNCTION = "run"

    def check_lazy_status(self, which, on_true, on_false):
        return ["on_true"] if which else ["on_false"]

    def run(self, which, on_true, on_false):
        return (on_true if which else on_false,)


class Block:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {}), "message": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    def run(self, value, message):
        return (ExecutionBlocker(message or None),)


class Variadic:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"input1": ("INT", {})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    def run(self, **inputs):
        return (sum(inputs.values()),)


class Checked:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"min": 0, "max": 5}), "mode": (["a", "b"],)}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        return True if value != 13 else "13 is out"

    def run(self, value, mode):
        return (value,)


class CheckedTypes:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("IMAGE",)}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    async def VALIDATE_INPUTS(cls, input_types):
        await asyncio.sleep(0)
        return True if input_types["value"] == "INT" else f"not {input_types['value']}"

    def run(self, value):
        return (value,)


class Nap:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {}), "seconds": ("FLOAT", {"default": 0.2})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    async def run(self, value, seconds):
        bar = ProgressBar(2)
        bar.update(1)
        await asyncio.sleep(seconds)
        bar.update(1)
        return (value,)


class WhileOpen:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"condition": ("BOOLEAN", {})}, "optional": {"initial0": (ANY,), "initial1": (ANY,)}}

    RETURN_TYPES = ("FLOW", ANY, ANY)
    FUNCTION = "open"

    def open(self, condition, initial0=None, initial1=None):
        if not condition:
            return ("stub", ExecutionBlocker(None), ExecutionBlocker(None))
        return ("stub", initial0, initial1)


class WhileClose:
    """Clones the nodes between WhileOpen and itself, as the loops of packs do."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"flow": ("FLOW", {"rawLink": True}), "condition": ("BOOLEAN", {"forceInput": True})},
            "optional": {"initial0": (ANY,), "initial1": (ANY,)},
            "hidden": {"graph": "DYNPROMPT", "me": "UNIQUE_ID"},
        }

    RETURN_TYPES = (ANY, ANY)
    FUNCTION = "close"

    def close(self, flow, condition, graph, me, initial0=None, initial1=None):
        if not condition:
            return (initial0, initial1)
        opened = flow[0]
        contained = self.between(graph, opened, me)
        builder = GraphBuilder()
        for node_id in contained:
            original = graph.get_node(node_id)
            clone = builder.node(original["class_type"], "again" if node_id == me else node_id)
            clone.set_override_display_id(graph.get_display_node_id(node_id))
        for node_id in contained:
            clone = builder.lookup_node("again" if node_id == me else node_id)
            for name, value in graph.get_node(node_id)["inputs"].items():
                if is_link(value) and value[0] in contained:
                    source = builder.lookup_node("again" if value[0] == me else value[0])
                    clone.set_input(name, source.out(value[1]))
                else:
                    clone.set_input(name, value)
        start = builder.lookup_node(opened)
        start.set_input("initial0", initial0)
        start.set_input("initial1", initial1)
        again = builder.lookup_node("again")
        return {"result": (again.out(0), again.out(1)), "expand": builder.finalize()}

    def between(self, graph, opened, me):
        """Give the nodes that `me` needs and that need `opened`."""
        users, waiting, seen = {}, [me], {me}
        while waiting:
            node_id = waiting.pop()
            for value in graph.get_node(node_id)["inputs"].values():
                if is_link(value):
                    users.setdefault(value[0], []).append(node_id)
                    if value[0] not in seen and value[0] != opened:
                        seen.add(value[0])
                        waiting.append(value[0])
        found, waiting = {opened, me}, [opened]
        while waiting:
            for user in users.get(waiting.pop(), []):
                if user not in found:
                    found.add(user)
                    waiting.append(user)
        return found


class Positive:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    RETURN_TYPES = ("BOOLEAN",)
    FUNCTION = "run"

    def run(self, value):
        return (value > 0,)


class TouchLatent:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"latent": ("LATENT",), "conditioning": ("CONDITIONING",)}}

    RETURN_TYPES = ("LATENT", "CONDITIONING", ANY)
    FUNCTION = "run"

    def run(self, latent, conditioning):
        SEEN.append((sorted(latent), conditioning[0][1]))
        changed = latent.copy()
        changed["samples"] = latent["samples"] * 2
        changed["mine"] = 7
        return (changed, [[entry[0], {**entry[1], "guidance": 3.5}] for entry in conditioning], latent)


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (
        Number, Add, Show, Count, Outside, Split, Join, Hidden, Switch, Block, Variadic, Checked, CheckedTypes, Nap,
        WhileOpen, WhileClose, Positive, TouchLatent,
    )
}  # fmt: skip
NODE_DISPLAY_NAME_MAPPINGS = {"Number": "A number"}
WEB_DIRECTORY = "./web"
