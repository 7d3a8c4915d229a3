"""LoRA files as changes to a model and its text encoder."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from engine.errors import BadFile, NoMatchingWeights
from engine.models.diffusion_model import DiffusionModel
from engine.models.text_encoder import TextEncoder
from engine.models.weight_names import WeightNames
from engine.models.weights import open_weights
from engine.patches.block_weights import EVERYWHERE, BlockWeights
from engine.patches.lora_layouts import read_layers
from engine.patches.weight_changes import WeightChange, apply_change

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Lora:
    """The layers of a LoRA file, by the names that it gives them: what changes of each, "weight" or "bias", and how."""

    path: Path
    layers: Mapping[str, Mapping[str, WeightChange]]

    def patch(
        self, names: WeightNames, strength: float, weights: Collection[str], blocks: BlockWeights = EVERYWHERE
    ) -> LoraPatch | None:
        """The changes to one module with these weights; None if none of the layers is that module's."""
        own = {names.layer(foreign): parts for foreign, parts in self.layers.items()}
        changes = {
            f"{layer}.{part}": change
            for layer, parts in own.items()
            if layer is not None
            for part, change in parts.items()
            if f"{layer}.{part}" in weights
        }
        return LoraPatch(changes, strength, blocks) if changes else None


@dataclass(frozen=True, eq=False)
class LoraPatch:
    """A LoRA's changes to one module, by the module's own weight names. Satisfies models.WeightPatch."""

    changes: Mapping[str, WeightChange]
    strength: float
    blocks: BlockWeights = EVERYWHERE

    @property
    def weight_names(self) -> Collection[str]:
        return [name for name in self.changes if self.blocks.of(name)]

    def patched(self, name: str, weight: Tensor) -> Tensor:
        """The float32 weight with its change added, in place."""
        return apply_change(self.changes[name], weight, self.strength * self.blocks.of(name))


def load_lora(path: Path) -> Lora:
    """Open a LoRA file, of any kind that `lora_layouts` knows.

    Raises:
        BadFile: missing, damaged, hostile, or it holds no LoRA.
    """
    file = open_weights(Path(path))
    layers = read_layers(file)
    if not layers:
        names = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} holds no LoRA that can be read: its weights are named {names}. "
            "Expected are names that end in .lora_down.weight and .lora_up.weight, .lora_A.weight and .lora_B.weight, "
            "or as LyCORIS, OFT or full differences have them."
        )
    return Lora(file.header.path, layers)


def apply_lora(
    model: DiffusionModel | None,
    text_encoder: TextEncoder | None,
    lora: Lora,
    strength_model: float,
    strength_clip: float,
    blocks: BlockWeights = EVERYWHERE,
) -> tuple[DiffusionModel | None, TextEncoder | None]:
    """The model and the text encoder, either of which may be absent, with a LoRA added at these strengths.

    Args:
        blocks: factors for the strengths, block by block.

    Raises:
        NoMatchingWeights: none of its layers is theirs.
    """
    on_model = lora.patch(model.names, strength_model, model.hosted.weights, blocks) if model else None
    strength_clip *= blocks.text
    on_text = lora.patch(text_encoder.names, strength_clip, text_encoder.hosted.weights) if text_encoder else None
    if on_model is None and on_text is None:
        raise NoMatchingWeights(mismatch(lora, [part.names for part in (model, text_encoder) if part is not None]))
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


def mismatch(lora: Lora, parts: list[WeightNames]) -> str:
    """Say that none of the layers of a LoRA is one of these modules'."""
    theirs = ", ".join(name[:80] for name in list(lora.layers)[:3])
    ours = "; ".join(f"the {names.part}'s are {', '.join(names.examples)}" for names in parts)
    return (
        f"{lora.path.name} changes nothing here: none of its {len(lora.layers)} layers is one of this model's. "
        f"Its layers are {theirs}; {ours}. It was made for another kind of model."
    )
