"""How does a file become a control network? In four layouts, whole, as a difference or as ranks; or an adapter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from engine.control.control_lora import ControlLora
from engine.control.control_names import DIFFUSERS_MARK, diffusers_control_names
from engine.control.control_network import build_control_network, read_control_config
from engine.control.controlnet import ControlNet
from engine.control.t2i_adapter import T2IAdapter, adapter_names, load_adapter
from engine.errors import BadFile
from engine.models.diffusion_model import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Precision, choose_precision
from engine.models.patch import WeightPatch
from engine.models.weights import WeightFile, Weights, check_weights, open_weights

PREFIX = "control_model."
DIFFERENCE_MARK = "difference"
RANKS_MARK = "lora_controlnet"


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
) -> ControlNet | ControlLora | T2IAdapter:
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
    if RANKS_MARK in file:
        return ControlLora(file, {own: name for own, name in names.items() if name != RANKS_MARK}, placement)
    config = read_control_config({own: file.header.tensors[name].shape for own, name in names.items()})
    module = build_control_network(config)
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
