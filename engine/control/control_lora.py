"""A control network as its difference in few numbers from the model that it steers: Stability's Control-LoRA.

https://huggingface.co/stabilityai/control-lora: the first half of the model's network, whose matrices W become
W + up down (arXiv:2106.09685, Eq. 3); norms, biases and what only a control network has are kept whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from engine.control.control_network import ControlConfig, build_control_network, read_hint_channels
from engine.control.controlnet import ControlNet, ControlNetUse
from engine.errors import BadFile
from engine.models.diffusion_model import DiffusionModel
from engine.models.layers.unet_config import UNetConfig
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement
from engine.models.patch import WeightPatch
from engine.models.weights import WeightFile, Weights, check_weights
from engine.sampling.conditioning import ControlCall, ControlResiduals

UP, DOWN = ".up", ".down"  # of a layer's name, where its weight is kept as two narrow matrices


@dataclass(frozen=True, eq=False)
class ControlLora:
    """The file of a Control-LoRA: it becomes a control network beside a model.

    Attributes:
        names: the control network's own names, those of narrow matrices among them -> the file's.
    """

    file: WeightFile
    names: Mapping[str, str]
    placement: Placement
    _made: dict[tuple[HostedModule, tuple[WeightPatch, ...]], ControlNet] = field(default_factory=dict, repr=False)

    def use(
        self,
        hint: Tensor,
        strength: float = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        mask: Tensor | None = None,
    ) -> ControlLoraUse:
        """Steer by a picture; see ControlNet.use."""
        return ControlLoraUse(self, hint, strength, start_percent, end_percent, mask)

    def for_kind(self, name: str) -> ControlLora:
        """Control-LoRAs know one kind of pictures only: this one as it is."""
        return self

    def beside(self, model: DiffusionModel) -> ControlNet:
        """The control network made of a model's weights, as its patches leave them; the last one is kept.

        Raises:
            BadFile: it was made for another kind of model.
        """
        key = (model.hosted, model.weight_patches)
        if key not in self._made:
            self._made.clear()
            self._made[key] = self._make(model)
        return self._made[key]

    def _make(self, model: DiffusionModel) -> ControlNet:
        network = getattr(model.hosted.module, "config", None)
        if not isinstance(network, UNetConfig):
            raise self._misfit(f"the model's network is a {type(model.hosted.module).__name__}, not a U-Net")
        shapes = {own: self.file.header.tensors[name].shape for own, name in self.names.items()}
        first = shapes.get("input_blocks.0.0.weight", ())
        channels = first[1] if len(first) == 4 else network.in_channels
        half = replace(network, in_channels=channels, out_channels=0, output_blocks=())
        config = ControlConfig(half, read_hint_channels(shapes))
        module = build_control_network(config)
        wanted = {name: tuple(t.shape) for name, t in module.state_dict().items()}
        for problem in self._problems(shapes, wanted):
            raise self._misfit(problem)
        weights = WeightsOverModel(self, wanted, model)
        check_weights(module, weights, "control network")
        return ControlNet(HostedModule(module, weights, self.placement), config)

    def _problems(self, shapes: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
        for name, shape in shapes.items():
            layer = name.removesuffix(UP).removesuffix(DOWN)
            expected = wanted.get(name if layer == name else f"{layer}.weight")
            if expected is None:
                yield f"it has {name}, which the model's network has not"
            elif layer == name and shape != expected:
                yield f"{name} is {list(shape)}, and the model's {list(expected)}"
            elif name.endswith(UP):
                down = shapes.get(layer + DOWN, ())
                product = (shape[:1], shape[1:2], math.prod(down[1:]))
                if product != (expected[:1], down[:1], math.prod(expected[1:])):
                    yield f"{layer} has the ranks {list(shape)} and {list(down)} for a weight of {list(expected)}"

    def _misfit(self, problem: str) -> BadFile:
        name = self.file.header.path.name
        return BadFile(f"The Control-LoRA {name} was made for another kind of model: {problem}.")


class WeightsOverModel(Weights):
    """A control network's weights: the file's own, and a model's with what the file adds to them."""

    def __init__(self, lora: ControlLora, wanted: Mapping[str, tuple[int, ...]], model: DiffusionModel) -> None:
        super().__init__(lora.file, {own: name for own, name in lora.names.items() if own in wanted})
        own = set(self)
        base = model.hosted.weights
        self._lora, self._model = lora, model
        self._shared = frozenset(name for name in wanted if name not in own and name in base)
        self._found |= {name: base._found[name] for name in self._shared}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._shared:
            return super().__getitem__(name)
        base = self._model.hosted.patched_weight(name, self._model.weight_patches)
        layer = name.removesuffix(".weight")
        if layer + UP not in self._lora.names:
            return base
        up, down = (self._lora.file[self._lora.names[layer + end]].float().flatten(1) for end in (UP, DOWN))
        return base.float().cpu() + (up @ down).reshape(base.shape)


@dataclass(frozen=True, eq=False)
class ControlLoraUse:
    """A Control-LoRA with its picture, strength and time range. Satisfies sampling.ControlUse."""

    control: ControlLora
    hint: Tensor
    strength: float
    start_percent: float
    end_percent: float
    mask: Tensor | None = None
    _uses: dict[ControlNet, ControlNetUse] = field(default_factory=dict, repr=False)  # of the last model's network

    def holdables(self, model: DiffusionModel) -> tuple[ControlNet, ...]:
        """What must be on its device to steer a model."""
        return (self.control.beside(model),)

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        """What to add at this step; None outside the time range or at strength 0.

        Raises:
            BadFile: it was made for another kind of model.
        """
        if self.strength == 0.0 or not call.is_within(self.start_percent, self.end_percent):
            return None
        if not isinstance(call.model, DiffusionModel):
            raise TypeError(f"A Control-LoRA needs the model that it steers, and got {type(call.model).__name__}.")
        net = self.control.beside(call.model)
        if net not in self._uses:
            self._uses.clear()
            self._uses[net] = net.use(self.hint, self.strength, self.start_percent, self.end_percent, self.mask)
        with torch.no_grad():
            return self._uses[net].residuals(call)
