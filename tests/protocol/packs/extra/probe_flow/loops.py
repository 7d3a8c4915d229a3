"""Loops as packs write them: the closing node copies what stands between it and the opening node, round by round."""

from comfy_execution.graph_utils import GraphBuilder, is_link

from .anything import ANY

CARRIED = 3
NAMES = [f"v{i}" for i in range(CARRIED)]


def between(dyn_prompt, start: str, end: str) -> set[str]:
    """Ids of the nodes that `end` depends on and that depend on `start`; both ends belong to it."""
    known = {start: True}

    def depends(node_id: str) -> bool:
        if node_id not in known:
            known[node_id] = False
            sources = [value[0] for value in dyn_prompt.get_node(node_id)["inputs"].values() if is_link(value)]
            inside = [depends(source) for source in sources]  # all of them: none may be left out of `known`
            known[node_id] = any(inside)
        return known[node_id]

    depends(end)
    return {node_id for node_id, inside in known.items() if inside} | {end}


class ProbeWhileOpen:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "optional": {name: (ANY, {}) for name in NAMES}}

    RETURN_TYPES = ("PROBE_LOOP", *[ANY] * CARRIED)
    RETURN_NAMES = ("loop", *NAMES)
    FUNCTION = "open"
    CATEGORY = "probe/loops"

    def open(self, **values):
        return ("loop", *[values.get(name) for name in NAMES])


class ProbeWhileClose:
    """Gives the values when `again` is false; otherwise another round, begun with the values."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"loop": ("PROBE_LOOP", {"rawLink": True}), "again": ("BOOLEAN", {"forceInput": True})},
            "optional": {name: (ANY, {}) for name in NAMES},
            "hidden": {"dyn_prompt": "DYNPROMPT", "me": "UNIQUE_ID"},
        }

    RETURN_TYPES = (ANY,) * CARRIED
    RETURN_NAMES = tuple(NAMES)
    FUNCTION = "close"
    CATEGORY = "probe/loops"

    def close(self, loop, again, dyn_prompt, me, **values):
        if not again:
            return tuple(values.get(name) for name in NAMES)
        start = loop[0]
        body = between(dyn_prompt, start, me)
        graph = GraphBuilder()
        copies = {}
        for node_id in body:
            copy = graph.node(dyn_prompt.get_node(node_id)["class_type"], "close" if node_id == me else node_id)
            copy.set_override_display_id(node_id)
            copies[node_id] = copy
        for node_id, copy in copies.items():
            for name, value in dyn_prompt.get_node(node_id)["inputs"].items():
                inside = is_link(value) and value[0] in copies
                copy.set_input(name, copies[value[0]].out(value[1]) if inside else value)
        for name in NAMES:
            copies[start].set_input(name, values.get(name))
        return {"result": tuple(copies[me].out(i) for i in range(CARRIED)), "expand": graph.finalize()}


class ProbeForOpen:
    """`times` rounds; v0 carries how many are left and is hidden, v1 and v2 are the user's."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"times": ("INT", {"default": 1, "min": 0, "max": 100_000})},
            "optional": {"v1": (ANY, {}), "v2": (ANY, {})},
            "hidden": {"v0": (ANY,)},
        }

    RETURN_TYPES = ("PROBE_LOOP", "INT", ANY, ANY)
    RETURN_NAMES = ("loop", "left", "v1", "v2")
    FUNCTION = "open"
    CATEGORY = "probe/loops"

    def open(self, times, v0=None, v1=None, v2=None):
        graph = GraphBuilder()
        left = times if v0 is None else v0
        inner = graph.node("ProbeWhileOpen", v0=left, v1=v1, v2=v2)
        return {"result": ("loop", inner.out(1), inner.out(2), inner.out(3)), "expand": graph.finalize()}


class ProbeForClose:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"loop": ("PROBE_LOOP", {"rawLink": True})},
            "optional": {"v1": (ANY, {"rawLink": True}), "v2": (ANY, {"rawLink": True})},
        }

    RETURN_TYPES = (ANY, ANY)
    RETURN_NAMES = ("v1", "v2")
    FUNCTION = "close"
    CATEGORY = "probe/loops"

    def close(self, loop, v1=None, v2=None):
        graph = GraphBuilder()
        left = graph.node("ProbeAdd", a=[loop[0], 1], b=-1)
        again = graph.node("ProbeMore", a=left.out(0), than=0)
        end = graph.node("ProbeWhileClose", loop=loop, again=again.out(0), v0=left.out(0), v1=v1, v2=v2)
        return {"result": (end.out(1), end.out(2)), "expand": graph.finalize()}


class ProbeMore:
    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 0, "min": -(2**53), "max": 2**53})
        return {"required": {"a": number, "than": number}}

    RETURN_TYPES = ("BOOLEAN",)
    FUNCTION = "compare"
    CATEGORY = "probe/loops"

    def compare(self, a, than):
        return (a > than,)


class ProbeGather:
    """Appends a value to a list that travels through a loop."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (ANY, {})}, "optional": {"gathered": ("PROBE_GATHERED",)}}

    RETURN_TYPES = ("PROBE_GATHERED",)
    FUNCTION = "gather"
    CATEGORY = "probe/loops"

    def gather(self, value, gathered=None):
        return ({"values": [*(gathered["values"] if gathered else ()), value]},)


class ProbeGathered:
    """The gathered values, as a list on the wire."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"gathered": ("PROBE_GATHERED",)}}

    RETURN_TYPES = (ANY,)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "spread"
    CATEGORY = "probe/loops"

    def spread(self, gathered):
        return (gathered["values"],)


NODES = {name: kind for name, kind in globals().items() if name.startswith("Probe")}
