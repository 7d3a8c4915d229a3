"""A pack of nodes that wait, asynchronously and not, and of nodes that must be stopped."""

from . import stopping, waiting

NODE_CLASS_MAPPINGS = {**waiting.NODES, **stopping.NODES}
