"""A pack of nodes that expand into graphs, loop, recurse and block; found through extra_model_paths.yaml."""

from . import blocking, expanding, loops

NODE_CLASS_MAPPINGS = {**expanding.NODES, **loops.NODES, **blocking.NODES}
