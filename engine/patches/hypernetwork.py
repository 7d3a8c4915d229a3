"""Hypernetworks: small networks that change what attention reads, keys and values apart, by their width.

First by NovelAI, https://blog.novelai.net/novelai-improvements-on-stable-diffusion-e10d38db82ac; the files are those
of Stable Diffusion web UI, https://github.com/AUTOMATIC1111/stable-diffusion-webui/discussions/2670.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from engine.errors import BadFile, NoMatchingWeights
from engine.models.diffusion_model import DiffusionModel
from engine.models.layer_patches import LayerCall
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Precision, choose_precision
from engine.models.weights import Weights, check_weights, read_pickle, weights_of

KEYS, VALUES = 0, 1  # their places in a file's pair of networks
ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leakyrelu": nn.LeakyReLU,
    "elu": nn.ELU,
    "swish": nn.Hardswish,
    "hardswish": nn.Hardswish,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softsign": nn.Softsign,
    "softplus": nn.Softplus,
    "mish": nn.Mish,
    "gelu": nn.GELU,
    "celu": nn.CELU,
    "selu": nn.SELU,
    "relu6": nn.ReLU6,
    "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid,
    "hardshrink": nn.Hardshrink,
    "softshrink": nn.Softshrink,
    "tanhshrink": nn.Tanhshrink,
    "logsigmoid": nn.LogSigmoid,
}
_LAYER = re.compile(r"linear\.?(\d+)\.(weight|bias)")  # the first files wrote linear1, linear2


@dataclass(frozen=True)
class HiddenLayer:
    """One layer of a small network: a matrix from `narrow` to `wide` channels, or a norm of as many."""

    kind: Literal["matrix", "norm"]
    narrow: int
    wide: int


@dataclass(frozen=True)
class HypernetworkConfig:
    """Sizes of a hypernetwork.

    Attributes:
        networks: width of what attention reads -> the layers of the network for keys, and of that for values.
        activation: a name in ACTIVATIONS, behind each matrix.
        activates_output: also behind the last one.
    """

    networks: Mapping[int, tuple[tuple[HiddenLayer, ...], tuple[HiddenLayer, ...]]]
    activation: str = "linear"
    activates_output: bool = False


class HiddenLayers(nn.Module):
    """The change of keys or values."""

    def __init__(self, layers: tuple[HiddenLayer, ...], config: HypernetworkConfig) -> None:
        super().__init__()
        last = max(number for number, layer in enumerate(layers) if layer.kind == "matrix")
        self.layers = nn.ModuleList(
            nn.Linear(layer.narrow, layer.wide) if layer.kind == "matrix" else nn.LayerNorm(layer.wide)
            for layer in layers
        )
        activation = ACTIVATIONS[config.activation]
        self.activations = nn.ModuleList(
            activation() if layer.kind == "matrix" and (number != last or config.activates_output) else nn.Identity()
            for number, layer in enumerate(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, S, D) -> (N, S, D), what is added to x."""
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
        return x


@dataclass(frozen=True, eq=False)
class Hypernetwork:
    """A hypernetwork whose weights are brought in when it is used."""

    hosted: HostedModule
    config: HypernetworkConfig

    weight_patches = ()

    def changed(self, keys: Tensor, values: Tensor, strength: float) -> tuple[Tensor, Tensor]:
        """keys and values (N, S, D), both before their projections -> the same; of another width, as they are."""
        width = keys.shape[-1]
        if width not in self.config.networks:
            return keys, values
        with self.hosted.holding() as networks:
            pair = networks[str(width)]
            return keys + pair[KEYS](keys) * strength, values + pair[VALUES](values) * strength


def with_hypernetwork(model: DiffusionModel, hypernetwork: Hypernetwork, strength: float) -> DiffusionModel:
    """The model with a hypernetwork before all of its attention; strength 0 is the model as it is.

    Raises:
        NoMatchingWeights: none of its networks is of a width that the model's attention reads.
    """
    weights = model.hosted.weights
    read = {weights.shape(name)[-1] for name in weights if name.endswith((".attn1.to_k.weight", ".attn2.to_k.weight"))}
    known = hypernetwork.config.networks.keys()
    if not read & known:
        raise NoMatchingWeights(
            f"{hypernetwork.hosted.weights.file_names} changes attention that reads {_listed(known)} channels, and "
            f"this model's reads {_listed(read)}: it was made for another kind of model."
        )
    if strength == 0:
        return model

    def change(x: Tensor, keys: Tensor, values: Tensor, call: LayerCall) -> tuple[Tensor, Tensor, Tensor]:
        return x, *hypernetwork.changed(keys, values, strength)

    return model.with_layers(model.layers.with_attention(1, before=change).with_attention(2, before=change))


