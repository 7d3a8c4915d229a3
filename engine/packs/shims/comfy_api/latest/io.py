"""`io`: the base class of nodes, their schema, and all kinds of inputs and outputs."""

from comfy_api.catalog import *  # noqa: F403 (every kind is a name of this module)

__all__ = [name for name in dir() if not name.startswith("_")]
