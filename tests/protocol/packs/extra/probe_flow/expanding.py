"""Nodes whose result is a graph."""

from comfy_execution.graph_utils import GraphBuilder, is_link

from .anything import ANY

WHOLE = ("INT", {"default": 0, "min": -(2**53), "max": 2**53})


class ProbeChain:
    """value + 1, `links` times, by as many nodes."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE, "links": ("INT", {"default": 1, "min": 1, "max": 10_000})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "grow"
    CATEGORY = "probe/flow"

    def grow(self, value, links):
        graph = GraphBuilder()
        last = value
        for _ in range(links):
            last = graph.node("ProbeAdd", a=last, b=1).out(0)
        return {"result": (last,), "expand": graph.finalize()}


class ProbeRecurse:
    """total + n + (n - 1) + ... + 1, each step an expansion of the one before."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"n": WHOLE, "total": WHOLE}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "step"
    CATEGORY = "probe/flow"

    def step(self, n, total):
        if n == 0:
            return (total,)
        graph = GraphBuilder()
        return {"result": (graph.node("ProbeRecurse", n=n - 1, total=total + n).out(0),), "expand": graph.finalize()}


class ProbeTree:
    """2^depth leaves, added up pair by pair."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"depth": WHOLE, "leaf": WHOLE}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "grow"
    CATEGORY = "probe/flow"

    def grow(self, depth, leaf):
        if depth == 0:
            return (leaf,)
        graph = GraphBuilder()
        branches = [graph.node("ProbeTree", depth=depth - 1, leaf=leaf + side).out(0) for side in (0, 1)]
        return {"result": (graph.node("ProbeAdd", a=branches[0], b=branches[1]).out(0),), "expand": graph.finalize()}


class ProbeMaybeExpand:
    """Even numbers come back as they are, odd ones through a graph that adds 100."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/flow"

    def give(self, value):
        if value % 2 == 0:
            return (value,)
        graph = GraphBuilder()
        return {"result": (graph.node("ProbeAdd", a=value, b=100).out(0),), "expand": graph.finalize()}


class ProbeLinkAndValue:
    """One output is a link into the graph, one a value, one a link to what came in."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"rawLink": True, "forceInput": True})}}

    RETURN_TYPES = ("INT", "INT", "INT")
    FUNCTION = "give"
    CATEGORY = "probe/flow"

    def give(self, value):
        graph = GraphBuilder()
        return {"result": (graph.node("ProbeAdd", a=value, b=1).out(0), 5, value), "expand": graph.finalize()}


class ProbeByHand:
    """A graph written as a dict, without the builder; its ids are its own."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE}, "hidden": {"me": "UNIQUE_ID"}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe/flow"

    def give(self, value, me):
        graph = {
            f"{me}.first": {"class_type": "ProbeInt", "inputs": {"value": value}},
            f"{me}.second": {"class_type": "ProbeAdd", "inputs": {"a": [f"{me}.first", 0], "b": 7}},
        }
        return {"result": ([f"{me}.second", 0],), "expand": graph}


class ProbeRawLink:
    """Shows the link itself."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {"rawLink": True})}}

    RETURN_TYPES = ()
    FUNCTION = "show"
    OUTPUT_NODE = True
    CATEGORY = "probe/flow"

    def show(self, value):
        return {"ui": {"is_link": [is_link(value)], "link": list(value) if is_link(value) else [value]}}


class ProbeExpandInto:
    """One node of the class that `kind` names, with a value."""

    @classmethod
    def INPUT_TYPES(cls):
        kinds = ["ProbeShow", "ProbeRaise", "NobodyKnowsThis", "cycle", "no such output", "PreviewImage", "ProbeBlock"]
        return {"required": {"kind": (kinds,), "value": WHOLE}, "hidden": {"me": "UNIQUE_ID"}}

    RETURN_TYPES = (ANY,)
    FUNCTION = "expand"
    OUTPUT_NODE = True
    CATEGORY = "probe/flow"

    def expand(self, kind, value, me):
        graph = GraphBuilder()
        if kind == "ProbeRaise":
            last = graph.node(kind, message=f"inside {value}")
        elif kind == "cycle":
            last = graph.node("ProbeAdd", b=value)
            last.set_input("a", graph.node("ProbeAdd", a=last.out(0), b=1).out(0))
        elif kind == "no such output":
            last = graph.node("ProbeAdd", a=graph.node("ProbeInt", value=value).out(9), b=1)
        elif kind == "PreviewImage":
            image = graph.node("ProbeImage", red=value / 255, green=0.0, blue=0.0, side=8, count=1)
            graph.node(kind, images=image.out(0))
            last = image
        elif kind == "ProbeBlock":
            last = graph.node(kind, value=value, block=True, message="")
        else:
            last = graph.node(kind, value=value)
        return {"ui": {"expanded": [value]}, "result": (last.out(0),), "expand": graph.finalize()}


class ProbeShowAs:
    """Expands into a node that shows, and has it reported as another."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": WHOLE, "shown_as": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "expand"
    CATEGORY = "probe/flow"

    def expand(self, value, shown_as):
        graph = GraphBuilder()
        node = graph.node("ProbeShow", value=value)
        node.set_override_display_id(shown_as)
        return {"result": (node.out(0),), "expand": graph.finalize()}


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
