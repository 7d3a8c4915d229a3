"""Words that are shown where a box says: GLIGEN's gated attention (arXiv:2301.07093)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import BadFile
from engine.models.layer_patches import LayerCall, LayerPatches, LayerPlace, Part
from engine.models.layers.diffusers_names import UNET_MARK, our_unet_names
from engine.models.layers.unet import Attention, FeedForward
from engine.models.layers.unet_config import HEADS
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Precision, choose_precision
from engine.models.patch import PROMPT_LAYERS, prompt_layers
from engine.models.weights import Weights, check_weights, open_weights
from engine.sampling.conditioning import Area, Conditioning, ConditioningItem

MOST_BOXES = 30  # as in training: places without a box are filled with what was learnt for none
CORNERS = 4  # numbers of a box: left, top, right, bottom, in shares of the picture
POSITION_NET = "position_net."
_PARTS: Mapping[str, Part] = {"input_blocks": "input", "middle_block": "middle", "output_blocks": "output"}
_FUSER = re.compile(
    r"(?:.*\.)?(input_blocks|middle_block|output_blocks)\.(\d+)\.(?:\d+\.)?transformer_blocks\.(\d+)\.fuser\.(.+)"
)
_NET = re.compile(r"(?:.*\.)?(position_net\..+)")


@dataclass(frozen=True)
class GligenConfig:
    """Sizes of what GLIGEN adds to a network.

    Attributes:
        text_width: of a pooled prompt; position_width: of a box as sinusoids; hidden_width: between them and tokens.
        token_width: of what a box and its words become.
        channels: of the network's transformer block at each place, by `place_key`.
    """

    text_width: int
    position_width: int
    hidden_width: int
    token_width: int
    channels: Mapping[str, int]


class PositionNet(nn.Module):
    """Boxes and what is in them -> tokens: arXiv:2301.07093, Eq. 5."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        hidden, read = config.hidden_width, config.text_width + config.position_width
        self.linears = nn.Sequential(
            nn.Linear(read, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, config.token_width),
        )
        self.null_positive_feature = nn.Parameter(torch.empty(config.text_width))
        self.null_position_feature = nn.Parameter(torch.empty(config.position_width))

    def forward(self, boxes: Tensor, words: Tensor) -> Tensor:
        """boxes (n, 4) in shares of the picture, words (n, P) -> (1, MOST_BOXES, D)."""
        given = torch.cat([words, embed_boxes(boxes, len(self.null_position_feature)).to(words)], dim=1)
        none = torch.cat([self.null_positive_feature, self.null_position_feature])
        filled = torch.cat([given, none.expand(MOST_BOXES - len(given), -1)])
        tokens: Tensor = self.linears(filled)
        return tokens[None]


