"""Which changes may hooks carry? A LoRA, or another model's weights as if they were one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from engine.errors import NoMatchingWeights
from engine.models.diffusion_model import DiffusionModel
from engine.models.hooks import Hookable, HookedChange
from engine.models.patch import WeightPatch
from engine.models.text_encoder import TextEncoder
from engine.models.weights import Weights
from engine.patches.lora import Lora, mismatch
from engine.patches.merging import check_same_kind

TEXT_LAYERS = ("lora_te", "text_encoder", "text_model", "te_", "te1_", "te2_", "clip_", "cond_stage", "conditioner")
TEXT_STAYS = (".position_ids", ".logit_scale")  # not learnt as the others are


class LoraChange(HookedChange):
    """A LoRA as a hook carries it."""

    def __init__(self, lora: Lora) -> None:
        super().__init__()
        self.lora = lora

    def _make(self, part: Hookable, strength: float) -> WeightPatch | None:
        patch = self.lora.patch(part.names, strength, part.hosted.weights)
        if patch is None and not isinstance(part, TextEncoder) and not self._is_for_text_alone:
            raise NoMatchingWeights(mismatch(self.lora, [part.names]))
        return patch

    @cached_property
    def _is_for_text_alone(self) -> bool:
        return all(layer.startswith(TEXT_LAYERS) for layer in self.lora.layers)


class ModelChange(HookedChange):
    """What leads from the model that samples to another of its kind: at strength 1 its weights become the other's."""

    def __init__(self, model: DiffusionModel, text_encoder: TextEncoder) -> None:
        super().__init__()
        self.model, self.text_encoder = model, text_encoder

    def _make(self, part: Hookable, strength: float) -> WeightPatch | None:
        other: DiffusionModel | TextEncoder = self.text_encoder if isinstance(part, TextEncoder) else self.model
        check_same_kind(part.hosted.weights, other.hosted.weights)
        return _Towards(part.hosted.weights, other, strength)


@dataclass(frozen=True, eq=False)
class _Towards:
    """Adds the difference between two files' weights. Satisfies models.WeightPatch."""

    own: Weights
    other: DiffusionModel | TextEncoder
    strength: float

    @cached_property
    def weight_names(self) -> Collection[str]:
        return frozenset(name for name in self.own if not name.endswith(TEXT_STAYS))

    def patched(self, name: str, weight: Tensor) -> Tensor:
        difference = self.other.hosted.patched_weight(name, self.other.weight_patches).to(weight, copy=True)
        difference -= self.own[name].to(weight)
        self.other.hosted.weights.forget(name)
        return weight.add_(difference, alpha=self.strength)
