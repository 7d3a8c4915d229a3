"""What do 8-bit weights mean that come with a factor of their own? Their product, as wherever else weights are read.

Layouts: `layer.weight` beside `layer.scale_weight` (and a tensor `scaled_fp8` that says so), or `layer.weight_scale`:
one factor for the matrix, or one for each of its rows. Factors of a layer's inputs serve 8-bit products only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import BadFile

if TYPE_CHECKING:
    from engine.models.weights import WeightFile

WEIGHT = ".weight"
SCALES = (".scale_weight", ".weight_scale")
BESIDE = (".scale_input", ".input_scale", ".comfy_quant", "scaled_fp8")  # what these files hold besides
NARROW = ("F8_E4M3", "F8_E5M2")


def unscaled(file: WeightFile) -> WeightFile:
    """The same weights with their factors applied: float32 where there is one; the file itself where there is none.

    Raises:
        BadFile: a factor belongs to no 8-bit weight, or does not fit it.
    """
    tensors = file.header.tensors
    scales = {name.removesuffix(end) + WEIGHT: name for end in SCALES for name in tensors if name.endswith(end)}
    if not scales and not any(name.endswith("scaled_fp8") for name in tensors):
        return file
    for weight, scale in scales.items():
        _check(file, weight, scale)
    hidden = {*scales.values(), *(name for name in tensors if name.endswith(BESIDE))}
    header = replace(file.header, tensors={name: info for name, info in tensors.items() if name not in hidden})

    def get(name: str) -> Tensor:
        return file[name] if name not in scales else _scaled(file[name], file[scales[name]])

    return file.read_as(header, get)


def _check(file: WeightFile, weight: str, scale: str) -> None:
    tensors, name = file.header.tensors, file.header.path.name
    if weight not in tensors or tensors[weight].dtype not in NARROW:
        found = f"of the type {tensors[weight].dtype}" if weight in tensors else "missing"
        raise BadFile(
            f"{name}: {scale!r} should be the factor of an 8-bit float weight (F8_E4M3 or F8_E5M2), and {weight!r} is "
            f"{found}. The file is quantised in a way that is not known here: get its fp8 or fp16 version."
        )
    numbers, shape = torch.Size(tensors[scale].shape).numel(), tensors[weight].shape
    if numbers not in (1, shape[0] if shape else 1):
        raise BadFile(
            f"{name}: {scale!r} holds {numbers} factors; {weight!r} of shape {list(shape)} takes 1, or one a row."
        )


def _scaled(weight: Tensor, scale: Tensor) -> Tensor:
    return weight.float() * scale.float().reshape(-1, *(1 for _ in weight.shape[1:]))
