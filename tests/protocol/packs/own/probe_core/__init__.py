"""A class-style pack in a folder: its nodes are spread over modules that it imports relatively."""

from . import again, checks, lazy, lists, telling, types, values

NODE_CLASS_MAPPINGS = {
    name: node for module in (values, checks, lists, lazy, again, types, telling) for name, node in module.NODES.items()
}
NODE_DISPLAY_NAME_MAPPINGS = {"ProbeInt": "Probe: a whole number", "ProbeShow": "Probe: show"}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