def _listed(widths: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(widths))) or "no"


def load_hypernetwork(path: Path, *, precision: Precision | None = None) -> Hypernetwork:
    """Open a hypernetwork. What it says of its training, dropout among it, is ignored.

    Raises:
        BadFile: missing, damaged, hostile, or no hypernetwork.
    """
    path = Path(path)
    content = read_pickle(path)
    tensors = _tensors(content)
    if not tensors or not isinstance(content, dict):
        raise BadFile(
            f"{path.name} is no hypernetwork: expected are pairs of small networks by the width of what they change "
            "(320, 640, 768, 1280, ...), whose weights are named linear.0.weight and so on."
        )
    config = _read_config(content, tensors, path.name)
    own = {name: _own_name(name, tensors) for name in tensors}
    weights = Weights(weights_of(path, tensors), {ours: name for name, ours in own.items()})
    with torch.device("meta"):
        pairs = {
            str(width): nn.ModuleList(HiddenLayers(layers, config) for layers in pair)
            for width, pair in config.networks.items()
        }
        module = nn.ModuleDict(pairs)
    check_weights(module, weights, "hypernetwork")
    return Hypernetwork(HostedModule(module, weights, (precision or choose_precision()).network), config)


def _tensors(content: object) -> dict[str, Tensor]:
    """The weights of all small networks, named "width.0 or 1.number.kind"; what tells of the training is left out."""
    found: dict[str, Tensor] = {}
    for width, pair in content.items() if isinstance(content, dict) else ():
        if not str(width).isdecimal() or not isinstance(pair, (list, tuple)):
            continue
        for which, state in enumerate(pair[:2]):
            for name, tensor in state.items() if isinstance(state, dict) else ():
                layer = _LAYER.fullmatch(str(name))
                if layer and isinstance(tensor, Tensor):
                    found[f"{int(width)}.{which}.{int(layer[1])}.{layer[2]}"] = tensor.detach()
    return found


def _numbers(tensors: Mapping[str, Tensor], network: str) -> list[int]:
    """The numbers of the layers of one small network; those between them have no weights."""
    return sorted({int(name.split(".")[2]) for name in tensors if name.startswith(network + ".")})


def _own_name(name: str, tensors: Mapping[str, Tensor]) -> str:
    width, which, number, kind = name.split(".")
    return f"{width}.{which}.layers.{_numbers(tensors, f'{width}.{which}').index(int(number))}.{kind}"


def _read_config(told: Mapping[object, object], tensors: Mapping[str, Tensor], file: str) -> HypernetworkConfig:
    activation = str(told.get("activation_func") or "linear").lower()
    if activation not in ACTIVATIONS:
        raise BadFile(f"{file} has the activation function {activation!r}. Known are {', '.join(ACTIVATIONS)}.")
    widths = sorted({int(name.split(".")[0]) for name in tensors})
    networks = {}
    for width in widths:
        keys, values = (_read_layers(tensors, width, which, file) for which in (KEYS, VALUES))
        networks[width] = (keys, values)
    return HypernetworkConfig(networks, activation, bool(told.get("activate_output", False)))


def _read_layers(tensors: Mapping[str, Tensor], width: int, which: int, file: str) -> tuple[HiddenLayer, ...]:
    layers: list[HiddenLayer] = []
    channels = width
    for number in _numbers(tensors, f"{width}.{which}"):
        weight = tensors.get(f"{width}.{which}.{number}.weight")
        shape = () if weight is None else tuple(weight.shape)
        if len(shape) not in (1, 2) or shape[-1] != channels:
            raise BadFile(
                f"{file}: in the network for {width} channels, linear.{number}.weight is {list(shape)}; a matrix or a "
                f"norm that takes {channels} channels was expected."
            )
        layers.append(HiddenLayer("norm" if len(shape) == 1 else "matrix", channels, shape[0]))
        channels = shape[0]
    if channels != width or all(layer.kind == "norm" for layer in layers):
        raise BadFile(
            f"{file}: the network {which + 1} of 2 for {width} channels has {len(layers)} layers and gives {channels} "
            f"channels; it should have at least one matrix and give {width}."
        )
    return tuple(layers)
