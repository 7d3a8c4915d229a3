"""How does a model become a file again, as it is now: merged, patched, with the names that other programs read?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import EngineError
from engine.models.checkpoint_parts import FILM_VISION_PREFIX, NETWORK_PREFIX, VAE_PREFIX
from engine.models.diffusion_model import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.models.patch import WeightPatch
from engine.models.text_encoder import TextEncoder
from engine.models.vae import Vae
from engine.models.vision.encoder import VisionEncoder

Named = Iterator[tuple[str, Tensor]]


class Patched(Protocol):
    """A model, text encoder or VAE."""

    @property
    def hosted(self) -> HostedModule: ...
    @property
    def weight_patches(self) -> Sequence[WeightPatch]: ...


def network_weights(model: DiffusionModel, prefix: str = NETWORK_PREFIX) -> Named:
    """A network's weights in the single-file layout, by whose names our modules go, and the marks of its trainer."""
    for name in model.hosted.weights:
        yield prefix + name, _value(model, name)
    yield from model.hosted.weights.marks().items()


def vae_weights(vae: Vae, prefix: str = VAE_PREFIX) -> Named:
    """An autoencoder's weights in the single-file layout."""
    for name in vae.hosted.weights:
        yield prefix + name, _value(vae, name)


def vision_weights(encoder: VisionEncoder, prefix: str = FILM_VISION_PREFIX) -> Named:
    """A vision encoder's weights, named as in the file that they came from, below another prefix."""
    weights = encoder.hosted.weights
    mark = weights.file_name("embeddings.class_embedding")
    before = len(mark.removesuffix("class_embedding").removesuffix("vision_model.embeddings."))
    for name, value in weights.as_stored(lambda own: _value(encoder, own)):
        yield prefix + name[before:], value


def text_weights(encoder: TextEncoder, prefixes: Mapping[str, str]) -> Named:
    """The text encoders' weights, named as in the files that they came from, below other prefixes.

    Args:
        prefixes: an encoder's name -> what its names begin with.

    Raises:
        EngineError: an encoder has no prefix.
    """
    weights = encoder.hosted.weights
    owners = {weights.file_name(own): own.partition(".")[0] for own in weights}
    strange = sorted(set(owners.values()) - prefixes.keys())
    if strange:
        raise EngineError(
            f"The text encoder {', '.join(strange)} is not one that this kind of model has ({', '.join(prefixes)}). "
            "Connect the text encoder that belongs to the model."
        )
    common = {owner: _common([name for name, other in owners.items() if other == owner]) for owner in prefixes}
    for name, value in weights.as_stored(lambda own: _value(encoder, own)):
        owner = owners[name]
        yield prefixes[owner] + name.removeprefix(common[owner]), value


def _common(names: Sequence[str]) -> str:
    """What stands before a text encoder's own names, in either layout."""
    for start in ("text_model.", "token_embedding.", "embeddings."):
        found = next((name for name in names if f".{start}" in f".{name}"), None)
        if found is not None:
            return found[: f".{found}".index(f".{start}")]
    return ""


def _value(part: Patched, name: str) -> Tensor:
    """A weight as it is now, in the type that the file had."""
    stored = part.hosted.weights[name]
    return part.hosted.patched_weight(name, part.weight_patches).to("cpu", stored.dtype)


def write_weights(path: Path, weights: Named, metadata: Mapping[str, str]) -> None:
    """Write a safetensors file."""
    with torch.no_grad():
        save_file({name: value.contiguous().clone() for name, value in weights}, path, dict(metadata))


def stored_bytes(*parts: Patched) -> int:
    """About how large the file will be."""
    shapes = ((part.hosted.weights, name) for part in parts for name in part.hosted.weights)
    return sum(weights[name].nbytes for weights, name in shapes)
