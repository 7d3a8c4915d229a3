"""How is a result written as named tensors and a text, and read back the same?

The text is JSON. Plain values stand for themselves; everything else is a list whose first part says what it is:
["l", ...] a list, ["u", ...] a tuple, ["d", [key, value], ...] a dict, ["t", name, device] a tensor,
["c", class, [field, value], ...] one of the engine's frozen data classes, ["b", hex] bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch

# What safetensors can hold; anything else (complex, quantized, sparse) stays in memory.
DTYPES = {
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
}  # fmt: skip
DEEPEST = 30


class NotWritable(Exception):
    """A result holds something that cannot be read back as it was: a model, an object of a pack."""


class Writer:
    """Writes values; tensors are copied, so that nothing that happens to them later shows."""

    def __init__(self, classes: Sequence[type]) -> None:
        self._classes = {kind: kind.__name__ for kind in classes}
        self._names: dict[tuple[Any, ...], str] = {}
        self.tensors: dict[str, torch.Tensor] = {}

    def write(self, value: Any) -> str:
        """Give the text of a value; its tensors are in `tensors`. Raises NotWritable."""
        return json.dumps(self._written(value, DEEPEST), separators=(",", ":"))

    def _written(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if depth == 0:
            raise NotWritable("It is nested too deeply.")
        if kind in (list, tuple):
            return ["l" if kind is list else "u", *(self._written(part, depth - 1) for part in value)]
        if isinstance(value, Mapping) and kind.__name__ in ("dict", "mappingproxy", "OrderedDict"):
            return ["d", *([self._written(key, 1), self._written(part, depth - 1)] for key, part in value.items())]
        if kind is torch.Tensor:
            return ["t", self._tensor(value), str(value.device)]
        if kind is bytes:
            return ["b", value.hex()]
        if kind in self._classes and is_dataclass(value):
            parts = ([each.name, self._written(getattr(value, each.name), depth - 1)] for each in fields(value))
            return ["c", self._classes[kind], *parts]
        raise NotWritable(f"It holds a {kind.__module__}.{kind.__qualname__}.")

    def _tensor(self, tensor: torch.Tensor) -> str:
        """Copy a tensor, once however often it is met; gives its name."""
        if tensor.dtype not in DTYPES or tensor.layout is not torch.strided or tensor.device.type == "meta":
            raise NotWritable(f"It holds a {tensor.layout} tensor of {tensor.dtype} on {tensor.device}.")
        same = (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride(), str(tensor.device))
        if same not in self._names:
            self._names[same] = str(len(self._names))
            copy = tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            self.tensors[self._names[same]] = copy.resolve_conj().resolve_neg()
        return self._names[same]


class Reader:
    """Reads what `Writer` wrote."""

    def __init__(self, classes: Sequence[type], tensors: Mapping[str, torch.Tensor]) -> None:
        self._classes = {kind.__name__: kind for kind in classes}
        self._tensors = tensors

    def read(self, text: str) -> Any:
        """Give the value. Raises ValueError, KeyError, TypeError, IndexError or RuntimeError where it cannot."""
        return self._read(json.loads(text))

    def _read(self, written: Any) -> Any:
        if not isinstance(written, list):
            return written
        kind, *parts = written
        match kind:
            case "l":
                return [self._read(part) for part in parts]
            case "u":
                return tuple(self._read(part) for part in parts)
            case "d":
                return {self._read(key): self._read(part) for key, part in parts}
            case "t":
                return self._tensors[parts[0]].to(parts[1])
            case "b":
                return bytes.fromhex(parts[0])
            case "c":
                return self._classes[parts[0]](**{name: self._read(part) for name, part in parts[1:]})
        raise ValueError(f"nothing is written as {kind!r}")
