"""What does the MODEL socket carry? A network with its family's conventions and patches, as one immutable value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn

from engine.models.family import ModelFamily, Run
from engine.models.hooks import hook_patches
from engine.models.latent import LatentFormat
from engine.models.layer_patches import LayerPatches
from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import (
    CallNetwork,
    NetworkCall,
    NetworkCompiler,
    NetworkWrapper,
    Patches,
    WeightPatch,
    prompt_layers,
)
from engine.models.weight_names import WeightNames
from engine.sampling.conditioning import Conditioning, ConditioningItem, Latent, NetworkInputs
from engine.sampling.guidance_patches import GuidancePatches
from engine.sampling.hooks import ActiveHook
from engine.sampling.noise_levels import NoiseLevels
from engine.sampling.prediction import Prediction


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """Denoises latents. Satisfies sampling.ConditionedModel.

    Copies made by `with_...` share the weights; patches are applied while one of them computes.

    Attributes:
        call_network: the family's way to call its module with a NetworkCall.
        bytes_needed: shape of x, bytes per number -> bytes that a call takes beside the weights.
        names: what other programs call this network's weights.
        prepare_item: what the family makes of one prompt before a run.
        usual: what computes unless another type was asked for; None: `hosted`.
    """

    family: ModelFamily
    hosted: HostedModule
    latent_format: LatentFormat
    noise_levels: NoiseLevels
    prediction: Prediction
    names: WeightNames
    call_network: Callable[[nn.Module, NetworkCall], Tensor]
    bytes_needed: Callable[[tuple[int, ...], int], int]
    prepare_item: Callable[[ConditioningItem, Run], ConditioningItem]
    patches: Patches = field(default_factory=Patches)
    usual: HostedModule | None = None

    @property
    def device(self) -> torch.device:
        """Where `denoise` wants its tensors."""
        return self.hosted.placement.device

    @property
    def weight_patches(self) -> tuple[WeightPatch, ...]:
        return self.patches.weights

    @property
    def guidance(self) -> GuidancePatches:
        """What changes the way in which the estimates for prompts are joined."""
        return self.patches.guidance

    def with_patch(self, patch: WeightPatch) -> DiffusionModel:
        """The same model with some weights changed."""
        return replace(self, patches=self.patches.with_weights(patch))

    def with_wrapper(self, wrapper: NetworkWrapper) -> DiffusionModel:
        """The same model with something round each call of its network, inside the wrappers it has."""
        return replace(self, patches=self.patches.with_wrapper(wrapper))

    @property
    def layers(self) -> LayerPatches:
        """What takes part inside the network: its attention, and between its blocks."""
        return self.patches.layers or LayerPatches()

    def with_layers(self, layers: LayerPatches) -> DiffusionModel:
        """The same model with other layer patches: `model.with_layers(model.layers.with_blocks(join=...))`."""
        return replace(self, patches=self.patches.with_layers(layers))

    def with_guidance(self, guidance: GuidancePatches) -> DiffusionModel:
        """The same model, its prompts joined in another way: `model.with_guidance(model.guidance.with_(after=...))`."""
        return replace(self, patches=self.patches.with_guidance(guidance))

    def with_noise_levels(self, noise_levels: NoiseLevels, prediction: Prediction | None = None) -> DiffusionModel:
        """The same model, told other noise levels, or what else its output means."""
        return replace(self, noise_levels=noise_levels, prediction=prediction or self.prediction)

    def with_latent_format(self, latent_format: LatentFormat) -> DiffusionModel:
        """The same model, its latents scaled in another way."""
        return replace(self, latent_format=latent_format)

    def with_compiler(self, compiler: NetworkCompiler) -> DiffusionModel:
        """The same model, what the compiler makes of its network called in the network's place."""
        return replace(self, patches=self.patches.with_compiler(compiler))

    def computing_in(self, dtype: torch.dtype | None) -> DiffusionModel:
        """The same model, computing in another type; None: in its usual one."""
        usual = self.usual or self.hosted
        is_usual = dtype is None or dtype == usual.placement.dtype
        return replace(self, hosted=usual if is_usual else usual.in_type(dtype), usual=usual)

    def memory_needed(self, shape: tuple[int, ...]) -> int:
        """Bytes that one `denoise` of x of this shape takes beside the weights."""
        return self.bytes_needed(shape, self.hosted.placement.dtype.itemsize)

    def prepare(self, conditioning: Conditioning, latent: Latent, seed: int, *, is_negative: bool) -> Conditioning:
        """Once per run: what the network is told of each prompt beside its embedding (sizes, further channels, ...).

        Raises:
            ValueError: a prompt lacks what this model needs, such as the picture to edit.
            NoMatchingWeights: a prompt's hook is made for another kind of model.
        """
        for item in conditioning:
            hook_patches(self, (ActiveHook(hook, hook.strength_model) for hook in item.hooks))
        run = Run(latent, seed, is_negative, self.latent_format)
        return conditioning.map(lambda item: self.prepare_item(item, run))

    def denoise(self, x: Tensor, sigma: Tensor, inputs: NetworkInputs) -> Tensor:
        """x (N, C, h, w) float32 at levels sigma (N,) -> the denoised estimate (N, C, h, w) float32, on `device`."""
        hooks = hook_patches(self, inputs.hooks)
        with torch.no_grad(), self.hosted.holding(self.patches.weights, hooks) as network:
            compiler = self.patches.compiler
            run: CallNetwork = partial(self.call_network, network if compiler is None else compiler(network))
            for wrapper in reversed(self.patches.wrappers):
                run = partial(wrapper, run)
            scaled = self.prediction.scale_input(x, sigma)
            layers = self.patches.layers
            for patch in prompt_layers(inputs.extra):
                layers = patch.added_to(layers or LayerPatches(), scaled)
            call = NetworkCall(scaled, self.noise_levels.timestep(sigma), inputs, sigma, layers)
            return self.prediction.denoised(x, run(call).float(), sigma)
