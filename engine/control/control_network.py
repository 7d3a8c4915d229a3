"""The network behind a control: its sizes, and how it reads a picture (arXiv:2302.05543, sec. 3)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from engine.control.residual_attention import HEADS, ResidualAttentionBlock
from engine.errors import BadFile
from engine.models.layers.unet import LayerInputs, UNetEncoder, embed_timesteps
from engine.models.layers.unet_config import Shapes, UNetConfig, read_unet_config
from engine.sampling.conditioning import ControlResiduals

COLOURS = 3  # channels of a picture
UNION_MARK = "task_embedding"  # by which networks of several kinds of pictures are recognised


@dataclass(frozen=True)
class UnionConfig:
    """Sizes of what a control network of several kinds of pictures has beside.

    Attributes:
        kinds: of pictures that it knows.
        width: of the token that a picture becomes; layers: of the transformer that reads it.
        number_width: channels that each kind's yes or no takes.
    """

    kinds: int
    width: int
    layers: int
    number_width: int


@dataclass(frozen=True)
class ControlConfig:
    """Sizes of a control network.

    Attributes:
        hint_channels: of the picture, then behind each convolution between it and the network.
        union: of what networks of several kinds of pictures have beside; None: this one knows one kind.
    """

    network: UNetConfig
    hint_channels: tuple[int, ...]
    union: UnionConfig | None = None

    @property
    def reads_mask(self) -> bool:
        """Whether what is kept of the picture is its fourth channel."""
        return self.hint_channels[0] == COLOURS + 1

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
    network = read_unet_config(shapes)
    return ControlConfig(network, read_hint_channels(shapes), _read_union(shapes, network))


def read_hint_channels(shapes: Shapes) -> tuple[int, ...]:
    """Channels of the picture, then behind each convolution that reads it.

    Raises:
        BadFile: there are none, or they are no convolutions.
    """
    weights: list[tuple[int, ...]] = []
    while f"input_hint_block.{2 * len(weights)}.weight" in shapes:
        weights.append(shapes[f"input_hint_block.{2 * len(weights)}.weight"])
    if not weights or any(len(shape) != 4 for shape in weights):
        raise BadFile("The control network has no convolutions input_hint_block.* that read its picture.")
    return (weights[0][1], *(shape[0] for shape in weights))


def _read_union(shapes: Shapes, network: UNetConfig) -> UnionConfig | None:
    if UNION_MARK not in shapes:
        return None
    kinds, told = shapes[UNION_MARK], shapes.get("control_add_embedding.linear_1.weight", ())
    width = network.model_channels
    if len(kinds) != 2 or not kinds[0] or kinds[1] != width or width % HEADS or len(told) != 2 or told[1] % kinds[0]:
        raise BadFile(
            f"The control network of several kinds of pictures has a {UNION_MARK} of the shape {list(kinds)}, and "
            f"control_add_embedding.linear_1.weight is {list(told)}: expected are (kinds, {width}) and (width, a "
            "multiple of the kinds)."
        )
    layers = {name.split(".")[1] for name in shapes if name.startswith("transformer_layes.")}
    return UnionConfig(kinds[0], kinds[1], len(layers), told[1] // kinds[0])


class ControlNetwork(UNetEncoder):
    """The network's first half with a picture added at its start, each block's output through its own convolution."""

    def __init__(self, config: ControlConfig) -> None:
        super().__init__(config.network)
        self.input_hint_block = _hint_layers(config)
        self.zero_convs = nn.ModuleList(nn.Sequential(nn.Conv2d(c, c, 1)) for c in config.network.skip_channels)
        middle = config.network.middle_block[-1].out_channels
        self.middle_block_out = nn.Sequential(nn.Conv2d(middle, middle, 1))

    def read_hint(self, picture: Tensor, kind: int | None) -> Tensor:
        """A picture (N, 3, H, W) in 0..1 -> (N, C', h, w); `kind`: its number, for networks that know several."""
        hint: Tensor = self.input_hint_block(picture)
        return hint

    def told(self, given: LayerInputs, kind: int | None) -> LayerInputs:
        """What the layers read, and which kind of picture it is."""
        return given

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        hint: Tensor,
        vector: Tensor | None = None,
        kind: int | None = None,
    ) -> ControlResiduals:
        """x (N, C, h, w), timesteps (N,), context (N, S, D), hint (N, C', h, w) from `read_hint`."""
        given = self.told(self.embed(timesteps, context, vector), kind)
        outputs: list[Tensor] = []
        for number, (block, zero_conv) in enumerate(zip(self.input_blocks, self.zero_convs, strict=True)):
            x = self.run_block(block, x, given)
            if number == 0:
                x = x + hint
            outputs.append(zero_conv(x))
        middle = self.middle_block_out(self.run_block(self.middle_block, x, given))
        return ControlResiduals(middle=(middle,), output=tuple(outputs))


class UnionControlNetwork(ControlNetwork):
    """ControlNet++ (https://github.com/xinsir6/ControlNetPlus): one network that is told what kind of picture it reads.

    A picture becomes a token too, which a transformer reads, and whose projection is added all over. Tokens of
    different pictures do not see each other there, so that each picture is still read once.
    """

    def __init__(self, config: ControlConfig, union: UnionConfig) -> None:
        super().__init__(config)
        time = config.network.time_channels
        self.number_width = union.number_width
        self.task_embedding = nn.Parameter(torch.empty(union.kinds, union.width))
        self.transformer_layes = nn.Sequential(*(ResidualAttentionBlock(union.width) for _ in range(union.layers)))
        self.spatial_ch_projs = nn.Linear(union.width, config.network.model_channels)
        told = {
            "linear_1": nn.Linear(union.kinds * union.number_width, time),
            "act": nn.SiLU(),
            "linear_2": nn.Linear(time, time),
        }
        self.control_add_embedding = nn.Sequential(OrderedDict(told))

    def read_hint(self, picture: Tensor, kind: int | None) -> Tensor:
        hint: Tensor = self.input_hint_block(picture)
        if kind is None:
            return hint
        token = hint.mean(dim=(2, 3)) + self.task_embedding[kind]
        shift = self.spatial_ch_projs(self.transformer_layes(token[:, None])[:, 0])
        return hint + shift[:, :, None, None]

    def told(self, given: LayerInputs, kind: int | None) -> LayerInputs:
        kinds = torch.zeros(len(self.task_embedding), device=given.time.device)
        if kind is not None:
            kinds[kind] = 1.0
        numbers = embed_timesteps(kinds, self.number_width).flatten().to(given.time)
        return replace(given, time=given.time + self.control_add_embedding(numbers))


def build_control_network(config: ControlConfig) -> ControlNetwork:
    """The network of these sizes, on the meta device."""
    with torch.device("meta"):
        return ControlNetwork(config) if config.union is None else UnionControlNetwork(config, config.union)


def _hint_layers(config: ControlConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    pairs = zip(config.hint_channels, config.hint_channels[1:], config.hint_strides, strict=False)
    for narrow, wide, stride in pairs:
        layers += [nn.Conv2d(narrow, wide, 3, stride=stride, padding=1), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers[:-1])
