"""Nodes that stop what comes after them."""

from comfy_execution.graph import ExecutionBlocker
from comfy_execution.graph_utils import GraphBuilder

WHOLE = ("INT", {"default": 0, "min": -(2**53), "max": 2**53})


def blocker(message):
    return ExecutionBlocker(message or None)


class ProbeBlock:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "value": WHOLE,
                "block": ("BOOLEAN", {"default": True}),
                "message": ("STRING", {"default": ""}),
            }
        }

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/blocking"

    def give(self, value, block, message):
        return (blocker(message) if block else value,)


class ProbeBlockSecond:
    """Two outputs; the second is blocked."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE}}

    RETURN_TYPES = ("INT", "INT")
    FUNCTION = "give"
    CATEGORY = "probe/blocking"

    def give(self, value):
        return (value, ExecutionBlocker(None))


class ProbeBlockOdd:
    """A list in which a blocker stands for every odd number."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"count": WHOLE, "message": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("INT",)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "give"
    CATEGORY = "probe/blocking"

    def give(self, count, message):
        return ([blocker(message) if n % 2 else n for n in range(count)],)


class ProbeBlockWhole:
    """Where a list should be, one blocker."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE}}

    RETURN_TYPES = ("INT",)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "give"
    CATEGORY = "probe/blocking"

    def give(self, value):
        return (ExecutionBlocker(None),)


class ProbeBlockExpanded:
    """A blocker beside a link, in the result of an expansion."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE}}

    RETURN_TYPES = ("INT", "INT")
    FUNCTION = "give"
    CATEGORY = "probe/blocking"

    def give(self, value):
        graph = GraphBuilder()
        return {
            "result": (graph.node("ProbeAdd", a=value, b=1).out(0), ExecutionBlocker(None)),
            "expand": graph.finalize(),
        }


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
