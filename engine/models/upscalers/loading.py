"""How does a file become an upscale model?

ESRGAN's and Real-ESRGAN's networks are our own; the others that people share are recognised by the optional package
spandrel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import BadFile
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement, Precision, choose_precision
from engine.models.upscalers.compact import CompactNet, read_compact
from engine.models.upscalers.rrdb import RrdbNet, read_rrdb, rrdb_places
from engine.models.upscalers.upscale_model import UpscaleModel
from engine.models.weights import WeightFile, Weights, check_weights, open_weights

WRAPPERS = ("params_ema.", "params.", "module.")  # what trainers put before all names


def load_upscale_model(path: Path, *, precision: Precision | None = None) -> UpscaleModel:
    """Open the file of a network that makes pictures larger.

    Raises:
        BadFile: missing, damaged, hostile, or of a kind that neither we nor spandrel know.
    """
    placement = _placement(precision)
    file = open_weights(Path(path))
    inside = _unwrapped(file)
    shapes = {own: tuple(file.header.tensors[name].shape) for own, name in inside.items()}
    places = rrdb_places(shapes)
    if places is not None:
        own_shapes = {own: shapes[name] for own, name in places.items()}
        config = read_rrdb(own_shapes)
        weights = Weights(file, {own: inside[name] for own, name in places.items()})
        return _hosted(RrdbNet, config, weights, placement)
    compact = read_compact(shapes)
    if compact is not None:
        return _hosted(CompactNet, compact, Weights(file, dict(inside)), placement)
    return _by_spandrel(file, placement)


def _placement(precision: Precision | None) -> Placement:
    """Where VAEs compute, in float32 or float16: these networks' bfloat16 shows as bands."""
    vae = (precision or choose_precision()).vae
    return Placement(vae.device, torch.float32 if vae.dtype == torch.bfloat16 else vae.dtype, vae.channels_last)


def _unwrapped(file: WeightFile) -> dict[str, str]:
    """The names without what a trainer put before all of them -> the file's names."""
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in file):
            return {name.removeprefix(wrapper): name for name in file}
    if any(name.startswith(WRAPPERS[0]) for name in file):  # both, the running mean is the better one
        return {name.removeprefix(WRAPPERS[0]): name for name in file if name.startswith(WRAPPERS[0])}
    return {name: name for name in file}


def _hosted(kind: type[Any], config: Any, weights: Weights, placement: Placement) -> UpscaleModel:
    with torch.device("meta"):
        module: nn.Module = kind(config)
    check_weights(module, weights, "upscale network")
    return UpscaleModel(HostedModule(module, weights, placement), config.scale, config.channels)


def _by_spandrel(file: WeightFile, placement: Placement) -> UpscaleModel:
    name = file.header.path.name
    try:
        import spandrel
    except ImportError as error:
        raise BadFile(
            f"{name} is neither an ESRGAN nor a compact Real-ESRGAN network. Other kinds are read by the package "
            f"spandrel, which cannot be imported here ({error}): install it with `pip install -r "
            "requirements-upscale.txt` (it needs torchvision), or choose another file."
        ) from error
    try:
        descriptor = spandrel.ModelLoader().load_from_state_dict({key: file[key].clone() for key in file})
    except spandrel.UnsupportedModelError as error:
        raise BadFile(f"{name} is no upscale network that spandrel {spandrel.__version__} knows.") from error
    if not isinstance(descriptor, spandrel.ImageModelDescriptor):
        raise BadFile(f"{name} changes pictures by more than a picture (a mask, say), which no node here gives it.")
    weights = Weights(file, {key: key for key in file if key in descriptor.model.state_dict()})
    module = descriptor.model.eval()
    return UpscaleModel(HostedModule(module, weights, placement), float(descriptor.scale), descriptor.input_channels)