def embed_boxes(boxes: Tensor, width: int) -> Tensor:
    """arXiv:2301.07093, sec. 4.1: (n, 4) -> (n, width) sines and cosines at rising frequencies, float32."""
    count = width // (2 * CORNERS)
    frequencies = 100.0 ** (torch.arange(count, device=boxes.device) / count)
    angles = boxes.float()[:, None, :] * frequencies[None, :, None]  # (n, count, 4)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class GatedSelfAttention(nn.Module):
    """Lets a picture's tokens attend to each other and to boxes, as strongly as was learnt: Eq. 8."""

    def __init__(self, channels: int, token_width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(token_width, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.attn = Attention(channels, channels, HEADS)
        self.norm2 = nn.LayerNorm(channels)
        self.ff = FeedForward(channels)
        self.alpha_attn = nn.Parameter(torch.empty(()))
        self.alpha_dense = nn.Parameter(torch.empty(()))

    def forward(self, x: Tensor, boxes: Tensor, heads: int) -> Tensor:
        """x (N, T, C), boxes (1, S, D) -> (N, T, C); `heads`: of the network's attention beside it."""
        self.attn.heads = heads  # files do not tell
        both = torch.cat([x, self.linear(boxes).expand(len(x), -1, -1)], dim=1)
        x = x + self.alpha_attn.tanh() * self.attn(self.norm1(both))[:, : x.shape[1]]
        return x + self.alpha_dense.tanh() * self.ff(self.norm2(x))


class GligenNetwork(nn.Module):
    """What GLIGEN adds to a network: one gated attention per transformer block, one net for boxes."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        self.position_net = PositionNet(config)
        fusers = {place: GatedSelfAttention(wide, config.token_width) for place, wide in config.channels.items()}
        self.fusers = nn.ModuleDict(fusers)


@dataclass(frozen=True, eq=False)
class Gligen:
    """GLIGEN's layers, whose weights are brought in when they are used."""

    hosted: HostedModule
    config: GligenConfig

    weight_patches = ()

    @property
    def file_name(self) -> str:
        return self.hosted.weights.file_names


@dataclass(frozen=True, eq=False)
class Box:
    """Words, and where they are shown.

    Attributes:
        words: (1, P) the pooled prompt.
        area: in cells of the latent.
    """

    words: Tensor
    area: Area

    def corners(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in shares of a latent of height x width."""
        area = self.area
        return area.x / width, area.y / height, (area.x + area.width) / width, (area.y + area.height) / height


@dataclass(frozen=True, eq=False)
class GligenBoxes:
    """The boxes of one prompt. Satisfies models.PromptLayers."""

    gligen: Gligen
    boxes: tuple[Box, ...]
    _tokens: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)  # for the last latent size

    @property
    def holdables(self) -> tuple[Gligen, ...]:
        return (self.gligen,)

    def added_to(self, layers: LayerPatches, x: Tensor) -> LayerPatches:
        tokens = self._tokens_for((x.shape[2], x.shape[3]))

        def attend_to_boxes(hidden: Tensor, call: LayerCall) -> Tensor:
            self._check_fits(hidden, call)
            with self.gligen.hosted.holding() as network:
                fused: Tensor = network.fusers[place_key(call.place)](hidden, tokens.to(hidden), call.heads)
            return fused

        return layers.with_between(attend_to_boxes)

    def _tokens_for(self, size: tuple[int, int]) -> Tensor:
        if size not in self._tokens:
            self._tokens.clear()
            placement = self.gligen.hosted.placement
            corners = torch.tensor([box.corners(*size) for box in self.boxes], device=placement.device)
            words = torch.cat([box.words for box in self.boxes]).to(placement.device, placement.dtype)
            with torch.no_grad(), self.gligen.hosted.holding() as network:
                self._tokens[size] = network.position_net(corners, words)
        return self._tokens[size]

    def _check_fits(self, hidden: Tensor, call: LayerCall) -> None:
        found, place = hidden.shape[-1], call.place
        wanted = self.gligen.config.channels.get(place_key(place))
        if wanted != found:
            has = "nothing" if wanted is None else f"a layer of {wanted} channels"
            raise ValueError(
                f"{self.gligen.file_name} was made for another kind of model: at {place.part} block {place.block} it "
                f"has {has}, and the model has {found} channels there. GLIGEN is made for Stable Diffusion 1."
            )


def with_box(conditioning: Conditioning, gligen: Gligen, words: Tensor, area: Area) -> Conditioning:
    """Prompts that show words (1, P) in an area (in cells), beside the boxes that they have.

    Raises:
        ValueError: the words come from another text encoder, or there are too many boxes.
    """
    wanted, found = gligen.config.text_width, words.shape[-1]
    if found != wanted:
        raise ValueError(
            f"{gligen.file_name} reads words that are {wanted} numbers wide, and this text encoder gives {found}: use "
            "the one of the model that GLIGEN was made for (Stable Diffusion 1)."
        )

    def boxed(item: ConditioningItem) -> ConditioningItem:
        layers = prompt_layers(item.extra)
        before = [box for part in layers if isinstance(part, GligenBoxes) for box in part.boxes]
        if len(before) >= MOST_BOXES:
            raise ValueError(f"A prompt has at most {MOST_BOXES} boxes; this would be one more.")
        others = tuple(part for part in layers if not isinstance(part, GligenBoxes))
        boxes = GligenBoxes(gligen, (*before, Box(words, area)))
        return replace(item, extra={**item.extra, PROMPT_LAYERS: (*others, boxes)})

    return conditioning.map(boxed)


def load_gligen(path: Path, *, precision: Precision | None = None) -> Gligen:
    """Open what GLIGEN adds to a network, alone or in a file with the whole network, also in diffusers' layout.

    Raises:
        BadFile: missing, damaged, hostile, or not of these layouts.
    """
    file = open_weights(Path(path))
    names = gligen_names(list(file))
    if f"{POSITION_NET}null_positive_feature" not in names or len(names) == len(_net_names(names)):
        shown = ", ".join(name[:80] for name in list(file)[:3])
        raise BadFile(
            f"{file.header.path.name} holds no GLIGEN layers for boxes with words: expected are {POSITION_NET}"
            f"null_positive_feature and weights with .fuser. in their names. Its weights are named {shown}."
        )
    config = read_gligen_config({own: file.header.tensors[name].shape for own, name in names.items()})
    with torch.device("meta"):
        module = GligenNetwork(config)
    weights = Weights(file, names)
    check_weights(module, weights, "GLIGEN layers")
    return Gligen(HostedModule(module, weights, (precision or choose_precision()).network), config)


def gligen_names(names: list[str]) -> dict[str, str]:
    """The network's own names -> the file's; what is not GLIGEN's is left out."""
    ours = our_unet_names(names) if any(UNET_MARK in name for name in names) else {name: name for name in names}
    found: dict[str, str] = {}
    for own, name in ours.items():
        fuser, net = _FUSER.fullmatch(own), _NET.fullmatch(own)
        if fuser:
            part, number, index, rest = fuser.groups()
            block = 0 if part == "middle_block" else int(number)
            found[f"fusers.{place_key(LayerPlace(_PARTS[part], block, int(index)))}.{rest}"] = name
        elif net:
            found[net[1]] = name
    return found


def _net_names(names: Mapping[str, str]) -> list[str]:
    return [name for name in names if name.startswith(POSITION_NET)]


def read_gligen_config(shapes: Mapping[str, tuple[int, ...]]) -> GligenConfig:
    """Read the sizes from the network's own names -> shapes.

    Raises:
        BadFile: shapes that no GLIGEN has.
    """
    positive, position = (shapes.get(f"{POSITION_NET}null_{kind}_feature", ()) for kind in ("positive", "position"))
    last = shapes.get(f"{POSITION_NET}linears.4.weight", ())
    linears = {name: shape for name, shape in shapes.items() if name.endswith(".linear.weight")}
    wrong = [name for name, shape in linears.items() if len(shape) != 2 or shape[0] % HEADS or 0 in shape]
    if (
        0 in (*positive, *position, *last)
        or len(positive) != 1
        or len(position) != 1
        or position[0] % (2 * CORNERS)
        or len(last) != 2
        or wrong
    ):
        raise BadFile(
            f"The GLIGEN layers have sizes that do not go together: null_positive_feature {list(positive)}, "
            f"null_position_feature {list(position)}, linears.4.weight {list(last)}; {', '.join(wrong[:3]) or 'none'} "
            f"of the projections is not (a multiple of {HEADS}, a token's width)."
        )
    channels = {name.split(".")[1]: shape[0] for name, shape in linears.items()}
    return GligenConfig(positive[0], position[0], last[1], last[0], channels)


def place_key(place: LayerPlace) -> str:
    """The name of a place in the network's own weight names."""
    return f"{place.part}_{place.block}_{place.index}"
