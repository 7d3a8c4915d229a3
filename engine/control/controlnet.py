"""A copy of the network's first half that reads a picture and adds to each step: ControlNet (arXiv:2302.05543)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.control.control_names import DIFFUSERS_MARK, diffusers_control_names
from engine.control.t2i_adapter import T2IAdapter, adapter_names, load_adapter
from engine.errors import BadFile
from engine.models.diffusion_model import DiffusionModel
from engine.models.layers.unet import UNetEncoder
from engine.models.layers.unet_config import Shapes, UNetConfig, read_unet_config
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement, Precision, choose_precision
from engine.models.patch import WeightPatch
from engine.models.weights import WeightFile, Weights, check_weights, open_weights
from engine.pixels.resizing import resize
from engine.sampling.conditioning import ControlCall, ControlResiduals

PREFIX = "control_model."
DIFFERENCE_MARK = "difference"


@dataclass(frozen=True)
class ControlConfig:
    """Sizes of a control network.

    Attributes:
        hint_channels: of the picture, then behind each convolution between it and the network.
    """

    network: UNetConfig
    hint_channels: tuple[int, ...]

    @property
    def hint_scale(self) -> int:
        """Pixels of the picture per cell of the latent, in each direction."""
        return 2 ** sum(stride == 2 for stride in self.hint_strides)

    @property
    def hint_strides(self) -> tuple[int, ...]:
        """Shapes do not tell: by convention every second convolution halves, the first two and the last do not."""
        last = len(self.hint_channels) - 2
        return tuple(2 if 0 < number < last and number % 2 == 0 else 1 for number in range(last + 1))


def read_control_config(shapes: Shapes) -> ControlConfig:
    """Read the sizes from name (without the prefix) -> shape.

    Raises:
        BadFile: the names or shapes are not this layout's.
    """
    weights: list[tuple[int, ...]] = []
    while f"input_hint_block.{2 * len(weights)}.weight" in shapes:
        weights.append(shapes[f"input_hint_block.{2 * len(weights)}.weight"])
    if not weights or any(len(shape) != 4 for shape in weights):
        raise BadFile("The control network has no convolutions input_hint_block.* that read its picture.")
    return ControlConfig(read_unet_config(shapes), (weights[0][1], *(shape[0] for shape in weights)))


class ControlNetwork(UNetEncoder):
    """The network's first half with a picture added at its start, each block's output through its own convolution."""

    def __init__(self, config: ControlConfig) -> None:
        super().__init__(config.network)
        self.input_hint_block = _hint_layers(config)
        self.zero_convs = nn.ModuleList(nn.Sequential(nn.Conv2d(c, c, 1)) for c in config.network.skip_channels)
        middle = config.network.middle_block[-1].out_channels
        self.middle_block_out = nn.Sequential(nn.Conv2d(middle, middle, 1))

    def forward(
        self, x: Tensor, timesteps: Tensor, context: Tensor, hint: Tensor, vector: Tensor | None = None
    ) -> ControlResiduals:
        """x (N, C, h, w), timesteps (N,), context (N, S, D), hint (N, C', h, w) from `input_hint_block`."""
        given = self.embed(timesteps, context, vector)
        outputs: list[Tensor] = []
        for number, (block, zero_conv) in enumerate(zip(self.input_blocks, self.zero_convs, strict=True)):
            x = self.run_block(block, x, given)
            if number == 0:
                x = x + hint
            outputs.append(zero_conv(x))
        middle = self.middle_block_out(self.run_block(self.middle_block, x, given))
        return ControlResiduals(middle=(middle,), output=tuple(outputs))


def _hint_layers(config: ControlConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    pairs = zip(config.hint_channels, config.hint_channels[1:], config.hint_strides, strict=False)
    for narrow, wide, stride in pairs:
        layers += [nn.Conv2d(narrow, wide, 3, stride=stride, padding=1), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


@dataclass(frozen=True, eq=False)
class ControlNet:
    """A control network whose weights are brought in when it is used."""

    hosted: HostedModule
    config: ControlConfig
    weight_patches: tuple[WeightPatch, ...] = ()

    def use(
        self, hint: Tensor, strength: float = 1.0, start_percent: float = 0.0, end_percent: float = 1.0
    ) -> ControlNetUse:
        """Steer by a picture.

        Args:
            hint: (B, H, W, 3 or more) in 0..1, of any size; its middle is fitted to the latent's aspect.
            strength: factor on everything that is added; 0 changes nothing.
            start_percent, end_percent: share of the run, 0..1, in which it counts.
        """
        return ControlNetUse(self, hint[..., :3], strength, start_percent, end_percent)


@dataclass(frozen=True, eq=False)
class ControlNetUse:
    """A control network with its picture, strength and time range. Satisfies sampling.ControlUse."""

    control: ControlNet
    hint: Tensor
    strength: float
    start_percent: float
    end_percent: float
    _read_hints: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)  # for the last latent size

    def residuals(self, call: ControlCall) -> ControlResiduals | None:
        """What to add at this step; None outside the time range or at strength 0.

        Raises:
            ValueError: the model's prompts or latents are of another width than this network's.
        """
        if self.strength == 0.0 or not call.is_within(self.start_percent, self.end_percent):
            return None
        self._check_fits(call)
        placement = self.control.hosted.placement
        with torch.no_grad(), self.control.hosted.holding(self.control.weight_patches) as network:
            hint = self._hint_for(network, call)
            x = _placed(call.network_input, placement)
            context = call.embedding.to(placement.device, placement.dtype)
            vector = None if call.vector is None else call.vector.to(placement.device)
            added = network(x, call.timestep.to(placement.device), context, hint, vector)
        return _scaled(added, self.strength, call.x.device)

    def _check_fits(self, call: ControlCall) -> None:
        config = self.control.config.network
        found, wanted = call.embedding.shape[-1], config.context_channels
        if wanted not in (0, found) or call.x.shape[1] != config.in_channels:
            raise ValueError(
                f"The control network was made for prompts of width {wanted} and latents of {config.in_channels} "
                f"channels; this model's are {found} wide and have {call.x.shape[1]}. Choose one made for this model."
            )

    def _hint_for(self, network: nn.Module, call: ControlCall) -> Tensor:
        """The picture as the network reads it (N, C', h, w): the same at every step, so it is read once."""
        size = (call.x.shape[2], call.x.shape[3])
        if size not in self._read_hints:
            self._read_hints.clear()
            scale = self.control.config.hint_scale
            picture = resize(self.hint.movedim(-1, 1), size[1] * scale, size[0] * scale, "nearest-exact", "center")
            self._read_hints[size] = network.input_hint_block(_placed(picture, self.control.hosted.placement))
        read = self._read_hints[size]
        pictures = [number % call.batch_size % len(read) for number in range(len(call.x))]
        return read if len(read) == 1 else read[pictures]


def _placed(images: Tensor, placement: Placement) -> Tensor:
    layout = torch.channels_last if placement.channels_last else torch.contiguous_format
    return images.to(placement.device, placement.dtype, memory_format=layout)


def _scaled(residuals: ControlResiduals, strength: float, device: torch.device) -> ControlResiduals:
    def scale(group: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        return tuple(None if t is None else (t * strength).to(device) for t in group)

    return ControlResiduals(scale(residuals.input), scale(residuals.middle), scale(residuals.output))


@dataclass(frozen=True, eq=False)
class AddedTo:
    """Makes a network's weights of their differences to a model's. Satisfies models.WeightPatch."""

    base: DiffusionModel
    weight_names: Collection[str]

    def patched(self, name: str, weight: Tensor) -> Tensor:
        base = self.base.hosted.patched_weight(name, self.base.weight_patches)
        return weight.add_(base.to(weight))


def load_controlnet(
    path: Path, *, precision: Precision | None = None, base: DiffusionModel | None = None
) -> ControlNet | T2IAdapter:
    """Open a control network in the single-file layout or in that of diffusers, or an adapter.

    Args:
        base: the model that it steers, which files of differences need.

    Raises:
        BadFile: missing, damaged, hostile, or not of these layouts.
    """
    placement = (precision or choose_precision()).network
    file = open_weights(Path(path))
    adapter = adapter_names(file)
    if adapter is not None:
        return load_adapter(file, adapter, placement)
    names = diffusers_control_names(file) or _names(list(file))
    if "input_hint_block.0.weight" not in names:
        shown = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} holds no control network: it has neither input_hint_block.0.weight (with or "
            f"without {PREFIX!r} before it) nor {DIFFUSERS_MARK}, and is no T2I adapter. Its weights are named {shown}."
        )
    config = read_control_config({own: file.header.tensors[name].shape for own, name in names.items()})
    with torch.device("meta"):
        module = ControlNetwork(config)
    weights = Weights(file, names)
    check_weights(module, weights, "control network")
    return ControlNet(HostedModule(module, weights, placement), config, _additions(file, weights, base))


def _additions(file: WeightFile, weights: Weights, base: DiffusionModel | None) -> tuple[WeightPatch, ...]:
    if DIFFERENCE_MARK not in file:
        return ()
    name = file.header.path.name
    if base is None:
        raise BadFile(
            f"{name} holds a control network as its difference to a model. Load it with the node "
            "Load ControlNet Model (diff), and connect that model."
        )
    shared = [own for own in weights if own in base.hosted.weights]
    other = [own for own in shared if base.hosted.weights.shape(own) != weights.shape(own)]
    if other or not shared:
        found = f"{other[0]} has another shape" if other else "they have no weights in common"
        raise BadFile(f"{name} was made for another kind of model than the one that is connected: {found}.")
    return (AddedTo(base, frozenset(shared)),)


def _names(names: list[str]) -> Mapping[str, str]:
    """The network's own names -> the file's; some files hold a whole checkpoint beside it."""
    prefix = PREFIX if any(name.startswith(PREFIX) for name in names) else ""
    return {name[len(prefix) :]: name for name in names if name.startswith(prefix)}
