"""What is a reversible change to a model? The points at which packs and patches may take part.

Patches are values: `model.with_patch(patch)` gives a new model that shares the weights. The points: weights
(`WeightPatch`), attention and blocks (`LayerPatches`; for one prompt only: `PromptLayers`), the whole network call
(`NetworkWrapper`), guidance (sampling's `GuidancePatches`), and the noise levels (`DiffusionModel.with_noise_levels`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

from engine.models.layer_patches import LayerPatches
from engine.sampling.conditioning import NetworkInputs
from engine.sampling.guidance_patches import GuidancePatches

if TYPE_CHECKING:
    from engine.models.memory.device_memory import Holdable

PROMPT_LAYERS = "layer_patches"  # what prompts carry a tuple of PromptLayers under, in `extra`


class WeightPatch(Protocol):
    """Changes some weights of a module. They are restored to the bit when the module is no longer held."""

    @property
    def weight_names(self) -> Collection[str]:
        """The module's names of the weights that change."""

    def patched(self, name: str, weight: Tensor) -> Tensor:
        """The new value of a weight: float32 in and out, same shape, same device. `weight` may be changed in place."""


@dataclass(frozen=True, eq=False)
class NetworkCall:
    """One call of a network.

    Attributes:
        x: (N, C, h, w) as the network sees it.
        timesteps, sigma: (N,) of each sample.
        inputs: what steers it.
        layers: what takes part inside the network.
    """

    x: Tensor
    timesteps: Tensor
    inputs: NetworkInputs
    sigma: Tensor
    layers: LayerPatches | None = None


class CallNetwork(Protocol):
    def __call__(self, call: NetworkCall) -> Tensor:
        """The network's output (N, C, h, w), float32."""


class NetworkWrapper(Protocol):
    """Stands round every call of a network; `network` is the next one in, the innermost the network itself."""

    def __call__(self, network: CallNetwork, call: NetworkCall) -> Tensor: ...


class NetworkCompiler(Protocol):
    """Makes of a network what is called in its place, with the same weights and attributes."""

    def __call__(self, network: nn.Module) -> nn.Module: ...


class PromptLayers(Protocol):
    """Takes part inside the network wherever one prompt is evaluated. Compared by identity."""

    @property
    def holdables(self) -> tuple[Holdable, ...]:
        """What must be on its device for that."""

    def added_to(self, layers: LayerPatches, x: Tensor) -> LayerPatches:
        """The layer patches of one call, and these; x (N, C, h, w) is what the network reads."""


def prompt_layers(extra: Mapping[str, Any]) -> tuple[PromptLayers, ...]:
    """What a prompt carries of them, in its `extra`."""
    found: tuple[PromptLayers, ...] = extra.get(PROMPT_LAYERS, ())
    return found


@dataclass(frozen=True)
class Patches:
    """Everything that changes a model, in the order in which it was added."""

    weights: tuple[WeightPatch, ...] = ()
    wrappers: tuple[NetworkWrapper, ...] = ()
    layers: LayerPatches | None = None
    guidance: GuidancePatches = field(default_factory=GuidancePatches)
    compiler: NetworkCompiler | None = None

    def with_weights(self, patch: WeightPatch) -> Patches:
        return replace(self, weights=(*self.weights, patch))

    def with_wrapper(self, wrapper: NetworkWrapper) -> Patches:
        return replace(self, wrappers=(*self.wrappers, wrapper))

    def with_layers(self, layers: LayerPatches) -> Patches:
        return replace(self, layers=layers)

    def with_guidance(self, guidance: GuidancePatches) -> Patches:
        return replace(self, guidance=guidance)

    def with_compiler(self, compiler: NetworkCompiler) -> Patches:
        return replace(self, compiler=compiler)
