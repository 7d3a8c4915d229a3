"""`comfy.comfy_types`: names for annotations of node classes."""

from comfy.comfy_types.node_typing import IO, CheckLazyMixin, ComfyNodeABC, InputTypeDict

__all__ = ["IO", "CheckLazyMixin", "ComfyNodeABC", "InputTypeDict"]
