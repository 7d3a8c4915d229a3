"""How do LoRA files name the tensors of a layer, and which kind of change do these make?

Known are the files of kohya's trainers, of diffusers, of LyCORIS, and of those who write differences of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.errors import BadFile
from engine.models.weights import WeightFile
from engine.patches.weight_changes import (
    Decomposed,
    Difference,
    Generalised,
    Hadamard,
    Kronecker,
    LowRank,
    Replacement,
    Rotation,
    WeightChange,
)

Parts = Mapping[str, Tensor]

# Endings of names -> the tensor's role in its layer.
ENDINGS: Mapping[str, str] = {
    ".lora_down.weight": "down",
    ".lora_A.weight": "down",
    ".lora_A.default.weight": "down",
    ".lora.down.weight": "down",
    "_lora.down.weight": "down",
    ".lora_linear_layer.down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_B.weight": "up",
    ".lora_B.default.weight": "up",
    ".lora.up.weight": "up",
    "_lora.up.weight": "up",
    ".lora_linear_layer.up.weight": "up",
    ".lora_mid.weight": "middle",
    ".alpha": "alpha",
    ".dora_scale": "lengths",
    ".lora_magnitude_vector": "lengths",
    ".lora_magnitude_vector.weight": "lengths",
    ".hada_w1_a": "hada_w1_a",
    ".hada_w1_b": "hada_w1_b",
    ".hada_w2_a": "hada_w2_a",
    ".hada_w2_b": "hada_w2_b",
    ".hada_t1": "hada_t1",
    ".hada_t2": "hada_t2",
    ".lokr_w1": "lokr_w1",
    ".lokr_w1_a": "lokr_w1_a",
    ".lokr_w1_b": "lokr_w1_b",
    ".lokr_w2": "lokr_w2",
    ".lokr_w2_a": "lokr_w2_a",
    ".lokr_w2_b": "lokr_w2_b",
    ".lokr_t2": "lokr_t2",
    ".a1.weight": "a1",
    ".a2.weight": "a2",
    ".b1.weight": "b1",
    ".b2.weight": "b2",
    ".oft_blocks": "oft_blocks",
    ".oft_diag": "oft_blocks",
    ".rescale": "rescale",
    ".diff": "diff",
    ".w_norm": "diff",
    ".diff_b": "diff_b",
    ".b_norm": "diff_b",
    ".set_weight": "set_weight",
}


@dataclass(frozen=True)
class Kind:
    """A kind of change, and the roles without which a layer of this kind is incomplete."""

    mark: str
    needs: tuple[str, ...]
    make: Callable[[Parts, float | None], WeightChange]


KINDS: tuple[Kind, ...] = (
    Kind("down", ("down", "up"), lambda p, alpha: LowRank(p["down"], p["up"], p.get("middle"), alpha)),
    Kind("up", ("down", "up"), lambda p, alpha: LowRank(p["down"], p["up"], p.get("middle"), alpha)),
    Kind(
        "hada_w1_a",
        ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"),
        lambda p, alpha: Hadamard(
            p["hada_w1_a"], p["hada_w1_b"], p["hada_w2_a"], p["hada_w2_b"], p.get("hada_t1"), p.get("hada_t2"), alpha
        ),
    ),
    Kind("lokr_w1", ("lokr_w1",), lambda p, alpha: _kronecker(p, alpha)),
    Kind("lokr_w1_a", ("lokr_w1_a", "lokr_w1_b"), lambda p, alpha: _kronecker(p, alpha)),
    Kind("a1", ("a1", "a2", "b1", "b2"), lambda p, alpha: Generalised(p["a1"], p["a2"], p["b1"], p["b2"], alpha)),
    Kind("oft_blocks", ("oft_blocks",), lambda p, alpha: Rotation(p["oft_blocks"], alpha, p.get("rescale"))),
    Kind("diff", ("diff",), lambda p, alpha: Difference(p["diff"])),
    Kind("set_weight", ("set_weight",), lambda p, alpha: Replacement(p["set_weight"])),
)


def read_layers(file: WeightFile) -> dict[str, dict[str, WeightChange]]:
    """Layer, as the file names it -> "weight" or "bias" -> its change.

    Raises:
        BadFile: a layer is incomplete.
    """
    tensors: dict[str, dict[str, Tensor]] = {}
    for name in file:
        found = _split(name)
        if found is not None:
            layer, role = found
            tensors.setdefault(layer, {})[role] = file[name]
    layers = {layer: _changes(file, layer, parts) for layer, parts in tensors.items()}
    return {layer: changes for layer, changes in layers.items() if changes}


def _split(name: str) -> tuple[str, str] | None:
    """The layer's name and the tensor's role in it; None if the name is no LoRA's."""
    fitting = [ending for ending in ENDINGS if name.endswith(ending)]
    if not fitting:
        return None
    ending = max(fitting, key=len)
    return _layer_name(name.removesuffix(ending)), ENDINGS[ending]


def _layer_name(name: str) -> str:
    """diffusers' first LoRA files named the attention's processor instead of its layer."""
    if ".processor." not in name:
        return name
    layer = name.replace(".processor.", ".")
    return f"{layer}.0" if layer.endswith(".to_out") else layer


def _changes(file: WeightFile, layer: str, parts: Parts) -> dict[str, WeightChange]:
    changes: dict[str, WeightChange] = {}
    kind = next((kind for kind in KINDS if kind.mark in parts), None)
    if kind is not None:
        missing = [role for role in kind.needs if role not in parts]
        if missing:
            raise BadFile(
                f"{file.header.path.name} is incomplete: layer {layer[:80]!r} has no {' and no '.join(missing)}."
            )
        alpha = parts.get("alpha")
        changes["weight"] = kind.make(parts, None if alpha is None else float(alpha))
        if "lengths" in parts:
            changes["weight"] = Decomposed(changes["weight"], parts["lengths"])
    if "diff_b" in parts:
        changes["bias"] = Difference(parts["diff_b"])
    return changes


def _kronecker(parts: Parts, alpha: float | None) -> Kronecker:
    names = ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")
    return Kronecker(*(parts.get(f"lokr_{name}") for name in names), alpha)
