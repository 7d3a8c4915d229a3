"""Low-rank changes to weights: LoRA (arXiv:2106.09685), read from the files of kohya's trainers and of diffusers."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import BadFile, NoMatchingWeights
from engine.models.diffusion_model import DiffusionModel
from engine.models.text_encoder import TextEncoder
from engine.models.weight_names import WeightNames
from engine.models.weights import WeightFile, open_weights

_log = logging.getLogger(__name__)

# How files name the tensors of one layer, behind the layer's name.
DOWN = (".lora_down.weight", ".lora_A.weight", ".lora.down.weight", "_lora.down.weight")
UP = (".lora_up.weight", ".lora_B.weight", ".lora.up.weight", "_lora.up.weight")
MIDDLE = (".lora_mid.weight",)  # of convolutions that are factored in three: arXiv:2309.14859, sec. 3
ALPHA = (".alpha",)
SUFFIXES: Mapping[str, tuple[str, ...]] = {"down": DOWN, "up": UP, "middle": MIDDLE, "alpha": ALPHA}


@dataclass(frozen=True, eq=False)
class LowRank:
    """The change of one layer: up @ down, times alpha / rank.

    `down` is (rank, in, ...), `up` (out, rank, ...), `middle` (rank, rank, kh, kw) or None.
    """

    down: Tensor
    up: Tensor
    middle: Tensor | None
    alpha: float | None

    def change(self, shape: torch.Size, device: torch.device) -> Tensor:
        """What is added to the layer's weight of this shape at strength 1, float32.

        Raises:
            BadFile: the shapes do not fit.
        """
        down, up = self.down.to(device, torch.float32), self.up.to(device, torch.float32)
        rank = down.shape[0]
        try:
            if self.middle is None:
                product = up.flatten(1) @ down.flatten(1)
            else:
                core = self.middle.to(device, torch.float32)
                product = torch.einsum("or,rskl,si->oikl", up.flatten(1), core, down.flatten(1))
            return product.reshape(shape).mul_(1.0 if self.alpha is None else self.alpha / rank)
        except RuntimeError as error:
            raise BadFile(
                f"A LoRA of shapes {list(up.shape)} x {list(down.shape)} does not fit a weight of shape {list(shape)}. "
                "It was made for another kind of model."
            ) from error


@dataclass(frozen=True, eq=False)
class Lora:
    """The layers of a LoRA file, by the names that it gives them."""

    path: Path
    layers: Mapping[str, LowRank]

    def patch(self, names: WeightNames, strength: float) -> LoraPatch | None:
        """The changes to one module; None if none of the layers is that module's."""
        own = {names.layer(foreign): change for foreign, change in self.layers.items()}
        changes = {f"{layer}.weight": change for layer, change in own.items() if layer is not None}
        return LoraPatch(changes, strength) if changes else None


@dataclass(frozen=True, eq=False)
class LoraPatch:
    """A LoRA's changes to one module, by the module's own weight names. Satisfies models.WeightPatch."""

    changes: Mapping[str, LowRank]
    strength: float

    @property
    def weight_names(self) -> Collection[str]:
        return self.changes.keys()

    def patched(self, name: str, weight: Tensor) -> Tensor:
        """The float32 weight with its change added, in place."""
        return weight.add_(self.changes[name].change(weight.shape, weight.device), alpha=self.strength)


def load_lora(path: Path) -> Lora:
    """Open a LoRA file.

    Raises:
        BadFile: missing, damaged, hostile, or it holds no LoRA.
    """
    file = open_weights(Path(path))
    tensors: dict[str, dict[str, Tensor]] = {}
    for name in file:
        found = _split(name)
        if found is not None:
            layer, role = found
            tensors.setdefault(layer, {})[role] = file[name]
    layers = {layer: _low_rank(file, layer, parts) for layer, parts in tensors.items() if parts.keys() - {"alpha"}}
    if not layers:
        names = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} holds no LoRA that can be read: its weights are named {names}. "
            f"Expected are names that end in {DOWN[0]}, {UP[0]}, or in {DOWN[1]}, {UP[1]}."
        )
    return Lora(file.header.path, layers)


def _split(name: str) -> tuple[str, str] | None:
    """The layer's name and the tensor's role in it; None if the name is no LoRA's."""
    for role, suffixes in SUFFIXES.items():
        for suffix in suffixes:
            if name.endswith(suffix):
                return _layer_name(name.removesuffix(suffix)), role
    return None


def _layer_name(name: str) -> str:
    """diffusers' first LoRA files named the attention's processor instead of its layer."""
    if ".processor." not in name:
        return name
    layer = name.replace(".processor.", ".")
    return f"{layer}.0" if layer.endswith(".to_out") else layer


def _low_rank(file: WeightFile, layer: str, parts: Mapping[str, Tensor]) -> LowRank:
    missing = {"down", "up"} - parts.keys()
    if missing:
        raise BadFile(f"{file.header.path.name} is incomplete: layer {layer[:80]!r} has no {' and no '.join(missing)}.")
    alpha = parts.get("alpha")
    return LowRank(parts["down"], parts["up"], parts.get("middle"), None if alpha is None else float(alpha))


def apply_lora(
    model: DiffusionModel | None,
    text_encoder: TextEncoder | None,
    lora: Lora,
    strength_model: float,
    strength_clip: float,
) -> tuple[DiffusionModel | None, TextEncoder | None]:
    """The model and the text encoder, either of which may be absent, with a LoRA added at these strengths.

    Raises:
        NoMatchingWeights: none of its layers is theirs.
    """
    on_model = lora.patch(model.names, strength_model) if model else None
    on_text = lora.patch(text_encoder.names, strength_clip) if text_encoder else None
    if on_model is None and on_text is None:
        raise NoMatchingWeights(_mismatch(lora, [part.names for part in (model, text_encoder) if part is not None]))
    _report_strangers(lora, model, text_encoder)
    if model and on_model and strength_model:
        model = model.with_patch(on_model)
    if text_encoder and on_text and strength_clip:
        text_encoder = text_encoder.with_patch(on_text)
    return model, text_encoder


def _report_strangers(lora: Lora, *parts: DiffusionModel | TextEncoder | None) -> None:
    """Say in the log which layers are nobody's, where both parts were there to take them."""
    known = [part.names for part in parts if part is not None]
    strangers = [layer for layer in lora.layers if not any(names.layer(layer) for names in known)]
    if strangers and len(known) == len(parts):
        _log.warning(
            "%s: %d of %d layers are not this model's and change nothing, such as %s.",
            lora.path.name,
            len(strangers),
            len(lora.layers),
            ", ".join(strangers[:3]),
        )


def _mismatch(lora: Lora, parts: list[WeightNames]) -> str:
    theirs = ", ".join(name[:80] for name in list(lora.layers)[:3])
    ours = "; ".join(f"the {names.part}'s are {', '.join(names.examples)}" for names in parts)
    return (
        f"{lora.path.name} changes nothing here: none of its {len(lora.layers)} layers is one of this model's. "
        f"Its layers are {theirs}; {ours}. It was made for another kind of model."
    )
