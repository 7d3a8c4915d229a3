"""How do weights take one byte a number, and still compute as usual? They are widened while their layer runs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

LAYERS = (nn.Linear, nn.Conv2d, nn.Embedding)  # whose weights are large, and bear it


def narrow_names(module: nn.Module) -> frozenset[str]:
    """The names of a module's weights that may be kept in an 8-bit type."""
    return frozenset(f"{name}.weight" for name, layer in module.named_modules() if isinstance(layer, LAYERS))


def widen_while_running(module: nn.Module, dtype: torch.dtype) -> None:
    """Let every layer with a large weight compute with it in `dtype`, whatever type it is kept in.

    Not for concurrent calls of one module: whoever computes holds the module's lock.
    """
    for layer in module.modules():
        if isinstance(layer, LAYERS):
            known = next((hook for hook in layer._forward_pre_hooks.values() if isinstance(hook, _Widen)), None)
            if known is not None:  # of a module that was copied from one that widens
                known.dtype = dtype
                continue
            kept: list[Any] = []
            layer.register_forward_pre_hook(_Widen(kept, dtype))
            layer.register_forward_hook(_Narrow(kept), always_call=True)


class _Widen:
    def __init__(self, kept: list[Any], dtype: torch.dtype) -> None:
        self._kept, self.dtype = kept, dtype

    def __call__(self, layer: nn.Module, _inputs: Any) -> None:
        weight = layer._parameters["weight"]
        self._kept.append(weight)
        layer._parameters["weight"] = nn.Parameter(weight.to(self.dtype), requires_grad=False)


class _Narrow:
    def __init__(self, kept: list[Any]) -> None:
        self._kept = kept

    def __call__(self, layer: nn.Module, _inputs: Any, _output: Any) -> None:
        layer._parameters["weight"] = self._kept.pop()
